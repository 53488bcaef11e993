"""Command of every container: `python -m pipeline.kubeflow.container.entry_point` with TFX's arguments.

It replaces `tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor`.
"""

from __future__ import annotations

import logging as python_logging
import os
import re
import sys
import textwrap
import warnings
from argparse import Namespace
from collections.abc import Callable, Sequence

from absl import logging
from absl.flags import argparse_flags

from components.common import interruption
from components.common.errors import NerError
from components.common.faults import EXPLAINED, UNEXPLAINED, explain
from components.common.files import private_files
from components.common.masking import mask, mask_logs_and_tracebacks, masked_traceback
from pipeline.kubeflow.container.executor_input import TaskInput, read_input
from pipeline.kubeflow.container.mirror import name_uris

ALL_NOTICES = "NER_LOG"
"""Environment variable that shows the notices of the libraries if it is `all`."""

_LIBRARIES = re.compile(r"/site-packages/(apache_beam|tfx|tfx_bsl|tensorflow\w*|ml_metadata|google)/")
_LONGEST_LINE = 800  # characters; Beam's errors contain whole tracebacks


def parse_arguments(arguments: Sequence[str]) -> tuple[Namespace, list[str]]:
    """Parses TFX's arguments and returns them with the rest, which is Beam's.

    Args:
        arguments: the command line without the program's name.
    """
    parser = argparse_flags.ArgumentParser(prog="python -m pipeline.kubeflow.container.entry_point", allow_abbrev=False)
    parser.add_argument("--executor_class_path", required=True, help="<module>.<class> of the executor")
    parser.add_argument("--json_serialized_invocation_args", required=True, help="JSON of the ExecutorInput")
    parser.add_argument("--json_serialized_inputs_spec_args", default="", help="JSON of the ComponentInputsSpec")
    known, rest = parser.parse_known_args(list(arguments))
    return known, rest


def run(arguments: Sequence[str]) -> int:
    """Runs the component.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit code: 143 if the pod was evicted. If it is `EXPLAINED` or `UNEXPLAINED`, the last line on stderr is
        `error: <node>: <problem>`.
    """
    known, beam_args = parse_arguments(arguments)
    arguments_of_input = (
        known.json_serialized_invocation_args,
        known.json_serialized_inputs_spec_args,
        known.executor_class_path,
    )
    task: list[TaskInput] = []

    def run_executor() -> None:
        task.append(read_input(*arguments_of_input))
        logging.info("%s begins: loading %s.", task[0].node, known.executor_class_path)
        # Not at the top: a broken argument is reported before the ten seconds of this import.
        from pipeline.kubeflow.container.component_run import run_component

        run_component(task[0], known.executor_class_path, beam_args)

    return run_node(lambda: task[0].node if task else known.executor_class_path, run_executor)


def run_node(name: Callable[[], str], call: Callable[[], None]) -> int:
    """Runs a node with the logs, the masking of secrets and the last line of every container.

    Args:
        name: returns the name of the node, if it is known.
        call: does the node's work.

    Returns:
        The exit code, see `run`.
    """
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    _silence_notices()
    mask_logs_and_tracebacks()
    try:
        with private_files():
            call()
    except BaseException as error:
        node = name()
        if interruption.received():
            interruption.advise(f" in {node}. A retry continues a training from its saved state.")
            interruption.leave()
        if not isinstance(error, Exception):
            raise
        return _print_error(node, error)
    logging.info("%s has succeeded.", name())
    return 0


def _silence_notices() -> None:
    """Suppresses some hundred lines of the libraries in each pod; `NER_LOG=all` shows them."""
    if os.environ.get(ALL_NOTICES) == "all":
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore", FutureWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    handler = logging.get_absl_handler()
    if not any(isinstance(one, _WithoutNotices) for one in handler.filters):
        handler.addFilter(_WithoutNotices())


class _WithoutNotices(python_logging.Filter):
    """Drops what the libraries say below a warning."""

    def filter(self, record: python_logging.LogRecord) -> bool:
        return record.levelno >= python_logging.WARNING or not _LIBRARIES.search(record.pathname)


def _print_error(node: str, error: Exception) -> int:
    """Prints the error, whose last line the pod's status shows, and returns the exit code."""
    explanation = explain(error)
    if not isinstance(error, NerError):
        print(masked_traceback(error), file=sys.stderr)
    text = name_uris(mask(str(explanation or f"{type(error).__name__}: {error}")))
    line = " ".join(text.split())
    if explanation and ("\n" in text or len(line) > _LONGEST_LINE):
        print(text, file=sys.stderr)
    print(f"error: {node}: {textwrap.shorten(line, _LONGEST_LINE, placeholder=' ...')}", file=sys.stderr)
    return EXPLAINED if explanation else UNEXPLAINED


def main() -> None:
    """Runs the component."""
    end_process(lambda: run(sys.argv[1:]))


def end_process(call: Callable[[], int]) -> None:
    """Ends the process with the exit code of a call, by `os._exit`.

    Destructors of native libraries have been seen to abort a pod that had succeeded.
    """
    with interruption.handled():
        code = call()
    logging.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
