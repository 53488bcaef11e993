"""The scores of a run as a small JSON file, which the command line and the registry read without TensorFlow."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.evaluator.errors import EvaluationError

FILE_NAME = "scores.json"


def read_scores(uri: str) -> dict[str, Any]:
    """Reads the scores of an evaluation.

    Args:
        uri: URI of an `evaluation` artifact of the Evaluator.

    Returns:
        What `collect_scores` describes, and `blessed` (bool) and `failures` (list of lines).

    Raises:
        EvaluationError: there is no such file, or it holds no JSON object.
    """
    path = os.path.join(uri, FILE_NAME)
    try:
        scores = json.loads(_read_text(path))
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error}); give the folder of an evaluation of this pipeline"
        ) from error
    except ValueError as error:
        raise EvaluationError(f"{path}: is no JSON ({error}); run the Evaluator again") from error
    if not isinstance(scores, dict):
        raise EvaluationError(f"{path}: holds a {type(scores).__name__} instead of an object; run the Evaluator again")
    return scores


def write_scores(uri: str, scores: Mapping[str, Any]) -> None:
    """Writes the scores into the folder of an evaluation; a reader sees the whole file or none.

    Args:
        uri: URI of the `evaluation` artifact; its folder exists.
        scores: what `read_scores` is to return.
    """
    path = os.path.join(uri, FILE_NAME)
    text = json.dumps(scores, ensure_ascii=False, indent=2) + "\n"
    if "://" in path:
        with _fileio().open(path, "w") as file:  # an object store shows an object when it is complete
            file.write(text)
        return
    temporary = Path(f"{path}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _read_text(path: str) -> str:
    if "://" in path:
        with _fileio().open(path, "r") as file:
            return file.read()
    return Path(path).read_text(encoding="utf-8")


def _fileio() -> Any:
    from tfx.dsl.io import fileio  # seconds to import, and only object stores need it

    return fileio
