"""Dockerfile: linted, in step with the constraints, and replayed, for there is no engine here that could build it.

What a replay cannot show: that the base images exist and hold what is said of them (a Python 3.11, Beam's `boot`), the
image's size, and anything on a GPU.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import mmap
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

dockerfile_parse = pytest.importorskip("dockerfile_parse", reason="the extra `test` is not installed")

ROOT = Path(__file__).resolve().parents[1]
STACKS = ("tfx116", "tfx121")
PACKAGES = ("components", "configs", "pipeline", "schemas")
FOLDERS = ("/opt/", "/src", "/home/", "/root/", "/usr/local/")  # of the image; a replay has its own
STRANGER = 12345  # as OpenShift would run it: a user without an entry in /etc/passwd, in group 0


@dataclasses.dataclass
class Instruction:
    name: str
    value: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.value)


@dataclasses.dataclass
class Stage:
    image: str
    name: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[Instruction]:
        return [one for one in self.instructions if one.name == name]


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    """The stages; what stands before the first is a stage without an image."""
    found = [Stage("", "before", [])]
    with (ROOT / "Dockerfile").open("rb") as file:
        for step in dockerfile_parse.DockerfileParser(fileobj=file).structure:
            if step["instruction"] == "FROM":
                image, _, name = step["value"].partition(" AS ")
                found.append(Stage(image, name, []))
            elif step["instruction"] != "COMMENT":
                found[-1].instructions.append(Instruction(step["instruction"], step["value"]))
    return found


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / "constraints" / file).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def context() -> list[str]:
    """Paths of what an engine is sent."""
    build = pytest.importorskip("docker.utils.build", reason="comes with MLflow")
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    sent_anyway = {"Dockerfile", ".dockerignore"}
    found = build.exclude_paths(ROOT, patterns) - sent_anyway
    return sorted(path for path in found if (ROOT / path).is_file())


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("the extra `test` is not installed")
    result = subprocess.run(
        [hadolint, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("stack", STACKS)
def test_beams_image_is_of_the_version_that_the_constraints_pin(stages: list[Stage], stack: str) -> None:
    (image,) = [stage.image for stage in stages if stage.name == f"beam-{stack}"]
    assert image == f"apache/beam_python3.11_sdk:{pins(f'py311-{stack}.txt')['apache-beam']}${{BEAM_DIGEST}}"


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_has_a_python_image(stages: list[Stage], stack: str) -> None:
    (image,) = [stage.image for stage in stages if stage.name == f"python-{stack}"]
    assert re.fullmatch(r"python:3\.11-slim-(bookworm|trixie)\$\{PYTHON_DIGEST\}", image)


@pytest.mark.parametrize("stack", STACKS)
def test_cuda_is_pinned_beside_the_stack_and_leaves_its_pins_alone(stack: str) -> None:
    cuda, stack_pins = pins(f"py311-{stack}-gpu.txt"), pins(f"py311-{stack}.txt")
    assert {"nvidia-cudnn-cu12", "nvidia-cublas-cu12", "nvidia-cuda-nvcc-cu12", "nvidia-nccl-cu12"} <= cuda.keys()
    assert all(name.startswith("nvidia-") for name in cuda)
    assert cuda.keys().isdisjoint(stack_pins)


def test_cuda_pins_are_what_this_tensorflow_asks_for() -> None:
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
    (library,) = [f for f in importlib.metadata.files("tensorflow") if f.name == "libtensorflow_framework.so.2"]
    with Path(library.locate()).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        folders = ("cudnn/lib", "cublas/lib", "cuda_runtime/lib", "cuda_nvcc")
        assert [name for name in folders if content.find(b"../nvidia/" + name.encode()) < 0] == []


def test_context_is_the_code_and_what_installs_it() -> None:
    tops = {path.split("/")[0] for path in context()}
    assert tops == {*PACKAGES, "constraints", "pyproject.toml", "setup.py"}
    assert [path for path in context() if "__pycache__" in path or "/." in path] == []


def test_what_is_copied_is_in_the_context(stages: list[Stage]) -> None:
    files = context()
    for stage in stages:
        for copy in stage.all("COPY"):
            if copy.words[0].startswith("--from="):
                continue
            for source in copy.words[:-1]:
                assert any(path == source or path.startswith(f"{source}/") for path in files), source


def test_it_runs_as_a_numbered_user_who_is_not_root(stages: list[Stage]) -> None:
    (user,) = stages[-1].all("USER")
    assert user.value == "${UID}:0"
    assert "UID=1000" in [one.value for one in stages[-1].all("ARG")]


def test_it_is_beams_worker(stages: list[Stage]) -> None:
    (entry_point,) = stages[-1].all("ENTRYPOINT")
    assert json.loads(entry_point.value) == ["/opt/apache/beam/boot"]
    assert environment(stages[-1], {})["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"


def test_a_gpu_is_not_grabbed_by_pods_that_asked_for_none(stages: list[Stage]) -> None:
    assert "NVIDIA_VISIBLE_DEVICES" not in environment(stages[-1], {})


def test_no_name_of_a_private_host_and_no_secret(stages: list[Stage]) -> None:
    """Short names only: whoever builds says by configuration whence images and packages come."""
    assert [s.image for s in stages if re.match(r"[^/]*[.:][^/]*/", s.image) or s.image.startswith("localhost/")] == []
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url\S*|token|password", text, flags=re.IGNORECASE) == []


def environment(stage: Stage, arguments: dict[str, str]) -> dict[str, str]:
    """The variables a stage's ENV instructions leave, with those of the base image."""
    known = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    for instruction in stage.all("ENV"):
        for pair in instruction.words:
            name, _, value = pair.partition("=")
            known[name] = _expand(value, {**arguments, **known})
    return known


def _expand(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match[1], ""), text)


# --- the replay -----------------------------------------------------------------------------------------------------


class Replay:
    """Runs a Dockerfile's steps in a folder that stands for the image's root."""

    def __init__(self, folder: Path, stages: list[Stage], arguments: dict[str, str]) -> None:
        self.folder, self.stages, self.arguments = folder, stages, arguments
        self.files = context()
        _copy_python(folder / "usr/local")

    def here(self, text: str) -> str:
        """Puts the image's folders under the replay's."""
        return re.sub(rf"(?<![\w.])({'|'.join(FOLDERS)})", rf"{self.folder}\1", text)

    def variables(self, stage: Stage) -> dict[str, str]:
        image = {name: self.here(value) for name, value in environment(stage, self.arguments).items()}
        # The copied interpreter finds its library by the path it was built for.
        return {**image, "LD_LIBRARY_PATH": str(self.folder / "usr/local/lib")}

    def build(self, name: str) -> None:
        (stage,) = [one for one in self.stages if one.name == name]
        defaults = [one.value.partition("=") for one in stage.all("ARG")]
        values = {key: self.arguments.get(key, value) for key, _, value in defaults}
        variables = {**self.variables(stage), **{key: value for key, value in values.items() if value}}
        folder = self.folder
        for step in stage.instructions:
            if step.name == "WORKDIR":
                folder = Path(self.here(step.value))
                folder.mkdir(parents=True, exist_ok=True)
            elif step.name == "COPY" and not step.words[0].startswith("--from="):
                self.copy(step.words[:-1], folder / self.here(step.words[-1]))
            elif step.name == "RUN":
                command = self.here(re.sub(r"^(--mount=\S+\s+)+", "", step.value))
                # HOME: where the cache that the step mounts really lies.
                here = {"HOME": os.environ["HOME"], **_package_index()}
                subprocess.run(["sh", "-c", command], cwd=folder, env={**here, **variables}, check=True)

    def copy(self, sources: list[str], target: Path) -> None:
        """A folder's content, or files, of the context."""
        for source in sources:
            for path in self.files:
                if path == source or path.startswith(f"{source}/"):
                    place = target / (Path(path).name if path == source else os.path.relpath(path, source))
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(ROOT / path, place)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command as a container does: as any user, without capabilities, in the last stage's environment."""
        variables = self.variables(self.stages[-1])
        found = shutil.which(command[0], path=variables["PATH"])
        assert found is not None, f"{command[0]} is not on {variables['PATH']}"
        dropped = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        dropped += [f"--reuid={STRANGER}", "--regid=0", "--clear-groups"]
        prefix = dropped if os.geteuid() == 0 and shutil.which("setpriv") else []
        return subprocess.run(
            [*prefix, found, *command[1:]],
            env=variables, cwd=variables["HOME"], capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip


def _copy_python(target: Path) -> None:
    """A copy of this Python, that others than its owner can reach."""
    base = Path(sys._base_executable).resolve().parents[1]
    leave = shutil.ignore_patterns("site-packages", "test", "__pycache__", "config-3.11*")
    shutil.copytree(base / "lib", target / "lib", ignore=leave, symlinks=True)
    (target / "lib/python3.11/site-packages").mkdir()
    (target / "bin").mkdir()
    shutil.copy(base / "bin/python3.11", target / "bin")
    for name in ("python", "python3"):
        (target / "bin" / name).symlink_to("python3.11")


def _package_index() -> dict[str, str]:
    """Variables that name the package index of this machine's pip, whose configuration uv does not read."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", listed, flags=re.MULTILINE))
    index, cert = settings.get("index-url"), os.environ.get("SSL_CERT_FILE") or settings.get("cert")
    found = {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index, "SSL_CERT_FILE": cert}
    return {name: value for name, value in found.items() if value}


@pytest.fixture(scope="module")
def image(stages: list[Stage]) -> Iterator[Replay]:
    with tempfile.TemporaryDirectory(prefix="ner-image-") as folder:
        os.chmod(folder, 0o755)
        replay = Replay(Path(folder), stages, {"STACK": "tfx116", "DEVICE": "cpu"})
        replay.build("build")
        replay.build("")
        yield replay


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_replayed_image_holds_the_pinned_packages_and_no_tools_of_ours(image: Replay) -> None:
    listed = json.loads(image.run("python", "-m", "pip", "list", "--format=json").stdout)
    found = {one["name"].lower().replace("_", "-").replace(".", "-"): one["version"] for one in listed}
    wanted = {name.replace(".", "-"): version for name, version in pins("py311-tfx116.txt").items()}
    from_base = {"pip", "deployable-ner"}
    assert {name: version for name, version in found.items() - wanted.items() if name not in from_base} == {}
    assert {"tfx", "tensorflow", "kfp", "keras-hub", "mlflow", "apache-beam"} <= found.keys()
    assert found.keys().isdisjoint({"pytest", "ruff", "mypy", "jax", "hypothesis", "uv"})


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_replayed_image_holds_all_our_files_and_does_not_point_at_the_checkout(image: Replay) -> None:
    site = image.folder / "opt/venv/lib/python3.11/site-packages"
    ours = {path for path in image.files if path.split("/")[0] in PACKAGES}
    assert {path for path in ours if not (site / path).is_file()} == set()
    printed = image.run("python", "-c", "import pipeline; print(pipeline.__path__[0])").stdout
    assert printed == f"{site}/pipeline\n"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_replayed_image_runs_the_commands_of_a_pod_as_any_user(image: Replay) -> None:
    shown = image.run("ner", "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "run " in shown.stdout
    imported = "import apache_beam.runners.worker.worker_pool_main, pipeline.create, getpass; print(getpass.getuser())"
    named = image.run("python", "-c", imported)
    assert (named.returncode, named.stdout) == (0, "ner\n"), named.stderr
    entry_point = image.run("python", "-m", "pipeline.kubeflow.entry_point", "--help")
    assert entry_point.returncode == 0, entry_point.stderr
