"""Reader of corpus files in any supported format."""

from __future__ import annotations

import collections
import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from components.common.errors import quoted
from components.common.json_lines import describe_control
from components.corpus_example_gen.cleaning.characters import as_characters
from components.corpus_example_gen.cleaning.cleaner import Cleaner
from components.corpus_example_gen.cleaning.documents import Documents
from components.corpus_example_gen.cleaning.labels import Labels
from components.corpus_example_gen.cleaning.raw_text import RawTextCheck, with_all_settings
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import DOCUMENTS, RawSentence, Sentence
from components.corpus_example_gen.corpus.layout import joined_name
from components.corpus_example_gen.corpus.parallel_files import is_tags_only, parallel_files, paste_command
from components.corpus_example_gen.digest_map import DigestMap, text_digest
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError, InsideWordError, InsideWordsError
from components.corpus_example_gen.file_content import FileContent
from components.corpus_example_gen.readers.arrow_reader import arrow_records, is_arrow
from components.corpus_example_gen.readers.brat_reader import brat_records, is_brat
from components.corpus_example_gen.readers.column_layout import find_layout
from components.corpus_example_gen.readers.column_roles import is_like_header
from components.corpus_example_gen.readers.columns_reader import (
    is_conll2012,
    read_columns,
    read_conll2012,
    without_sentence_marks,
)
from components.corpus_example_gen.readers.corpus_text import CorpusText, load_content
from components.corpus_example_gen.readers.docbin_reader import docbin_records, is_docbin
from components.corpus_example_gen.readers.inline_reader import INLINE, read_inline
from components.corpus_example_gen.readers.records import (
    Records,
    is_json,
    json_records,
    parse_record,
    span_table_separator,
    table_records,
)
from components.corpus_example_gen.readers.span_offsets import Unit
from components.corpus_example_gen.readers.span_reader import read_spans
from components.corpus_example_gen.readers.span_tools import BRAT, OTHER_FORMS, PLAIN, SPAN_TOOLS, SpanTool
from components.corpus_example_gen.readers.token_records import (
    TOKEN_TOOLS,
    TokenTool,
    entities_of,
    read_tokens,
    resolve_span_offsets,
)
from components.corpus_example_gen.readers.tsv_reader import is_tsv, read_tsv
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE_LABELS
from components.text.words import SEPARATING, WORDS

_LONG = 200  # tokens of a file without a sentence boundary that deserve a note
_SAMPLE = 50  # records that decide on the tool
_HEAD = 1 << 16  # bytes that tell binary formats from text
_MARKS = ("[CLS]", "<s>", "<bos>", "<BOS>")
_WEB_ANNO = "#FORMAT=WebAnno TSV"
_WEB_ANNO_ROW = re.compile(r"[0-9]+-[0-9]+\t")
_WEB_ANNO_ROWS = 5
_CAS = '"%FEATURE_STRUCTURES"'  # of UIMA
_JSON = (".jsonl", ".json", ".manifest")
_TEXT_FORMATS = ("columns", "tsv", "conll2012")
_TOOLS: dict[str, SpanTool | TokenTool] = {tool.name: tool for tool in (*SPAN_TOOLS, *TOKEN_TOOLS, OTHER_FORMS)}


class _Content(NamedTuple):
    """Content of a file: sentences as written, number of each label, format, and whether controls may occur.

    `documents` is the number of documents in the folder if each file is one.
    """

    raws: Iterator[RawSentence]
    counts: Counter[str]
    format: str
    has_controls: bool
    documents: int | None = None


def read_corpus_file(
    path: str,
    settings: CorpusSettings,
    report: IngestReport | None = None,
    data: FileContent | bytes | None = None,
    tokenizer: str | None = WORDS,
) -> Iterator[Sentence]:
    """Yields the clean sentences of a corpus file.

    Column files, TSV and JSON lines are read as a stream, in several passes. Other formats are one document (a JSON
    array, a `.spacy` or Parquet file, a folder of brat, a table of Label Studio), which is held in memory.

    Example: tests/components/corpus_example_gen/readers/test_corpus_reader.py.

    Args:
        path: the file; `.gz` is decompressed, `.jsonl` and `.json` determine the format.
        settings: settings of the corpus.
        report: receives the counts; it is complete after the last sentence.
        data: content of the file, if the caller has read it (from another file system).
        tokenizer: its name, as in the graph (`choose_tokenizer`). None: for no model, so tokens stay those of the
            corpus, and raw text is not checked.

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
            if tokenizer and isinstance(error, InsideWordError | InsideWordsError):
                lenient = _lenient_report(str(path), settings, data, tokenizer)
                raise with_all_settings(error, lenient, settings) from error
            raise
        # The cleaner has skipped errors of sentences; this one concerns the whole file.
        report.skip_file(error)
        report.line_kinds["unread"] += report.lines - report.line_kinds.total()
    report.check_repairs(settings.max_repaired)
    report.check()


def _lenient_report(
    path: str, settings: CorpusSettings, data: FileContent | bytes | None, tokenizer: str
) -> IngestReport:
    """Returns the counts of a whole file that is read without limits, as far as it can be read."""
    changes = {"on_error": "skip", "min_raw_text_survival": 0.0, "max_repaired": 1.0}
    report = IngestReport()
    with contextlib.suppress(CorpusError):
        collections.deque(_read(path, settings.model_copy(update=changes), report, data, tokenizer), maxlen=0)
    return report


def find_format(path: str, text: CorpusText, settings: CorpusSettings) -> str:
    """Returns the format of a text: the configured one, or that of the extension or the content.

    `json` stands for records whose tool `find_tool` finds; the other names are those of `corpus.format`.
    """
    if settings.format != "auto":
        return settings.format
    if is_brat(path, text.head):
        return "brat"
    if path.lower().removesuffix(".gz").endswith(_JSON) or is_json(text) or span_table_separator(text.head):
        return "json"
    if is_tsv(text.lines, path, settings):
        return "tsv"
    return "conll2012" if is_conll2012(text.lines) else "columns"


def find_tool(records: Records, path: str) -> SpanTool | TokenTool:
    """Returns the tool whose fields the first records have; the project's own format if none is known.

    Raises:
        CorpusReadingError: the records fit several tools, which would read them differently.
    """
    fits: list[SpanTool | TokenTool] = []
    conflicts: dict[tuple[SpanTool | TokenTool, SpanTool | TokenTool], tuple[int, list[str]]] = {}
    has_entities = False  # in a record that a named tool reads
    for count, (number, item) in enumerate(records.numbered()):
        if count >= _SAMPLE and len(_named(fits)) < 2:
            break
        try:
            value = parse_record(item) if not isinstance(item, str) or item.strip() else None
        except ValueError:
            continue
        matching = [tool for tool in (*SPAN_TOOLS, *TOKEN_TOOLS, OTHER_FORMS) if tool.matches(value)]
        own = _named(matching)
        readings = {tool: _reading(tool, value, path, records) for tool in own}
        both = [tool for tool in fits if tool in matching]
        # The reader refuses a later record of another tool.
        fits = fits if has_entities and both == [OTHER_FORMS] else both or fits or matching
        has_entities = has_entities or any(readings[tool][1] for tool in own if tool is not OTHER_FORMS)
        if OTHER_FORMS in matching and OTHER_FORMS not in own:  # next to tags, its spans may contradict them
            spans = _reading(OTHER_FORMS, value, path, records)
            own += [OTHER_FORMS] * (isinstance(spans[1], set) and bool(spans[1]) and isinstance(own[0], TokenTool))
            readings[OTHER_FORMS] = spans
        for one, other in itertools.combinations(own, 2):
            if readings[one] != readings[other]:
                readable = [tool.name for tool in (one, other) if isinstance(readings[tool][1], set)]
                conflicts.setdefault((one, other), (number, readable))
    for (one, other), (number, readable) in conflicts.items():
        if _named(fits)[0] in (one, other):
            problem = f"has the fields of {one.title} and of {other.title}, which differ in their entities"
            fix = "Keep one field of labels in each record."
            if readable:
                removal = "" if readable[1:] else ", or remove the other field"
                fix = f"Set corpus.format to {' or '.join(readable)}{removal}."
            raise CorpusReadingError(path, number, problem, fix)
    return _named(fits)[0] if fits else PLAIN


def _named(tools: list[SpanTool | TokenTool]) -> list[SpanTool | TokenTool]:
    """Returns tools without `OTHER_FORMS`, which reads only what no other tool does."""
    return [tool for tool in tools if tool is not OTHER_FORMS] or tools


def _reading(tool: SpanTool | TokenTool, value: Any, path: str, records: Records) -> Any:
    """Returns what a tool reads in a record, for comparison: the text without white space, and its entities."""
    try:
        if isinstance(tool, TokenTool):
            return entities_of(tool, value, records.features, path)
        annotated = tool.read(value, path)
        text, entities = annotated.text, set[tuple[int, int, str]]()
        before = [0, *itertools.accumulate(not char.isspace() for char in text)]  # characters before an offset
        for start, end, label in annotated.entities:
            if not 0 <= start < end <= len(text):
                raise ValueError(f"span {start} to {end}")
            entities.add((before[start], before[end], "_".join(label.split())))
        return "".join(text.split()), entities
    except (CorpusError, ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        return tool.name, str(error)


def _open(
    path: str, settings: CorpusSettings, report: IngestReport, data: FileContent | bytes | None, tokenizer: str | None
) -> _Content:
    """Returns the content of a file, which is read as far as its format needs it."""
    most = settings.max_unpacked_bytes
    content = load_content(path, data, max_bytes=most, max_ratio=settings.max_compression_ratio)
    head = content.head(_HEAD)
    if is_arrow(head):
        return _of_records(arrow_records(path, content.read(), most), path, settings, report, tokenizer)
    if is_docbin(head):  # the reader itself counts its offsets
        settings = settings.model_copy(update={"offsets": "characters"})
        return _of_records(docbin_records(path, content.read(), most), path, settings, report, tokenizer)
    text = CorpusText(path, content)
    is_cas = text.head.lstrip()[:1] == "{" and _CAS in text.head
    if is_cas or text.head.startswith(_WEB_ANNO) or _is_web_anno(text):
        problem = f"found {'UIMA CAS JSON' if is_cas else 'WebAnno TSV'} (INCEpTION), which is not read"
        fix = "Export the document as CoNLL 2002 or CoNLL 2003, with the layer Named entity."
        raise CorpusError(path, 1, problem, fix)
    file_format = find_format(path, text, settings)
    has_escapes = file_format not in _TEXT_FORMATS and text.head.lstrip()[:1] in ("{", "[")
    if settings.offsets != "bytes" and (note := text.repair_controls(is_json=has_escapes)):
        report.note(f"{path}:{note[0]}", note[1])
    if file_format == "brat":
        unit: Unit = "characters" if settings.offsets == "auto" else settings.offsets
        records = brat_records(path, text.read(), unit, report)
        report.lines += records.count
        settings = settings.model_copy(update={"offsets": "characters"})
        raws = read_spans(records, BRAT, f"{path.removesuffix('.ann')}.txt", settings, report, tokenizer)
        documents = sum(1 for _ in Path(path).parent.glob("*.ann"))
        return _Content(raws, Counter(), "spans", True, documents)
    if file_format not in (*_TEXT_FORMATS, INLINE):
        separator = span_table_separator(text.head)
        records = table_records(text.read(), separator, path) if separator else json_records(text, path)
        return _of_records(records, path, settings, report, tokenizer)._replace(has_controls=text.has_controls)
    _refuse_tags_only(text, path)
    inline = None
    if settings.format in ("auto", INLINE) and file_format in ("columns", INLINE):
        inline = read_inline(text, path, report, is_sure=file_format == INLINE)
    if isinstance(inline, tuple):
        records, tool = inline
        report.lines += records.count
        settings = settings.model_copy(update={"offsets": "characters"})
        return _Content(read_spans(records, tool, path, settings, report, tokenizer), Counter(), "spans", True)
    report.lines += sum(1 for _ in inline()) if inline else text.line_count
    if file_format == "tsv":
        counts = Counter(tag for raw in read_tsv(text.lines, path, settings, IngestReport()) for tag in raw.tags)
        return _Content(read_tsv(text.lines, path, settings, report), counts, file_format, text.has_controls)
    if file_format == "conll2012":
        return _Content(read_conll2012(text.lines, path, report), Counter(), file_format, text.has_controls)
    lines = without_sentence_marks(inline or text.lines, path, settings, report)
    layout = find_layout(lines, path, settings)
    return _Content(read_columns(lines, path, layout, report), layout.labels, file_format, text.has_controls)


def _is_web_anno(text: CorpusText) -> bool:
    """Returns whether the first rows count tokens as WebAnno TSV does: `1-1`, `1-2` and so on."""
    rows = [line for line in text.head[:_HEAD].split("\n") if line.strip() and line[0] != "#"][:_WEB_ANNO_ROWS]
    numbers = [line.split("\t", 1)[0] for line in rows if _WEB_ANNO_ROW.match(line)]
    return len(rows) > 1 and len(numbers) == len(rows) and numbers[:2] == ["1-1", "1-2"]


def _refuse_tags_only(text: CorpusText, path: str) -> None:
    """Refuses a file whose tokens are in another one.

    Raises:
        CorpusError: the first lines hold only tags.
    """
    if not is_tags_only([line for _, line in itertools.islice(text.lines(), _SAMPLE)]):
        return
    tags = Path(path)
    pair = parallel_files(tags.parent) if tags.is_file() else None
    texts = pair[0].name if pair and pair[1] == tags else "TEXTS"
    command = paste_command(tags.parent, texts, tags.name, joined_name(tags.name))
    raise CorpusError(path, 1, "holds tags without their tokens", f"Join it with the file of the texts: {command}.")


def _of_records(
    records: Records, path: str, settings: CorpusSettings, report: IngestReport, tokenizer: str | None
) -> _Content:
    """Returns the content of a file with records."""
    report.lines += records.count
    for note in records.notes:
        report.note(path, note)
    tool = _TOOLS.get(settings.format) or find_tool(records, path)
    if isinstance(tool, TokenTool):
        tool = resolve_span_offsets(tool, records, path, report) if settings.format == "auto" else tool
        longest = settings.overlaps == "longest"
        sample = read_tokens(records, tool, path, IngestReport(), keeps_longest=longest)
        counts = Counter(tag for raw in sample for tag in raw.tags)
        raws = read_tokens(records, tool, path, report, keeps_longest=longest)
        return _Content(raws, counts, "tokens", True)
    return _Content(read_spans(records, tool, path, settings, report, tokenizer), Counter(), "spans", True)


def _read(
    path: str, settings: CorpusSettings, report: IngestReport, data: FileContent | bytes | None, tokenizer: str | None
) -> Iterator[Sentence]:
    content = _open(path, settings, report, data, tokenizer)
    counts = content.format not in _TEXT_FORMATS
    documents = Documents(settings, report, count=content.documents, counts=counts)
    yield from documents.settled(_sentences(content, documents, path, settings, report, tokenizer))


def _sentences(
    content: _Content,
    documents: Documents,
    path: str,
    settings: CorpusSettings,
    report: IngestReport,
    tokenizer: str | None,
) -> Iterator[Sentence]:
    """Yields the clean sentences of a file, long texts divided."""
    file_format, counts = content.format, content.counts
    if file_format == "spans":  # has types instead of tags
        settings = settings.model_copy(update={"scheme": "auto", "outside": None})
    labels = Labels(counts, settings, joined=file_format in ("columns", "tsv"))
    if labels.note:
        report.note(path, labels.note)
    cleaner = Cleaner(path, settings, report, labels)
    raw_text = RawTextCheck(path, tokenizer, settings.min_raw_text_survival) if tokenizer else None
    lines_of_keys = DigestMap()
    for raw in content.raws:
        if not report.sentences_in and labels.bare:
            _check_first(raw, counts, settings.scheme, report, path)
        elif not report.sentences_in and file_format in ("columns", "tsv"):
            _check_header(raw, counts, path, file_format)
        if not report.sentences_in and raw.tokens[:1] and raw.tokens[0] in _MARKS:
            problem = f"found the mark {quoted(raw.tokens[0])}, with which the tokenizer of a model begins a text"
            fix = "Remove such marks, and join the parts of words: callers send text without them."
            raise CorpusReadingError(path, raw.line, problem, fix)
        _check_key(raw, lines_of_keys, path)
        if raw.document is None:
            raw.document = next((raw.metadata[name] for name in DOCUMENTS if raw.metadata.get(name)), None)
        if content.has_controls:
            _check_characters(raw, path)
        sentence = cleaner.clean(raw)
        if raw_text:
            raw_text.add(raw, sentence)
        if sentence and tokenizer in SEPARATING and raw.text is None:
            sentence = as_characters(sentence, tokenizer, report)
        if sentence:
            yield from documents.sentences(raw, sentence)
    if file_format == "columns" and settings.sentences != "split":
        _note_undivided(path, report)
    cleaner.finish()
    if raw_text:
        raw_text.finish(report)
    if not report.sentences_in:
        unlabelled = report.line_kinds["unlabelled"] or report.left_out["unlabelled sentences"]
        problem = f"has no sentence{' that somebody labelled' if unlabelled else ''}"
        raise CorpusError(path, None, problem, "Add labelled sentences, or remove the file from the corpus.")


def _note_undivided(path: str, report: IngestReport) -> None:
    """Notes a file that is one long sentence, or one for each document."""
    number, tokens = report.sentences_in, report.tokens_in
    if tokens <= _LONG * number or number > max(report.documents, 1):
        return
    shown = f"the file is one sentence of {tokens:,} tokens"
    if number > 1:
        shown = f"each of {number:,} documents is one sentence, of {tokens // number:,} tokens on average"
    report.note(path, f"no line separates sentences, so {shown}; corpus.sentences: split divides the text")


def _check_first(raw: RawSentence, counts: Counter[str], scheme: str, report: IngestReport, path: str) -> None:
    """Refuses a bare type that occurs in the first row only, which may be a header.

    Under `scheme: io`, and in a small file with other types that occur once, it is only noted.
    """
    if not raw.tags or not raw.tokens or counts[raw.tags[0]] != 1 or raw.tags[0] in OUTSIDE_LABELS:
        return
    label, token = quoted(raw.tags[0]), quoted(raw.tokens[0])
    if scheme == "io" or sum(count == 1 for name, count in counts.items() if name not in OUTSIDE_LABELS) > 1:
        report.note(f"{path}:{raw.line}", f"read as token {token} with the type {label}, which no other row has")
    elif raw.error is None:
        problem = f"found token {token} with the label {label}, which no other row has"
        fix = "Remove the row if it is a header; if the labels are types without B- and I-, set corpus.scheme to io."
        raw.error = CorpusError(path, raw.line, problem, fix)


def _check_header(raw: RawSentence, counts: Counter[str], path: str, file_format: str) -> None:
    """Refuses a first row whose label may be the name of its column, with the settings that make it a header."""
    if raw.error is None and raw.tags and is_like_header(raw.tags[0], counts):
        problem = f"found {quoted(raw.tags[0])} in the first row, expected a tag such as B-PER, I-PER or O"
        settings = ", or set corpus.token_column and corpus.tag_column (from 0)" if file_format == "columns" else ""
        fix = f"If the row is a header, remove it{settings}; otherwise correct the label."
        raw.error = CorpusError(path, raw.line, problem, fix)


def _check_key(raw: RawSentence, lines_of_keys: DigestMap, path: str) -> None:
    if raw.key is None:
        return
    first = lines_of_keys.setdefault(text_digest(raw.key), raw.line)
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
            raw.error = CorpusError(
                path, line, problem, "Remove the character, or replace it by the one that is meant."
            )
            return
