"""Validation of a sound model, in a process that imports nothing else of this project."""

from __future__ import annotations

import importlib.metadata
import json
import shutil

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.hashing import file_hashes, tree_hash
from components.common.progress import progress_to
from components.exporter import ExportInvalidError, require_valid, validate_export
from components.exporter.validator.fresh_process import limits_set
from components.exporter.validator.probe.checks import CHECKS

tf = LazyModule("tensorflow")


@pytest.fixture(scope="module")
def report(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "validation.json"
    reports = []
    with progress_to(lambda *each: reports.append(each)):
        result = validate_export(tiny.folder, tiny.contract, tiny.golden, path)
    assert reports == [("checks", done + 1, len(result.checks), False) for done in range(len(result.checks))]
    return result, json.loads(path.read_text())


def test_a_sound_model_passes_every_check_for_every_signature(tiny, report):
    result, written = report
    require_valid(result)
    assert result.passed
    assert written["passed"] is True
    assert {check.name for check in result.checks} == {check.name for check in CHECKS}
    for check in CHECKS:
        signatures = {each.signature for each in result.checks if each.name == check.name}
        assert signatures == ({""} if check.scope == "folder" else set(tiny.contract.signatures))


def test_the_report_identifies_the_folder(tiny, report):
    result, written = report
    assert written["tree_hash"] == result.tree_hash == tree_hash(tiny.folder)
    assert written["size_bytes"] == sum(path.stat().st_size for path in tiny.folder.rglob("*") if path.is_file())
    assert 0 < written["load_seconds"] < 30
    assert written["tensorflow"] == importlib.metadata.version("tensorflow")
    assert "TF_LoadSessionFromSavedModel" in written["loader"]


def test_the_process_holds_neither_project_nor_keras(report):
    assert {"numpy", "probe", "tensorflow"} <= set(report[0].modules)
    assert not {"components", "pipeline", "schemas", "configs", "keras", "tf_keras", "tfx"} & set(report[0].modules)


def test_golden_answers_of_any_signature_are_compared_bit_by_bit(tiny):
    def golden(scores):
        inputs = {"key": [b"\xff", b""], "sentence": ["Paris", "Joe Biden"]}
        return [{"signature": "keyed", "inputs": inputs, "outputs": {"scores": scores, "key": [b"\xff", b""]}}]

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


@pytest.mark.extended
def test_skipped_checks_are_named(tiny):
    report = validate_export(tiny.folder, tiny.contract, skip={"unusual_texts"}, batches=(1,))
    assert report.skipped == ("unusual_texts",)
    assert "unusual_texts" not in {check.name for check in report.checks}


def test_a_model_that_hangs_fails_the_check_that_was_running(tiny):
    with limits_set(total_seconds=0.05):
        report = validate_export(tiny.folder, tiny.contract)
    assert report.checks[-1].pitfall == "no_answer"
    assert "was not done within 0.05 s" in report.checks[-1].detail
    assert not report.passed


def test_a_changed_file_is_named(tiny, tmp_path):
    manifest = file_hashes(tiny.folder)
    folder = shutil.copytree(tiny.folder, tmp_path / "model")
    assert validate_export(folder, tiny.contract, manifest=manifest, batches=(1,)).passed
    (folder / "assets" / "words.txt").write_text("[PAD]\n[UNK]\n")
    [failure] = validate_export(folder, tiny.contract, manifest=manifest, batches=(1,)).failures
    assert (failure.name, failure.pitfall) == ("manifest", "file_changed")
    assert "assets/words.txt" in failure.detail
