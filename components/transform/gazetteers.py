"""Names of user-given gazetteers in the transform graph.

The graph looks up 64-bit hashes of token sequences: that takes no loop over the tokens, and a table of numbers takes
less memory than one of texts. Another text has the hash of one of a million names with a probability of 1e-13.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from components.common.hashing import content_version, require_content
from components.common.iterables import batched
from components.keys import GAZETTEER_CODES
from components.text.folding import fold
from components.text.token_positions import row_ids
from components.text.tokenizer import Tokens, tokenize
from components.transform.features import GAZETTEER, GAZETTEER_TABLES
from components.transform.settings import GazetteerSettings
from components.transform.text_file import TextFile, TextFileError
from components.transform.vocabulary_asset import vocabulary_table

NONE, BEGIN, INSIDE, LAST, SINGLE = range(1, GAZETTEER_CODES)
"""Codes of a token; 0 is padding."""

MOST_TOKENS = 12
"""Longer names are left out: the graph compares every token with names of all lengths."""

SHORTEST_STEM = 3
"""Characters of a token that remain if its ending is removed; shorter tokens keep it."""

_FORMAT = "UTF-8 text (plain or .gz) with a name on each line"
_HASHES = (1 << 63) - 1
# Odd, so products lose no bits. Tables of exported models depend on it.
_FACTOR = 0x2545F4914F6CDD1D
_POWERS = np.array([pow(_FACTOR, power, 1 << 64) for power in range(MOST_TOKENS)], np.uint64).astype(np.int64)
_CHUNK = 20_000  # names tokenized at once


class _Rule(NamedTuple):
    """Rule that tells which tokens are equal.

    Attributes:
        case: case rule.
        endings: endings of words that do not count.
    """

    case: str
    endings: tuple[str, ...]

    def hashes(self, tokens: tf.Tensor, folded: tf.Tensor) -> tf.Tensor:
        """Hashes tokens: int64 [tokens]. Folded tokens with a digit (0) keep it: not every year is a name.

        Args:
            tokens: string [tokens].
            folded: the tokens with case and digits folded.
        """
        if self.case == "folded":
            tokens = tf.where(tf.strings.regex_full_match(folded, ".*0.*"), tokens, folded)
        if self.endings:  # the stem is as short as possible, so the ending is the longest one
            endings = [fold(ending) if self.case == "folded" else ending for ending in self.endings]  # ς is σ
            pattern = rf"(?s)^(.{{{SHORTEST_STEM},}}?)(?:{'|'.join(map(re.escape, endings))})$"
            tokens = tf.strings.regex_replace(tokens, pattern, r"\1")
        return tf.strings.to_hash_bucket_fast(tokens, _HASHES)  # never changes, says TensorFlow


@dataclasses.dataclass(frozen=True)
class Gazetteers:
    """Names of all gazetteers.

    Attributes:
        types: types in alphabetical order.
        tables: hash of each name -> types of the name, as bits in the order of `types`; by rule.
        longest: tokens of the longest name.
    """

    types: Sequence[str]
    tables: Mapping[_Rule, Mapping[int, int]]
    longest: int

    @classmethod
    def read(cls, files: Sequence[GazetteerSettings], tokenizer: str, versions: Sequence[str] = ()) -> Gazetteers:
        """Reads the files.

        Args:
            files: path, type and case rule of each.
            tokenizer: name of the tokenizer.
            versions: content of each file at the start of the run (`content_version`); default: the present content.

        Raises:
            TextFileError: a file is invalid or has no name.
            NerError: a file has another content.
        """
        return _read(tuple(files), tokenizer, tuple(versions) or tuple(content_version(file.path) for file in files))

    @staticmethod
    def check(path: str) -> None:
        """Checks that a file is valid.

        Raises:
            TextFileError: the file is invalid or has no name.
        """
        count = sum(1 for _ in _names(path))
        if not count:
            raise TextFileError(path, None, "has no name", f"Use {_FORMAT}.")

    def codes(self, tokens: Tokens, folded: tf.RaggedTensor) -> dict[str, tf.RaggedTensor]:
        """Marks the tokens of names: the longest one at each token, and of overlapping ones the one that begins first.

        Args:
            tokens: tokens of a batch of sentences.
            folded: the tokens with case and digits folded.

        Returns:
            By name of the feature (`GAZETTEER` and the type) int64 ragged [batch, tokens]: NONE, or BEGIN, INSIDE, LAST
            or SINGLE token of a name.

        Example: tests/components/transform/test_gazetteers.py.
        """
        splits = tokens.tokens.row_splits
        number = tf.range(splits[-1])[:, None]  # [tokens, 1]
        steps = np.arange(self.longest)
        index = number + steps  # [tokens, lengths]
        types = tf.zeros_like(index)  # bits
        for rule_number, (rule, table) in enumerate(self.tables.items()):
            lines = (f"{key}\t{value}" for key, value in table.items())
            name = f"{GAZETTEER_TABLES}_{rule.case}"
            if rule.endings:  # there may be several rules with endings
                name = f"{name}_{rule_number}"
            lookup = vocabulary_table(name, lines, with_ids=True, default=0, key_type=tf.int64)
            hashes = rule.hashes(tokens.tokens.flat_values, folded.flat_values)
            types |= lookup.lookup(_name_hashes(tf.gather(tf.pad(hashes, [[0, self.longest]]), index)))
        row_ends = tf.gather(splits, row_ids(splits) + 1)[:, None]
        types = tf.where(index < row_ends, types, 0)
        bits = tf.constant([1 << bit for bit in range(len(self.types))], tf.int64)
        matches = tf.cast(tf.bitwise.bitwise_and(types[:, :, None], bits) > 0, tf.int64)  # [tokens, lengths, types]
        ends = number + tf.reduce_max(matches * (steps + 1)[:, None], 1)  # [tokens, types]; the token itself: no match
        # Each token looks back: at the `longest` tokens up to itself, and how far the names that begin there reach.
        reached = tf.gather(tf.pad(ends, [[self.longest - 1, 0], [0, 0]]), index) - number[:, :, None]
        # The earliest begin has the highest rank; the lowest bit says whether the name ends at this token.
        ranks = 2 * np.arange(self.longest, 0, -1)[:, None] + tf.cast(tf.equal(reached, 1), tf.int64)
        best = tf.reduce_max(tf.where(reached > 0, ranks, 0), 1)  # [tokens, types]
        code = tf.gather(tf.constant([NONE, NONE, BEGIN, SINGLE, *[INSIDE, LAST] * self.longest], tf.int64), best)
        return {
            GAZETTEER + name: tokens.tokens.with_flat_values(code[:, column]) for column, name in enumerate(self.types)
        }


# Tracing a graph calls it several times.
@functools.lru_cache(maxsize=2)
def _read(files: tuple[GazetteerSettings, ...], tokenizer: str, versions: tuple[str, ...]) -> Gazetteers:
    types = sorted({file.type for file in files})
    tables: dict[_Rule, dict[int, int]] = {}
    longest = 1
    for number, (file, version) in enumerate(zip(files, versions, strict=True)):
        rule = _Rule(file.case, file.endings)
        table, bit = tables.setdefault(rule, {}), 1 << types.index(file.type)
        count = skipped = 0
        for chunk in batched(_names(file.path), _CHUNK):
            hashes, lengths = _hashed([name for _, name in chunk], tokenizer, rule)
            if not lengths.all():
                line, _ = chunk[int(np.argmin(lengths))]
                raise TextFileError(file.path, line, "the line has no token", "Remove it.")
            fits = lengths <= MOST_TOKENS
            for key in hashes[fits].tolist():
                table[key] = table.get(key, 0) | bit
            count, skipped = count + int(fits.sum()), skipped + int((~fits).sum())
            longest = max(longest, int(lengths[fits].max(initial=1)))
        if not count:
            raise TextFileError(file.path, None, f"has no name of at most {MOST_TOKENS} tokens", f"Use {_FORMAT}.")
        require_content(f"transform.gazetteers.{number}.path", file.path, version)
        left_out = f", {skipped} of more than {MOST_TOKENS} tokens left out" if skipped else ""
        logging.info("%s: %d names of type %s%s", file.path, count, file.type, left_out)
    return Gazetteers(types, tables, longest)


def _names(path: str) -> Iterator[tuple[int, str]]:
    """Yields (line number, name); lines that are empty, `#`, or begin with `# ` have none."""
    file = TextFile(path, _FORMAT)
    for line, text in file:
        name = text.strip()
        if name and name != b"#" and not name.startswith(b"# "):
            if b"\t" in name:
                problem = f"a tab in the name {file.decoded(line, name, 'name')!r}"
                raise TextFileError(path, line, problem, "Keep one column, for example with `cut -f 1`.")
            yield line, file.decoded(line, name, "name")


def _hashed(names: Sequence[str], tokenizer: str, rule: _Rule) -> tuple[np.ndarray, np.ndarray]:
    """Returns hashes and numbers of tokens, int64 [names].

    Only the start of a name of more than `MOST_TOKENS` counts. The ops are those of the graph, so that names and
    sentences agree.
    """
    with tf.init_scope():  # computes at once, while a graph is traced
        tokens = tokenize(tf.constant(names), tokenizer)
        hashes = rule.hashes(tokens.tokens.flat_values, tokens.characters.folded())
        rows = tokens.tokens.with_flat_values(hashes).to_tensor(0, shape=[None, MOST_TOKENS])  # [names, tokens]
        return _name_hashes(rows).numpy()[:, -1], tokens.tokens.row_lengths().numpy()


def _name_hashes(hashes: tf.Tensor) -> tf.Tensor:
    """Hashes the first 1, 2, 3 ... tokens of sequences: int64 of the shape of `hashes`, [sequences, tokens].

    A polynomial; products and sums overflow on purpose. Hash 0 adds nothing, so a shorter name may be padded with 0.
    """
    return tf.cumsum(hashes * _POWERS[: hashes.shape[1]], 1)
