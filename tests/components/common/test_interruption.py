"""Commands that receive signals, each in a fresh process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import textwrap
import threading
import time

import pytest
from support.processes import popen
from support.repository import python_environment

from components.common import interruption

LIMIT = 120  # seconds for a command to end; a slow machine needs some
PROGRAM = """
import signal, subprocess, sys, time, types
import click
from components.common import interruption
from pipeline.cli import main as cli

# A shell ignores SIGINT in its background jobs, and their children inherit that.
signal.signal(signal.SIGINT, {sigint})
# A slow machine neither reaches the grace time nor reads that the command is still stopping.
interruption._GRACE_SECONDS = interruption._PATIENCE_SECONDS = 600

@click.command()
def wait():
    def ready():
        print("ready", flush=True)
{body}

sys.modules["waiting"] = types.SimpleNamespace(wait=wait)
cli.COMMANDS["wait"] = ("waiting:wait", "")
cli.main(["wait"])
"""


@contextlib.contextmanager
def command(body, sigint="signal.default_int_handler", stdin=None, stderr=-1):
    """Starts a command that runs the body, and yields the process when it has called `ready()`."""
    program = PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), " " * 4), sigint=sigint)
    pipes = {"stdin": stdin, "stdout": -1, "stderr": stderr, "text": True}
    with popen([sys.executable, "-c", program], env=python_environment(), **pipes) as process:
        line = process.stdout.readline()
        assert line == "ready\n", process.communicate()
        yield process


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_with_one_line_and_its_exit_code(number, code):
    body = """
    interruption.advise(" in Trainer. The same command resumes.")
    try:
        ready()
        time.sleep(600)
    finally:
        print("folders are removed", flush=True)
    """
    with command(body) as process:
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stdout) == (code, "folders are removed\n")
    assert stderr == f"interrupted ({signal.Signals(number).name}) in Trainer. The same command resumes.\n"


def test_an_error_that_a_library_makes_of_a_signal_is_still_an_interruption():
    body = """
    try:
        ready()
        time.sleep(600)
    except KeyboardInterrupt as error:
        raise RuntimeError("a worker has died") from error
    """
    with command(body) as process:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stderr) == (143, "interrupted (SIGTERM)\n")


def test_no_child_process_survives_even_if_it_ignores_signals():
    body = """
    child = 'import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; print("up", flush=True); '
    child += 'time.sleep(600)'
    process = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, start_new_session=True)
    process.stdout.readline()
    ready()
    print(process.pid, flush=True)
    time.sleep(600)
    """
    with command(body) as process:
        child = int(process.stdout.readline())
        assert is_running(child)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert not is_running(child)


def test_postponed_work_ends_at_its_own_place():
    body = """
    with interruption.postponed():
        ready()
        while True:
            time.sleep(0.01)
            if interruption.received():
                print("saved", flush=True)
                interruption.check()
    """
    with command(body) as process:
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stdout, stderr) == (143, "saved\n", "interrupted (SIGTERM)\n")


def test_a_second_signal_quits_postponed_work_at_once():
    body = """
    interruption._BOUNCE_SECONDS = 0
    with interruption.postponed():
        ready()
        while not interruption.received():
            time.sleep(0.01)
        print("received", flush=True)
        time.sleep(600)
    """
    with command(body) as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "received\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
    assert process.returncode == 130


def test_a_press_that_a_parent_process_passes_on_counts_once():
    body = """
    interruption._BOUNCE_SECONDS = 600
    with interruption.postponed():
        ready()
        while not interruption.received():
            time.sleep(0.01)
        print("received", flush=True)
        sys.stdin.readline()
        print("saved", flush=True)
    """
    with command(body, stdin=-1) as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "received\n"
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)  # a command that took it for a second press would end
        stdout, _ = process.communicate("\n", timeout=LIMIT)
    assert (process.returncode, stdout) == (130, "saved\n")


def test_a_terminal_gets_its_cursor_back():
    master, slave = os.openpty()
    with command("ready()\ntime.sleep(600)", stderr=slave) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
    assert os.read(master, 1000) == b"\x1b[?25hinterrupted (SIGINT)\r\n"
    os.close(master)
    os.close(slave)


def test_code_that_swallows_the_interruption_is_ended_after_the_grace_time():
    body = """
    interruption._GRACE_SECONDS = 0.5
    ready()
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            pass
    """
    with command(body) as process:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stderr) == (143, "interrupted (SIGTERM)\n")


def test_an_interruption_in_a_callback_of_the_garbage_collector_is_repeated():
    body = """
    import gc

    def in_collector(phase, info):
        if phase == "start":
            ready()
            time.sleep(600)

    gc.callbacks.append(in_collector)
    gc.collect()
    gc.callbacks.clear()
    time.sleep(600)
    """
    with command(body) as process:
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stderr) == (143, "interrupted (SIGTERM)\n")


def test_a_signal_that_the_parent_ignores_stays_ignored():
    with command("ready()\ntime.sleep(0.5)\nprint('done')", sigint="signal.SIG_IGN") as process:
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stdout, stderr) == (0, "done\n", "")


def test_a_forked_child_dies_of_a_signal_and_does_not_disturb_its_parent():
    body = """
    import os
    child = os.fork()
    if not child:
        time.sleep(600)
        os._exit(0)
    time.sleep(0.2)
    for number in (signal.SIGTERM, signal.SIGTERM):
        os.kill(child, number)
    _, status = os.waitpid(child, 0)
    ready()
    time.sleep(0.2)
    print(os.waitstatus_to_exitcode(status), flush=True)
    """
    with command(body) as process:
        stdout, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, stdout, stderr) == (0, f"{-signal.SIGTERM}\n", "")


def test_handlers_are_restored():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with interruption.handled(), interruption.handled():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_at_the_last_step_is_raised_behind_the_block():
    done = []

    def work():
        with interruption.postponed():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("step")

    with interruption.handled(), pytest.raises(interruption.Interrupted) as raised:
        work()
    assert (done, raised.value.exit_code) == (["step"], 143)
    assert not interruption.received()


def test_postponed_work_ends_if_a_library_swallowed_the_interruption_before_it():
    body = """
    try:
        ready()
        time.sleep(600)
    except KeyboardInterrupt:
        pass
    with interruption.postponed():
        while True:
            time.sleep(0.01)
            interruption.check()
    """
    with command(body) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT)
    assert process.returncode == 143


def test_other_threads_have_no_handlers():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work():
        with interruption.handled():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
