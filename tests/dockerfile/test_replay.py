"""The Dockerfile's steps, replayed in a folder that stands for the image, for there is no engine that could build it.

What a replay cannot show: that the base images exist and hold what is said of them (a Python 3.11, Beam's `boot`), the
image's size, and anything on a GPU.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.repository import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PACKAGES = {"components", "configs", "pipeline", "schemas"}
FOLDERS = ("/opt/", "/src", "/home/", "/root/", "/usr/local/")  # of the image; a replay has its own
STRANGER = 12345  # as OpenShift would run it: a user without an entry in /etc/passwd, in group 0


class Replay:
    """Runs a Dockerfile's steps in a folder that stands for the image's root."""

    def __init__(self, folder: Path, stages: list, context: list[str], arguments: dict[str, str]) -> None:
        self.folder, self.stages, self.files, self.arguments = folder, stages, context, arguments
        _copy_python(folder / "usr/local")

    def here(self, text: str) -> str:
        """Puts the image's folders under the replay's."""
        return re.sub(rf"(?<![\w.])({'|'.join(FOLDERS)})", rf"{self.folder}\1", text)

    def variables(self, stage) -> dict[str, str]:
        image = {name: self.here(value) for name, value in stage.environment(self.arguments).items()}
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
                command = self.here(step.command)
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
def image(stages, context) -> Iterator[Replay]:
    with tempfile.TemporaryDirectory(prefix="ner-image-") as folder:
        os.chmod(folder, 0o755)
        replay = Replay(Path(folder), stages, context, {"STACK": "tfx116", "DEVICE": "cpu"})
        replay.build("build")
        replay.build("")
        yield replay


def test_replayed_image_holds_the_pinned_packages_and_no_tools_of_ours(image: Replay, pins) -> None:
    listed = json.loads(image.run("python", "-m", "pip", "list", "--format=json").stdout)
    found = {one["name"].lower().replace("_", "-").replace(".", "-"): one["version"] for one in listed}
    wanted = {name.replace(".", "-"): version for name, version in pins("py311-tfx116.txt").items()}
    from_base = {"pip", "deployable-ner"}
    assert {name: version for name, version in found.items() - wanted.items() if name not in from_base} == {}
    assert {"tfx", "tensorflow", "kfp", "keras-hub", "mlflow", "apache-beam"} <= found.keys()
    assert found.keys().isdisjoint({"pytest", "ruff", "mypy", "jax", "hypothesis", "uv"})


def test_replayed_image_holds_all_our_files_and_does_not_point_at_the_checkout(image: Replay) -> None:
    site = image.folder / "opt/venv/lib/python3.11/site-packages"
    ours = {path for path in image.files if path.split("/")[0] in PACKAGES}
    assert {path for path in ours if not (site / path).is_file()} == set()
    printed = image.run("python", "-c", "import pipeline; print(pipeline.__path__[0])").stdout
    assert printed == f"{site}/pipeline\n"


def test_replayed_image_runs_the_commands_of_a_pod_as_any_user(image: Replay) -> None:
    shown = image.run("ner", "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "run " in shown.stdout
    imported = "import apache_beam.runners.worker.worker_pool_main, pipeline.create, getpass; print(getpass.getuser())"
    named = image.run("python", "-c", imported)
    assert (named.returncode, named.stdout) == (0, "ner\n"), named.stderr
    entry_point = image.run("python", "-m", "pipeline.kubeflow.container.entry_point", "--help")
    assert entry_point.returncode == 0, entry_point.stderr
