"""Interruption of a command by Ctrl-C (SIGINT) or by SIGTERM.

`handled` is entered once, by the command line and by the entry point of a container. The first signal raises
`Interrupted` in the main thread, so that temporary folders, locks and child processes are released on the way out.
Code that must end at a safe point, such as the training loop, encloses itself in `postponed` and calls `check` there.
A second signal, and a library that does not return for ten seconds, end the process at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_SECONDS = 10.0  # until a process that does not react is ended
_PATIENCE_SECONDS = 2.0  # until the user reads that the process is still stopping
# One press may arrive twice: from the terminal and from a parent process that passes it on.
_BOUNCE_SECONDS = 0.3
_SHOW_CURSOR = "\x1b[?25h"  # DECTCEM of VT220 and later terminals


class Interrupted(KeyboardInterrupt):
    """A signal asks the process to end.

    Attributes:
        number: number of the signal.
    """

    def __init__(self, number: int) -> None:
        """Stores the number."""
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, as shells have it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


class _State:
    """State of the process.

    The first signal sets `received`; `raised` once `Interrupted` was raised for it. `lost`: it was raised in a place
    from which Python lets no exception out, such as a callback of the garbage collector.
    """

    def __init__(self) -> None:
        self.active = False
        self.received = 0
        self.raised = False
        self.lost = False
        self.postponed = 0
        self.advice = ""
        self.console = 2
        self.hook: Callable[[Any], object] = sys.__unraisablehook__


_state = _State()


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Turns SIGINT and SIGTERM into `Interrupted` while the block runs; does nothing outside the main thread.

    A signal that the parent process chose to ignore stays ignored: SIGINT in background jobs of a shell script.
    """
    if _state.active or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _state.__init__()  # type: ignore[misc]
    _state.active, _state.console = True, os.dup(2)  # a run redirects descriptor 2 to its log
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # The watcher reads signals from the descriptor even if the main thread is inside a library for minutes.
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reader,), name="interruption", daemon=True)
    watcher.start()
    _state.hook, sys.unraisablehook = sys.unraisablehook, _on_unraisable
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _on_signal)
    try:
        yield
    finally:
        sys.unraisablehook = _state.hook
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(writer)
        watcher.join()
        os.close(reader)
        os.close(_state.console)
        _state.__init__()  # type: ignore[misc]


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """Lets the block end at its own `check` points instead of anywhere.

    Raises:
        Interrupted: a signal came, at a `check` in the block or at its end.
    """
    _state.postponed += 1
    try:
        yield
    finally:
        _state.postponed -= 1
    check()


def received() -> bool:
    """Returns whether a signal came."""
    return _state.received != 0


def check() -> None:
    """Raises `Interrupted` if a signal came.

    Raises:
        Interrupted: a signal came. A library may have swallowed the one that was raised when it came.
    """
    if _state.received:
        _state.raised = True
        raise Interrupted(_state.received)


def advise(text: str) -> None:
    """Sets the end of the line that an interrupted process prints: the place, and how to continue."""
    _state.advice = text


def leave() -> NoReturn:
    """Ends an interrupted process: kills its children, prints one line, and exits with 130 or 143.

    The interpreter would wait for threads of libraries, and print their tracebacks.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    _end(_state.received)


def _on_signal(number: int, frame: object) -> None:
    _state.received = _state.received or number
    if not _state.postponed and not _state.raised:  # once: another one would disturb what the first one cleans up
        check()


def _on_unraisable(unraisable: Any) -> None:
    if issubclass(unraisable.exc_type, Interrupted):
        _state.lost = True
    else:
        _state.hook(unraisable)


def _watch(reader: int) -> None:
    first = last = started = 0.0
    informed = repeated = own = False
    while True:
        ready, _, _ = select.select([reader], [], [], 0.2 if first else None)
        now = time.monotonic()
        if ready:
            number = os.read(reader, 1)
            if not number:
                return
            if number[0] not in _SIGNALS:
                continue
            if own:  # sent below
                own = False
                continue
            if first and now - last > _BOUNCE_SECONDS:
                _end(number[0])
            first, last = first or now, now
            signalled = number[0]
        started = 0.0 if _state.postponed else started or now
        if _state.lost and not _runs_in_main_thread(_on_unraisable):
            _state.lost = _state.raised = repeated = False
        if not ready and started and not _state.raised and not repeated:
            # Lost, or it came just before a system call, which only another signal ends.
            own = repeated = True
            signal.pthread_kill(threading.main_thread().ident or 0, signalled)
        if started and now - started > _GRACE_SECONDS:
            _end(signalled)
        if not informed and now - first > _PATIENCE_SECONDS:
            informed = True
            _say("stopping as soon as the state is safe; the same signal again quits at once")


def _runs_in_main_thread(function: Callable[..., object]) -> bool:
    """Returns whether a call of the function is on the main thread's stack: an exception in it would be lost too."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        if frame.f_code is function.__code__:
            return True
        frame = frame.f_back
    return False


def _end(number: int) -> NoReturn:
    _kill_descendants()
    if os.isatty(_state.console):
        _write(_SHOW_CURSOR)  # a progress bar hides it
    _say(f"interrupted ({signal.Signals(number).name}){_state.advice}")
    os._exit(128 + number)


def _say(text: str) -> None:
    _write(f"{text}\n")


def _write(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(_state.console, text.encode())


def _kill_descendants() -> None:
    """Kills the processes that this one started, such as the Exporter's and those of Beam."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name is in parentheses and may hold any character; state and parent follow.
            parent = int(stat.read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    waiting = [os.getpid()]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):  # raised when none is left
        for _ in range(100):
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)


def _reset_in_child() -> None:
    if _state.active:
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, signal.SIG_DFL)
        _state.active = False


os.register_at_fork(after_in_child=_reset_in_child)
