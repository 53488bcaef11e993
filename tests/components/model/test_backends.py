"""Equivalence of a tagger on several Keras backends."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.extended

# With equal weights and inputs and without dropout, all backends must agree.
PROGRAM = """
import json

import keras
import numpy as np
from components.model.cnn_linear_tagger import columns
from components.model.taggers import build_tagger, tagger_loss

tags = ["[PAD]", "O", "B-X", "I-X"]
sizes = dict(num_tags=4, vocab_size=9, num_cases=7, num_subwords=31)
model = build_tagger("cnn_linear", sizes, embed_dim=8, width=8, dilations=[1, 2], input_dropout=0.0, dropout=0.0,
                     word_dropout=0.0, subword_dropout=0.0, linear_weights=4 << 9, linear_members=2, linear_dropout=0.0)
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
    "subword_ids": np.where(real[..., None], rng.integers(1, 31, (2, 4, 10)), 0).astype("int32"),
}
hashes = keras.ops.convert_to_numpy(model.linear.hashes(columns(inputs)))
model.linear.choose_owners(*np.unique(hashes, return_counts=True))
model.compile(keras.optimizers.SGD(0.1), tagger_loss("cnn_linear", tags), jit_compile=False)
losses = [float(model.train_on_batch(inputs, gold)) for _ in range(4)]
print("RESULT", json.dumps({
    "backend": keras.backend.backend(),
    "hashes": hashes.tolist(),
    "owners": keras.ops.convert_to_numpy(model.linear.owners).astype("uint32").tolist(),
    "losses": losses,
    "logits": keras.ops.convert_to_numpy(model(inputs))[real][:, 1:].reshape(-1).tolist(),
}))
"""


@functools.cache
def results(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    result = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    [line] = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    values = json.loads(line.removeprefix("RESULT "))
    assert values.pop("backend") == backend
    return values


def test_training_loss_decreases():
    losses = results("tensorflow")["losses"]
    assert losses == sorted(losses, reverse=True)


needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")


@needs_jax
def test_jax_has_the_same_hashes_and_owners():
    tensorflow, jax = results("tensorflow"), results("jax")
    assert jax["hashes"] == tensorflow["hashes"]
    assert jax["owners"] == tensorflow["owners"]
    assert any(tensorflow["owners"])


@needs_jax
def test_jax_has_the_same_losses_and_logits():
    tensorflow, jax = results("tensorflow"), results("jax")
    assert jax["losses"] == pytest.approx(tensorflow["losses"], rel=1e-3)
    assert jax["logits"] == pytest.approx(tensorflow["logits"], rel=1e-2, abs=1e-3)
