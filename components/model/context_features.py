"""Linear expert of a tagger: sparse context features with one weight per tag."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from components.model.feature_templates import (
    CLUSTER_TEMPLATES,
    COLUMNS,
    EXTRA,
    GAZETTEER_TEMPLATES,
    TEMPLATES,
    reach,
)

# Share of the templates that each of several members uses.
_MEMBER_SHARE = 0.7
# Trained tables depend on it.
_SEED: Final = 20_170_907


@keras.saving.register_keras_serializable(package="ner")
class ContextFeatures(layers.Layer):
    """Sum of one weight per tag for each combination of words, cases, shapes and affixes around a token.

    These are the features of conditional random fields for named entities (Lafferty et al. 2001; Ratinov and Roth 2009,
    "Design Challenges and Misconceptions in Named Entity Recognition"). A feature is a 32-bit hash that selects a row
    of the table (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). Unlike in that paper,
    each row belongs to one feature, the most frequent of those with the same row in training; the others are ignored,
    because rare features lower the scores (measured: docs/taggers.md). `choose_owners` assigns the rows once, before
    training.

    Members are tables that are trained together on different subsets of the templates. Serving uses their mean, which
    `folded` computes. Otherwise frequent features keep the others from learning (feature bagging; Sutton et al. 2006,
    "Reducing Weight Undertraining in Structured Discriminative Learning").

    Example:
        >>> layer = ContextFeatures(rows=64, width=5)
        >>> tuple(layer(ops.ones((1, 3, COLUMNS), "int32")).shape)  # [batch, tokens, tags]
        (1, 3, 5)

    Call arguments:
        columns: int [batch, tokens, columns]: word, case, subwords, codes of the gazetteers and clusters of each token;
            all 0 at padding.
        training: whether to drop features at random.

    Returns:
        Float [members, batch, tokens, width] in training, [batch, tokens, width] otherwise.
    """

    def __init__(
        self,
        rows: int,
        width: int,
        members: int = 1,
        rate: float = 0.0,
        seed: int | None = None,
        *,
        gazetteers: Sequence[str] = (),
        clusters: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        """Sets the sizes.

        Args:
            rows: maximum number of rows. Up to one in 128 is not used: the table consists of at most 255 parts, whose
                size is a power of two.
            width: number of weights per feature and member.
            members: number of tables.
            rate: share of features that training drops.
            seed: seed of dropout.
            gazetteers: types of the gazetteers, in the order of their columns. The hashes of their features depend on
                the type only, so a warm start keeps their weights if other gazetteers are added or removed.
            clusters: names of the columns of clusters, which depend on the content of their file, likewise.
            **kwargs: arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        if rows < 1:
            raise ValueError(f"rows must be 1 or more, got {rows}")
        self.row_bits = max(rows.bit_length() - 8, 0)
        self.parts = rows >> self.row_bits
        self.rows, self.width = self.parts << self.row_bits, width
        self.members, self.rate, self.seed = members, rate, seed
        self.gazetteers, self.clusters = tuple(gazetteers), tuple(clusters)
        self.seed_generator = keras.random.SeedGenerator(seed)
        policy = {"dtype": self.dtype_policy}
        self.table = layers.Embedding(
            self.rows, members * width, embeddings_initializer="zeros", name="table", **policy
        )

    def build(self, input_shape: Any = None) -> None:
        """Creates the table and the owners of its rows, initially 0 (no feature)."""
        self.table.build(input_shape)
        # 64 bits: TensorFlow keeps variables of 32-bit integers on the CPU.
        self.owners = self.add_weight(
            shape=(self.rows,), dtype="int64", initializer="zeros", trainable=False, name="owners"
        )
        self.built = True

    def hashes(self, columns: Any) -> Any:
        """Returns the hash of each feature: uint32 [batch, tokens, features], never 0.

        Unsigned, because TensorFlow multiplies int32 only on the CPU.

        Args:
            columns: int [batch, tokens, columns].

        Raises:
            ValueError: there are fewer columns than the templates read.
        """
        count = self.columns
        if columns.shape[-1] is not None and columns.shape[-1] < count:  # unknown in served graphs
            raise ValueError(f"feature templates read {count} columns of a token, got {columns.shape[-1]}")
        return self.hashes_of(_around(ops.cast(columns[..., :count], "int32")))

    @property
    def columns(self) -> int:
        """Number of columns of a token."""
        return COLUMNS + len(self.gazetteers) + len(self.clusters)

    def hashes_of(self, around: Any) -> Any:
        """Returns the hash of each feature: uint32 [..., features].

        Args:
            around: int [..., (2 * reach + 1) * columns], the columns of each token and its neighbours.
        """
        positions, factors, salts = _recipe(self.gazetteers, self.clusters)
        shape = ops.shape(around)
        # Tokens come last: a row is copied at once.
        slots = ops.cast(ops.transpose(ops.reshape(around, (-1, shape[-1]))), "uint32")
        mixed = ops.convert_to_tensor(salts[:, None])
        for position, factor in zip(positions, factors, strict=True):
            # Multilinear hashing: products and sums overflow on purpose.
            mixed = mixed + ops.take(slots, position, axis=0) * factor[:, None]  # [features, all tokens]
        # Wellons 2018, "Prospecting for Hash Functions": each bit of the sum affects half of the bits.
        for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
            mixed = ops.bitwise_xor(mixed, ops.right_shift(mixed, np.uint32(shift))) * np.uint32(factor)
        hashes = ops.bitwise_or(ops.bitwise_xor(mixed, ops.right_shift(mixed, np.uint32(15))), np.uint32(1))
        return ops.reshape(ops.transpose(hashes), (*shape[:-1], len(salts)))

    def call(self, columns: Any, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        hashes = self.hashes(columns)
        rows = self.rows_of(hashes)
        owners = ops.cast(ops.take(self.owners, rows, axis=0), "uint32")
        weights = ops.cast(ops.equal(owners, hashes), self.compute_dtype)  # [batch, tokens, features]
        values = self.table(rows)  # [batch, tokens, features, members * width]
        if not training:
            total = ops.sum(values * ops.expand_dims(weights, -1), axis=2)
            return total if self.members == 1 else ops.mean(self._by_member(total), axis=2)
        used = ops.cast(member_templates(self.members, self._features), weights.dtype)  # [features, members]
        kept = ops.expand_dims(weights, -1) * used  # [batch, tokens, features, members]
        if self.rate:
            drawn = keras.random.uniform(ops.shape(kept), seed=self.seed_generator) >= self.rate
            kept = kept * ops.cast(drawn, kept.dtype) / (1 - self.rate)
        total = ops.sum(self._by_member(values) * ops.expand_dims(kept, -1), axis=2)  # [batch, tokens, members, width]
        return ops.transpose(total, (2, 0, 1, 3))

    @property
    def _features(self) -> int:
        extra = len(self.gazetteers) * len(GAZETTEER_TEMPLATES) + len(self.clusters) * len(CLUSTER_TEMPLATES)
        return len(TEMPLATES) + extra

    def _by_member(self, values: Any) -> Any:
        """Splits the last axis into members and width."""
        return ops.reshape(values, (*ops.shape(values)[:-1], self.members, self.width))

    def folded(self) -> np.ndarray:
        """Returns the mean of the members' tables: float32 [rows, width]."""
        # Rows that a member does not use are 0 in its table, so the plain mean is correct.
        table = ops.convert_to_numpy(self.table.embeddings)
        return table.reshape(self.rows, self.members, self.width).mean(1)

    def owned(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the features that own a row: their hashes, uint32 [features], and weights, float32 [features, width].

        The weights are the means of the members' tables.
        """
        owners = ops.convert_to_numpy(self.owners)
        used = np.flatnonzero(owners)
        return owners[used].astype(np.uint32), self.folded()[used]

    def assign_weights(self, hashes: np.ndarray, weights: np.ndarray, templates: np.ndarray) -> None:
        """Gives features that own a row weights in all members, so that the mean of the members is these weights.

        Args:
            hashes: uint32 [features], distinct; a feature that owns no row is skipped.
            weights: float32 [features, width].
            templates: int [features], the template of each feature, which decides the members that use it; -1 if it
                is unknown, because the feature does not occur in the data to train on: its weights will not change.
        """
        rows = ops.convert_to_numpy(self.rows_of(ops.convert_to_tensor(hashes)))
        kept = ops.convert_to_numpy(self.owners)[rows] == hashes
        used = np.concatenate(
            [member_templates(self.members, self._features), np.ones((1, self.members), np.float32)]
        )  # the last: unknown
        shares = (self.members * used / used.sum(1, keepdims=True))[templates[kept]]  # [features, members]
        table = ops.convert_to_numpy(self.table.embeddings).copy()
        table[rows[kept]] = (shares[:, :, None] * weights[kept, None, :]).reshape(len(shares), -1)
        self.table.embeddings.assign(table)

    def choose_owners(self, hashes: np.ndarray, counts: np.ndarray) -> None:
        """Assigns each row to the most frequent of its features.

        Args:
            hashes: uint32 [features], distinct.
            counts: int [features], frequency in the training split.
        """
        order = np.lexsort((hashes, counts))  # independent of the order of the arguments
        owners = np.zeros(self.rows, np.int64)
        rows = ops.convert_to_numpy(self.rows_of(ops.convert_to_tensor(hashes[order])))
        owners[rows] = hashes[order]  # the last, most frequent one remains
        self.owners.assign(owners)

    def rows_of(self, hashes: Any) -> Any:
        """Returns the row of each hash, int32: the upper 16 bits select the part, the lower ones the row in it.

        The lowest bit is skipped, because it is always set. A remainder needs no parts, but TensorFlow computes it for
        unsigned integers only on the CPU.
        """
        part = ops.right_shift(ops.right_shift(hashes, np.uint32(16)) * np.uint32(self.parts), np.uint32(16))
        inside = ops.bitwise_and(ops.right_shift(hashes, np.uint32(1)), np.uint32((1 << self.row_bits) - 1))
        return ops.cast(ops.bitwise_or(ops.left_shift(part, np.uint32(self.row_bits)), inside), "int32")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Replaces the last dimension by the width."""
        return (*input_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        sizes = {"rows": self.rows, "width": self.width, "members": self.members, "rate": self.rate, "seed": self.seed}
        extra = {"gazetteers": list(self.gazetteers), "clusters": list(self.clusters)}
        return {**super().get_config(), **sizes, **extra}


def _around(columns: Any) -> Any:
    """Returns the columns of each token and its neighbours: int32 [batch, tokens, (2 * reach + 1) * columns]."""
    far, count = reach(), ops.shape(columns)[1]
    padded = ops.pad(columns, [[0, 0], [far, far], [0, 0]])
    return ops.concatenate([padded[:, at : at + count] for at in range(2 * far + 1)], axis=-1)


@functools.cache
def member_templates(members: int, count: int = len(TEMPLATES)) -> np.ndarray:
    """Returns the templates that each member uses: float32 [features, members], 0 or 1.

    A single member uses all; several use random subsets, and templates that none drew are dealt out in turn.

    Example:
        >>> [bool(kept.all()) for kept in (member_templates(1), member_templates(3).any(axis=1), member_templates(3))]
        [True, True, False]
    """
    if members == 1:
        return np.ones((count, 1), np.float32)
    drawn = np.random.Generator(np.random.PCG64(2006)).random((count, members)) < _MEMBER_SHARE
    unused = np.flatnonzero(~drawn.any(axis=1))
    drawn[unused, np.arange(len(unused)) % members] = True
    return drawn.astype(np.float32)


@functools.cache
def _recipe(gazetteers: tuple[str, ...], clusters: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the constants of the hash function, on which trained tables depend.

    Returns:
        int32 [slots, features], positions in `_around`; uint32 [slots, features], odd factors; uint32 [features],
        salts.
    """
    slots, count = max(map(len, TEMPLATES)), COLUMNS + len(gazetteers) + len(clusters)
    parts = [_constants(TEMPLATES, slots, _SEED)]
    templates = [*TEMPLATES]
    extra = [*((name, GAZETTEER_TEMPLATES) for name in gazetteers), *((name, CLUSTER_TEMPLATES) for name in clusters)]
    for column, (name, own) in enumerate(extra, COLUMNS):
        templates += [tuple((column if slot == EXTRA else slot, at) for slot, at in template) for template in own]
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        parts.append(_constants(own, slots, seed))
    positions = np.zeros((slots, len(templates)), np.int32)
    for number, template in enumerate(templates):
        for slot, (column, distance) in enumerate(template):
            positions[slot, number] = (distance + reach()) * count + column
    factors, salts = (np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True))
    return positions, factors, salts


def _constants(templates: Sequence[Sequence[object]], slots: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns uint32 [slots, features], odd factors, 0 where a template has fewer slots; uint32 [features], salts."""
    used = np.arange(slots)[:, None] < np.array([len(template) for template in templates])
    # Raw bits, because the streams of numpy's Generator may change between versions.
    bits = np.random.PCG64(seed).random_raw((slots + 1) * len(templates)).astype(np.uint32)
    numbers = bits.reshape(slots + 1, len(templates))
    return (numbers[:slots] | np.uint32(1)) * used.astype(np.uint32), numbers[slots]
