"""Mutated corpora of every format: an error with its place, or nothing lost.

The counter of this module is independent of the readers. It knows only what no reading can deny: the number of lines, a
row `token TAB tag`, and a JSON object with text and spans. Each of these must come out, in order and with its tag or
spans, unless the file is refused or the line is listed as skipped.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import unicodedata
from collections import defaultdict

import pytest
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.settings import corpus_settings

from components.common.errors import NerError
from components.common.json_lines import read_json_lines
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.example import KeyMaker
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.drift_validator.request_log import profile_requests
from components.evaluator.delayed_labels.alignment import align
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.text.words import whitespace_offsets

WORDS = (
    "Oslo", "New", "Delhi", "J.", "AT&T", "Zoë", "😀", "👨🏻‍🚒", "#tag", "#", "don't", "London's", "1,000", "王",
    "北京", "สมชาย", "a\u200bb", "e\u0301", "\u0301", '"', "'", "-", "O", "B-PER", "Oslo-West", "[PAD]",
    "U.S.-based", "http://a.b", "0", "10", "-DOCSTART-", "\ufeff", "\ufffd", "x" * 40, "Sentence:", "=", "_",
    "\u00a0", "\x85", "🎉🎉", "New York", '""', "a,b",
)  # fmt: skip
TYPES = ("PER", "LOC", "creative-work", "e.coli", "北")
JUNK = (
    "\0", "\t", "\t\t", " ", "  ", "\r", "\n", "\n\n", "\r\n", "\x0b", "\x1f", "\x7f", "\x85", "\u2028",
    "\u3000", "\ufeff", "#", "# ", "# id = a\n", "# newdoc\n", "-DOCSTART- O\n", "-DOCSTART-\tO\n", '"', '""',
    "-DOCSTART- ", "#oslo", "#begin document (a)", "token\tlabel", "a\tO\rb\tO", '"""a"\tO', "1-2\tdu\tO",
    "\\", "\\u0000", "\\ud800", "\\ud83d", "{", "}", "[", "[" * 300, "]", ",", ":", "null", "NaN", "1e999",
    "-1", "9" * 200, "9" * 5000, "B-", "I-", "B-O", "O", "OUT", "_", "B_PER", "b-per", "PER", "PER-B", "E-PER",
    "S-PER", "L-PER", "B-PER,B-LOC", ",", "\ud7ff", "😀", "王", '"text": "a", ', '"id": 1, ', '"id": "", ',
    '"meta": {"a": 1}, ', '[0, 1, "PER"], ', '[1, 2, "O"], ', "true",
)  # fmt: skip

tokens = st.tuples(st.sampled_from(WORDS), st.sampled_from((None, None, *TYPES)), st.booleans())
sentences = st.lists(st.lists(tokens, min_size=1, max_size=6), min_size=1, max_size=5)
places = st.floats(0, 1, exclude_max=True)
mutations = st.lists(
    st.tuples(
        st.sampled_from((
            "insert", "delete", "replace", "everywhere", "duplicate", "swap", "cut", "line", "bytes", "crlf", "cr",
            "repeat",
        )),
        places,
        places,
        st.sampled_from(JUNK) | st.text(max_size=3),
    ),
    max_size=3,
)  # fmt: skip
ROWS = {
    "tab": "{word}\t{tag}",
    "space": "{word} {tag}",
    "numbered": "{row}\t{word}\t{tag}\t_",
    "index": "{row}\t{word}\t{tag}",
    "sentence": "{sentence}\t{word}\t{tag}",
    "sentence, first row": "{first}\t{word}\t{tag}",
    "sentence, last": "{word}\t{tag}\t{sentence}",
    "quoted": '"{quoted}"\t{tag}',
}
formats = st.sampled_from((*ROWS, "tab", "tsv", "jsonl", "jsonl", "jsonl", "utf16", "utf16"))
options = st.fixed_dictionaries(
    {"on_error": st.sampled_from(("fail", "skip"))},
    optional={
        "format": st.sampled_from(("columns", "tsv", "jsonl")),
        "scheme": st.just("io"),
        "outside": st.just("_"),
        "offsets": st.sampled_from(("characters", "utf16", "bytes")),
        "token_column": st.integers(0, 2),
        "tag_column": st.integers(0, 2),
        "metadata": st.just(("a", "id")),
        "min_raw_text_survival": st.just(0.0),
    },
)
CASES = st.tuples(sentences, formats, mutations, options, st.booleans())


def tags_of(sentence):
    tags, before = [], None
    for _, kind, begins in sentence:
        tags.append("O" if kind is None else f"{'I' if kind == before and not begins else 'B'}-{kind}")
        before = kind
    return tags


def write(corpus, layout):
    """Returns a corpus as text in one of the formats."""
    if layout in ("jsonl", "utf16"):
        return "".join(
            json.dumps(record(sentence, layout), ensure_ascii=layout == "utf16") + "\n" for sentence in corpus
        )
    parts = []
    for index, sentence in enumerate(corpus, 1):
        words, tags = [word for word, _, _ in sentence], tags_of(sentence)
        if layout == "tsv":
            parts.append(f"{' '.join(words)}\t{' '.join(tags)}\n")
            continue
        for number, (word, tag) in enumerate(zip(words, tags, strict=True), 1):
            first, quoted = f"Sentence: {index}" if number == 1 else "", word.replace('"', '""')
            cells = {"word": word, "tag": tag, "row": number, "sentence": index, "first": first, "quoted": quoted}
            parts.append(ROWS[layout].format(**cells) + "\n")
        parts.append("\n")
    return "".join(parts)


def record(sentence, layout):
    """Returns the JSON object of a sentence; `utf16` counts as JavaScript does."""
    text, entities = "", []
    for (word, kind, _), tag in zip(sentence, tags_of(sentence), strict=True):
        start = len(text) + bool(text)
        text = f"{text} {word}" if text else word
        if kind is None:
            continue
        span = [start, len(text)]
        if layout == "utf16":
            span = [len(text[:edge].encode("utf-16-le")) // 2 for edge in span]
        if tag.startswith("I-"):
            entities[-1][1] = span[1]
        else:
            entities.append([*span, kind])
    return {"text": text, "entities": entities}


def mutate(text, changes):
    """Returns the bytes of a text after the changes."""
    data = None
    for kind, first, second, junk in changes:
        i, j = sorted((int(first * (len(text) + 1)), int(second * (len(text) + 1))))
        j = min(j, i + 5)
        lines = text.split("\n")
        k = int(first * len(lines))
        if kind == "insert":
            text = text[:i] + junk + text[i:]
        elif kind == "delete":
            text = text[:i] + text[j:]
        elif kind == "replace":
            text = text[:i] + junk + text[j:]
        elif kind == "everywhere":
            text = text.replace(("B-", "I-", "O", "\t", " ", "\n\n")[int(first * 6)], junk)
        elif kind == "duplicate":
            text = "\n".join([*lines[:k], lines[k], *lines[k:]])
        elif kind == "swap":
            lines[k], lines[0] = lines[0], lines[k]
            text = "\n".join(lines)
        elif kind == "cut":
            text = text[:i]
        elif kind == "line":
            text = "\n".join([*lines[:k], junk, *lines[k:]])
        elif kind in ("cr", "crlf"):
            text = text.replace("\n", "\r\n" if kind == "crlf" else "\r")
        elif kind == "repeat":
            text = text[:i] + junk * 50 + text[i:]
        else:
            data = i, bytes([int(second * 256)])
    encoded = text.encode("utf-8", "surrogatepass")
    return encoded if data is None else encoded[: data[0]] + data[1] + encoded[data[0] + 1 :]


TAG = re.compile(r"O|[BI]-[A-Za-z][A-Za-z.-]*")
ROW = re.compile(rf'([^\s#"\x00-\x1f\x7f-\x9f][^\s"\x00-\x1f\x7f-\x9f]*)\t({TAG.pattern})')

WINDOWS_1252 = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}


def lines_of(data):
    """Returns the lines of a file; carriage returns end lines if no line feed does, except one at the end."""
    text = re.sub("^\ufeff{1,4}", "", data.decode("utf-8"))  # byte order marks of several tools
    return re.split("\r?\n" if "\n" in text.rstrip("\r\n") else "\r\n|\r|\n", text)


def certain_rows(data):
    """Returns (token, tag) of each line that can only be a token: `token TAB tag`, with nothing unusual in it."""
    rows = [ROW.fullmatch(line) for line in lines_of(data)]
    return [(row[1], row[2]) for row in rows if row and not row[1].startswith("-DOCSTART-")]


def is_subsequence(rows, emitted):
    """Returns whether the rows occur among the emitted tokens, in order and with their tags."""
    rest = iter(emitted)
    return all(any(token == other and agrees(tag, read) for other, read in rest) for token, tag in rows)


def agrees(tag, read):
    """Returns whether a tag was read as it is; an I- that continues nothing becomes a B-."""
    if tag in ("O", "B-O", "I-O"):
        return read in ("O", "OUT")
    return read[2:] == tag[2:] and (tag[0] == read[0] or tag[0] == "I")


def squeezed(text):
    return "".join(text[start:end] for start, end in whitespace_offsets(text))


def entities_of(sentences):
    """Returns (letters, type) of the entities of sentences."""
    entities = []
    for token, tag in (pair for sentence in sentences for pair in zip(sentence.tokens, sentence.tags, strict=True)):
        if tag.startswith("B-"):
            entities.append([token, tag[2:]])
        elif tag.startswith("I-"):
            assert entities[-1][1] == tag[2:]
            entities[-1][0] += token
    return entities


def visible(text):
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def cut_out(text, start, end, unit):
    encoding, size = {"characters": ("utf-32-le", 4), "utf16": ("utf-16-le", 2), "bytes": ("utf-8", 1)}[unit]
    return squeezed(text.encode(encoding)[start * size : end * size].decode(encoding))


def check_records(data, read, report, settings, true_unit):
    """Checks each JSON line: it is emitted with its text and spans, listed as skipped, or has no token.

    `true_unit` is what the offsets count if that is certain, else None.
    """
    by_line = defaultdict(list)  # a long text becomes several sentences
    for sentence in read:
        by_line[sentence.line].append(sentence)
    unit = settings.offsets
    if unit == "auto":
        unit = true_unit or ("utf16" if any("UTF-16 units" in note for note in report.notes) else "characters")
    for number, line in enumerate(lines_of(data), 1):
        if not line.strip():
            continue
        if any(f"a.jsonl:{number}:" in skipped for skipped in report.skipped):
            continue
        if any("as Windows-1252" in note for note in report.notes):
            line = line.translate(WINDOWS_1252)
        value = json.loads(line)  # a line that is not JSON must be listed
        sentences = by_line.get(number)
        if sentences is None:
            assert not value["text"].strip(), "a record without a word"
            continue
        assert "".join(token for sentence in sentences for token in sentence.tokens) == squeezed(value["text"])
        spans = sorted(value["entities"])
        named = [(*span[:2], "_".join(span[2].split())) for span in spans]  # a space in a label becomes an underscore
        actual = entities_of(sentences)
        expected = [[cut_out(value["text"], *span[:2], unit), span[2]] for span in named]
        if report.repairs["marks_at_span"]:
            actual, expected = ([[visible(text), label] for text, label in side] for side in (actual, expected))
        assert actual == expected


def check_corpus(case):
    """Reads one mutated corpus."""
    corpus, layout, changes, changed, packed = case
    data = mutate(write(corpus, layout), changes)
    name = "a.jsonl" if layout in ("jsonl", "utf16") else "a.conll"
    if name == "a.conll" and changed.get("format") == "jsonl":
        changed = {**changed, "format": "columns"}
    settings = corpus_settings(**changed)
    report = IngestReport()
    packed_name, packed_data = (f"{name}.gz", gzip.compress(data)) if packed and name == "a.conll" else (name, data)
    try:
        read = list(read_corpus_file(packed_name, settings, report, packed_data))
    except CorpusError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert settings.on_error == "fail" or isinstance(refused, CorpusReadingError), "skipping errors skips this one"
        assert len(refused.problem) < 1000, refused
        assert refused.fix
        str(refused).encode()
        return
    check_account(read, report)
    if report.files_skipped:
        return
    lines, kinds = lines_of(data), report.line_kinds
    assert report.lines == kinds.total() == len(lines) - (lines[-1] == "")
    assert kinds["token"] in (0, report.tokens_in)  # 0 in other formats than columns
    is_jsonl = name == "a.jsonl" and settings.format in ("auto", "jsonl")
    if is_jsonl:
        # White space inside a word puts the spans of a file in doubt.
        certain = not changes and all(word.split() == [word] for sentence in corpus for word, _, _ in sentence)
        unit = {"utf16": "utf16", "jsonl": "characters"}[layout] if certain else None
        check_records(data, read, report, settings, unit)
    elif layout == "tab" and not {"scheme", "token_column", "tag_column", "format"} & changed.keys():
        rows = certain_rows(data)
        emitted = [pair for sentence in read for pair in zip(sentence.tokens, sentence.tags, strict=True)]
        assert report.skipped or report.notes or is_subsequence(rows, emitted), "a row is lost"


def check_account(read, report):
    """Checks the report against the sentences, and what the examples need."""
    assert report.sentences_out == len(read)
    assert report.tokens_out == sum(len(sentence.tokens) for sentence in read)
    begins = [tag[2:] for sentence in read for tag in sentence.tags if tag.startswith("B-")]
    assert sorted(begins) == sorted(report.entities_out.elements())
    keys = KeyMaker("a")
    for sentence in read:
        assert len(sentence.tokens) == len(sentence.tags) > 0
        assert tuple(sentence.text[start:end] for start, end in whitespace_offsets(sentence.text)) == sentence.tokens
        for text in (*sentence.tags, keys.make(sentence), *sentence.metadata, *sentence.metadata.values()):
            text.encode()
            assert "\0" not in text
    report.to_json().encode()


def test_mutated_corpora_are_read_without_loss_or_refused():
    fuzz(check_corpus, CASES, 300)


@pytest.mark.fuzz
def test_ten_thousand_mutated_corpora_are_read_without_loss_or_refused():
    fuzz(check_corpus, CASES, 10_000)


short_words = st.tuples(st.sampled_from(("😀", "🎉🎉", "Al", "or", "é")), st.sampled_from((None, "PER")), st.just(True))
short_corpora = st.lists(st.lists(short_words, min_size=1, max_size=8), min_size=1, max_size=3)


def check_units(case):
    """Reads a corpus of short words, in which spans of the wrong unit often lie on other words."""
    corpus, layout = case
    data = write(corpus, layout).encode()
    settings, report = corpus_settings(), IngestReport()
    with contextlib.suppress(CorpusReadingError):
        read = list(read_corpus_file("a.jsonl", settings, report, data))
        check_records(data, read, report, settings, "characters" if layout == "jsonl" else layout)


def test_spans_are_never_read_in_another_unit():
    fuzz(check_units, st.tuples(short_corpora, st.sampled_from(("jsonl", "utf16"))), 500)


logs = st.tuples(
    st.lists(st.fixed_dictionaries({
        "key": st.sampled_from(("a", "b", 7, "", None, 10**99)),
        "sentence": st.sampled_from(("Ida left", "😀 Zoë", "")),
        "tokens": st.lists(st.sampled_from(WORDS), max_size=3),
        "tags": st.lists(st.sampled_from(("O", "B-PER", "I-PER", "[PAD]")), max_size=3),
        "starts": st.lists(st.integers(-2, 9) | st.floats(0, 9), max_size=3),
        "ends": st.lists(st.integers(-2, 9), max_size=3),
        "entities": st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9), st.sampled_from(TYPES)), max_size=2),
    }), min_size=1, max_size=3),
    mutations,
)  # fmt: skip


@contextlib.contextmanager
def refusal(where):
    """Permits an error for the user, which begins with a place and is short."""
    refused = None
    try:
        yield
    except NerError as error:
        refused = str(error)
    assert refused is None or (refused.startswith(where) and len(refused) < 1000)


@pytest.fixture(scope="module")
def log_file(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "log.jsonl"


def log_check(path):
    def check_log(case):
        """Reads one mutated log of requests, predictions and labels."""
        records, changes = case
        path.write_bytes(mutate("".join(json.dumps(each) + "\n" for each in records), changes))
        with refusal(str(path)):
            profile_requests(path)
        lines = []
        with refusal(str(path)):
            lines = list(read_json_lines(path))
        if not lines:
            return
        written = [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]
        assert [value for _, value in lines] == written
        for number, value in lines:
            with refusal(""):
                align(Prediction.from_record(value, f"f:{number}"), Label.from_record(value, f"f:{number}"))

    return check_log


def test_mutated_logs_are_read_or_refused(log_file):
    fuzz(log_check(log_file), logs, 200)


@pytest.mark.fuzz
def test_two_thousand_mutated_logs_are_read_or_refused(log_file):
    fuzz(log_check(log_file), logs, 2000)
