"""The linear part of a tagger: what stands around a token, one weight for each tag."""

from __future__ import annotations

import functools
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from components.model.feature_templates import COLUMNS, TEMPLATES, reach

# Of the templates, for each of several members.
_MEMBER_SHARE = 0.7
# Any will do, but each model's table depends on it.
_SEED: Final = 20_170_907


@keras.saving.register_keras_serializable(package="ner")
class ContextFeatures(layers.Layer):
    """Sums one weight a tag for each combination of words, cases, shapes and affixes around a token.

    The features of conditional random fields for names (Lafferty et al. 2001; Ratinov and Roth 2009, "Design Challenges
    and Misconceptions in Named Entity Recognition"), which know by heart what a network forgets. A feature is a hash of
    32 bits that finds its row in the table (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask
    Learning"). Unlike there, a row has one owner, the most frequent in training of the features that fall on it, and
    the others count for nothing: rare features only disturb (measured: docs/taggers.md).

    `choose_owners` says which features these are, once, before training.

    Members are tables that are trained side by side, each on templates of its own; their mean is the answer, and
    `folded` makes one table of them. Frequent features otherwise keep the others from learning (Sutton et al. 2006,
    "Reducing Weight Undertraining in Structured Discriminative Learning", which calls this feature bagging).

    Call arguments:
        columns: int [batch, tokens, columns]: word, case and subwords of each token; all 0 at padding.
        training: whether features are left out at random.

    Returns:
        Float [members, batch, tokens, width] in training, [batch, tokens, width] otherwise.
    """

    def __init__(
        self, rows: int, width: int, members: int = 1, rate: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        """Sets the sizes; `rate` is the share of features that training leaves out.

        Of the `rows` up to one in 128 is left out: there are `parts` of them, 255 at most, each a power of two long.
        """
        super().__init__(**kwargs)
        if rows < 1:
            raise ValueError(f"rows must be 1 or more, got {rows}")
        self.row_bits = max(rows.bit_length() - 8, 0)
        self.parts = rows >> self.row_bits
        self.rows, self.width = self.parts << self.row_bits, width
        self.members, self.rate, self.seed = members, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        own = {"dtype": self.dtype_policy}
        self.table = layers.Embedding(self.rows, members * width, embeddings_initializer="zeros", name="table", **own)

    def build(self, input_shape: Any = None) -> None:
        """Creates the table and the owners of its rows; 0, no feature, at first."""
        self.table.build(input_shape)
        # 64 bits: TensorFlow keeps variables of 32-bit integers on the CPU.
        self.owners = self.add_weight(
            shape=(self.rows,), dtype="int64", initializer="zeros", trainable=False, name="owners"
        )
        self.built = True

    def hashes(self, columns: Any) -> Any:
        """Returns uint32 [batch, tokens, features]: the hash of each feature, never 0.

        Unsigned, because TensorFlow multiplies int32 on the CPU only.

        Args:
            columns: int [batch, tokens, columns].

        Raises:
            ValueError: there are fewer columns than the templates look at.
        """
        if columns.shape[-1] is not None and columns.shape[-1] < COLUMNS:  # served graphs may not know it
            raise ValueError(f"the templates look at {COLUMNS} columns of a token, got {columns.shape[-1]}")
        places, factors, salts = _recipe()
        around = _around(ops.cast(columns[..., :COLUMNS], "int32"))
        mixed = ops.convert_to_tensor(salts)
        for place, factor in zip(places, factors, strict=True):
            # Products and sums wrap around: multilinear hashing.
            mixed = mixed + ops.cast(ops.take(around, place, axis=-1), "uint32") * factor
        # Wellons 2018, "Prospecting for Hash Functions": each bit of the sum changes half of the bits.
        for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
            mixed = ops.bitwise_xor(mixed, ops.right_shift(mixed, np.uint32(shift))) * np.uint32(factor)
        return ops.bitwise_or(ops.bitwise_xor(mixed, ops.right_shift(mixed, np.uint32(15))), np.uint32(1))

    def call(self, columns: Any, training: bool = False) -> Any:
        """See the class."""
        hashes = self.hashes(columns)
        rows = self._rows_of(hashes)
        owners = ops.cast(ops.take(self.owners, rows, axis=0), "uint32")
        weights = ops.cast(ops.equal(owners, hashes), self.compute_dtype)  # [batch, tokens, features]
        found = self.table(rows)  # [batch, tokens, features, members * width]
        if not training:
            total = ops.sum(found * ops.expand_dims(weights, -1), axis=2)
            return total if self.members == 1 else ops.mean(self._by_member(total), axis=2)
        has = ops.cast(_templates_of(self.members), weights.dtype)  # [features, members]
        kept = ops.expand_dims(weights, -1) * has  # [batch, tokens, features, members]
        if self.rate:
            drawn = keras.random.uniform(ops.shape(kept), seed=self.seed_generator) >= self.rate
            kept = kept * ops.cast(drawn, kept.dtype) / (1 - self.rate)
        total = ops.sum(self._by_member(found) * ops.expand_dims(kept, -1), axis=2)  # [batch, tokens, members, width]
        return ops.transpose(total, (2, 0, 1, 3))

    def _by_member(self, values: Any) -> Any:
        """Splits the last axis into members and width."""
        return ops.reshape(values, (*ops.shape(values)[:-1], self.members, self.width))

    def folded(self) -> np.ndarray:
        """Returns float32 [rows, width]: the one table that gives what the mean of the members gives."""
        # A member has zeros for what its templates do not reach: the plain mean is right there, too.
        table = ops.convert_to_numpy(self.table.embeddings)
        return table.reshape(self.rows, self.members, self.width).mean(1)

    def choose_owners(self, hashes: np.ndarray, counts: np.ndarray) -> None:
        """Gives each row to the most frequent feature that falls on it.

        Args:
            hashes: uint32 [features], each once.
            counts: int [features], how often each stands in the training split.
        """
        order = np.lexsort((hashes, counts))  # the most frequent last, whatever order they came in
        owners = np.zeros(self.rows, np.int64)
        rows = ops.convert_to_numpy(self._rows_of(ops.convert_to_tensor(hashes[order])))
        owners[rows] = hashes[order]  # of those that share a row the last one stays
        self.owners.assign(owners)

    def _rows_of(self, hashes: Any) -> Any:
        """Int32: the upper 16 bits say which part, and lower ones the row in it; the lowest bit is always set.

        A remainder would do without parts, but TensorFlow takes that of unsigned numbers on the CPU only.
        """
        part = ops.right_shift(ops.right_shift(hashes, np.uint32(16)) * np.uint32(self.parts), np.uint32(16))
        inside = ops.bitwise_and(ops.right_shift(hashes, np.uint32(1)), np.uint32((1 << self.row_bits) - 1))
        return ops.cast(ops.bitwise_or(ops.left_shift(part, np.uint32(self.row_bits)), inside), "int32")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The width takes the columns' place."""
        return (*input_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        sizes = {"rows": self.rows, "width": self.width, "members": self.members, "rate": self.rate, "seed": self.seed}
        return {**super().get_config(), **sizes}


def _around(columns: Any) -> Any:
    """Int32 [batch, tokens, (2 * reach + 1) * columns]: each token's own columns and those of its neighbours."""
    far, count = reach(), ops.shape(columns)[1]
    padded = ops.pad(columns, [[0, 0], [far, far], [0, 0]])
    return ops.concatenate([padded[:, at : at + count] for at in range(2 * far + 1)], axis=-1)


@functools.cache
def _templates_of(members: int) -> np.ndarray:
    """Float32 [features, members]: 1 where a member has a template. A lone member has all, others some at random.

    Each template has a member: where none drew it, they take turns.
    """
    if members == 1:
        return np.ones((len(TEMPLATES), 1), np.float32)
    drawn = np.random.Generator(np.random.PCG64(2006)).random((len(TEMPLATES), members)) < _MEMBER_SHARE
    left = np.flatnonzero(~drawn.any(axis=1))
    drawn[left, np.arange(len(left)) % members] = True
    return drawn.astype(np.float32)


@functools.cache
def _recipe() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How to hash: [slots, features], int32 places in `_around` and uint32 odd factors, and uint32 [features] salts.

    The same in every process: a model's table depends on it.
    """
    slots = max(map(len, TEMPLATES))
    places = np.zeros((slots, len(TEMPLATES)), np.int32)
    used = np.zeros((slots, len(TEMPLATES)), np.uint32)  # 0: the template has fewer slots
    for number, template in enumerate(TEMPLATES):
        for slot, (column, distance) in enumerate(template):
            places[slot, number] = (distance + reach()) * COLUMNS + column
            used[slot, number] = 1
    # Raw bits: what numpy's generators make of them may change with its version.
    bits = np.random.PCG64(_SEED).random_raw((slots + 1) * len(TEMPLATES)).astype(np.uint32)
    numbers = bits.reshape(slots + 1, len(TEMPLATES))
    return places, (numbers[:slots] | np.uint32(1)) * used, numbers[slots]
