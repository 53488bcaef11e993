"""A small run of the GPU benchmark on a CPU; it needs jax, and must not need TensorFlow."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest
from support import processes

from benchmarks.machine import ROOT, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed"),
]

# Nothing but JAX, Keras, NumPy and their requirements can be imported, as on a machine without TensorFlow.
PROGRAM = """
import sys
from importlib.metadata import packages_distributions, requires
from packaging.requirements import Requirement

allowed, todo = {"deployable-ner"}, ["jax", "jaxlib", "keras", "numpy"]
while todo:
    name = todo.pop().lower().replace("_", "-")
    if name not in allowed:
        allowed.add(name)
        needed = [Requirement(text) for text in requires(name) or ()]
        todo += [one.name for one in needed if not one.marker or one.marker.evaluate({"extra": ""})]
for module, distributions in packages_distributions().items():
    if not {one.lower().replace("_", "-") for one in distributions} & allowed:
        sys.modules[module] = None
from benchmarks.gpu.train_speed import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Standard output and file of the script, run with small sizes."""
    folder = tmp_path_factory.mktemp("gpu")
    options = json.loads((ROOT / "benchmarks" / "gpu" / "cnn_linear.json").read_text(encoding="utf-8"))
    (folder / "options.json").write_text(json.dumps({**options, "embed_dim": 8, "width": 8}), encoding="utf-8")
    small = ["--batch-sizes", "4", "--steps", "3", "--precisions", "float32,bfloat16"]
    files = ["--options", str(folder / "options.json"), "--output", str(folder / "gpu.json")]
    command = [sys.executable, "-c", PROGRAM, *small, *files]
    result = processes.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout, json.loads((folder / "gpu.json").read_text(encoding="utf-8"))


def test_every_combination_is_measured_and_printed(run):
    printed, written = run
    assert [(row["precision"], row["batch_size"]) for row in written["rows"]] == [("float32", 4), ("bfloat16", 4)]
    assert "float32 batch 4:" in printed
    assert "bfloat16 batch 4:" in printed


def test_figures_are_those_of_a_training(run):
    for row in run[1]["rows"]:
        assert row["tokens_per_second"] > 0
        assert row["step_ms"] > 0
        assert row["flops_per_token"] > 0
        assert 0 <= row["padding"] < 1
        assert row["mfu"] is None  # a CPU's peak is unknown
        assert 0 < row["last_loss"] < 100


def test_precisions_start_from_the_same_weights(run):
    one, other = (row["first_loss"] for row in run[1]["rows"])
    assert other == pytest.approx(one, rel=0.05)
