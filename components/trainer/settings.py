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
        batch_size: windows a step, on all devices together.
        epochs: most passes over the training split.
        patience: epochs without a better entity F1 on the eval split before training stops.
        learning_rate: Adam's largest step size.
        warmup: share of all steps over which the step size rises from zero; it falls along a cosine afterwards.
        clip_norm: the longest that the gradient of all weights may be.
        averaging: momentum of the moving average of the weights, which is what is kept; 0 keeps the last weights.
        seed: of the initial weights, dropout and the order of the examples.
        devices: `auto`, `cpu` or `gpu`.
        hosts: how many take part.
        precision: `float32` or `bfloat16` (mixed: weights and logits stay float32).
        jit_compile: whether XLA compiles the training step.
        deterministic: whether a GPU, too, must give the same weights for the same seed.
        accumulation_steps: parts of a batch that a device computes one after another, to need less memory.
        checkpoint_steps: steps after which the state is written to a file.
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
    devices: str
    hosts: int
    precision: str
    jit_compile: bool
    deterministic: bool
    accumulation_steps: int
    checkpoint_steps: int
