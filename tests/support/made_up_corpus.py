"""An artificial corpus that needs no transform graph, and a tagger that trains on it in a second.

Imports Keras: import it in fixtures and programs only.
"""

from __future__ import annotations

import keras
import numpy as np

from components.model.losses import MaskedTokenLoss
from components.trainer.data.batches import Batches
from components.trainer.data.window_table import WindowTable
from components.trainer.loop.training_loop import TrainingLoop
from components.trainer.loop.training_step import supervised, trainable_weights
from components.trainer.scoring.dev_scorer import DevScorer
from support.settings import trainer_settings

TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-LOC")
WORDS = 40


def chunk(windows, seed):
    """Windows whose tags follow from the words: ids 10 to 14 are first names, the word after one is a surname, ids 20
    to 22 are places.
    """
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 12, windows)
    words = random.integers(2, WORDS, lengths.sum())
    tags = np.where((words >= 10) & (words < 15), 2, np.where((words >= 20) & (words < 23), 4, 1))
    follows = np.zeros(len(words), bool)
    follows[1:] = tags[:-1] == 2
    follows[np.cumsum(lengths)[:-1]] = False  # not across the end of a window
    tags[follows & (tags == 1)] = 3
    columns = {
        "word_ids": words,
        "case_ids": words % 6 + 1,
        "subword_ids": words[:, None] + np.arange(10),
        "tag_ids": tags,
    }
    return lengths, columns


def settings(**changes):
    """Settings of a training that takes a second."""
    small = {
        "tagger": "cnn_linear",
        "window_context": 0,
        "batch_size": 16,
        "epochs": 3,
        "warmup": 0.1,
        "averaging": 0.5,
    }
    return trainer_settings(**{**small, "seed": 5, **changes}).for_windows(0)


class SmallTagger(keras.Model):
    """A tagger with all that the loop must handle: embeddings, products, dropout."""

    def __init__(self, dropout):
        super().__init__()
        self.words = keras.layers.Embedding(WORDS, 8)
        self.subwords = keras.layers.Embedding(64, 8)
        self.dropout = keras.layers.Dropout(dropout)
        self.hidden = keras.layers.Dense(16, activation="relu")
        self.scores = keras.layers.Dense(len(TAGS))

    def build(self, input_shape=None):
        self.words.build()
        self.subwords.build()
        self.hidden.build((None, None, 16))
        self.scores.build((None, None, 16))
        self.built = True

    def call(self, inputs, training=False):
        vectors = self.words(inputs["word_ids"]) + keras.ops.sum(self.subwords(inputs["subword_ids"]), axis=2)
        before = keras.ops.pad(vectors, [[0, 0], [1, 0], [0, 0]])[:, :-1]
        hidden = self.hidden(self.dropout(keras.ops.concatenate([vectors, before], -1), training=training))
        return self.scores(hidden) - 1e9 * keras.ops.one_hot(0, len(TAGS))


class MadeUp:
    """The corpus with everything that training on it needs."""

    def __init__(self, folder):
        self.tags, self.settings = TAGS, settings
        self.loss = MaskedTokenLoss()
        self.train = WindowTable.write(folder / "train", [chunk(150, 1)])
        self.dev = WindowTable.write(folder / "dev", [chunk(60, 2)])

    def batches(self, size=16, fixed_shapes=False):
        return Batches(self.train, size, 5, fixed_shapes=fixed_shapes)

    def dev_batches(self, size=32):
        return Batches(self.dev, size)

    def model(self, devices, dropout=0.1):
        """A tagger with the same weights each time."""
        keras.utils.set_random_seed(7)
        with devices.strategy.scope():
            model = SmallTagger(dropout)
            model.build()
        return model

    def scorer(self, model, devices, size=32):
        return DevScorer(model, self.loss, self.dev_batches(size), TAGS, devices, -2.0)

    def fit(self, devices, *, checkpoint=None, log=None, dropout=0.1, scorer=None, batches=None, **changes):
        """Trains a fresh tagger; returns its weights and the result of `TrainingLoop.fit`.

        `scorer` (of a model) and `batches` replace the usual ones, `changes` are settings.
        """
        configured = settings(**changes)
        model = self.model(devices, dropout)
        result = TrainingLoop(model, supervised(self.loss), configured, devices).fit(
            batches or self.batches(configured.batch_size, configured.jit_compile),
            scorer(model) if scorer else self.scorer(model, devices),
            checkpoint=checkpoint,
            log=log,
        )
        return [weight.numpy() for weight in trainable_weights(model)], result
