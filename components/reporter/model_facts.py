"""Everything that report and model card tell of a model, as plain values."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from components.evaluator.results.evaluation import Comparison, Evaluation
from components.exporter.contract.contract import Contract
from components.reporter.card_text import CardText
from components.reporter.data_summary import DataSummary
from components.reporter.drift import Drift, drift_between


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """A trained, exported and evaluated model.

    Attributes:
        name: name of the registered model.
        created: when these facts were gathered, UTC.
        evaluation: the Evaluator's findings.
        data: the data it was trained and evaluated on.
        history: one mapping of numbers an epoch (`loss`, `val_loss`, `val_entity_f1`, ...); None: not known.
        contract: signatures of the exported model.
        validation: the exporter's `validation.json` (`tree_hash`, `size_bytes`, `checks`, ...); empty when unknown.
        training: settings of the training by name.
        lineage: what the model was made from, name -> text.
        card: what only people know.
        champion_data: the data of the champion, where its model card says so.
    """

    name: str
    created: datetime.datetime
    evaluation: Evaluation
    data: DataSummary
    history: tuple[Mapping[str, float | None], ...]
    contract: Contract
    validation: Mapping[str, Any]
    training: Mapping[str, Any]
    lineage: Mapping[str, str]
    card: CardText
    champion_data: DataSummary | None = None

    @property
    def overall(self) -> Comparison | None:
        """Both models on all evaluated sentences; None when there were none."""
        return self.evaluation.overall

    @property
    def best_epoch(self) -> int | None:
        """Number, from 1, of the epoch whose weights were kept; None without a history of entity F1."""
        scores = [epoch.get("val_entity_f1") for epoch in self.history]
        known = [(score, -number) for number, score in enumerate(scores, start=1) if score is not None]
        return -max(known)[1] if known else None  # the first of equals, as early stopping takes it

    def drifts(self) -> list[Drift]:
        """Distances from the training split to the evaluated ones, and from the champion's training data to ours."""
        found: list[Drift] = []
        train = self.data.split("train")
        for name in self.evaluation.splits:
            split = self.data.split(name)
            if train and split and name != "train":
                found += drift_between(train, split)
        before = self.champion_data.split("train") if self.champion_data else None
        if train and before:
            found += drift_between(before, train, ("champion's train", "train"))
        return found
