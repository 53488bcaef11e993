"""The same tagger on another backend of Keras."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

# Same numbers as weights and inputs on each backend, dropout off: the losses must agree.
PROGRAM = """
import keras
import numpy as np
from components.model.taggers import build_tagger, tagger_loss

tags = ["[PAD]", "O", "B-X", "I-X"]
sizes = dict(num_tags=4, vocab_size=9, num_cases=7, num_subwords=31)
model = build_tagger("production", sizes, embed_dim=8, width=8, dilations=[1, 2], input_dropout=0.0, dropout=0.0,
                     word_dropout=0.0, subword_dropout=0.0)
rng = np.random.default_rng(0)
model.set_weights([
    rng.normal(size=w.shape).astype("float32") * 0.3 if str(w.dtype).startswith("float") else np.array(w)
    for w in model.get_weights()
])
gold = np.array([[2, 3, 1, 0], [1, 1, 2, 3]], "int32")
real = gold != 0
inputs = {
    "word_ids": np.where(real, rng.integers(1, 9, gold.shape), 0).astype("int32"),
    "case_ids": np.where(real, rng.integers(1, 7, gold.shape), 0).astype("int32"),
    "subword_ids": np.where(real[..., None], rng.integers(1, 31, (2, 4, 3)), 0).astype("int32"),
}
model.compile(keras.optimizers.SGD(0.1), tagger_loss("production", tags), jit_compile=False)
losses = [float(model.train_on_batch(inputs, gold)) for _ in range(4)]
print("LOSSES", keras.backend.backend(), *losses)
"""


def losses(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    result = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    [line] = [line for line in result.stdout.splitlines() if line.startswith("LOSSES")]
    assert line.split()[1] == backend
    return [float(value) for value in line.split()[2:]]


def test_training_goes_down():
    values = losses("tensorflow")
    assert values == sorted(values, reverse=True)


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_jax_trains_to_the_same_losses():
    assert losses("jax") == pytest.approx(losses("tensorflow"), rel=1e-3)
