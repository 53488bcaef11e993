"""Reads a corpus file of any supported format into clean sentences."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator

from components.corpus_example_gen.cleaning.cleaner import Cleaner
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import Lines
from components.corpus_example_gen.readers.columns_reader import read_columns
from components.corpus_example_gen.readers.corpus_text import iter_lines, load_text
from components.corpus_example_gen.readers.jsonl_reader import read_jsonl
from components.corpus_example_gen.readers.read_options import ReadOptions
from components.corpus_example_gen.readers.tsv_reader import is_tsv, read_tsv

Reader = Callable[[Lines, str, ReadOptions, IngestReport], Iterator[RawSentence]]
_READERS: dict[str, Reader] = {"columns": read_columns, "tsv": read_tsv, "jsonl": read_jsonl}


def read_corpus_file(
    path: str, options: ReadOptions | None = None, report: IngestReport | None = None, data: bytes | None = None
) -> Iterator[Sentence]:
    """Yields the clean sentences of a corpus file; the whole file is held in memory while it is read.

    Args:
        path: the file; `.gz` is unpacked, `.jsonl` and `.json` say the format, errors name it.
        options: how to read it, the defaults when None.
        report: is filled in while reading and complete when the last sentence was taken.
        data: the file's bytes when the caller has read them (from another file system).

    Raises:
        CorpusError: the file, or a sentence of it, cannot be read, and the options say that errors stop the reading.
    """
    options = options or ReadOptions()
    report = IngestReport() if report is None else report
    report.files.append(str(path))
    try:
        yield from _read(str(path), options, report, data)
    except CorpusError as error:
        if options.on_error == "fail":
            raise
        # Errors of a sentence were dealt with where they occurred: this one is about the whole file.
        report.skip_file(error)
    report.check()


def find_format(path: str, text: str, options: ReadOptions) -> str:
    """Returns `columns`, `tsv` or `jsonl`: as the options say, else by extension, else by looking into the text."""
    if options.format != "auto":
        return options.format
    if path.removesuffix(".gz").endswith((".jsonl", ".json")) or _begins_as_json(text):
        return "jsonl"
    return "tsv" if is_tsv(functools.partial(iter_lines, text), options) else "columns"


def _read(path: str, options: ReadOptions, report: IngestReport, data: bytes | None) -> Iterator[Sentence]:
    text = load_text(path, data)
    reader = _READERS[find_format(path, text, options)]
    cleaner = Cleaner(path, options, report)
    lines_of_keys: dict[str, int] = {}
    for raw in reader(functools.partial(iter_lines, text), path, options, report):
        _check_key(raw, lines_of_keys, path)
        sentence = cleaner.clean(raw)
        if sentence:
            yield sentence
    cleaner.finish()
    if not report.sentences_in:
        raise CorpusError(
            path, None, "holds no sentence", "Give a file with labelled sentences, or take it out of the corpus."
        )


def _check_key(raw: RawSentence, lines_of_keys: dict[str, int], path: str) -> None:
    if raw.key is None:
        return
    before = lines_of_keys.setdefault(raw.key, raw.line)
    if before != raw.line and raw.error is None:
        fix = "Give each sentence of a file an id of its own, or none."
        raw.error = CorpusError(path, raw.line, f"found id {raw.key!r}, which the sentence at line {before} has", fix)


def _begins_as_json(text: str) -> bool:
    line = text.lstrip()[:1_000_000].split("\n", 1)[0]
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
