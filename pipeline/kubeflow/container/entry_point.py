"""The command of every container, `python -m pipeline.kubeflow.container.entry_point`, with TFX's arguments.

It takes the place of TFX's own (`tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor`), with which no node
of a pipeline runs on Kubeflow Pipelines 2.
"""

from __future__ import annotations

import os
import sys
import textwrap
import traceback
from argparse import Namespace
from collections.abc import Sequence

from absl import logging
from absl.flags import argparse_flags

from components.common.errors import NerError
from pipeline.kubeflow.container.executor_input import read_input
from pipeline.kubeflow.container.mirror import name_uris

_LONGEST_LINE = 800  # characters; errors of Beam hold whole tracebacks


def parse_arguments(arguments: Sequence[str]) -> tuple[Namespace, list[str]]:
    """Takes TFX's arguments; what is left are those of Beam.

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
        Exit code. When it is 1, the last line on stderr says in words what went wrong in which node.
    """
    known, beam_args = parse_arguments(arguments)
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    node = known.executor_class_path
    try:
        mended = read_input(
            known.json_serialized_invocation_args, known.json_serialized_inputs_spec_args, known.executor_class_path
        )
        node = mended.node
        # Here, not above: a broken argument should not take ten seconds to be named.
        from pipeline.kubeflow.container.component_run import run_component

        run_component(mended, known.executor_class_path, beam_args)
    except Exception as error:
        _tell(node, error)
        return 1
    logging.info("%s is done.", node)
    return 0


def _tell(node: str, error: Exception) -> None:
    """Prints the error; last comes the one line that the pod's status and `ner kfp status` show."""
    if isinstance(error, NerError):
        text = name_uris(str(error))
    else:
        traceback.print_exception(error, file=sys.stderr)
        text = name_uris(f"{type(error).__name__}: {error}")
    line = " ".join(text.split())
    if isinstance(error, NerError) and ("\n" in text or len(line) > _LONGEST_LINE):
        print(text, file=sys.stderr)
    print(f"error: {node}: {textwrap.shorten(line, _LONGEST_LINE, placeholder=' ...')}", file=sys.stderr)


def main() -> None:
    """Runs the component and ends the process.

    By `os._exit`: destructors of the libraries below have been seen to abort a pod whose work was done.
    """
    code = run(sys.argv[1:])
    logging.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
