"""Sentences that occur in several splits and would inflate the scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import apache_beam as beam
import tensorflow as tf

from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.corpus_example_gen.splitting import sentence_digest
from components.keys import SENTENCE, SOURCE

_KEPT, _DUPLICATES = "kept", "duplicates"


def without_duplicates(
    splits: Mapping[str, beam.PCollection], reports: ReportFolder, remove: bool
) -> dict[str, beam.PCollection]:
    """Counts the sentences of each split that also occur in a later split, and optionally removes them.

    The test split keeps all its sentences, the eval split those that are not in the test split, and the training split
    those that are in neither. Scores thus stay comparable between runs. Sentences are equal if their tokens are.
    Repeats within a split stay: they reflect how often people write the sentence.

    Args:
        splits: split -> `tf.train.Example`s, in the order train, eval, test.
        reports: receives the number of duplicates of each split by source.
        remove: whether to remove the duplicates; otherwise they are only counted.

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
            | f"Report[{name}]" >> beam.Map(lambda rows, name=name: reports.write_duplicates(name, dict(rows)))
        )
        if remove:
            result[name] = parted[_KEPT]
    return result


class _Part(beam.DoFn):
    """Sends an example to one of two outputs."""

    def process(self, example: tf.train.Example, held_out: Mapping[bytes, None]) -> Iterator[object]:
        yield beam.pvalue.TaggedOutput(_DUPLICATES, example) if _digest(example) in held_out else example


def _digest(example: tf.train.Example) -> bytes:
    return sentence_digest(example.features.feature[SENTENCE].bytes_list.value[0])


def _source(example: tf.train.Example) -> str:
    return example.features.feature[SOURCE].bytes_list.value[0].decode("utf-8")
