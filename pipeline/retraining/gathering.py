"""Finds out what a decision to retrain rests on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from absl import logging

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import newest_span
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, CORPUS_TAG
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig
from pipeline.retraining.facts import Facts
from pipeline.retraining.request_drift import request_drift
from pipeline.run.inputs import RunInputs

SPAN_TAG = "data.span"
_OF_EVALUATION = ("overall", "candidate", "entities", "micro", "f1", "value")
_PLACES = (("evaluation", "overall", "candidate", "entities", "micro", "f1", "value"), _OF_EVALUATION)
"""Where the score stands in what `ner evaluate --json` writes, and in the `scores.json` of an evaluation."""


def gather(config: PipelineConfig, registry: ModelRegistry, inputs: RunInputs) -> Facts:
    """Looks at registry, corpus, logged requests and late scores.

    Args:
        config: the whole configuration.
        registry: the model registry.
        inputs: of the run that may have to be made.

    Raises:
        NerError: one of them cannot be read.
    """
    champion = registry.get(config.name, CHAMPION)
    scores = config.retrain.scores
    report = None
    if champion is not None and config.drift.requests is not None and config.drift.action != "ignore":
        report = request_drift(config, registry, champion, config.drift.requests)
        if report is None:
            logging.warning(
                "drift of requests is not measured: the champion was registered without a profile of its data"
            )
    return Facts(
        champion,
        _new_data(champion, inputs) if champion else "",
        report.exceeded if report is not None and report.drifted else (),
        None if scores is None or champion is None else delayed_label_f1(scores),
        datetime.now(UTC),
    )


def delayed_label_f1(path: Path) -> float:
    """Reads the entity F1 of a continuous evaluation.

    Raises:
        NerError: the file cannot be read or holds no such score.
    """
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NerError(
            f"[retrain -> scores] {path}: cannot be read ({error}); give the JSON of an evaluation"
        ) from error
    for place in _PLACES:
        found = values
        for key in place:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, (int, float)):
            return float(found)
    places = " nor ".join(".".join(place) for place in _PLACES)
    raise NerError(
        f"[retrain -> scores] {path}: has neither {places}; give the JSON of `ner evaluate`, or a scores.json"
    )


def _new_data(champion: RegisteredVersion, inputs: RunInputs) -> str:
    known = champion.tags.get(CORPUS_TAG)
    if known == inputs.corpus_fingerprint:
        return ""
    newest = inputs.window.newest
    if newest is None and inputs.corpus is not None:
        newest = newest_span(inputs.corpus)
    before = champion.tags.get(SPAN_TAG, "")
    if newest is not None and before.isdigit() and newest > int(before):
        return f"span {newest} is new: the champion, version {champion.version}, was trained up to span {before}"
    if known is None:
        return f"it is not recorded which data the champion, version {champion.version}, was trained on"
    return f"the files of the corpus are others than those of the champion, version {champion.version}"
