"""tools/setup.sh: the choice of the interpreter and of the stack. Nothing is installed or downloaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import run
from support.repository import ROOT

SCRIPT = ROOT / "tools" / "setup.sh"
REAL_PYTHON = Path(sys._base_executable).resolve()  # the interpreter behind the environment that runs the tests
TOOLS = ("awk", "bash", "cat", "grep", "head", "mkdir", "mktemp", "rm", "sort")  # called by the search

INSTALL_HELP = """\
setup: no usable Python 3.11. Install one of these, then run the same command again:
  Debian 12            apt-get install python3.11 python3.11-venv
  Ubuntu (deadsnakes)  apt-get install python3.11 python3.11-venv
  Fedora, RHEL         dnf install python3.11
  pyenv                pyenv install 3.11
  uv                   uv python install 3.11
or name another one: make setup PYTHON=/path/to/python3.11
Tried and rejected:
"""


class Machine:
    """A machine whose home and PATH hold only the files of the test."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home dir"
        self.bin = folder / "bin"
        self.home.mkdir()
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def script(self, path: Path | str, body: str) -> Path:
        """Writes an executable shell script to `path`; a relative path is in the folder on PATH."""
        path = self.bin / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)
        return path

    def python(self, path: Path | str, missing: str = "", version: str = "") -> Path:
        """Writes an interpreter to `path`; it can lack the module `missing` or claim another version."""
        lines = ["import sys"]
        lines += [f"sys.modules[{missing!r}] = None"] * bool(missing)
        lines += [f"sys.version_info = ({version}, 0)"] * bool(version)
        lines += [f"sys._base_executable = {str(self.bin / path)!r}", "exec(sys.argv[3])"]
        return self.script(path, f"exec '{REAL_PYTHON}' -c \"$(cat <<'END'\n" + "\n".join(lines) + '\nEND\n)" "$@"')

    def broken(self, path: Path | str) -> Path:
        """Writes a pyenv shim to `path` whose version is not active."""
        return self.script(path, 'echo "pyenv: ${0##*/}: command not found" >&2; exit 127')

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs bash on this machine; VENV names a missing folder unless a variable overrides it."""
        environment = {"HOME": str(self.home), "PATH": str(self.bin), "VENV": "no-such-environment", **variables}
        command = [shutil.which("bash"), *arguments]
        return run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)

    def which_python(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(SCRIPT), "--which-python", **variables)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_unusable_pythons_are_skipped(machine: Machine, tmp_path: Path) -> None:
    shim = machine.broken(tmp_path / "shims" / "python3.11")
    poor = machine.python(tmp_path / "poor" / "python3.11", missing="sqlite3")
    path = f"{shim.parent}:{poor.parent}:{machine.bin}"
    good = machine.python("python3")
    result = machine.which_python(PATH=path)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{good}\n", "")
    good.unlink()
    assert f"  {shim} does not run (exit 127)\n  {poor} lacks sqlite3\n" in machine.which_python(PATH=path).stderr


def test_python_off_the_path(machine: Machine) -> None:
    """uv's interpreters come after pyenv's, of which the newest version or the active prefix is used."""
    machine.broken("python3.11")
    uv_python = machine.python(machine.home / ".local/share/uv/python/cpython-3.11.4-linux/bin/python3.11")
    assert machine.which_python().stdout == f"{uv_python}\n"
    versions = [machine.python(machine.home / f".pyenv/versions/3.11.{n}/bin/python3.11") for n in (9, 13, 2)]
    assert machine.which_python().stdout == f"{versions[1]}\n"
    active = machine.python(machine.home / "elsewhere/3.11.4/bin/python3.11")
    machine.script("pyenv", f"[[ $* == 'prefix 3.11' ]] && echo '{active.parents[1]}'")
    assert machine.which_python().stdout == f"{active}\n"


def test_python_variable_wins_over_path(machine: Machine, tmp_path: Path) -> None:
    machine.python("python3.11")
    chosen = machine.python(tmp_path / "with space" / "py")
    assert machine.which_python(PYTHON=str(chosen)).stdout == f"{chosen}\n"


def test_unusable_python_variable_is_an_error(machine: Machine) -> None:
    machine.python("python3.11")  # usable, but not the requested one
    for path, reason in {
        machine.python("old", version="3, 12"): "is Python 3.12, not 3.11",
        machine.python("poor", missing="ensurepip"): "lacks ensurepip",
        machine.broken("shim"): "does not run (exit 127)",
        machine.script("echo", "echo hello"): "does not run (exit 0)",
    }.items():
        result = machine.which_python(PYTHON=str(path))
        assert (result.returncode, result.stdout) == (1, "")
        fix = "Name a usable Python 3.11, or unset PYTHON to search for one."
        assert result.stderr == f"setup: PYTHON={path} {reason}. {fix}\n"


def test_links_and_environments_are_traced_to_their_base(machine: Machine) -> None:
    assert machine.which_python(PYTHON=sys.executable).stdout == f"{REAL_PYTHON}\n"
    (machine.bin / "python3.11").symlink_to(REAL_PYTHON)
    assert machine.which_python().stdout == f"{REAL_PYTHON}\n"


def test_without_any_python_the_error_lists_the_ways_to_install_one(machine: Machine) -> None:
    shim, _ = machine.broken("python3.11"), machine.broken("uv")
    old = machine.python("python3", version="3, 9")
    result = machine.which_python()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"{INSTALL_HELP}  {shim} does not run (exit 127)\n  {old} is Python 3.9, not 3.11\n"
        "  uv is not available either: not on PATH, and pip of no python3 could install it\n"
    )


def fake_uv(machine: Machine, store: Path) -> str:
    """The body of a uv whose `python install` links the interpreter of these tests into `store`."""
    folder = f"{store}/cpython-3.11.99-linux/bin"
    return f"""case "$*" in
      --version) ;;
      'python install 3.11') mkdir -p '{folder}' && '{shutil.which("ln")}' -s '{REAL_PYTHON}' '{folder}/python3.11' ;;
      'python dir') echo '{store}' ;;
      *) exit 2 ;;
    esac"""


def test_uv_on_path_downloads_a_python(machine: Machine, tmp_path: Path) -> None:
    machine.script("uv", fake_uv(machine, tmp_path / "downloaded to"))
    result = machine.which_python()
    assert result.stdout == f"{REAL_PYTHON}\n"
    assert result.stderr == "setup: no usable Python 3.11 on this machine; fetching one with uv\n"


def test_pip_of_another_python_installs_uv(machine: Machine, tmp_path: Path) -> None:
    machine.broken("uv")
    uv = machine.script(tmp_path / "wheel" / "uv", fake_uv(machine, tmp_path / "downloaded"))
    machine.script(
        "python3",
        f"""[[ "$*" == *'-m pip install'*' uv' ]] || exit 1
        while [[ $1 != --target ]]; do shift; done
        mkdir -p "$2/bin" && '{shutil.which("cp")}' '{uv}' "$2/bin/uv" """,
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert machine.which_python(TMPDIR=str(scratch)).stdout == f"{REAL_PYTHON}\n"
    assert list(scratch.iterdir()) == []


def test_failed_download_is_reported(machine: Machine) -> None:
    machine.script("uv", "[[ $* == --version ]] || { echo 'error: dns error' >&2; exit 2; }")
    result = machine.which_python()
    assert result.returncode == 1
    assert result.stderr.endswith(f"{INSTALL_HELP}  uv could not fetch one: error: dns error\n")


def choose_stack(machine: Machine, stack: str, glibc: str) -> subprocess.CompletedProcess[str]:
    command = f'. "{SCRIPT}"; python=/py glibc={glibc}; choose_stack; echo "$stack $constraints $stack_why"'
    return machine.run("-c", command, STACK=stack)


def test_stack_follows_the_c_library_or_the_variable(machine: Machine) -> None:
    for stack, glibc, chosen in [
        ("", "2.36", "tfx116 constraints/py311-tfx116.txt the newer one needs glibc 2.39, this is 2.36"),
        ("auto", "2.41", "tfx121 constraints/py311-tfx121.txt the newer one; glibc 2.41"),
        ("tfx116", "2.41", "tfx116 constraints/py311-tfx116.txt as STACK says; glibc 2.41"),
        ("tfx121", "2.100", "tfx121 constraints/py311-tfx121.txt as STACK says; glibc 2.100"),
    ]:
        assert choose_stack(machine, stack, glibc).stdout == f"{chosen}\n"


def test_impossible_stack_is_an_error(machine: Machine) -> None:
    for stack, glibc, message in [
        ("tfx121", "2.4", "STACK=tfx121 needs glibc 2.39 or newer, but /py has 2.4."),
        ("tfx12", "2.41", "STACK=tfx12 is unknown. Use tfx116, tfx121 or auto."),
    ]:
        result = choose_stack(machine, stack, glibc)
        assert result.returncode == 1
        assert message in result.stderr
