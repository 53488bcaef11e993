"""Trained tagger on disk: weights and sizes (`.keras`), tags, windows and history (JSON)."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from typing import Any

import keras

from components.common.dotted_path import installed_name
from components.common.errors import NerError
from components.common.faults import reading
from components.keys import MODEL_FILE, TRAINED_MODEL_FILE, VAL_ENTITY_F1
from components.model.cnn_linear_tagger import CnnLinearTagger
from components.text.windows import Windows
from components.trainer.scoring.calibration import NO_CALIBRATION, Calibration
from components.trainer.settings import SizedSettings


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """Trained tagger with everything that serving it needs.

    Attributes:
        model: features -> logits, in float32. It is not compiled: saved with its loss it would not load elsewhere.
        windows: windows that sentences were cut into.
        tags: tag vocabulary in the order of the logits, `[PAD]` first.
        history: one row an epoch; None for a figure that is unknown.
        outside_bias: bias on the logits of outside tags with the highest entity F1 on the eval split; decoding adds
            it.
        calibration: conversion of logits into the probability that the chosen tag is correct, fitted on the eval split.
        best_epoch: index in `history` of the epoch that was kept; None for the one with the highest entity F1.
        settings: settings of the training, without `auto`; None for a loaded model.

    Example (`tests/components/trainer/test_training.py` trains, saves and loads one):

        trained = TrainedModel.load("work/artifacts/Trainer/model/7")
        logits = trained.model({"word_ids": ..., "case_ids": ..., "subword_ids": ...})
    """

    model: keras.Model
    windows: Windows
    tags: tuple[str, ...]
    history: tuple[dict[str, float | None], ...] = ()
    outside_bias: float = 0.0
    calibration: Calibration = NO_CALIBRATION
    settings: SizedSettings | None = None
    best_epoch: int | None = None

    @property
    def best_f1(self) -> float:
        """Entity F1 on the eval split of the epoch that was kept."""
        rows = self.history if self.best_epoch is None else (self.history[self.best_epoch],)
        return max(row[VAL_ENTITY_F1] or 0.0 for row in rows)

    def save(self, folder: str) -> None:
        """Writes both files."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.model.save(Path(folder) / MODEL_FILE)
        info: dict[str, Any] = {
            "tagger_module": type(self.model).__module__,
            "windows": dataclasses.asdict(self.windows),
            "tags": self.tags,
            "outside_bias": self.outside_bias,
            "calibration": self.calibration._asdict(),
            "history": self.history,
            "best_epoch": self.best_epoch,
        }
        (Path(folder) / TRAINED_MODEL_FILE).write_text(json.dumps(info, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: str) -> TrainedModel:
        """Loads a saved model.

        Raises:
            NerError: the module of a tagger by path cannot be imported.
        """
        info = json.loads((Path(folder) / TRAINED_MODEL_FILE).read_text(encoding="utf-8"))
        try:
            importlib.import_module(installed_name(info["tagger_module"]))  # registers the class of the .keras file
        except ImportError as error:
            raise NerError(
                f"{folder}: the tagger's module {info['tagger_module']} cannot be imported ({error}). "
                "Install its package, or put its folder on PYTHONPATH."
            ) from error
        with reading(Path(folder) / MODEL_FILE):
            model = keras.saving.load_model(Path(folder) / MODEL_FILE, compile=False)
        return cls(
            model,
            Windows(**info["windows"]),
            tuple(info["tags"]),
            tuple(info["history"]),
            info["outside_bias"],
            Calibration(**info.get("calibration", {})),  # a model that was trained before has none
            best_epoch=info.get("best_epoch"),
        )


def plain_copy(model: keras.Model) -> keras.Model:
    """Returns a copy in float32 and on one device, for a model of any precision and strategy."""
    if isinstance(model, CnnLinearTagger):
        model = model.folded()
    config = model.get_config()
    if model.dtype_policy.name != "float32":
        config["dtype"] = "float32"
    copy = model.__class__.from_config(config)
    copy.build()
    copy.set_weights(model.get_weights())
    return copy
