"""What a training run is told."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class TrainerSettings:
    """Values of a training run; configs/base.yaml says what each means and holds the defaults.

    Attributes:
        tagger: a name in `components.model.taggers`.
        tagger_options: the tagger's own sizes, without those that the data decides.
        window_size: most tokens that the tagger reads at once.
        window_context: tokens at each end of an inner window whose predictions are not used.
        batch_size: windows a step.
        epochs: most passes over the training split.
        patience: epochs without a better entity F1 on the eval split before training stops.
        learning_rate: Adam's largest step size.
        warmup: share of all steps over which the step size rises from zero; it falls along a cosine afterwards.
        clip_norm: the longest that the gradient of all weights may be.
        averaging: momentum of the moving average of the weights, which is what is kept; 0 keeps the last weights.
        seed: of the initial weights, dropout and the order of the examples.
    """

    tagger: str
    tagger_options: dict[str, Any]
    window_size: int
    window_context: int
    batch_size: int
    epochs: int
    patience: int
    learning_rate: float
    warmup: float
    clip_norm: float
    averaging: float
    seed: int
