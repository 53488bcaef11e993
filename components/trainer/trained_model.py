"""A trained tagger on disk: weights and sizes (`.keras`), and how sentences were cut for it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras

import components.model.taggers  # registers the classes that a .keras file names
from components.text.windows import Windows

MODEL_FILE = "model.keras"
INFO_FILE = "trained_model.json"
del components


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A tagger with what its user must know.

    Attributes:
        model: features -> logits, loss stripped.
        windows: how sentences were cut in training.
        tags: tag vocabulary in the order of the logits, `[PAD]` first.
        history: one dict of numbers an epoch.
    """

    model: keras.Model
    windows: Windows
    tags: tuple[str, ...]
    history: tuple[dict[str, float], ...] = ()

    def save(self, folder: str) -> None:
        """Writes both files. The loss stays out: a loss saved with a model is what stops it from loading elsewhere."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        stripped = self.model.__class__.from_config(self.model.get_config())
        stripped.build()
        stripped.set_weights(self.model.get_weights())
        stripped.save(Path(folder) / MODEL_FILE)
        info: dict[str, Any] = {
            "windows": dataclasses.asdict(self.windows),
            "tags": self.tags,
            "history": self.history,
        }
        (Path(folder) / INFO_FILE).write_text(json.dumps(info, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: str) -> TrainedModel:
        """Reads what `save` wrote."""
        info = json.loads((Path(folder) / INFO_FILE).read_text(encoding="utf-8"))
        model = keras.saving.load_model(Path(folder) / MODEL_FILE, compile=False)
        return cls(model, Windows(**info["windows"]), tuple(info["tags"]), tuple(info["history"]))
