"""The Dockerfile's steps, replayed in a folder in place of the image, because CI has no container engine.

A replay checks neither the base images (their Python 3.11, Beam's `boot`) nor the size of the image nor a GPU.
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
from support import processes
from support.repository import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PACKAGES = {"components", "configs", "deployable_ner", "pipeline", "schemas"}
FOLDERS = ("/opt/", "/src", "/home/", "/root/", "/usr/local/")  # of the image; the replay has copies of them
OTHER_USER = 12345  # as on OpenShift: a user without an entry in /etc/passwd, in group 0


class Replay:
    """Runs a Dockerfile's steps in a folder in place of the image's root."""

    def __init__(self, folder: Path, stages: list, context: list[str], arguments: dict[str, str]) -> None:
        self.folder, self.stages, self.files, self.arguments = folder, stages, context, arguments
        _copy_python(folder / "usr/local")

    def in_folder(self, text: str) -> str:
        """Replaces the image's folders by those of the replay."""
        return re.sub(rf"(?<![\w.])({'|'.join(FOLDERS)})", rf"{self.folder}\1", text)

    def variables(self, stage) -> dict[str, str]:
        image = {name: self.in_folder(value) for name, value in stage.environment(self.arguments).items()}
        # The copied interpreter searches its library at the path it was built for.
        return {**image, "LD_LIBRARY_PATH": str(self.folder / "usr/local/lib")}

    def build(self, name: str) -> None:
        (stage,) = [one for one in self.stages if one.name == name]
        defaults = [one.value.partition("=") for one in stage.all("ARG")]
        values = {key: self.arguments.get(key, value) for key, _, value in defaults}
        variables = {**self.variables(stage), **{key: value for key, value in values.items() if value}}
        folder = self.folder
        for step in stage.instructions:
            if step.name == "WORKDIR":
                folder = Path(self.in_folder(step.value))
                folder.mkdir(parents=True, exist_ok=True)
            elif step.name == "COPY" and not step.words[0].startswith("--from="):
                self.copy(step.words[:-1], folder / self.in_folder(step.words[-1]))
            elif step.name == "RUN":
                command = self.in_folder(step.command)
                # HOME: the location of the cache that the step mounts.
                host = {"HOME": os.environ["HOME"], **_package_index()}
                processes.run(["sh", "-c", command], cwd=folder, env={**host, **variables}, check=True, timeout=1500)

    def copy(self, sources: list[str], target: Path) -> None:
        """Copies files, or the content of folders, of the context."""
        for source in sources:
            for path in self.files:
                if path == source or path.startswith(f"{source}/"):
                    copy = target / (Path(path).name if path == source else os.path.relpath(path, source))
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(ROOT / path, copy)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command like a container: as another user, without capabilities, in the last stage's environment."""
        variables = self.variables(self.stages[-1])
        program = shutil.which(command[0], path=variables["PATH"])
        assert program is not None, f"{command[0]} is not on {variables['PATH']}"
        dropped = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        dropped += [f"--reuid={OTHER_USER}", "--regid=0", "--clear-groups"]
        prefix = dropped if os.geteuid() == 0 and shutil.which("setpriv") else []
        return processes.run(
            [*prefix, program, *command[1:]],
            env=variables, cwd=variables["HOME"], capture_output=True, text=True, timeout=300,
        )  # fmt: skip


def _copy_python(target: Path) -> None:
    """Copies this Python to a folder that other users can read."""
    base = Path(sys._base_executable).resolve().parents[1]
    leave = shutil.ignore_patterns("site-packages", "test", "__pycache__", "config-3.11*")
    shutil.copytree(base / "lib", target / "lib", ignore=leave, symlinks=True)
    (target / "lib/python3.11/site-packages").mkdir()
    (target / "bin").mkdir()
    shutil.copy(base / "bin/python3.11", target / "bin")
    for name in ("python", "python3"):
        (target / "bin" / name).symlink_to("python3.11")


def _package_index() -> dict[str, str]:
    """Returns variables with the package index of this machine's pip, whose configuration uv does not read."""
    listed = processes.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    settings = dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", listed, flags=re.MULTILINE))
    index, cert = settings.get("index-url"), os.environ.get("SSL_CERT_FILE") or settings.get("cert")
    variables = {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index, "SSL_CERT_FILE": cert}
    return {name: value for name, value in variables.items() if value}


@pytest.fixture(scope="module")
def image(stages, context) -> Iterator[Replay]:
    with tempfile.TemporaryDirectory(prefix="ner-image-") as folder:
        os.chmod(folder, 0o755)
        replay = Replay(Path(folder), stages, context, {"STACK": "tfx116", "DEVICE": "cpu"})
        replay.build("build")
        replay.build("")
        yield replay


def test_image_has_the_pinned_packages_and_no_test_tools(image: Replay, pins) -> None:
    listed = json.loads(image.run("python", "-m", "pip", "list", "--format=json").stdout)
    installed = {one["name"].lower().replace("_", "-").replace(".", "-"): one["version"] for one in listed}
    pinned = {name.replace(".", "-"): version for name, version in pins("py311-tfx116.txt").items()}
    from_base = {"pip", "deployable-ner"}
    assert {name: version for name, version in installed.items() - pinned.items() if name not in from_base} == {}
    assert {"tfx", "tensorflow", "kfp", "keras-hub", "mlflow", "apache-beam"} <= installed.keys()
    assert installed.keys().isdisjoint({"pytest", "ruff", "mypy", "jax", "hypothesis", "uv"})


def test_image_has_all_our_files_and_does_not_refer_to_the_checkout(image: Replay) -> None:
    site = image.folder / "opt/venv/lib/python3.11/site-packages"
    ours = {path for path in image.files if path.split("/")[0] in PACKAGES}
    assert {path for path in ours if not (site / path).is_file()} == set()
    printed = image.run("python", "-c", "import pipeline; print(pipeline.__path__[0])").stdout
    assert printed == f"{site}/pipeline\n"


def test_image_runs_the_commands_of_a_pod_as_any_user(image: Replay) -> None:
    shown = image.run("ner", "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "run " in shown.stdout
    imported = "import apache_beam.runners.worker.worker_pool_main, pipeline.create, getpass; print(getpass.getuser())"
    named = image.run("python", "-c", imported)
    assert (named.returncode, named.stdout) == (0, "ner\n"), named.stderr
    entry_point = image.run("python", "-m", "pipeline.kubeflow.container.entry_point", "--help")
    assert entry_point.returncode == 0, entry_point.stderr
