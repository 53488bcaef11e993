"""A trained tagger on disk: weights and sizes (`.keras`), and how sentences were cut for it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras

import components.model.taggers  # registers the classes that a .keras file names
from components.model.cnn_linear_tagger import CnnLinearTagger
from components.text.windows import Windows

MODEL_FILE = "model.keras"
INFO_FILE = "trained_model.json"
del components


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A tagger with what its user must know.

    Attributes:
        model: features -> logits, loss stripped, in float32.
        windows: how sentences were cut in training.
        tags: tag vocabulary in the order of the logits, `[PAD]` first.
        history: one dict of numbers an epoch, None where one is not known.
        outside_bias: added to the logits of outside tags before decoding: the value that gives the highest entity
            F1 on the eval split. Probabilities are those of the unbiased logits.
    """

    model: keras.Model
    windows: Windows
    tags: tuple[str, ...]
    history: tuple[dict[str, float | None], ...] = ()
    outside_bias: float = 0.0

    def save(self, folder: str) -> None:
        """Writes both files. The loss stays out: a loss saved with a model is what stops it from loading elsewhere."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        plain_copy(self.model).save(Path(folder) / MODEL_FILE)
        info: dict[str, Any] = {
            "windows": dataclasses.asdict(self.windows),
            "tags": self.tags,
            "outside_bias": self.outside_bias,
            "history": self.history,
        }
        (Path(folder) / INFO_FILE).write_text(json.dumps(info, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: str) -> TrainedModel:
        """Reads what `save` wrote."""
        info = json.loads((Path(folder) / INFO_FILE).read_text(encoding="utf-8"))
        model = keras.saving.load_model(Path(folder) / MODEL_FILE, compile=False)
        return cls(model, Windows(**info["windows"]), tuple(info["tags"]), tuple(info["history"]), info["outside_bias"])


def plain_copy(model: keras.Model) -> keras.Model:
    """Builds a model anew with the same weights, in float32 and on one device, whatever it was trained in and on."""
    if isinstance(model, CnnLinearTagger):
        model = model.folded()
    config = model.get_config()
    if model.dtype_policy.name != "float32":
        config["dtype"] = "float32"
    copy = model.__class__.from_config(config)
    copy.build()
    copy.set_weights(model.get_weights())
    return copy
