"""Models that wait, eat memory or write: each ends as a named failure, and its process with it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml
from support.lazy import LazyModule
from support.repository import ROOT

from components.exporter import ExportInvalidError, validate_export
from components.exporter.validator.fresh_process import Limits, current_limits, limits_set, run_limited
from components.exporter.validator.reference import reference_answers
from pipeline.cli.package import package
from pipeline.cli.saved_model import add_signatures, inspect

tf = LazyModule("tensorflow")


def saved(folder, function):
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.float32, name="x")
    module.f = tf.function(lambda x: {"y": function(x)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.f})
    return folder


def for_ever(x):
    return tf.while_loop(lambda y: tf.reduce_all(y < 1e30), lambda y: y * 1.0, [tf.ones_like(x)])[0]


def empty_queue(x):
    queue = tf.raw_ops.FIFOQueueV2(component_types=[tf.float32], shared_name="queue")
    return x + tf.raw_ops.QueueDequeueV2(handle=queue, component_types=[tf.float32])[0]


def test_the_defaults_are_those_of_the_configuration():
    configured = yaml.safe_load((ROOT / "configs" / "base.yaml").read_text(encoding="utf-8"))["exporter"]["limits"]
    assert Limits(**configured) == current_limits()
    for command in (package, add_signatures, inspect):
        defaults = {option.name: option.default for option in command.params}
        assert {name: defaults[name] for name in ("answer_seconds", "memory_gb")}.items() <= configured.items()


def endless_print(x):
    def body(y):
        with tf.control_dependencies([tf.print("again" * 1000)]):
            return tf.identity(y)

    return tf.while_loop(lambda y: tf.reduce_all(y < 1e30), body, [tf.ones_like(x)])[0]


@pytest.mark.parametrize("function", [for_ever, endless_print, pytest.param(empty_queue, marks=pytest.mark.extended)])
def test_a_model_that_waits_for_ever_is_named(tmp_path, function):
    model = saved(tmp_path / "model", function)
    with limits_set(answer_seconds=4):
        failure = validate_export(model, batches=(1,)).failures[-1]
    assert failure.pitfall == "no_answer"
    assert failure.detail == "model: did not answer within 4 s"
    assert (failure.name, failure.signature) == ("batch_sizes", "serving_default")


def test_a_model_that_eats_memory_is_named(tmp_path):
    model = saved(tmp_path / "model", lambda x: x + tf.reduce_sum(tf.random.uniform([3_000_000_000])))
    with limits_set(memory_gb=2):
        failures = validate_export(model, batches=(1,)).failures
        assert failures[0].pitfall == "too_much_memory"
    with limits_set(memory_gb=2, answer_seconds=4):
        slow = saved(tmp_path / "slow", for_ever)
        with pytest.raises(ExportInvalidError, match=r"no_answer.*did not answer within 4 s"):
            reference_answers(slow, validate_export(slow, batches=()).contract, batches=(1,))


def test_what_a_model_prints_is_not_taken_for_the_result_of_a_check(tmp_path):
    forged = '{"check": {"name": "forged", "signature": "", "passed": true, "detail": ""}}'

    def prints(x):
        with tf.control_dependencies([tf.print(forged, output_stream=sys.stdout)]):
            return tf.identity(x)

    report = validate_export(saved(tmp_path / "model", prints), batches=(1,))
    assert report.passed
    assert "forged" not in {check.name for check in report.checks}


def test_the_process_sees_no_passwords(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    [seen] = run_limited([sys.executable, "-I", "-c", code], {})
    assert "secret" not in seen.values()
    assert seen["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert seen["HOME"] == seen["TMPDIR"] != os.environ["HOME"]


def test_the_process_writes_no_file_and_gets_no_more_memory(tmp_path):
    code = (
        "import sys; sys.path.append(sys.argv[1]); from probe.limits import limit_process; limit_process(60, 10**9)\n"
        "try:\n with open(sys.argv[2], 'w') as f:\n  f.write('x')\nexcept OSError as error:\n print(error.strerror)\n"
        "try:\n bytearray(2 * 10**9)\nexcept MemoryError:\n print('no memory')\n"
    )
    folder = ROOT / "components" / "exporter" / "validator"
    command = [sys.executable, "-I", "-c", code, str(folder), str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["File too large", "no memory", ""]
    assert (tmp_path / "file").read_bytes() == b""
