"""A sound model passes; the report says what was looked at, in a process that knows nothing of this project."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from components.common.hashing import tree_hash
from components.exporter.validator import ExportInvalidError, require_valid, validate_export
from components.exporter.validator.probe.checks import CHECKS


@pytest.fixture(scope="module")
def report(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "validation.json"
    found = validate_export(tiny.folder, tiny.contract, tiny.golden, path)
    return found, json.loads(path.read_text())


def test_a_sound_model_passes_every_check_for_every_signature(tiny, report):
    found, written = report
    require_valid(found)
    assert found.passed
    assert written["passed"] is True
    assert {check.name for check in found.checks} == {check.name for check in CHECKS}
    for check in CHECKS:
        signatures = {result.signature for result in found.checks if result.name == check.name}
        assert signatures == ({""} if check.scope == "folder" else set(tiny.contract.signatures))


def test_the_report_identifies_the_folder(tiny, report):
    found, written = report
    assert written["tree_hash"] == found.tree_hash == tree_hash(tiny.folder)
    assert written["size_bytes"] == sum(path.stat().st_size for path in tiny.folder.rglob("*") if path.is_file())
    assert 0 < written["load_seconds"] < 30
    assert written["tensorflow"] == tf.__version__
    assert "TF_LoadSessionFromSavedModel" in written["loader"]


def test_the_process_holds_neither_project_nor_keras(report):
    assert {"numpy", "probe", "tensorflow"} <= set(report[0].modules)
    assert not {"components", "pipeline", "schemas", "configs", "keras", "tf_keras", "tfx"} & set(report[0].modules)


def test_golden_answers_of_any_signature_are_compared_bit_by_bit(tiny):
    def golden(value):
        inputs = {"key": [b"\xff", b""], "sentence": ["Paris", "Joe Biden"]}
        return [{"signature": "keyed", "inputs": inputs, "outputs": {"scores": value, "key": [b"\xff", b""]}}]

    scores = tf.saved_model.load(str(tiny.folder)).signatures["keyed"](
        key=tf.constant(["", ""]), sentence=tf.constant(["Paris", "Joe Biden"])
    )["scores"]
    assert validate_export(tiny.folder, tiny.contract, golden(scores.numpy())).passed
    changed = np.nextafter(scores.numpy(), np.float32(1))
    [failure] = validate_export(tiny.folder, tiny.contract, golden(changed.tolist())).failures
    assert (failure.name, failure.signature, failure.pitfall) == ("golden_answers", "keyed", "wrong_tags")


def test_a_failure_names_check_signature_and_cure(tiny):
    report = validate_export(tiny.folder, tiny.contract, [{"sentence": "Paris", "tags": ["I-LOCATION"]}])
    with pytest.raises(ExportInvalidError, match=r"golden_sentences \[keyed\].*I-LOCATION.*Fix: Take preprocessing"):
        require_valid(report)


def test_skipped_checks_are_named(tiny):
    report = validate_export(tiny.folder, tiny.contract, skip={"odd_texts"}, batches=(1,))
    assert report.skipped == ("odd_texts",)
    assert "odd_texts" not in {check.name for check in report.checks}


def test_a_model_that_hangs_fails_the_check_that_was_running(tiny):
    report = validate_export(tiny.folder, tiny.contract, timeout=0.05)
    assert report.checks[-1].pitfall == "crash"
    assert not report.passed


def test_a_changed_file_is_named(tiny, tmp_path):
    import hashlib

    names = [path.relative_to(tiny.folder).as_posix() for path in tiny.folder.rglob("*") if path.is_file()]
    manifest = {name: hashlib.sha256((tiny.folder / name).read_bytes()).hexdigest() for name in names}
    folder = shutil.copytree(tiny.folder, tmp_path / "model")
    assert validate_export(folder, tiny.contract, manifest=manifest, batches=(1,)).passed
    (folder / "assets" / "words.txt").write_text("[PAD]\n[UNK]\n")
    [failure] = validate_export(folder, tiny.contract, manifest=manifest, batches=(1,)).failures
    assert (failure.name, failure.pitfall) == ("manifest", "file_changed")
    assert "assets/words.txt" in failure.detail
