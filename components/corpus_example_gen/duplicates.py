"""Sentences that occur in several splits and would inflate the scores."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from components.corpus_example_gen.splitting import sentence_digest
from components.keys import SENTENCE, SOURCE, TAGS

_CHUNK = 4096  # records looked up at once


@dataclass
class WrittenSplit:
    """Counts of the records of one split.

    Attributes:
        kept: records in its files.
        duplicates: sentences that also occur in a later split, by source.
        tags: the different tags of the kept sentences.
    """

    kept: int = 0
    duplicates: Counter[str] = field(default_factory=Counter)
    tags: set[bytes] = field(default_factory=set)

    @property
    def types(self) -> set[str]:
        """Entity types of the kept sentences."""
        return {tag[2:].decode("utf-8") for tag in self.tags if tag.startswith(b"B-")}


def count_splits(splits: Mapping[str, Sequence[str]], *, remove: bool) -> dict[str, WrittenSplit]:
    """Counts the sentences of each split, and those that a later split has, too, which it optionally removes.

    The test split keeps all its sentences, the eval split those that are not in the test split, and the training split
    those that are in neither. Scores thus stay comparable between runs. Sentences are equal if their tokens are.
    Repeats within a split stay: they reflect how often people write the sentence.

    The files are read once, after Beam has written them: a join in Beam would keep the corpus in the memory of its
    direct runner. The memory is eight bytes for each distinct sentence of the later splits.

    Args:
        splits: split -> gzipped TFRecord files of `tf.train.Example`s, in the order train, eval, test.
        remove: whether to write the files again without the duplicates.

    Example: tests/components/corpus_example_gen/test_duplicates.py.
    """
    later = HeldOut()
    counts = {}
    for position, name in reversed([*enumerate(splits)]):
        counts[name] = WrittenSplit()
        own = array("Q") if position else None  # no split is compared with the first one
        for file in splits[name]:
            _count_file(file, later, own, counts[name], remove=remove)
        if own is not None:
            later.add(own)
    return {name: counts[name] for name in splits}


class HeldOut:
    """Sorted 64-bit digests of sentences.

    Two of ten million sentences have the same digest with a probability of one in 300,000.

    Example:
        >>> held_out = HeldOut()
        >>> held_out.add(array("Q", [7, 3, 7]))
        >>> held_out.contain([3, 4]).tolist()
        [True, False]
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._sorted = np.empty(0, np.uint64)

    def add(self, digests: array[int]) -> None:
        """Adds digests of type "Q"."""
        self._sorted = np.union1d(self._sorted, np.frombuffer(digests, np.uint64))

    def contain(self, digests: Sequence[int]) -> np.ndarray:
        """Returns bool [digests]: whether each was added."""
        sought = np.array(digests, np.uint64)
        if not len(self._sorted):
            return np.zeros(len(sought), np.bool_)
        places = np.minimum(np.searchsorted(self._sorted, sought), len(self._sorted) - 1)
        return self._sorted[places] == sought


def _count_file(file: str, later: HeldOut, own: array[int] | None, counts: WrittenSplit, *, remove: bool) -> None:
    """Adds the counts of a file, and the digests of its sentences to `own`."""
    if not remove:
        for _ in _kept(file, later, own, counts, remove=False):
            pass
        return
    from tfx.dsl.io import fileio

    removed = counts.duplicates.total()
    temporary = f"{file}.tmp"
    _write(temporary, _kept(file, later, own, counts, remove=True))
    if counts.duplicates.total() > removed:
        fileio.rename(temporary, file, overwrite=True)
    else:
        fileio.remove(temporary)


def _kept(file: str, later: HeldOut, own: array[int] | None, counts: WrittenSplit, *, remove: bool) -> Iterator[bytes]:
    """Yields the records to keep."""
    for records in _chunks(file):
        features = [_features(record) for record in records]
        digests = [
            int.from_bytes(sentence_digest(of_one[SENTENCE].bytes_list.value[0])[:8], "big") for of_one in features
        ]
        if own is not None:
            own.extend(digests)
        for record, of_one, repeated in zip(records, features, later.contain(digests).tolist(), strict=True):
            if repeated:
                counts.duplicates[of_one[SOURCE].bytes_list.value[0].decode("utf-8")] += 1
            if repeated and remove:
                continue
            counts.kept += 1
            counts.tags.update(of_one[TAGS].bytes_list.value)
            yield record


def _chunks(file: str) -> Iterator[Sequence[bytes]]:
    import tensorflow as tf

    for batch in tf.data.TFRecordDataset(file, "GZIP", buffer_size=1 << 20).batch(_CHUNK).prefetch(1):
        yield batch.numpy()


def _features(record: bytes) -> Mapping[str, Any]:
    import tensorflow as tf

    return tf.train.Example.FromString(record).features.feature


def _write(file: str, records: Iterator[bytes]) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(file, "GZIP") as writer:
        for record in records:
            writer.write(record)
