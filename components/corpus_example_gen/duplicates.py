"""Sentences that occur in several splits, or in several spans of a split, and would distort the scores."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from components.corpus_example_gen.corpus.span_window import span_number
from components.corpus_example_gen.splitting import labelled_digest, sentence_digest
from components.keys import SENTENCE, SOURCE, TAGS

_CHUNK = 4096  # records looked up at once


@dataclass
class WrittenSplit:
    """Counts of the records of one split.

    Attributes:
        kept: records in its files.
        duplicates: sentences that also occur in a later split, by source.
        repeats: other sentences that a newer span has in this split, with the same tags, by source.
        tags: the different tags of the kept sentences.
    """

    kept: int = 0
    duplicates: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    tags: set[bytes] = field(default_factory=set)

    @property
    def total(self) -> int:
        """Number of duplicates and repeats."""
        return self.duplicates.total() + self.repeats.total()

    @property
    def types(self) -> set[str]:
        """Entity types of the kept sentences."""
        return {tag[2:].decode("utf-8") for tag in self.tags if tag.startswith(b"B-")}


def count_splits(
    splits: Mapping[str, Sequence[str]], *, remove: bool, several_spans: bool = False
) -> dict[str, WrittenSplit]:
    """Counts the sentences of each split, and its duplicates and repeats, which it optionally removes.

    The test split keeps all its sentences, the eval split those that are not in the test split, and the training split
    those that are in neither. Scores thus stay comparable between runs. Sentences are equal if their tokens are.
    Repeats within a file stay: they reflect how often people write the sentence. Of an eval or test sentence that
    several spans have, with the same tags, only the copies of the newest span count: otherwise a test set that comes
    with each span would count once for each, and the intervals of its scores would be too narrow.

    The files are read once, after Beam has written them: a join in Beam would keep the corpus in the memory of its
    direct runner. The memory is eight bytes for each distinct sentence of the later splits; with several spans
    those splits are read twice, and one of them takes 32 bytes more a sentence.

    Args:
        splits: split -> gzipped TFRecord files of `tf.train.Example`s, in the order train, eval, test.
        remove: whether to write the files again without duplicates and repeats.
        several_spans: whether the sources are files of several spans.

    Example: tests/components/corpus_example_gen/test_duplicates.py.
    """
    later = HeldOut()
    counts = {}
    for position, name in reversed([*enumerate(splits)]):
        counts[name] = WrittenSplit()
        own = array("Q") if position else None  # no split is compared with the first one
        newest = _NewestCopies(splits[name]) if position and several_spans else None
        for file in splits[name]:
            kept = _kept(file, later, own, newest, counts[name], remove=remove)
            if remove:
                _write_kept(file, kept, counts[name])
            else:
                deque(kept, maxlen=0)  # for its counts
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


class _NewestCopies:
    """The newest span of each sentence of a split, with its tags."""

    def __init__(self, files: Sequence[str]) -> None:
        digests, spans = array("Q"), array("q")
        for file in files:
            for records in _chunks(file):
                for of_one in map(_features, records):
                    digests.append(_labelled_digest(of_one))
                    spans.append(_span(of_one))
        order = np.lexsort((-np.array(spans, np.int64), np.array(digests, np.uint64)))
        self._digests, first = np.unique(np.array(digests, np.uint64)[order], return_index=True)
        self._spans = np.array(spans, np.int64)[order][first]

    def are_newer(self, features: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Returns bool [features]: whether a newer span has the sentence, too."""
        digests = np.array([_labelled_digest(of_one) for of_one in features], np.uint64)
        newest = self._spans[np.searchsorted(self._digests, digests)]
        return newest > np.array([_span(of_one) for of_one in features], np.int64)


def _labelled_digest(of_one: Mapping[str, Any]) -> int:
    digest = labelled_digest(of_one[SENTENCE].bytes_list.value[0], of_one[TAGS].bytes_list.value)
    return int.from_bytes(digest[:8], "big")


def _span(of_one: Mapping[str, Any]) -> int:
    return span_number(_source(of_one).partition("/")[0])


def _source(of_one: Mapping[str, Any]) -> str:
    return str(of_one[SOURCE].bytes_list.value[0].decode("utf-8"))


def _write_kept(file: str, kept: Iterator[bytes], counts: WrittenSplit) -> None:
    """Writes a file again, with the records to keep."""
    from tfx.dsl.io import fileio

    removed = counts.total
    temporary = f"{file}.tmp"
    _write(temporary, kept)
    if counts.total > removed:
        fileio.rename(temporary, file, overwrite=True)
    else:
        fileio.remove(temporary)


def _kept(
    file: str,
    later: HeldOut,
    own: array[int] | None,
    newest: _NewestCopies | None,
    counts: WrittenSplit,
    *,
    remove: bool,
) -> Iterator[bytes]:
    """Yields the records to keep; adds the counts of the file, and the digests of its sentences to `own`."""
    for records in _chunks(file):
        features = [_features(record) for record in records]
        digests = [
            int.from_bytes(sentence_digest(of_one[SENTENCE].bytes_list.value[0])[:8], "big") for of_one in features
        ]
        if own is not None:
            own.extend(digests)
        in_later = later.contain(digests)
        in_newer = newest.are_newer(features) if newest else np.zeros_like(in_later)
        for record, of_one, duplicate, repeat in zip(records, features, in_later, in_newer, strict=True):
            if duplicate or repeat:
                (counts.duplicates if duplicate else counts.repeats)[_source(of_one)] += 1
                if remove:
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
