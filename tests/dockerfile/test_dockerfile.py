"""Dockerfile: linted, in step with the constraints and with what it says of itself."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import mmap
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.repository import ROOT

STACKS = ("tfx116", "tfx121")
PACKAGES = {"components", "configs", "pipeline", "schemas"}


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("the extra `test` is not installed")
    result = subprocess.run(
        [hadolint, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("stack", STACKS)
def test_beams_image_is_of_the_version_that_the_constraints_pin(stages, pins, stack: str) -> None:
    (image,) = [stage.image for stage in stages if stage.name == f"beam-{stack}"]
    assert image == f"apache/beam_python3.11_sdk:{pins(f'py311-{stack}.txt')['apache-beam']}${{BEAM_DIGEST}}"


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_has_a_python_image(stages, stack: str) -> None:
    (image,) = [stage.image for stage in stages if stage.name == f"python-{stack}"]
    assert re.fullmatch(r"python:3\.11-slim-(bookworm|trixie)\$\{PYTHON_DIGEST\}", image)


@pytest.mark.parametrize("stack", STACKS)
def test_cuda_is_pinned_beside_the_stack_and_leaves_its_pins_alone(pins, stack: str) -> None:
    cuda, stack_pins = pins(f"py311-{stack}-gpu.txt"), pins(f"py311-{stack}.txt")
    assert {"nvidia-cudnn-cu12", "nvidia-cublas-cu12", "nvidia-cuda-nvcc-cu12", "nvidia-nccl-cu12"} <= cuda.keys()
    assert all(name.startswith("nvidia-") for name in cuda)
    assert cuda.keys().isdisjoint(stack_pins)


def test_cuda_pins_are_what_this_tensorflow_asks_for(pins) -> None:
    requirements = pytest.importorskip("packaging.requirements")
    stack = "tfx116" if importlib.metadata.version("tensorflow").startswith("2.16.") else "tfx121"
    asked = map(requirements.Requirement, importlib.metadata.requires("tensorflow"))
    asked = [one for one in asked if one.marker and one.marker.evaluate({"extra": "and-cuda"})]
    asked = {one.name: one.specifier for one in asked if one.name.startswith("nvidia-")}
    cuda = pins(f"py311-{stack}-gpu.txt")
    assert len(asked) >= 10
    assert {name: str(spec) for name, spec in asked.items() if not spec.contains(cuda.get(name, "0"))} == {}


def test_tensorflow_looks_for_cuda_where_the_wheels_lie() -> None:
    """Else the GPU image would need LD_LIBRARY_PATH, as with TensorFlow 2.16.1 (tensorflow/tensorflow#63362)."""
    missing = {"cudnn/lib", "cublas/lib", "cuda_runtime/lib", "cuda_nvcc"}
    for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):  # the smaller one first
        (library,) = [file for file in importlib.metadata.files("tensorflow") if file.name == name]
        if not missing:
            break
        with Path(library.locate()).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            missing = {folder for folder in missing if content.find(b"../nvidia/" + folder.encode()) < 0}
    assert missing == set()


def test_context_is_the_code_and_what_installs_it(context) -> None:
    tops = {path.split("/")[0] for path in context}
    assert tops == {*PACKAGES, "constraints", "pyproject.toml", "setup.py"}
    assert [path for path in context if "__pycache__" in path or "/." in path] == []


def test_what_is_copied_is_in_the_context(stages, context) -> None:
    for stage in stages:
        for copy in stage.all("COPY"):
            if copy.words[0].startswith("--from="):
                continue
            for source in copy.words[:-1]:
                assert any(path == source or path.startswith(f"{source}/") for path in context), source


def test_it_runs_as_a_numbered_user_who_is_not_root(stages) -> None:
    (user,) = stages[-1].all("USER")
    assert user.value == "${UID}:0"
    assert "UID=1000" in [one.value for one in stages[-1].all("ARG")]


def test_it_is_beams_worker(stages) -> None:
    (entry_point,) = stages[-1].all("ENTRYPOINT")
    assert json.loads(entry_point.value) == ["/opt/apache/beam/boot"]
    assert stages[-1].environment()["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"


def test_a_gpu_is_not_grabbed_by_pods_that_asked_for_none(stages) -> None:
    assert "NVIDIA_VISIBLE_DEVICES" not in stages[-1].environment()


def test_no_name_of_a_private_host_and_no_secret(stages) -> None:
    """Short names only: whoever builds says by configuration whence images and packages come."""
    assert [s.image for s in stages if re.match(r"[^/]*[.:][^/]*/", s.image) or s.image.startswith("localhost/")] == []
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url\S*|token|password", text, flags=re.IGNORECASE) == []


@pytest.mark.parametrize(
    ("device", "status", "said"),
    [("cpu", 0, ""), ("gpu", 0, ""), ("tpu", 1, "DEVICE=tpu is neither cpu nor gpu\n")],
)
def test_device_decides_whether_cuda_is_installed(stages, tmp_path: Path, device: str, status: int, said: str) -> None:
    (build,) = [stage for stage in stages if stage.name == "build"]
    (step,) = [one for one in build.all("RUN") if "$DEVICE" in one.value]
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    uv.chmod(0o755)
    command = step.command.replace("/opt/uv/bin/uv", str(uv))
    result = subprocess.run(
        ["sh", "-c", command], env={"PATH": os.environ["PATH"], "DEVICE": device, "STACK": "tfx121"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (status, said)
    words = result.stdout.split()
    assert ("tensorflow[and-cuda]" in words) == (device == "gpu")
    files = [after for word, after in itertools.pairwise(words) if word in ("--constraint", "--override")]
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert ("constraints/py311-tfx121-gpu.txt" in files) == (device == "gpu")
