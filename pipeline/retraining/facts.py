"""Facts that decide whether to retrain."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from absl import logging

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import newest_span
from components.drift_validator.drift_report import Drift
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, CORPUS_TAG, SPAN_TAG
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig
from pipeline.retraining.request_drift import request_drift
from pipeline.run.inputs import RunInputs

_IN_SCORES = ("overall", "candidate", "entities", "micro", "f1", "value")
_F1_PATHS = (("evaluation", *_IN_SCORES), _IN_SCORES)
"""Path of the score in the output of `ner evaluate --json`, and in the `scores.json` of an evaluation."""


@dataclasses.dataclass(frozen=True)
class Facts:
    """State of data, champion and requests.

    Attributes:
        champion: the champion; None if there is none.
        new_data: difference between the data and the champion's training data, in words; empty if they are equal.
        drifts: drifts of logged requests that exceed a limit.
        delayed_label_f1: the champion's entity F1 on delayed labels; None if not measured.
        now: the time.
    """

    champion: RegisteredVersion | None
    new_data: str
    drifts: tuple[Drift, ...]
    delayed_label_f1: float | None
    now: datetime


def gather(config: PipelineConfig, registry: ModelRegistry, inputs: RunInputs) -> Facts:
    """Reads registry, corpus, logged requests and delayed-label scores.

    Args:
        config: the whole configuration.
        registry: the model registry.
        inputs: inputs of the run that may become necessary.

    Raises:
        NerError: one of them cannot be read.
    """
    champion = registry.get(config.name, CHAMPION)
    scores = config.retrain.scores
    report = None
    if champion is not None and config.drift.requests is not None and config.drift.action != "ignore":
        report = request_drift(config, registry, champion, config.drift.requests)
        if report is None:
            logging.warning("Drift of requests is not measured: the champion was registered without a data profile.")
    return Facts(
        champion=champion,
        new_data=_new_data(champion, inputs) if champion else "",
        drifts=report.exceeded if report is not None and report.drifted else (),
        delayed_label_f1=None if scores is None or champion is None else delayed_label_f1(scores),
        now=datetime.now(timezone.utc),
    )


def delayed_label_f1(path: Path) -> float:
    """Reads the entity F1 of an evaluation.

    Raises:
        NerError: the file cannot be read, or has no such score.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NerError(f"retrain.scores: {path} cannot be read ({error}). Give the JSON of an evaluation.") from error
    for keys in _F1_PATHS:
        value = values
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, (int, float)):
            return float(value)
    paths = " nor ".join(".".join(keys) for keys in _F1_PATHS)
    raise NerError(
        f"retrain.scores: {path} has neither {paths}. Give the output of `ner evaluate --json`, or a scores.json."
    )


def _new_data(champion: RegisteredVersion, inputs: RunInputs) -> str:
    trained_on = champion.tags.get(CORPUS_TAG)
    if trained_on == inputs.corpus_fingerprint:
        return ""
    newest = inputs.window.newest
    if newest is None and inputs.corpus is not None:
        newest = newest_span(inputs.corpus)
    before = champion.tags.get(SPAN_TAG, "")
    if newest is not None and before.isdigit() and newest > int(before):
        return f"span {newest} is new: the champion, version {champion.version}, was trained up to span {before}"
    if trained_on is None:
        return f"the training data of the champion, version {champion.version}, is not recorded"
    return f"the corpus files differ from those of the champion, version {champion.version}"
