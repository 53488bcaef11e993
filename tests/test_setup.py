"""tools/setup.sh: which interpreter and which stack it takes. Nothing is installed or fetched here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.repository import ROOT

SCRIPT = ROOT / "tools" / "setup.sh"
REAL_PYTHON = Path(sys._base_executable).resolve()  # the interpreter behind the environment that runs the tests
TOOLS = ("awk", "bash", "cat", "grep", "head", "mkdir", "mktemp", "rm", "sort")  # what the search calls

INSTALL_WHAT = """\
setup: no usable Python 3.11. Install one of these, then run the same command again:
  Debian 12            apt-get install python3.11 python3.11-venv
  Ubuntu (deadsnakes)  apt-get install python3.11 python3.11-venv
  Fedora, RHEL         dnf install python3.11
  pyenv                pyenv install 3.11
  uv                   uv python install 3.11
or name one that lies elsewhere: make setup PYTHON=/path/to/python3.11
Tried and passed over:
"""


class Machine:
    """A made-up machine: a home and a PATH that hold nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home dir"
        self.bin = folder / "bin"
        self.home.mkdir()
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def script(self, path: Path | str, body: str) -> Path:
        """Puts an executable shell script at `path`, relative names into the folder on PATH."""
        path = self.bin / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)
        return path

    def python(self, path: Path | str, missing: str = "", version: str = "") -> Path:
        """Puts an interpreter at `path`; it can lack the module `missing` or claim another version."""
        lines = ["import sys"]
        lines += [f"sys.modules[{missing!r}] = None"] * bool(missing)
        lines += [f"sys.version_info = ({version}, 0)"] * bool(version)
        lines += [f"sys._base_executable = {str(self.bin / path)!r}", "exec(sys.argv[3])"]
        return self.script(path, f"exec '{REAL_PYTHON}' -c \"$(cat <<'END'\n" + "\n".join(lines) + '\nEND\n)" "$@"')

    def broken(self, path: Path | str) -> Path:
        """Puts a pyenv shim at `path` whose version is not active."""
        return self.script(path, 'echo "pyenv: ${0##*/}: command not found" >&2; exit 127')

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs bash here; VENV names a folder that does not exist unless a variable says otherwise."""
        environment = {"HOME": str(self.home), "PATH": str(self.bin), "VENV": "no-such-environment", **variables}
        return subprocess.run(
            [shutil.which("bash"), *arguments],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def which_python(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(SCRIPT), "--which-python", **variables)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_broken_shim_is_passed_over_for_the_next_on_path(machine: Machine, tmp_path: Path) -> None:
    shims = machine.broken(tmp_path / "shims" / "python3.11").parent
    good = machine.python("python3.11")
    result = machine.which_python(PATH=f"{shims}:{machine.bin}")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{good}\n", "")


@pytest.mark.parametrize("module", ["ensurepip", "venv", "ssl", "sqlite3", "lzma"])
def test_python_that_lacks_a_module_is_passed_over(machine: Machine, tmp_path: Path, module: str) -> None:
    poor = machine.python(tmp_path / "poor" / "python3.11", missing=module)
    good = machine.python("python3.11")
    assert machine.which_python(PATH=f"{poor.parent}:{machine.bin}").stdout == f"{good}\n"
    good.unlink()
    result = machine.which_python(PATH=f"{poor.parent}:{machine.bin}")
    assert f"  {poor} lacks {module}\n" in result.stderr


def test_python3_serves_where_it_is_3_11(machine: Machine) -> None:
    good = machine.python("python3")
    assert machine.which_python().stdout == f"{good}\n"


PLACES: dict[str, Callable[[Machine], Path]] = {
    "pyenv prefix": lambda m: m.python(m.home / "elsewhere/3.11.4/bin/python3.11"),
    "pyenv versions": lambda m: m.python(m.home / ".pyenv/versions/3.11.4/bin/python3.11"),
    "uv-managed": lambda m: m.python(m.home / ".local/share/uv/python/cpython-3.11.4-linux/bin/python3.11"),
}


@pytest.mark.parametrize("place", PLACES)
def test_python_is_found_off_the_path(machine: Machine, place: str) -> None:
    machine.broken("python3.11")
    good = PLACES[place](machine)
    if place == "pyenv prefix":
        machine.script("pyenv", f"[[ $* == 'prefix 3.11' ]] && echo '{good.parents[1]}'")
    assert machine.which_python().stdout == f"{good}\n"


def test_newest_of_pyenvs_versions_is_taken(machine: Machine, tmp_path: Path) -> None:
    versions = [machine.python(tmp_path / f"pyenv/versions/3.11.{n}/bin/python3.11") for n in (9, 13, 2)]
    assert machine.which_python(PYENV_ROOT=str(tmp_path / "pyenv")).stdout == f"{versions[1]}\n"


def test_python_variable_wins_over_path(machine: Machine, tmp_path: Path) -> None:
    machine.python("python3.11")
    chosen = machine.python(tmp_path / "with space" / "py")
    assert machine.which_python(PYTHON=str(chosen)).stdout == f"{chosen}\n"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda m: m.python("other", version="3, 12"), "is Python 3.12, not 3.11"),
        (lambda m: m.python("other", missing="ensurepip"), "lacks ensurepip"),
        (lambda m: m.broken("other"), "does not run (exit 127)"),
        (lambda m: m.script("other", "echo hello"), "does not run (exit 0)"),
    ],
)
def test_python_variable_that_does_not_serve_is_an_error(
    machine: Machine, make: Callable[[Machine], Path], reason: str
) -> None:
    machine.python("python3.11")  # would serve, but is not what was asked for
    other = make(machine)
    result = machine.which_python(PYTHON=str(other))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"setup: PYTHON={other} {reason}. Name a usable Python 3.11, or unset PYTHON to have one searched for.\n"
    )


def test_python_inside_an_environment_is_traced_to_its_base(machine: Machine) -> None:
    result = machine.which_python(PYTHON=sys.executable)
    assert result.stdout == f"{REAL_PYTHON}\n"


def test_linked_python_is_traced_to_its_target(machine: Machine) -> None:
    (machine.bin / "python3.11").symlink_to(REAL_PYTHON)
    assert machine.which_python().stdout == f"{REAL_PYTHON}\n"


def test_no_python_at_all_says_what_to_install(machine: Machine) -> None:
    shim, uv = machine.broken("python3.11"), machine.broken("uv")
    assert uv.exists()
    old = machine.python("python3", version="3, 9")
    result = machine.which_python()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"{INSTALL_WHAT}  {shim} does not run (exit 127)\n  {old} is Python 3.9, not 3.11\n"
        "  uv could not be had either: neither on PATH nor by pip of a python3\n"
    )


def fake_uv(machine: Machine, store: Path) -> str:
    """The body of a uv whose `python install` links the interpreter of these tests into `store`."""
    place = f"{store}/cpython-3.11.99-linux/bin"
    return f"""case "$*" in
      --version) ;;
      'python install 3.11') mkdir -p '{place}' && '{shutil.which("ln")}' -s '{REAL_PYTHON}' '{place}/python3.11' ;;
      'python dir') echo '{store}' ;;
      *) exit 2 ;;
    esac"""


def test_uv_on_path_fetches_a_python(machine: Machine, tmp_path: Path) -> None:
    machine.script("uv", fake_uv(machine, tmp_path / "fetched here"))
    result = machine.which_python()
    assert result.stdout == f"{REAL_PYTHON}\n"
    assert result.stderr == "setup: no usable Python 3.11 on this machine; uv fetches one\n"


def test_uv_comes_by_pip_of_another_python_where_its_shim_is_broken(machine: Machine, tmp_path: Path) -> None:
    machine.broken("uv")
    uv = machine.script(tmp_path / "wheel" / "uv", fake_uv(machine, tmp_path / "fetched"))
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


def test_uv_that_cannot_fetch_is_reported(machine: Machine) -> None:
    machine.script("uv", "[[ $* == --version ]] || { echo 'error: dns error' >&2; exit 2; }")
    result = machine.which_python()
    assert result.returncode == 1
    assert result.stderr.endswith(f"{INSTALL_WHAT}  uv could not fetch one: error: dns error\n")


def choose_stack(machine: Machine, stack: str, glibc: str) -> subprocess.CompletedProcess[str]:
    command = f'. "{SCRIPT}"; python=/py glibc={glibc}; choose_stack; echo "$stack $constraints $stack_why"'
    return machine.run("-c", command, STACK=stack)


@pytest.mark.parametrize(
    ("stack", "glibc", "chosen"),
    [
        ("", "2.36", "tfx116 constraints/py311-tfx116.txt the newer one needs glibc 2.39; here is 2.36"),
        ("auto", "2.41", "tfx121 constraints/py311-tfx121.txt the newer one; glibc 2.41"),
        ("tfx116", "2.41", "tfx116 constraints/py311-tfx116.txt as STACK says; glibc 2.41"),
        ("tfx121", "2.39", "tfx121 constraints/py311-tfx121.txt as STACK says; glibc 2.39"),
        ("tfx121", "2.100", "tfx121 constraints/py311-tfx121.txt as STACK says; glibc 2.100"),
    ],
)
def test_stack_is_chosen(machine: Machine, stack: str, glibc: str, chosen: str) -> None:
    assert choose_stack(machine, stack, glibc).stdout == f"{chosen}\n"


@pytest.mark.parametrize(
    ("stack", "glibc", "message"),
    [
        ("tfx121", "2.36", "STACK=tfx121 needs glibc 2.39 or newer, but /py has 2.36."),
        ("tfx121", "2.4", "STACK=tfx121 needs glibc 2.39 or newer, but /py has 2.4."),
        ("tfx12", "2.41", "STACK=tfx12 is unknown; it is tfx116, tfx121 or auto."),
    ],
)
def test_stack_that_cannot_be_is_an_error(machine: Machine, stack: str, glibc: str, message: str) -> None:
    result = choose_stack(machine, stack, glibc)
    assert result.returncode == 1
    assert message in result.stderr
