"""The evaluation of a run as a JSON file, read by command line, report and registry without TensorFlow."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from components.common.files import write_atomically
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Evaluation

FILE_NAME = "scores.json"


def read_evaluation(uri: str) -> Evaluation:
    """Reads an evaluation.

    Args:
        uri: URI of an `evaluation` artifact of the Evaluator.

    Raises:
        EvaluationError: there is no such file, it is no JSON, or it is not of this version of the format.
    """
    path = os.path.join(uri, FILE_NAME)
    try:
        text = _read_text(path)
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error}); give the folder of an evaluation of this pipeline"
        ) from error
    try:
        return _adapter().validate_json(text)
    except ValueError as error:  # pydantic's errors are ValueErrors
        first = str(error).splitlines()
        raise EvaluationError(
            f"{path}: is no evaluation as this version writes it ({' '.join(first[:3])}); run the Evaluator again"
        ) from error


def write_evaluation(uri: str, evaluation: Evaluation) -> None:
    """Writes the evaluation into the folder of its artifact; a reader sees the whole file or none.

    Args:
        uri: URI of the `evaluation` artifact; its folder exists.
        evaluation: what `read_evaluation` is to return.
    """
    path = os.path.join(uri, FILE_NAME)
    text = to_json(evaluation)
    if "://" in path:
        with _fileio().open(path, "w") as file:  # an object store shows an object when it is complete
            file.write(text)
        return
    write_atomically(Path(path), text.encode())


def to_json(evaluation: Evaluation) -> str:
    """The evaluation as the text of its file, newline at the end."""
    return _adapter().dump_json(evaluation, indent=1).decode() + "\n"


@functools.cache
def _adapter() -> Any:
    from pydantic import TypeAdapter  # checks nested dataclasses field by field; a quarter of a second to import

    return TypeAdapter(Evaluation)


def _read_text(path: str) -> str:
    if "://" in path:
        with _fileio().open(path, "r") as file:
            return file.read()
    return Path(path).read_text(encoding="utf-8")


def _fileio() -> Any:
    from tfx.dsl.io import fileio  # seconds to import, and only object stores need it

    return fileio
