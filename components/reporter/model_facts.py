"""All facts that the report and the model card state, as plain values."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from components.drift_validator.drift_report import DriftReport
from components.evaluator.results.evaluation import Comparison, Evaluation
from components.exporter.contract.contract import Contract
from components.reporter.data_summary import DataSummary
from components.reporter.settings import CardSettings


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """Facts about a trained, exported and evaluated model.

    tests/components/reporter/conftest.py builds an example.

    Attributes:
        name: name of the registered model.
        created: when these facts were gathered, UTC.
        evaluation: result of the Evaluator.
        data: the corpus.
        drift: result of the DriftValidator: the corpus against the champion's training data.
        history: one mapping of numbers an epoch (`loss`, `val_loss`, `val_entity_f1`, ...); None: unknown.
        contract: signatures of the exported model.
        validation: the exporter's `validation.json` (`tree_hash`, `size_bytes`, `checks`, ...); empty if unknown.
        training: trainer settings by name.
        lineage: origin of the model, name -> text.
        card: section `card` of the configuration.
        trials: trials of the Tuner, the best first: `trial_id`, `score` (entity F1 on the eval split) and the settings
            by name; empty without a search.
        kept_epoch: index in `history` of the epoch whose weights were kept; None: the one with the highest F1.
    """

    name: str
    created: datetime.datetime
    evaluation: Evaluation
    data: DataSummary
    drift: DriftReport
    history: tuple[Mapping[str, float | None], ...]
    contract: Contract
    validation: Mapping[str, Any]
    training: Mapping[str, Any]
    lineage: Mapping[str, str]
    card: CardSettings
    trials: tuple[Mapping[str, Any], ...] = ()
    kept_epoch: int | None = None

    @property
    def overall(self) -> Comparison | None:
        """Scores on all evaluated sentences; None if there were none."""
        return self.evaluation.overall

    @property
    def best_epoch(self) -> int | None:
        """Number, from 1, of the epoch whose weights were kept; None without a history of entity F1."""
        if self.kept_epoch is not None:
            return self.kept_epoch + 1
        scores = [epoch.get("val_entity_f1") for epoch in self.history]
        known = [(score, -number) for number, score in enumerate(scores, start=1) if score is not None]
        return -max(known)[1] if known else None  # the first of equals, as early stopping chooses
