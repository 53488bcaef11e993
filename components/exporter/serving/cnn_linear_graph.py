"""`CnnLinearTagger` in serving: the same logits from few ops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from components.model.cnn_linear_tagger import LINEAR_STEP, CnnLinearTagger, columns
from components.model.context_block import ContextBlock
from components.model.feature_templates import COLUMNS, reach
from components.text.token_positions import TokenPositions
from components.text.transitions import FORBIDDEN

_BEFORE, _AFTER = "before", "after"


class CnnLinearGraph:
    """Logits of concatenated sentences, without padding.

    Neighbours are looked up by position; one outside the sentence is a row of zeros, as padding is to the tagger. Rows
    of tables are summed while they are read: those of a batch of 32 sentences take 2 MB, and allocating these takes
    longer than reading them.

    The logits are those of the tagger up to rounding, because sums have another order and consecutive products of
    matrices are computed once, here.

    Example: tests/components/exporter/serving/test_cnn_linear_graph.py.
    """

    def __init__(self, tagger: CnnLinearTagger) -> None:
        """Copies the weights of a trained tagger."""
        self._tagger = tagger
        sizes = tagger.get_config()
        self._far = max(*sizes["dilations"], reach())
        subwords = [tagger.subword_embedding.table] * (COLUMNS - 2)
        codes = [gazetteer.table for gazetteer in tagger.gazetteers]
        clusters = [tagger.clusters.table] * len(tagger.linear.clusters) if tagger.clusters is not None else []
        tables = [tagger.word_embedding, tagger.case_embedding, *subwords, *codes, *clusters]  # of each column
        embeddings = {id(table): np.asarray(table.embeddings) for table in tables}
        firsts = dict(zip(embeddings, np.cumsum([0, *map(len, embeddings.values())]).tolist(), strict=False))
        self._first_rows = np.array([firsts[id(table)] for table in tables], np.int32)
        self._embeddings = tf.Variable(np.concatenate([*embeddings.values()]), name="embeddings")
        share = sizes["network_share"]
        self._weights = tf.Variable(LINEAR_STEP * (1 - share) * tagger.linear.folded(), name="linear_weights")
        owners = np.asarray(tagger.linear.owners).astype(np.uint32)
        self._owners = tf.Variable(owners.view(np.int32), name="linear_owners")
        widen = _affine(tagger)
        self._widen = tf.Variable(widen, name="widen")
        self._blocks = [_Block(block, None if number else widen) for number, block in enumerate(tagger.blocks)]
        kernel, bias = (np.asarray(weight) for weight in (tagger.scores.kernel, tagger.scores.bias))
        pad = np.array([FORBIDDEN, *[0] * (len(bias) - 1)], np.float32)
        self._kernel = tf.Variable(share * kernel, name="scores")
        self._bias = tf.Variable(share * bias + pad, name="scores_bias")
        vectors = [] if tagger.word_vectors is None else [variable.value for variable in tagger.word_vectors.weights]
        self.variables = [
            *(self._embeddings, self._weights, self._owners, self._widen, self._kernel, self._bias),
            *(variable for block in self._blocks for variable in block.variables),
            *vectors,
        ]
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
        return self._network(inputs, features, near) + self._linear(features, near)

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
        # The column of ones carries the bias: unlike a bias, it is 0 outside the sentence.
        read = tf.pad(_normalized(x, tagger.input_norm.epsilon), [[0, 0], [0, 1]], constant_values=1)
        x = tf.matmul(read, self._widen)  # [tokens, width]
        for block in self._blocks:
            x = read = block(x, self._around(read, near, block.dilation, block.dilation))
        return tf.nn.bias_add(tf.matmul(x, self._kernel), self._bias)

    def _linear(self, features: tf.Tensor, near: tf.Tensor) -> tf.Tensor:
        linear = self._tagger.linear
        matrix, salts = linear.multilinear()
        sums = tf.matmul(self._around(features, near, reach()), matrix) + salts  # overflows on purpose
        hashes = linear.spread(tf.bitcast(sums, tf.uint32))  # [tokens, features]
        rows = linear.rows_of(hashes)
        owned = tf.equal(tf.gather(self._owners, rows), tf.bitcast(hashes, tf.int32))
        return _row_sums(self._weights, rows, owned)

    def _around(self, values: tf.Tensor, near: tf.Tensor, most: int, step: int = 1) -> tf.Tensor:
        """Concatenates the values of the tokens up to a distance: [tokens, distances * width]; 0 outside."""
        rows = near[:, self._far - most : self._far + most + 1 : step]
        return tf.reshape(tf.gather(tf.pad(values, [[0, 1], [0, 0]]), rows), [-1, rows.shape[1] * values.shape[1]])


class _Block:
    """`ContextBlock` for windows of its inputs, or of what a linear layer makes its inputs of."""

    def __init__(self, block: ContextBlock, before: np.ndarray | None = None) -> None:
        """Copies the weights.

        Args:
            block: the trained block.
            before: kernel of the linear layer, float [narrow, width].
        """
        mix, norm = block.mix, block.norm
        kernel = np.asarray(mix.kernel)  # [3 * width, 2 * width]
        if before is not None:
            kernel = np.concatenate([before @ part for part in np.split(kernel, 3)])  # [3 * narrow, 2 * width]
        # Two products of matrices: TensorFlow computes the sigmoid together with a product, and nothing is split.
        halves = [*np.split(kernel, 2, axis=1), *np.split(np.asarray(mix.bias), 2), norm.gamma, norm.beta]
        self.dilation, self._epsilon = block.dilation, norm.epsilon
        self.variables = [tf.Variable(np.asarray(half), name=f"{block.name}_{at}") for at, half in enumerate(halves)]

    def __call__(self, x: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
        """Returns the outputs, [tokens, width], for the inputs, [tokens, width], and windows, [tokens, 3 * ...]."""
        kernel, gate_kernel, bias, gate_bias, gamma, beta = self.variables
        values = tf.nn.bias_add(tf.matmul(window, kernel), bias)
        gates = tf.sigmoid(tf.nn.bias_add(tf.matmul(window, gate_kernel), gate_bias))
        return _normalized(x + values * gates, self._epsilon) * gamma + beta


def _affine(tagger: CnnLinearTagger) -> np.ndarray:
    """Returns the layer `widen`, and scale and bias of the normalization before it: float32 [inputs + 1, width]."""
    norm, widen = tagger.input_norm, tagger.widen
    gamma, beta, kernel, bias = map(np.asarray, (norm.gamma, norm.beta, widen.kernel, widen.bias))
    return np.concatenate([gamma[:, None] * kernel, [beta @ kernel + bias]])


def _normalized(x: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Returns each row with mean 0 and variance 1."""
    centered = x - tf.reduce_mean(x, -1, keepdims=True)
    return centered * tf.math.rsqrt(tf.reduce_mean(centered * centered, -1, keepdims=True) + epsilon)


def _row_sums(table: tf.Variable, rows: tf.Tensor, kept: tf.Tensor | None = None) -> tf.Tensor:
    """Returns the sums of rows of a table: [tokens, width], from int32 [tokens, rows] and maybe which of them count."""
    count = tf.shape(rows)[0]
    if kept is None:
        tokens = tf.reshape(tf.range(count)[:, None] + tf.zeros_like(rows), [-1])
        rows = tf.reshape(rows, [-1])
    else:
        at = tf.where(kept)  # [kept, 2]
        rows, tokens = tf.gather_nd(rows, at), at[:, 0]
    return tf.raw_ops.SparseSegmentSumWithNumSegments(data=table, indices=rows, segment_ids=tokens, num_segments=count)
