"""Division of a corpus into splits, by the files and by hashes of sentences or documents; without TFX."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from components.corpus_example_gen.settings import CorpusSettings
from components.keys import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT

HASH_BUCKETS = {TRAIN_SPLIT: 8, EVAL_SPLIT: 1, TEST_SPLIT: 1}
"""Shares of the splits if a corpus has one split."""

_HOLD_OUT = 10  # one sentence in ten moves from train to eval


def holds_out_eval(splits: Collection[str]) -> bool:
    """Returns whether `eval` has to be taken out of `train`.

    >>> holds_out_eval(["train", "test"]), holds_out_eval(["train", "eval"]), holds_out_eval(["all"])
    (True, False, False)
    """
    return len(splits) > 1 and EVAL_SPLIT not in splits and TRAIN_SPLIT in splits


def configured_splits(settings: CorpusSettings) -> list[tuple[str, str]] | None:
    """Returns the configured (split, pattern) pairs; None if file names decide."""
    return list((settings.splits or {}).items()) or None


def is_held_out(key: bytes) -> bool:
    """Returns True for one key in ten."""
    return int(hashlib.sha256(key).hexdigest(), 16) % _HOLD_OUT == 0


def hash_split(sentence: bytes) -> str:
    """Returns the split of a sentence, or of any other key, of a corpus with one split.

    The rule is that of TFX for a feature with this value.

    Example:
        >>> hash_split(b"New Delhi is in India"), hash_split(b"Kyiv")
        ('train', 'train')
    """
    # tf.train.Feature(bytes_list=BytesList(value=[sentence])): two nested fields with the number 1 and a length.
    values = b"\x0a" + _varint(len(sentence)) + sentence
    feature = b"\x0a" + _varint(len(values)) + values
    bucket = int(hashlib.sha256(feature).hexdigest(), 16) % sum(HASH_BUCKETS.values())
    by_bucket = [split for split, buckets in HASH_BUCKETS.items() for _ in range(buckets)]
    return by_bucket[bucket]


def split_of(name: str, key: bytes, *, undivided: bool, holds_out: bool) -> str:
    """Returns the split of a sentence from the files of a split.

    Args:
        name: split of the files.
        key: `Sentence.division_key`: its document, or its tokens, joined by spaces.
        undivided: whether the corpus has one split, which is divided by hash.
        holds_out: whether `eval` is taken out of `train`.
    """
    if undivided:
        return hash_split(key)
    return EVAL_SPLIT if holds_out and name == TRAIN_SPLIT and is_held_out(key) else name


def sentence_digest(sentence: bytes) -> bytes:
    """Returns 16 bytes that identify a sentence."""
    return hashlib.sha256(sentence).digest()[:16]


def labelled_digest(sentence: bytes, tags: Iterable[bytes]) -> bytes:
    """Returns 16 bytes that identify a sentence with its tags."""
    return sentence_digest(b"\0".join([sentence, *tags]))


def _varint(number: int) -> bytes:
    """Returns a number as protocol buffers write it."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
