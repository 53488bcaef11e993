"""`CnnLinearTagger` in serving: the same logits from few ops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from components.model.cnn_linear_tagger import LINEAR_STEP, CnnLinearTagger, columns
from components.model.feature_templates import COLUMNS, reach
from components.text.token_positions import TokenPositions
from components.text.transitions import FORBIDDEN

_BEFORE, _AFTER = "before", "after"


class CnnLinearGraph:
    """Logits of concatenated sentences, without padding.

    Neighbours are looked up by position; one outside the sentence is a row of zeros, as padding is to the tagger. Rows
    of tables are summed while they are read: those of a batch of 32 sentences take 2 MB, and allocating these takes
    longer than reading them.

    The logits are those of the tagger up to rounding, because sums have another order.

    Example: tests/components/exporter/serving/test_cnn_linear_graph.py.
    """

    def __init__(self, tagger: CnnLinearTagger) -> None:
        """Copies the tables of a trained tagger."""
        self._tagger = tagger
        sizes = tagger.get_config()
        self._share = sizes["network_share"]
        self._pad = np.array([FORBIDDEN, *[0] * (sizes["num_tags"] - 1)], np.float32)
        self._far = max(*sizes["dilations"], reach())
        subwords = [tagger.subword_embedding.table] * (COLUMNS - 2)
        codes = [gazetteer.table for gazetteer in tagger.gazetteers]
        clusters = [tagger.clusters.table] * len(tagger.linear.clusters) if tagger.clusters is not None else []
        tables = [tagger.word_embedding, tagger.case_embedding, *subwords, *codes, *clusters]  # of each column
        embeddings = {id(table): np.asarray(table.embeddings) for table in tables}
        firsts = dict(zip(embeddings, np.cumsum([0, *map(len, embeddings.values())]).tolist(), strict=False))
        self._first_rows = np.array([firsts[id(table)] for table in tables], np.int32)
        self._embeddings = tf.Variable(np.concatenate([*embeddings.values()]), name="embeddings")
        weights = LINEAR_STEP * (1 - self._share) * tagger.linear.folded()
        # The first row is that of features without an owner. A product is faster than a choice by `tf.where`.
        self._weights = tf.Variable(np.pad(weights, [[1, 0], [0, 0]]), name="linear_weights")
        owners = np.asarray(tagger.linear.owners).astype(np.uint32)
        self._owners = tf.Variable(owners.view(np.int32), name="linear_owners")
        layers = [tagger.input_norm, tagger.widen, *tagger.blocks, tagger.scores]
        if tagger.word_vectors is not None:
            layers.append(tagger.word_vectors)
        kept = [variable.value for layer in layers for variable in layer.weights]
        self.variables = [self._embeddings, self._weights, self._owners, *kept]
        self.receptive_field = tagger.receptive_field

    @staticmethod
    def inputs(features: Mapping[str, tf.RaggedTensor], positions: TokenPositions) -> dict[str, tf.Tensor]:
        """Returns the arguments of a call from the features of sentences."""
        flat = {name: values.flat_values for name, values in features.items()}
        return {**flat, _BEFORE: positions.before, _AFTER: positions.after}

    def __call__(self, inputs: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Computes the logits.

        Args:
            inputs: features of each token, [tokens, ...], and the numbers of tokens of its sentence before and after
                it, int64 [tokens]; or a part of them with some context.
            training: always False.

        Returns:
            Float32 [tokens, tags].
        """
        features = columns(inputs)[:, : self._tagger.linear.columns]  # [tokens, columns]
        near = self._neighbours(inputs)
        return self._share * self._network(inputs, features, near) + self._linear(features, near) + self._pad

    def _neighbours(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns int32 [tokens, 2 * far + 1], indices of the tokens around each; behind the last outside sentences."""
        before, after = (tf.cast(inputs[name], tf.int32)[:, None] for name in (_BEFORE, _AFTER))
        count = tf.shape(before)[0]
        index = tf.range(count)[:, None]
        steps = tf.range(-self._far, self._far + 1)
        at = index + steps
        inside = (steps >= -tf.minimum(before, index)) & (steps <= tf.minimum(after, count - 1 - index))
        return tf.where(inside, at, count)

    def _network(self, inputs: Mapping[str, tf.Tensor], features: tf.Tensor, near: tf.Tensor) -> tf.Tensor:
        tagger = self._tagger
        x = _row_sums(self._embeddings, features + self._first_rows)
        if tagger.word_vectors is not None:
            x += tagger.word_vectors(inputs["vector_ids"])
        x = tagger.widen(tagger.input_norm(x))  # [tokens, width]
        for block in tagger.blocks:
            x = block.gated(x, self._around(x, near, block.dilation, block.dilation))
        return tagger.scores(x)

    def _linear(self, features: tf.Tensor, near: tf.Tensor) -> tf.Tensor:
        linear = self._tagger.linear
        hashes = linear.hashes_of(self._around(features, near, reach()))  # [tokens, features]
        rows = linear.rows_of(hashes)
        owned = tf.equal(tf.gather(self._owners, rows), tf.bitcast(hashes, tf.int32))
        return _row_sums(self._weights, (rows + 1) * tf.cast(owned, tf.int32))

    def _around(self, values: tf.Tensor, near: tf.Tensor, most: int, step: int = 1) -> tf.Tensor:
        """Concatenates the values of the tokens up to a distance: [tokens, distances * width]; 0 outside."""
        rows = near[:, self._far - most : self._far + most + 1 : step]
        return tf.reshape(tf.gather(tf.pad(values, [[0, 1], [0, 0]]), rows), [-1, rows.shape[1] * values.shape[1]])


def _row_sums(table: tf.Variable, rows: tf.Tensor) -> tf.Tensor:
    """Returns the sums of rows of a table: [tokens, width], from int32 [tokens, rows]."""
    tokens = tf.range(tf.shape(rows)[0])[:, None] + tf.zeros_like(rows)
    return tf.raw_ops.SparseSegmentSum(data=table, indices=tf.reshape(rows, [-1]), segment_ids=tf.reshape(tokens, [-1]))
