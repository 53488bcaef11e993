"""Training speed of the cnn_linear tagger on this machine's accelerator, by batch size and precision.

    python -m benchmarks.gpu.train_speed --batch-sizes 32,128,512 --precisions float32,bfloat16

Needs keras, jax and numpy only, so it runs on machines without TensorFlow; also on a CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

from benchmarks.gpu.synthetic import TAGS, WIDTHS, WORDS, SyntheticBatch, synthetic_batches
from benchmarks.results import write_json
from components.common.errors import percent
from components.model.taggers import build_tagger, tagger_loss
from components.trainer.loop.throughput import peak_flops, training_flops_per_token
from components.transform.features import CASES, SUBWORD_BUCKETS

OPTIONS = Path(__file__).with_name("cnn_linear.json")
PRECISIONS = ("float32", "bfloat16")


class JaxStep:
    """Steps with Adam whose state stays on the device.

    `keras.Model.train_on_batch` waits for the loss of every step and moves the state back and forth, so it would
    measure Keras's loop.
    """

    def __init__(self, model: keras.Model, loss: keras.losses.Loss, learning_rate: float = 1e-3) -> None:
        """Copies the variables of a built model."""
        self._model, self._loss = model, loss
        self._optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
        self._optimizer.build(model.trainable_variables)
        self._state = tuple(
            [variable.value for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables, self._optimizer.variables)
        )
        self._step = jax.jit(self._compute, donate_argnums=0)

    def __call__(self, batch: SyntheticBatch) -> jax.Array:
        """Takes a step; returns the loss before it, a float32 scalar that may still be computed."""
        self._state, loss = self._step(self._state, batch.features, batch.tags)
        return loss

    def _compute(self, state: tuple[Any, ...], features: dict[str, Any], tags: Any) -> tuple[tuple[Any, ...], Any]:
        trainable, others, optimizer = state

        def objective(weights: Any) -> tuple[Any, Any]:
            logits, updated = self._model.stateless_call(weights, others, features, training=True)
            return self._loss(tags, logits), updated

        (loss, others), gradients = jax.value_and_grad(objective, has_aux=True)(trainable)
        trainable, optimizer = self._optimizer.stateless_apply(optimizer, gradients, trainable)
        return (trainable, others, optimizer), loss


def measure(batch_size: int, precision: str, steps: int, options: dict[str, Any]) -> dict[str, Any]:
    """Trains for some steps.

    All widths are compiled before the clock starts; the clock stops when the device has finished the last step.

    Args:
        batch_size: sentences in a step.
        precision: `float32`, or `bfloat16` (mixed: weights and logits stay float32).
        steps: number of steps to time.
        options: sizes of the cnn_linear tagger.

    Returns:
        Figures of one row: step time, tokens without padding per second, share of padding, estimated MFU (None on a
        device with an unknown peak), first and last loss.
    """
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    sizes = {"num_tags": len(TAGS), "vocab_size": WORDS, "num_cases": CASES, "num_subwords": SUBWORD_BUCKETS, "seed": 0}
    model = build_tagger("cnn_linear", {**sizes, "maxlen": WIDTHS[-1]}, **options)
    step = JaxStep(model, tagger_loss("cnn_linear", list(TAGS)))
    batches = list(synthetic_batches(steps, batch_size))
    by_width = {batch.tags.shape[1]: batch for batch in batches}
    first = [float(step(batch)) for batch in by_width.values()]
    began = time.perf_counter()
    losses = [step(batch) for batch in batches]
    jax.block_until_ready(losses)
    seconds = time.perf_counter() - began
    tokens, padded = sum(batch.tokens for batch in batches), sum(batch.tags.size for batch in batches)
    flops, peak = training_flops_per_token(model), peak_flops([jax.devices()[0].device_kind], precision == "bfloat16")
    return {
        "batch_size": batch_size,
        "precision": precision,
        "step_ms": seconds / steps * 1e3,
        "tokens_per_second": tokens / seconds,
        "padding": 1 - tokens / padded,
        "mfu": tokens / seconds * flops / peak if peak else None,
        "flops_per_token": flops,
        "first_loss": first[0],
        "last_loss": float(losses[-1]),
    }


def main(arguments: Sequence[str]) -> None:
    """Measures every combination, prints a line for each and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--batch-sizes", default="32,128,512,2048")
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--options", type=Path, default=OPTIONS, help="JSON: sizes of the cnn_linear tagger")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "results" / "gpu.json")
    request = parser.parse_args(arguments)
    options = json.loads(request.options.read_text(encoding="utf-8"))
    device = jax.devices()[0]
    print(f"{device.platform}: {device.device_kind}; jax {jax.__version__}, keras {keras.__version__}")
    rows = []
    for precision in request.precisions.split(","):
        if precision not in PRECISIONS:
            parser.error(f"--precisions {precision}: must be one of {', '.join(PRECISIONS)}")
        for batch_size in map(int, request.batch_sizes.split(",")):
            row = measure(batch_size, precision, request.steps, options)
            mfu = "" if row["mfu"] is None else f"  MFU {percent(row['mfu'], 1)}"
            print(
                f"{precision} batch {batch_size}: {row['step_ms']:.2f} ms a step, "
                f"{row['tokens_per_second']:,.0f} tokens/s{mfu}",
                flush=True,
            )
            rows.append(row)
    versions = {"jax": jax.__version__, "keras": keras.__version__}
    write_json(
        request.output, {"device": device.device_kind, "steps": request.steps, "packages": versions, "rows": rows}
    )


if __name__ == "__main__":
    main(sys.argv[1:])
