"""Profile of the logged requests to a served model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.common.errors import counted
from components.common.json_lines import read_json_lines
from components.drift_validator.data_profile import DataProfile
from components.drift_validator.errors import RequestLogError
from components.text.words import WORDS

_PAD = "[PAD]"


def profile_requests(path: Path, tokenizer: str = WORDS) -> DataProfile:
    """Profiles the requests to a served model.

    tests/components/drift_validator/test_request_log.py shows the accepted forms.

    Args:
        path: JSON lines (`.gz` too). Each object has the request's `sentence`, or else the served `tokens`; the
            answer's `tags`, if logged, replace labels. `ner predict --json` prints this form, and Vertex AI's batch
            prediction logs it with the request in `instance` and the answer in `prediction`.
        tokenizer: tokenizer of the model.

    Raises:
        RequestLogError: the file cannot be read, or a line has another form.
    """
    profile = DataProfile(tokenizer=tokenizer)
    for number, record in read_json_lines(path, error=RequestLogError):
        sentence, tags = _request(record, f"{path}:{number}")
        profile.add(sentence, tags)
    if not profile.sentences:
        raise RequestLogError(f"{path}: no requests. Give a log with at least one.")
    return profile


def _request(record: dict[str, Any], where: str) -> tuple[str, list[str]]:
    for part in ("instance", "prediction"):
        if isinstance(record.get(part), dict):
            record = {**record, **record[part]}
    tokens, tags = (_texts(record, name, where) for name in ("tokens", "tags"))
    if tokens and tags and len(tokens) != len(tags):
        raise RequestLogError(
            f"{where}: {counted(len(tokens), 'token')} and {counted(len(tags), 'tag')}. Log the answer of the model "
            "unchanged."
        )
    sentence = record.get("sentence", " ".join(token for token in tokens if token != _PAD) or None)
    if not isinstance(sentence, str):
        fix = "Log the request with each answer"
        if "entities" in record:
            fix = "`ner predict --input` writes the tokens with --tokens"
        raise RequestLogError(f"{where}: neither `sentence` (text) nor `tokens`. {fix}.")
    return sentence, tags


def _texts(record: dict[str, Any], name: str, where: str) -> list[str]:
    values = record.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RequestLogError(f"{where}: `{name}` is not a list of texts. Log the answer of the model unchanged.")
    return values
