"""tools/setup.sh: when it builds, completes or keeps an environment.

uv is a stand-in that records its calls; each build still costs the seconds of a real venv with pip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from support import processes
from support.repository import ROOT

REAL_PYTHON = Path(sys._base_executable).resolve()
CONSTRAINTS = "constraints/py311-tfx116.txt"
UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$* | $UV_DEFAULT_INDEX | $SSL_CERT_FILE" >>"$UV_CALLS"
sleep "${UV_TAKES:-0}"
exit "${UV_STATUS:-0}"
"""


def make_wheel(folder: Path, version: str) -> None:
    """Writes a wheel of the stand-in for pip to install."""
    folder.mkdir()
    files = {
        f"uv-{version}.data/scripts/uv": UV,
        f"uv-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n",
        f"uv-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"uv-{version}.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(folder / f"uv-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16  # pip keeps the x of a regular file
            wheel.writestr(entry, text)


class Checkout:
    """A copy of the inputs of tools/setup.sh, whose environment is built in seconds and without a network."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "check out"
        self.calls_file = folder / "calls"
        self.wheels = folder / "wheels"
        for name in ("tools/setup.sh", "setup.py", "pyproject.toml", CONSTRAINTS):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        pin = next(line for line in (ROOT / CONSTRAINTS).read_text().splitlines() if line.startswith("uv=="))
        make_wheel(self.wheels, pin.removeprefix("uv=="))
        self.variables = {
            "HOME": str(folder),
            "PATH": f"{REAL_PYTHON.parent}:{os.environ['PATH']}",
            "STACK": "tfx116",
            "UV_CALLS": str(self.calls_file),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return processes.popen(
            ["bash", "tools/setup.sh", *arguments],
            cwd=self.root, env=self.variables | variables, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def set_up(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Runs the script; returns its exit status and its messages."""
        with self.start(*arguments, **variables) as process:
            return process.wait(timeout=120), process.stderr.read()

    def calls(self) -> list[str]:
        """Returns and forgets the recorded calls of uv."""
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        self.calls_file.unlink(missing_ok=True)
        return text.splitlines()

    def change_pins(self) -> None:
        with (self.root / CONSTRAINTS).open("a") as file:
            file.write("# changed\n")


@pytest.fixture(scope="module")
def first_set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, int, str, list[str]]:
    """A fresh checkout after its first setup, with the exit status, the messages and the calls of uv."""
    checkout = Checkout(tmp_path_factory.mktemp("setup"))
    status, messages = checkout.set_up()
    return checkout, status, messages, checkout.calls()


@pytest.fixture
def checkout(first_set_up: tuple[Checkout, int, str, list[str]]) -> Checkout:
    """A checkout with a complete environment; its file `kept` is gone after a build."""
    checkout = first_set_up[0]
    status, messages = checkout.set_up()
    assert status == 0, messages
    (checkout.venv / "kept").touch()
    checkout.calls()
    return checkout


def test_fresh_checkout_is_built(first_set_up: tuple[Checkout, int, str, list[str]]) -> None:
    _, status, messages, (pins, project) = first_set_up
    assert status == 0
    line, *_, last = messages.splitlines()
    assert line.startswith("setup: Python 3.11.")
    assert f"{REAL_PYTHON}), stack tfx116 (as STACK says; glibc " in line
    assert line.endswith(".venv: build (there is none yet)")
    assert last.startswith("setup: .venv is ready after ")
    assert f"--no-deps -r {CONSTRAINTS} " in pins
    assert "--no-deps --no-build-isolation --editable . " in project


def test_second_call_does_nothing_and_takes_less_than_two_seconds(checkout: Checkout) -> None:
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        status, messages = checkout.set_up()
        seconds.append(time.monotonic() - start)
    assert min(seconds) < 2
    assert (status, checkout.calls()) == (0, [])
    assert messages.endswith(".venv: ready\n")
    assert messages.count("\n") == 1


def test_another_name_of_the_same_interpreter_keeps_the_environment(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(REAL_PYTHON)
    status, messages = checkout.set_up("--check", PYTHON=str(tmp_path / "linked"))
    assert status == 0, messages


def test_packages_are_compiled_where_python_writes_no_bytecode(checkout: Checkout) -> None:
    module = checkout.venv / "lib" / "python3.11" / "site-packages" / "slow_to_compile.py"
    module.write_text("x = 1\n")
    for variables, files in (({}, 0), ({"PYTHONDONTWRITEBYTECODE": "1"}, 1)):
        checkout.change_pins()
        assert checkout.set_up(**variables)[0] == 0
        assert len(list(module.parent.glob("__pycache__/slow_to_compile.*.pyc"))) == files


def test_changed_input_updates_the_environment(checkout: Checkout) -> None:
    for name in (CONSTRAINTS, "setup.py", "pyproject.toml"):
        with (checkout.root / name).open("a") as file:
            file.write("# changed\n")
        assert checkout.set_up("--check")[0] == 1
        status, messages = checkout.set_up()
        assert status == 0
        assert "update (pins or metadata changed)" in messages
        assert len(checkout.calls()) == 2
        assert (checkout.venv / "kept").exists()


@pytest.mark.extended
def test_failed_setup_is_not_ready(checkout: Checkout) -> None:
    checkout.change_pins()
    status, messages = checkout.set_up(UV_STATUS="2")
    assert status == 1
    assert messages.endswith("setup: the packages could not be installed (see above); run the same command again.\n")
    assert checkout.set_up("--check")[0] == 1
    status, messages = checkout.set_up()
    assert status == 0
    assert "build (an earlier setup was interrupted)" in messages
    assert not (checkout.venv / "kept").exists()


def test_killed_setup_is_not_ready(checkout: Checkout) -> None:
    stamp = checkout.venv / ".setup-stamp"
    true_stamp = stamp.read_text()
    stamp.write_text(true_stamp.replace("inputs=", "inputs=0"))
    process = checkout.start(UV_TAKES="2")
    while not checkout.calls():
        time.sleep(0.02)
    process.kill()
    process.communicate()
    status, messages = checkout.set_up("--check")
    assert status == 1
    assert "build (an earlier setup was interrupted)" in messages
    stamp.write_text(true_stamp)  # saves the next test a build: the stand-in installed nothing


def test_moved_checkout_is_built_again(checkout: Checkout) -> None:
    old = checkout.root
    checkout.root = old.rename(old.with_name("moved " + old.name))
    status, messages = checkout.set_up("--check")
    checkout.root = checkout.root.rename(old)
    assert status == 1
    assert f"build (the present one is for root={old})" in messages


@pytest.mark.extended
def test_environment_made_by_another_tool_is_completed(checkout: Checkout) -> None:
    (checkout.venv / ".setup-stamp").unlink()
    status, messages = checkout.set_up()
    assert status == 0
    assert "update (not made by this script)" in messages
    assert (checkout.venv / "kept").exists()


@pytest.mark.extended
def test_environment_without_pip_is_completed(checkout: Checkout) -> None:
    environment = checkout.root / "without-pip"
    subprocess.run([REAL_PYTHON, "-m", "venv", "--without-pip", environment], check=True)
    status, messages = checkout.set_up(VENV=environment.name)
    assert status == 0, messages
    assert (environment / "bin" / "uv").exists()
    shutil.rmtree(environment)


def test_folder_that_is_not_an_environment_is_kept(checkout: Checkout) -> None:
    letters = checkout.root / "letters"
    letters.mkdir()
    (letters / "mine").touch()
    status, messages = checkout.set_up(VENV=letters.name)
    assert status == 1
    assert "setup: letters exists and is not a virtual environment." in messages
    assert (letters / "mine").exists()


@pytest.mark.extended
def test_pips_mirror_and_certificate_reach_uv(checkout: Checkout, tmp_path: Path) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://mirror.invalid/simple\ncert = /my.pem\n")
    checkout.change_pins()
    checkout.set_up(PIP_CONFIG_FILE=str(configuration))
    assert checkout.calls()[0].endswith("| https://mirror.invalid/simple | /my.pem")
    checkout.change_pins()
    checkout.set_up(PIP_CONFIG_FILE=str(configuration), UV_DEFAULT_INDEX="https://other.invalid", SSL_CERT_FILE="/o")
    assert checkout.calls()[0].endswith("| https://other.invalid | /o")


@pytest.mark.extended
def test_two_concurrent_setups_do_the_work_once(checkout: Checkout) -> None:
    checkout.change_pins()
    processes = [checkout.start(UV_TAKES="0.3") for _ in range(2)]
    messages = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(checkout.calls()) == 2  # the pins and the project, by one of them
    assert any(text.endswith(".venv: ready\n") for text in messages)
