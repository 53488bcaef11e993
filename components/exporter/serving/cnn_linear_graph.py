"""`CnnLinearTagger` in serving: the same logits from few ops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from keras import layers

from components.model.cnn_linear_tagger import LINEAR_STEP, CnnLinearTagger, columns
from components.model.feature_templates import COLUMNS, reach
from components.model.layers import ContextBlock
from components.text.token_positions import TokenPositions
from components.text.transitions import FORBIDDEN

_NEAR = "near"


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
        # Sums of rows with mean 0 have mean 0, so the normalization need not subtract it.
        rows = np.concatenate([*embeddings.values()])
        self._embeddings = tf.Variable(rows - rows.mean(1, keepdims=True), name="embeddings")
        share = sizes["network_share"]
        # Row 0 has weights of 0, for features that own no row.
        owners = np.pad(np.asarray(tagger.linear.owners).astype(np.uint32), [[1, 0]])
        weights = np.pad(LINEAR_STEP * (1 - share) * tagger.linear.folded(), [[1, 0], [0, 0]])
        self._weights = tf.Variable(weights * (owners > 0)[:, None], name="linear_weights")
        self._owners = tf.Variable(distinct_bits(tf.constant(owners), tagger.linear.row_bits), name="linear_owners")
        widen = _affine(tagger.input_norm, tagger.widen)
        self._widen = tf.Variable(np.concatenate([*widen]), name="widen")
        *inner, last = tagger.blocks
        blocks = [*((block, True) for block in inner), (last, False)]
        self._blocks = [_Block(*block, None if at else self._widen.numpy()) for at, block in enumerate(blocks)]
        kernel, bias = _affine(last.norm, tagger.scores)
        pad = np.array([FORBIDDEN, *[0] * (bias.shape[1] - 1)], np.float32)
        self._kernel = tf.Variable(share * kernel, name="scores")
        self._bias = tf.Variable(share * bias[0] + pad, name="scores_bias")
        vectors = [] if tagger.word_vectors is None else [variable.value for variable in tagger.word_vectors.weights]
        self.variables = [
            *(self._embeddings, self._weights, self._owners, self._widen, self._kernel, self._bias),
            *(variable for block in self._blocks for variable in block.variables),
            *vectors,
        ]
        self.receptive_field = tagger.receptive_field

    def inputs(self, features: Mapping[str, tf.RaggedTensor], positions: TokenPositions) -> dict[str, tf.Tensor]:
        """Returns the arguments of a call from the features of sentences."""
        near = positions.tokens[:, None] + np.arange(-self._far, self._far + 1)
        inside = (near >= positions.first[:, None]) & (near < positions.end[:, None])
        flat = {name: values.flat_values for name, values in features.items()}
        return {**flat, _NEAR: tf.where(inside, near, positions.splits[-1])}

    @staticmethod
    def part(inputs: Mapping[str, tf.Tensor], begin: tf.Tensor, end: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the arguments of a call for some of the tokens; all others count as outside of their sentences."""
        part = {name: values[begin:end] for name, values in inputs.items()}
        near = part[_NEAR] - tf.cast(begin, tf.int64)
        count = tf.shape(near, tf.int64)[0]
        return {**part, _NEAR: tf.where((near >= 0) & (near < count), near, count)}

    def __call__(self, inputs: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Computes the logits.

        Args:
            inputs: features of each token, [tokens, ...]; and the indices of the tokens around it, int64
                [tokens, 2 * distance + 1], in which the number of tokens stands for those outside its sentence.
            training: always False.

        Returns:
            Float32 [tokens, tags].
        """
        features = columns(inputs)[:, : self._tagger.linear.columns]  # [tokens, columns]
        return self._network(inputs, features) + self._linear(features, inputs[_NEAR])

    def _network(self, inputs: Mapping[str, tf.Tensor], features: tf.Tensor) -> tf.Tensor:
        tagger = self._tagger
        x = _row_sums(self._embeddings, features + self._first_rows)
        if tagger.word_vectors is not None:
            x += _centered(tagger.word_vectors(inputs["vector_ids"]))
        # The column of ones carries the bias: unlike a bias, it is 0 outside the sentence.
        read = tf.pad(_scaled(x, tagger.input_norm.epsilon), [[0, 0], [0, 1]], constant_values=1)
        x = tf.matmul(read, self._widen)  # [tokens, width]
        for block in self._blocks:
            x = read = block(x, self._around(read, inputs[_NEAR], block.dilation, block.dilation))
        return tf.nn.bias_add(tf.matmul(x, self._kernel), self._bias)

    def _linear(self, features: tf.Tensor, near: tf.Tensor) -> tf.Tensor:
        linear = self._tagger.linear
        hashes = linear.hashes_of(self._around(features, near, reach()))  # [tokens, features]
        rows = linear.rows_of(hashes) + 1
        owned = tf.equal(tf.gather(self._owners, rows), distinct_bits(hashes, linear.row_bits))
        return _row_sums(self._weights, rows * tf.cast(owned, tf.int32))

    def _around(self, values: tf.Tensor, near: tf.Tensor, most: int, step: int = 1) -> tf.Tensor:
        """Concatenates the values of the tokens up to a distance: [tokens, distances * width]; 0 outside."""
        rows = near[:, self._far - most : self._far + most + 1 : step]
        return tf.reshape(tf.gather(tf.pad(values, [[0, 1], [0, 0]]), rows), [-1, rows.shape[1] * values.shape[1]])


class _Block:
    """`ContextBlock` for windows of its inputs, or of what a linear layer makes its inputs of."""

    def __init__(self, block: ContextBlock, scaled: bool, before: np.ndarray | None = None) -> None:
        """Copies the weights.

        Args:
            block: the trained block.
            scaled: whether the outputs have the scale and the bias of the normalization.
            before: kernel of the linear layer, float [narrow, width].
        """
        mix, norm = block.mix, block.norm
        kernel = np.asarray(mix.kernel)  # [3 * width, 2 * width]
        if before is not None:
            kernel = np.concatenate([before @ part for part in np.split(kernel, 3)])  # [3 * narrow, 2 * width]
        # Two products of matrices: TensorFlow computes the sigmoid together with a product, and nothing is split.
        vectors = [*np.split(np.asarray(mix.bias), 2), *([norm.gamma, norm.beta] if scaled else [])]
        arrays = *np.split(kernel, 2, axis=1), np.stack([np.asarray(vector) for vector in vectors])
        self.variables = [tf.Variable(array, name=f"{block.name}_{at}") for at, array in enumerate(arrays)]
        self.dilation, self._epsilon = block.dilation, norm.epsilon

    def __call__(self, x: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
        """Returns the outputs, [tokens, width], for the inputs, [tokens, width], and windows, [tokens, 3 * ...]."""
        kernel, gate_kernel, vectors = self.variables
        bias, gate_bias, *scale = tf.unstack(vectors)
        values = tf.nn.bias_add(tf.matmul(window, kernel), bias)
        gates = tf.sigmoid(tf.nn.bias_add(tf.matmul(window, gate_kernel), gate_bias))
        normalized = _scaled(_centered(x + values * gates), self._epsilon)
        return normalized * scale[0] + scale[1] if scale else normalized


def distinct_bits(hashes: tf.Tensor, row_bits: int) -> tf.Tensor:
    """Returns enough bits of each hash to distinguish it from the others of its row.

    `ContextFeatures.rows_of` puts bits 1 to `row_bits` into the row. With 128 parts or more, which `row_bits` > 0
    implies, all but 9 of the upper 16 bits follow from it. The table of owners has half the size with 16 bits, and
    is read faster.

    Args:
        hashes: uint32, odd.
        row_bits: of `ContextFeatures`.

    Returns:
        int16 from 8 `row_bits` on, that is 32,768 rows; int32 otherwise.
    """
    if row_bits < 8:
        return tf.bitcast(hashes, tf.int32)
    return tf.cast(tf.bitwise.right_shift(hashes, np.uint32(row_bits + 1)), tf.int16)


def _affine(norm: layers.LayerNormalization, dense: layers.Dense) -> tuple[np.ndarray, np.ndarray]:
    """Returns kernel and bias of a normalization's scale and bias and of a layer after it.

    Returns:
        float32 [inputs, outputs] and [1, outputs].
    """
    gamma, beta, kernel, bias = map(np.asarray, (norm.gamma, norm.beta, dense.kernel, dense.bias))
    return gamma[:, None] * kernel, (beta @ kernel + bias)[None]


def _centered(x: tf.Tensor) -> tf.Tensor:
    """Returns each row with mean 0."""
    return x - tf.reduce_mean(x, -1, keepdims=True)


def _scaled(x: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Returns each row, which has mean 0, with variance 1."""
    return x * tf.math.rsqrt(tf.reduce_mean(x * x, -1, keepdims=True) + epsilon)


def _row_sums(table: tf.Variable, rows: tf.Tensor) -> tf.Tensor:
    """Returns the sums of rows of a table: [tokens, width], from int32 [tokens, rows]."""
    count = tf.shape(rows)[0]
    tokens = tf.reshape(tf.range(count)[:, None] + tf.zeros_like(rows), [-1])
    return tf.raw_ops.SparseSegmentSumWithNumSegments(
        data=table, indices=tf.reshape(rows, [-1]), segment_ids=tokens, num_segments=count
    )
