"""Reader of corpus files in any supported format."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterator
from itertools import repeat

from components.common.errors import quoted
from components.common.json_lines import describe_control
from components.corpus_example_gen.cleaning.cleaner import Cleaner
from components.corpus_example_gen.cleaning.labels import Labels
from components.corpus_example_gen.cleaning.raw_text import RawTextCheck
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.column_layout import find_layout
from components.corpus_example_gen.readers.columns_reader import read_columns
from components.corpus_example_gen.readers.corpus_text import iter_lines, load_text
from components.corpus_example_gen.readers.jsonl_reader import read_jsonl
from components.corpus_example_gen.readers.tsv_reader import is_tsv, read_tsv
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE_LABELS

_LONG = 200  # tokens of a file without a sentence boundary that deserve a note


def read_corpus_file(
    path: str,
    settings: CorpusSettings,
    report: IngestReport | None = None,
    data: bytes | None = None,
    tokenizer: str = "words",
) -> Iterator[Sentence]:
    """Yields the clean sentences of a corpus file. It holds the whole file in memory.

    Example: tests/components/corpus_example_gen/readers/test_corpus_reader.py.

    Args:
        path: the file; `.gz` is decompressed, `.jsonl` and `.json` determine the format.
        settings: settings of the corpus.
        report: receives the counts; it is complete after the last sentence.
        data: content of the file, if the caller has read it (from another file system).
        tokenizer: `words` or `whitespace`, as in the graph.

    Raises:
        CorpusError: the file or a sentence cannot be read, and `settings.on_error` is `fail`.
        CorpusReadingError: the reading of the file as a whole is in doubt.
    """
    report = IngestReport() if report is None else report
    report.files.append(str(path))
    try:
        yield from _read(str(path), settings, report, data, tokenizer)
    except CorpusError as error:
        if settings.on_error == "fail" or isinstance(error, CorpusReadingError):
            raise
        # The cleaner has skipped errors of sentences; this one concerns the whole file.
        report.skip_file(error)
        report.line_kinds["unread"] += report.lines - report.line_kinds.total()
    report.check_repairs(settings.max_repaired)
    report.check()


def find_format(path: str, text: str, settings: CorpusSettings) -> str:
    """Returns `columns`, `tsv` or `jsonl`: the configured format, or that of the extension, or that of the text."""
    if settings.format != "auto":
        return settings.format
    if path.removesuffix(".gz").endswith((".jsonl", ".json")) or _starts_with_json_object(text):
        return "jsonl"
    return "tsv" if is_tsv(functools.partial(iter_lines, text), settings) else "columns"


def _read(
    path: str, settings: CorpusSettings, report: IngestReport, data: bytes | None, tokenizer: str
) -> Iterator[Sentence]:
    text = load_text(path, data, max_bytes=settings.max_unpacked_bytes, max_ratio=settings.max_compression_ratio)
    lines = functools.partial(iter_lines, text)
    report.lines += text.count("\n") + bool(text and not text.endswith("\n"))
    file_format = find_format(path, text, settings)
    if file_format == "jsonl":  # has types instead of tags
        settings = settings.model_copy(update={"scheme": "auto", "outside": None})
        raws, counts = read_jsonl(lines, path, settings, report), Counter[str]()
    elif file_format == "tsv":
        counts = Counter(tag for raw in read_tsv(lines, path, settings, IngestReport()) for tag in raw.tags)
        raws = read_tsv(lines, path, settings, report)
    else:
        layout = find_layout(lines, path, settings)
        raws, counts = read_columns(lines, path, layout, report), layout.labels
    labels = Labels(counts, settings, joined=file_format != "jsonl")
    if labels.note:
        report.note(path, labels.note)
    cleaner = Cleaner(path, settings, report, labels)
    raw_text = RawTextCheck(path, tokenizer, settings.min_raw_text_survival)
    lines_of_keys: dict[str, int] = {}
    has_controls = describe_control(text) is not None
    for raw in raws:
        if not report.sentences_in:
            _note_first(raw, counts, settings, report, path)
        _check_key(raw, lines_of_keys, path)
        if has_controls:
            _check_characters(raw, path)
        sentence = cleaner.clean(raw)
        raw_text.add(raw, sentence)
        if sentence:
            yield sentence
    if file_format == "columns" and report.sentences_in == 1 and report.tokens_in > _LONG:
        report.note(path, f"no line separates sentences, so the file is one sentence of {report.tokens_in:,} tokens")
    cleaner.finish()
    raw_text.finish(report)
    if not report.sentences_in:
        raise CorpusError(path, None, "has no sentence", "Add labelled sentences, or remove the file from the corpus.")


def _note_first(
    raw: RawSentence, counts: Counter[str], settings: CorpusSettings, report: IngestReport, path: str
) -> None:
    """Notes a label that occurs in the first row only, which may be a header, under scheme io."""
    if settings.scheme != "io" or not raw.tags or not raw.tokens:
        return
    if counts[raw.tags[0]] == 1 and raw.tags[0] not in OUTSIDE_LABELS:
        label, token = quoted(raw.tags[0]), quoted(raw.tokens[0])
        report.note(f"{path}:{raw.line}", f"read as token {token} with the type {label}, which no other row has")


def _check_key(raw: RawSentence, lines_of_keys: dict[str, int], path: str) -> None:
    if raw.key is None:
        return
    first = lines_of_keys.setdefault(raw.key, raw.line)
    if first != raw.line and raw.error is None:
        problem = f"found id {quoted(raw.key)}, which the sentence at line {first} has"
        raw.error = CorpusError(path, raw.line, problem, "Give each sentence of a file a unique id, or none.")


def _check_characters(raw: RawSentence, path: str) -> None:
    """Refuses control characters in tokens, id and metadata; `Labels` refuses them in labels."""
    names = [("id", raw.key or ""), *((f"metadata {quoted(name)}", name + raw.metadata[name]) for name in raw.metadata)]
    texts = [*((raw.line, *name) for name in names), *zip(raw.lines, repeat("token"), raw.tokens, strict=False)]
    for line, name, text in texts:
        if raw.error is None and (control := describe_control(text)):
            problem = f"found {control} in the {name} {quoted(text)}"
            raw.error = CorpusError(path, line, problem, "Remove the character.")
            return


def _starts_with_json_object(text: str) -> bool:
    line = text.lstrip()[:1_000_000].split("\n", 1)[0]
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
    except RecursionError:  # the reader says where
        return True
