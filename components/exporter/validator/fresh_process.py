"""Runs the probe in a separate process.

The loader is TensorFlow's C API through ctypes (probe/served_model.py) and not a session of `tf.compat.v1`. Both call
the C++ function that TensorFlow Serving calls, and both give the same verdict on every model of the tests. The C API
needs no `import tensorflow` (0.5 s instead of 8 s), and its process has neither Keras nor Python kernels: a model that
depends on Python fails there as it would on a server.

A model is a program: the process has limits of time and memory, writes no files, and sees neither the variables of this
environment nor the folders of its user.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import json
import math
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.faults import full_disk
from components.exporter.errors import UnsafeModelError
from components.exporter.validator.private_copy import original_paths, private_copy
from components.exporter.validator.probe.folder_checks import OTHER_GRAPHS
from components.exporter.validator.probe.values import to_json
from components.keys import SAVED_MODEL_FILE

_HERE = Path(__file__).resolve().parent
_BASE = _HERE.parents[2] / "configs" / "base.yaml"  # read as a file: this package may not import configs
# -I: neither environment variables nor the working folder affect imports. The folder comes last on the path,
# so that no file in it can shadow another module.
_START = "import sys; sys.path.append(sys.argv.pop(1)); from probe.main import main; main(sys.argv[1])"
# The environment may hold passwords; these decide which numbers a model computes, and how the process starts.
_KEPT = re.compile(r"PATH|LANG|LC_\w+|TZ|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|(TF|OMP|KMP|MKL|OPENBLAS)_\w+")
_TAIL = 4000  # bytes of standard error that are kept
_LONGEST_LINE = 1 << 29  # bytes: the answers of one request
_NO_MEMORY = re.compile(
    r"bad_alloc|MemoryError|OOM when allocating|[Cc]annot allocate memory|failed to allocate memory"
)


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of the process of a foreign model; `limits_set` changes them, configs/base.yaml has the defaults.

    Attributes:
        answer_seconds: longest time without an answer to one request, or to the load.
        total_seconds: longest time of all checks.
        memory_gb: memory of the process, in 10^9 bytes.
    """

    answer_seconds: float
    total_seconds: float
    memory_gb: float


_limits: contextvars.ContextVar[Limits | None] = contextvars.ContextVar("limits", default=None)


@contextlib.contextmanager
def limits_set(**changes: float) -> Iterator[None]:
    """Changes limits of all processes that the block starts.

    Args:
        **changes: fields of `Limits`; the others stay.

    Example:
        >>> with limits_set(memory_gb=2):
        ...     current_limits().memory_gb
        2
    """
    token = _limits.set(dataclasses.replace(current_limits(), **changes))
    try:
        yield
    finally:
        _limits.reset(token)


def current_limits() -> Limits:
    """Returns the limits that hold."""
    return _limits.get() or _default_limits()


@functools.cache
def _default_limits() -> Limits:
    import yaml

    return Limits(**yaml.safe_load(_BASE.read_text(encoding="utf-8"))["exporter"]["limits"])


class ProbeDiedError(Exception):
    """The process ended before it was done.

    Attributes:
        pitfall: `crash`, `no_answer` or `too_much_memory`.
    """

    def __init__(self, pitfall: str, detail: str) -> None:
        """Stores the pitfall; `detail` is the text."""
        super().__init__(original_paths(detail))
        self.pitfall = pitfall


def probe(
    task: str,
    model: str | os.PathLike[str],
    *,
    golden: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """Runs one task in a separate process, on a private copy of the model.

    Args:
        task: `validate`, `describe`, `record` or `safe`; see probe/main.py.
        model: a SavedModel.
        golden: known answers, as in `validate_export`.
        options: further fields of the request.

    Yields:
        The lines that the process wrote, as they come.

    Raises:
        ProbeDiedError: the process crashed, or reached a limit.
        UnsafeModelError: the model may not be loaded; nothing of it ran. `validate` reports a failed check instead.
    """
    with private_copy(model) as copy:
        request = {"task": task, "model": str(copy), "golden": to_json_cases(golden), **options}
        for line in run_limited([sys.executable, "-I", "-B", "-c", _START, str(_HERE)], request):
            if "refused_model" in line:
                problem = line["refused_model"]
                raise UnsafeModelError(f"{model}: {problem['pitfall']}: {problem['detail']}. {problem['fix']}")
            if "asked" not in line:
                yield line


def require_safe(model: str | os.PathLike[str]) -> None:
    """Checks that a model may be loaded: its files, its graph, its assets. Nothing of it is loaded or run.

    Args:
        model: a SavedModel.

    Raises:
        UnsafeModelError: names the op or the file, and the cure.
        ExportInvalidError: no SavedModel, or a damaged one.
    """
    try:
        for _ in probe("safe", model):
            pass
    except ProbeDiedError as error:
        raise UnsafeModelError(f"{model}: not a readable SavedModel. {str(error).splitlines()[-1]}") from error


def require_safe_to_serve(model_dir: Path) -> None:
    """Checks a model of a registry, which may hold models of others. A folder that no server can load passes.

    Raises:
        UnsafeModelError: see `require_safe`.
    """
    file = model_dir / SAVED_MODEL_FILE
    # Servers load another graph if saved_model.pb is missing; `serve` is the tag that they look for.
    if any((model_dir / name).exists() for name in OTHER_GRAPHS) or (file.is_file() and b"serve" in file.read_bytes()):
        require_safe(model_dir)


def run_limited(command: Sequence[str], request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Runs a process that limits itself (probe/limits.py) and writes lines of JSON.

    Args:
        command: gets the name of a file as its last argument: the request as JSON, with the limits `seconds` and
            `memory_bytes`.
        request: other fields of the request.

    Yields:
        The lines.

    Raises:
        ProbeDiedError: the process crashed, or reached a limit.
    """
    limits = current_limits()
    with tempfile.TemporaryDirectory(prefix="probe-", ignore_cleanup_errors=True) as folder:
        file, home = Path(folder, "request.json"), Path(folder, "home")
        home.mkdir()
        memory = int(limits.memory_gb * 1e9)
        fields = {**request, "seconds": limits.total_seconds, "memory_bytes": memory}
        file.write_text(json.dumps(fields), encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        process = subprocess.Popen(
            [*command, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=home,
            env={
                **environment,
                "HOME": str(home),
                "TMPDIR": str(home),
                "CUDA_VISIBLE_DEVICES": "-1",
                "TF_CPP_MIN_LOG_LEVEL": "1",
            },
            start_new_session=True,
        )
        reader = _Reader(process, limits)
        try:
            yield from reader.lines()
        finally:
            if process.poll() is None:  # the reader stopped early, or a limit is reached
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            reader.close()
        if process.returncode:
            raise reader.death(process.returncode)


def to_json_cases(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns known answers whose inputs and outputs are JSON instead of arrays and bytes."""
    return [
        {
            field: {name: to_json(item) for name, item in value.items()} if field in ("inputs", "outputs") else value
            for field, value in case.items()
        }
        for case in cases
    ]


class _Reader:
    """Reads both outputs of a process; the clock stands still while nobody waits for a line."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._errors = b""
        self._left = limits.total_seconds
        self._selector = selectors.DefaultSelector()
        assert process.stdout is not None
        assert process.stderr is not None
        self._streams = [process.stdout, process.stderr]
        for stream in self._streams:
            self._selector.register(stream, selectors.EVENT_READ)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yields the lines of standard output.

        Raises:
            ProbeDiedError: a limit of time is reached; the process still runs.
        """
        parts: list[bytes] = []
        size, silent = 0, math.inf  # the first line says that the process has started
        output = self._streams[0]
        while self._selector.get_map():
            if min(self._left, silent) <= 0:  # also if the model prints without end
                raise self._too_slow(silent <= 0)
            begin = time.monotonic()
            events = self._selector.select(min(self._left, silent))
            blocks = [(key, os.read(key.fd, 1 << 20)) for key, _ in events]
            passed = time.monotonic() - begin
            self._left, silent = self._left - passed, silent - passed
            for key, block in blocks:
                if not block:
                    self._selector.unregister(key.fileobj)
                elif key.fileobj is not output:
                    self._errors = (self._errors + block)[-_TAIL:]
                else:
                    *ended, rest = block.split(b"\n")
                    for each in ended:
                        line, parts, size, silent = b"".join([*parts, each]), [], 0, self._limits.answer_seconds
                        yield json.loads(line)
                    parts.append(rest)
                    size += len(rest)
                    if size > _LONGEST_LINE:
                        raise ProbeDiedError(
                            "too_much_memory", f"model: an answer of more than {_LONGEST_LINE:,} bytes"
                        )
        self._wait()

    def death(self, status: int) -> NerError | ProbeDiedError:
        """Describes the end of a process that ended with an error: of the model, or of the machine."""
        tail = self._errors.decode("utf-8", "replace").strip()
        if status == -signal.SIGXCPU:
            return self._too_slow(False)
        if status == -signal.SIGKILL or _NO_MEMORY.search(tail):
            return ProbeDiedError("too_much_memory", f"model: needed more than {self._limits.memory_gb:g} GB of memory")
        return full_disk(tail) or ProbeDiedError("crash", f"exit status {status}: {tail[-2000:]}")

    def close(self) -> None:
        """Closes both outputs."""
        self._selector.close()
        for stream in self._streams:
            stream.close()

    def _wait(self) -> None:
        try:
            self._process.wait(max(self._left, 1))
        except subprocess.TimeoutExpired as error:
            raise self._too_slow(False) from error

    def _too_slow(self, silent: bool) -> ProbeDiedError:
        limits = self._limits
        problem = (
            f"did not answer within {limits.answer_seconds:g} s"
            if silent
            else f"was not done within {limits.total_seconds:g} s"
        )
        return ProbeDiedError("no_answer", f"model: {problem}")
