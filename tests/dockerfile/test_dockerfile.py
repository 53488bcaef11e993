"""Dockerfile: hadolint, agreement with the constraints, and its own promises."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import mmap
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from support.processes import run
from support.repository import ROOT

STACKS = ("tfx116", "tfx121")
PACKAGES = {"components", "configs", "deployable_ner", "pipeline", "schemas"}


def test_hadolint_reports_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("the extra `test` is not installed")
    result = run([hadolint, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_base_images_match_the_stacks(stages, pins) -> None:
    images = {stage.name: stage.image for stage in stages}
    for stack in STACKS:
        assert re.fullmatch(r"python:3\.11-slim-(bookworm|trixie)\$\{PYTHON_DIGEST\}", images[f"python-{stack}"])
        beam = pins(f"py311-{stack}.txt")["apache-beam"]
        assert images[f"beam-{stack}"] == f"apache/beam_python3.11_sdk:{beam}${{BEAM_DIGEST}}"


def test_cuda_pins_extend_the_pins_of_the_stack(pins) -> None:
    for stack in STACKS:
        cuda, stack_pins = pins(f"py311-{stack}-gpu.txt"), pins(f"py311-{stack}.txt")
        assert {"nvidia-cudnn-cu12", "nvidia-cublas-cu12", "nvidia-cuda-nvcc-cu12", "nvidia-nccl-cu12"} <= cuda.keys()
        assert all(name.startswith("nvidia-") for name in cuda)
        assert cuda.keys().isdisjoint(stack_pins)


def test_cuda_pins_meet_the_requirements_of_this_tensorflow(pins) -> None:
    requirements = pytest.importorskip("packaging.requirements")
    stack = "tfx116" if importlib.metadata.version("tensorflow").startswith("2.16.") else "tfx121"
    required = map(requirements.Requirement, importlib.metadata.requires("tensorflow"))
    required = [one for one in required if one.marker and one.marker.evaluate({"extra": "and-cuda"})]
    required = {one.name: one.specifier for one in required if one.name.startswith("nvidia-")}
    cuda = pins(f"py311-{stack}-gpu.txt")
    assert len(required) >= 10
    assert {name: str(spec) for name, spec in required.items() if not spec.contains(cuda.get(name, "0"))} == {}


def test_tensorflow_searches_cuda_in_the_wheels() -> None:
    """Otherwise the GPU image would need LD_LIBRARY_PATH, as TensorFlow 2.16.1 does (tensorflow/tensorflow#63362)."""
    missing = {"cudnn/lib", "cublas/lib", "cuda_runtime/lib", "cuda_nvcc"}
    for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):  # the smaller one first
        (library,) = [file for file in importlib.metadata.files("tensorflow") if file.name == name]
        if not missing:
            break
        with Path(library.locate()).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            missing = {folder for folder in missing if content.find(b"../nvidia/" + folder.encode()) < 0}
    assert missing == set()


def test_context_holds_the_code_and_its_installer(context) -> None:
    tops = {path.split("/")[0] for path in context}
    assert tops == {*PACKAGES, "constraints", "pyproject.toml", "setup.py"}
    assert [path for path in context if "__pycache__" in path or "/." in path] == []


def test_copied_files_are_in_the_context(stages, context) -> None:
    copies = [copy for stage in stages for copy in stage.all("COPY") if not copy.words[0].startswith("--from=")]
    for source in (source for copy in copies for source in copy.words[:-1]):
        assert any(path == source or path.startswith(f"{source}/") for path in context), source


def test_image_is_a_beam_worker_and_not_root(stages) -> None:
    last = stages[-1]
    assert [one.value for one in last.all("USER")] == ["${UID}:0"]
    assert "UID=1000" in [one.value for one in last.all("ARG")]
    assert [json.loads(one.value) for one in last.all("ENTRYPOINT")] == [["/opt/apache/beam/boot"]]
    assert last.environment()["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"
    assert "NVIDIA_VISIBLE_DEVICES" not in last.environment()  # a pod that requests no GPU gets none


def test_no_private_host_and_no_secret(stages) -> None:
    """Images and packages have short names; the configuration of the build decides where they come from."""
    assert [s.image for s in stages if re.match(r"[^/]*[.:][^/]*/", s.image) or s.image.startswith("localhost/")] == []
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url\S*|token|password", text, flags=re.IGNORECASE) == []


def test_device_selects_cuda(stages, tmp_path: Path) -> None:
    (build,) = [stage for stage in stages if stage.name == "build"]
    (step,) = [one for one in build.all("RUN") if "$DEVICE" in one.value]
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    uv.chmod(0o755)
    command = step.command.replace("/opt/uv/bin/uv", str(uv))
    for device, error in {"cpu": "", "gpu": "", "tpu": "DEVICE=tpu is neither cpu nor gpu\n"}.items():
        environment = {"PATH": os.environ["PATH"], "DEVICE": device, "STACK": "tfx121"}
        result = run(["sh", "-c", command], env=environment, cwd=ROOT, capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (int(bool(error)), error)
        words = result.stdout.split()
        files = [after for word, after in itertools.pairwise(words) if word in ("--constraint", "--override")]
        assert [file for file in files if not (ROOT / file).is_file()] == []
        assert ("tensorflow[and-cuda]" in words) == (device == "gpu")
        assert ("constraints/py311-tfx121-gpu.txt" in files) == (device == "gpu")
