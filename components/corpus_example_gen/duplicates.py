"""Finds sentences that stand in several splits, which would be scored on what training has seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import apache_beam as beam
import tensorflow as tf

from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.corpus_example_gen.example import SENTENCE, SOURCE

_KEPT, _DUPLICATES = "kept", "duplicates"


def without_duplicates(
    splits: Mapping[str, beam.PCollection], reports: ReportFolder, remove: bool
) -> dict[str, beam.PCollection]:
    """Takes out of each split the sentences that stand in a later one too, and counts them.

    The test split keeps everything, the eval split what is not in the test split, and the training split what is in
    neither: scores stay comparable from run to run, and training gives way. Sentences are equal when their tokens are.
    What is repeated within a split stays, it is how often people write it.

    Args:
        splits: split -> `tf.train.Example`s, in the order train, eval, test.
        reports: gets for each split with duplicates how many there are in each source.
        remove: False only counts.

    Returns:
        The same splits.
    """
    digests = {name: examples | f"Digest[{name}]" >> beam.Map(_digest) for name, examples in splits.items()}
    names, result = list(splits), dict(splits)
    for position, name in enumerate(names[:-1]):
        later = tuple(digests[other] for other in names[position + 1 :])
        held_out = (
            later
            | f"Later[{name}]" >> beam.Flatten()
            | f"Distinct[{name}]" >> beam.Distinct()
            | f"Keyed[{name}]" >> beam.Map(lambda digest: (digest, None))
        )
        parted = splits[name] | f"Part[{name}]" >> beam.ParDo(_Part(), beam.pvalue.AsDict(held_out)).with_outputs(
            _DUPLICATES, main=_KEPT
        )
        _ = (
            parted[_DUPLICATES]
            | f"Source[{name}]" >> beam.Map(_source)
            | f"Count[{name}]" >> beam.combiners.Count.PerElement()
            | f"List[{name}]" >> beam.combiners.ToList()
            | f"IngestReport[{name}]" >> beam.Map(lambda rows, name=name: reports.write_duplicates(name, dict(rows)))
        )
        if remove:
            result[name] = parted[_KEPT]
    return result


class _Part(beam.DoFn):
    """Sends an example to one of two outputs."""

    def process(self, example: tf.train.Example, held_out: Mapping[bytes, None]) -> Iterator[object]:
        yield beam.pvalue.TaggedOutput(_DUPLICATES, example) if _digest(example) in held_out else example


def _digest(example: tf.train.Example) -> bytes:
    """16 bytes that no two different sentences share, in practice."""
    return hashlib.sha256(example.features.feature[SENTENCE].bytes_list.value[0]).digest()[:16]


def _source(example: tf.train.Example) -> str:
    return example.features.feature[SOURCE].bytes_list.value[0].decode("utf-8")
