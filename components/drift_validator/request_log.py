"""Logged requests to a served model, as a profile."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from components.drift_validator.data_profile import DataProfile
from components.drift_validator.errors import RequestLogError

_PAD = "[PAD]"


def profile_requests(path: Path, tokenizer: str = "words") -> DataProfile:
    """Counts what a served model was asked.

    Args:
        path: JSON lines (`.gz` too). Each object has the `sentence` that was sent, or else the served `tokens`; the
            answer's `tags`, where they are logged, stand in for labels. What `ner predict --json` prints is of that
            form; so is a log of Vertex AI's batch prediction, with the request in `instance` and the answer in
            `prediction`.
        tokenizer: `words` or `whitespace`, as the tagger's.

    Raises:
        RequestLogError: the file cannot be read, or a line is not of that form.
    """
    profile = DataProfile()
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    sentence, tags = _request(line, f"{path}:{number}")
                    profile.add(sentence, tags, tokenizer=tokenizer)
    except (OSError, EOFError) as error:
        raise RequestLogError(f"{path}: cannot be read ({error}); give a file of JSON lines") from error
    if not profile.sentences:
        raise RequestLogError(f"{path}: holds no request; give a log with at least one")
    return profile


def _request(line: bytes, where: str) -> tuple[str, list[str]]:
    try:
        record = json.loads(line)
    except ValueError as error:  # bytes that are no UTF-8, too
        raise RequestLogError(f"{where}: is no whole JSON value ({error}); write one object a line") from error
    if not isinstance(record, dict):
        raise RequestLogError(f"{where}: is a JSON {type(record).__name__}; write one object a line")
    for part in ("instance", "prediction"):
        if isinstance(record.get(part), dict):
            record = {**record, **record[part]}
    tokens, tags = (_texts(record, name, where) for name in ("tokens", "tags"))
    sentence = record.get("sentence", " ".join(token for token in tokens if token != _PAD) or None)
    if not isinstance(sentence, str):
        raise RequestLogError(f"{where}: has neither a text sentence nor tokens; log what was asked")
    return sentence, tags


def _texts(record: dict[str, Any], name: str, where: str) -> list[str]:
    values = record.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RequestLogError(f"{where}: {name} is no list of texts; log what the model answered")
    return values
