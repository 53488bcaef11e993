"""Reading and writing of `scores.json`, without TensorFlow."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from components.common.files import write_atomically
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Evaluation
from components.keys import SCORES_FILE


def read_evaluation(uri: str) -> Evaluation:
    """Reads an evaluation.

    Args:
        uri: URI of an `evaluation` artifact of the Evaluator.

    Raises:
        EvaluationError: the file is missing, or has another format.
    """
    path = os.path.join(uri, SCORES_FILE)
    try:
        text = _read_text(path)
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error}). Give the folder of an evaluation of this pipeline."
        ) from error
    try:
        return _adapter(Evaluation).validate_json(text)
    except ValueError as error:  # pydantic's errors are ValueErrors
        first = str(error).splitlines()
        raise EvaluationError(
            f"{path}: not an evaluation of this version ({' '.join(first[:3])}). Run the Evaluator again."
        ) from error


def write_evaluation(uri: str, evaluation: Evaluation) -> None:
    """Writes the evaluation so that readers see the whole file or none.

    Args:
        uri: URI of the `evaluation` artifact.
        evaluation: the evaluation.
    """
    write_atomically(os.path.join(uri, SCORES_FILE), result_json(evaluation).encode())


def result_json(result: Any) -> str:
    """Returns a dataclass of results as JSON, with a newline at the end."""
    return _adapter(result.__class__).dump_json(result, indent=1).decode() + "\n"


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter  # its import takes a quarter of a second

    return TypeAdapter(kind)


def _read_text(path: str) -> str:
    if "://" not in path:
        return Path(path).read_text(encoding="utf-8")
    from tfx.dsl.io import fileio  # its import takes seconds, and only object stores need it

    with fileio.open(path, "r") as file:
        return file.read()
