"""Conversion of a corpus to another format; its splits stay."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_tools.reading import Part, corpus_parts, for_tools, read_corpus, splits_of
from components.corpus_tools.sentence import AnnotatedSentence
from components.corpus_tools.writers.brat import BratWriter
from components.corpus_tools.writing import STREAM, Output, Written, write_corpus, write_parts

Change = Callable[[AnnotatedSentence], AnnotatedSentence]

_SAMPLE = 50  # sentences


def convert(
    source: Path,
    output: Output,
    settings: CorpusSettings,
    *,
    change: Change | None = None,
    report: IngestReport | None = None,
) -> Written:
    """Writes a corpus in another format: a file to a file, a folder to a folder with a file for each split.

    Example: tests/components/corpus_tools/test_convert.py.

    Args:
        source: a file or folder that CorpusExampleGen reads.
        output: place and format.
        settings: settings of the corpus.
        change: applied to each sentence.
        report: receives the counts of the reading.

    Raises:
        CorpusError: the corpus cannot be read.
        NerError: see `write_corpus`.
    """
    settings = for_tools(settings)
    output.check([source])
    parts = corpus_parts(source, settings)
    whole = output.format == BratWriter.name and not splits_of(source, settings)
    if source.is_file() or output.path == STREAM or whole:
        return write_corpus(_sentences(parts, settings, change, report), output, settings)
    named = {part.name: _sentences([part], settings, change, report) for part in parts}
    return write_parts(named, output, settings)


def usual_format(source: Path, settings: CorpusSettings) -> str:
    """Returns a format that keeps the tokens: `jsonl` if it cuts the first texts as the corpus does, else `conll`."""
    first = itertools.islice(read_corpus(source, for_tools(settings)), _SAMPLE)
    same = all(one.is_raw and AnnotatedSentence.of_text(one.text, one.entities).offsets == one.offsets for one in first)
    return "jsonl" if same else "conll"


def _sentences(
    parts: Iterable[Part], settings: CorpusSettings, change: Change | None, report: IngestReport | None
) -> Iterator[AnnotatedSentence]:
    for part in parts:
        for sentence in part.sentences(settings, report):
            yield sentence if change is None else change(sentence)
