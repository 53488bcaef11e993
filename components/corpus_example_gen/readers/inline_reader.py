"""Reader of texts with their labels inside.

A label stands around an entity, as in `<PER>Ida</PER>`, `<ENAMEX TYPE="PERSON">Ida</ENAMEX>` (MUC), `<START:person> Ida
<END>` (OpenNLP) and `[Ida](PER)` (Rasa), or at each word, as in `Ida/B-PER left/O` or `Ida B-PER left O`. A line is a
text. The first kind becomes records with spans, the second one the lines of a column file.

No library fits: parsers of XML and HTML refuse or drop parts of the text between the labels (`AT&T`, `a < b`).
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.labels import BARE_TYPE
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import Lines
from components.corpus_example_gen.readers.corpus_text import CorpusText
from components.corpus_example_gen.readers.records import Records
from components.corpus_example_gen.readers.span_tools import Annotated, ConversionError, SpanTool
from components.text.tags import OUTSIDE_LABELS, is_valid_tag

INLINE = "inline"
"""Value of `corpus.format`."""

_SAMPLE = 1000  # lines in which the labels must begin
_MOST_PAIRS = 4  # columns of token and tag in turns that layers of tags may be
_MIN_TAGGED = 0.95  # share of words or lines with tags; the others are errors
_MIN_OUTSIDE = 0.2  # share of words outside entities, if types have no B- and I-
_FIX = 'Write token, tab, tag on each line, or JSON lines: {"text": "Ida left", "entities": [[0, 3, "PER"]]}.'

_XML = re.compile(r"\s*<(?:\?xml|!doctype|[\w.-]+:[\w.-]+\s[^<>]*=)", re.IGNORECASE)
_PYTHON = re.compile(r"(?:\A\s*|^\w+\s*=\s*)[\[(]\s*\(\s*[\"']", re.MULTILINE)  # `DATA = [("Ida left", …), …]`
_PUBTATOR = re.compile(r"[0-9]+\|t\|")
_UNREAD = re.compile(
    r"\[(?:[A-Z]{2}[A-Z_-]* [^\[\]]+|[^\[\]]+ [A-Z]{2}[A-Z_-]*)\]"  # `[PER Ida]` or `[Ida PER]`: `[IBM ORG]` is both
    r"|<Node id=\"[0-9]+\""  # GATE
    r"|\([A-Z]+ [^\s()]+/[A-Z$]+"  # NLTK: `(PERSON Ida/NNP`
)
_NAME = r"[^\W\d][\w.-]*"
_ELEMENT = re.compile(
    rf"<(?P<close>/?)(?P<name>{_NAME})(?P<attributes>(?:\s+{_NAME}\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*>"
)
_CHARACTER = re.compile(r"&(?:#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_ATTRIBUTE = re.compile(rf"({_NAME})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CLOSED = re.compile(rf"<({_NAME})\b[^<>]*>[^<>]+</\1>")
# Elements whose attribute names the type, those that hold texts, and those that format them, in lower case.
_TYPED = frozenset(
    {"enamex", "numex", "timex", "ne", "ner", "entity", "ent", "e", "tag", "annotation", "ann", "mention"}
)
_TYPES = ("type", "label", "class", "category", "cat", "tag", "ner", "entity")
_TEXTS = frozenset({"doc", "document", "text", "body", "p", "par", "paragraph", "s", "sent", "sentence", "line", "u"})
_FORMATS = frozenset(
    {
        "a",
        "b",
        "i",
        "em",
        "strong",
        "span",
        "div",
        "mark",
        "font",
        "html",
        "li",
        "td",
        "tr",
        "h1",
        "h2",
        "h3",
        "sub",
        "sup",
    }
)
_OPEN_NLP = re.compile(r"<(?:START(?::(?P<label>[^<>\s]+))?|(?P<end>END))>")
_OPEN_NLP_CLOSED = re.compile(r"<START(?::[^<>\s]+)?> [^<>]+ <END>")
# The value behind a colon is the normalized text. Links are text: their addresses have a colon, dot or slash.
_RASA = re.compile(
    r"\[(?P<text>[^\[\]]+)\](?:\((?P<label>[^\W\d][\w -]*)(?::[^()/]*)?\)|(?P<object>\{[^{}]*\}))(?:\{[^{}]*\})?"
)
_RASA_REST = re.compile(r"\[[^\[\]]+\]?(?:\((?!\w+:/|[^()]*[./])[^()]*\)?|\{)")
_BULLET = re.compile(r"\s*[-*]\s+")


class _Notation(NamedTuple):
    """A notation of labels around entities.

    Attributes:
        pattern: finds an entity in a line.
        read: returns text and spans (start, end, label) of a line.
    """

    pattern: re.Pattern[str]
    read: Callable[[str], tuple[str, list[list[Any]]]]


def read_inline(
    text: CorpusText, path: str, report: IngestReport, *, is_sure: bool = False
) -> tuple[Records, SpanTool] | Lines | None:
    """Finds the notation of a text with labels inside.

    Example: tests/components/corpus_example_gen/readers/test_inline_reader.py.

    Args:
        text: the file.
        path: its name, for errors.
        report: receives a note if the words have tags.
        is_sure: whether the settings name this format, so that the whole file is searched for labels.

    Returns:
        Records and the tool that `read_spans` reads them with; or lines of a column file, a row for each word; or None
        for a file without labels inside.

    Raises:
        CorpusError: the first lines have labels that are not read, XML, or code of Python.
    """
    _refuse_markup(text, path)
    sample = list(itertools.islice(text.lines(), None if is_sure else _SAMPLE))
    if of_words := _rows_of_words(text.lines, sample):
        lines, example = of_words
        report.note(path, f"read tags at the words, such as {quoted(example, 60)}")
        return lines
    for number, line in sample:
        words = line.split()
        if words and (words[-1] in OUTSIDE_LABELS or is_valid_tag(words[-1])):
            return None  # a row of a column file
        for notation in _NOTATIONS:
            if match := notation.pattern.search(line):
                return _records(text, notation), _tool(notation, match[0])
        if match := _UNREAD.search(line):
            problem = f"found labels inside the text, such as {quoted(match[0], 60)}, which are not read"
            raise CorpusError(path, number, problem, _FIX)
    return (_records(text, _NOTATIONS[0]), _tool(_NOTATIONS[0], "")) if is_sure else None


def _refuse_markup(text: CorpusText, path: str) -> None:
    if _XML.match(text.head):
        raise CorpusError(path, 1, "found XML or HTML, which is not read", _FIX)
    if _PYTHON.search(text.head):
        python = "Save the list as JSON: `json.dump(TRAIN_DATA, open('train.json', 'w'))`."
        raise CorpusError(path, 1, "found code of Python, which is not read", python)
    if _PUBTATOR.match(text.head):
        raise CorpusError(path, 1, "found PubTator, which is not read", _FIX)


def _rows_of_words(lines: Lines, sample: list[tuple[int, str]]) -> tuple[Lines, str] | None:
    """Returns lines with a row for each word, and an empty one behind each text, if words have tags; and an example."""
    rows = [words for _, line in sample if (words := line.split())]
    if not rows or any("\t" in line or "\r" in line for _, line in sample):
        return None
    pairs = [row for row in rows if len(row) % 2 == 0 and all(map(is_valid_tag, row[1::2]))]
    if len(pairs) >= _MIN_TAGGED * len(rows) and len({*map(len, pairs)}) > 1 and max(map(len, pairs)) > _MOST_PAIRS:
        return _expanded(lines, _split_pairs, is_column=False), " ".join(pairs[0][:2])
    words = [word for row in rows for word in row]
    for separator in "/|_":
        tagged = [word for word in words if separator in word]
        if len(tagged) < _MIN_TAGGED * len(words):
            continue
        depth = min(word.count(separator) for word in tagged)
        split = functools.partial(_split_words, separator=separator, depth=depth)
        if _are_tags([word.rsplit(separator, 1)[1] for word in tagged]):
            return _expanded(lines, split, is_column=len(words) == len(rows)), tagged[0]
    return None


def _split_pairs(words: list[str]) -> list[str]:
    return ["\t".join(words[at : at + 2]) for at in range(0, len(words), 2)]


def _split_words(words: list[str], separator: str, depth: int) -> list[str]:
    return ["\t".join(word.rsplit(separator, depth)) for word in words]


def _are_tags(parts: list[str]) -> bool:
    """Returns whether the last parts of words are tags, or types and enough outside tags; parts of speech are not."""
    outside = sum(part in OUTSIDE_LABELS for part in parts)
    if not outside or all(map(is_valid_tag, parts)):
        return bool(outside)
    return outside >= _MIN_OUTSIDE * len(parts) and all(re.fullmatch(_NAME, part) for part in parts)


def _expanded(lines: Lines, rows: Callable[[list[str]], list[str]], *, is_column: bool) -> Lines:
    """Returns lines with the rows of the words of each line; an empty row ends a text unless the file is a column."""

    def expanded() -> Iterator[tuple[int, str]]:
        for number, line in lines():
            words = line.split()
            for row in rows(words) if words else ():
                yield number, row
            if not (words and is_column):
                yield number, ""

    return expanded


def _records(text: CorpusText, notation: _Notation) -> Records:
    def numbered() -> Iterator[tuple[int, Any]]:
        for number, line in text.lines():
            yield number, "" if _has_no_text(line, notation) else {"line": line}

    return Records(numbered, text.line_count)


def _has_no_text(line: str, notation: _Notation) -> bool:
    """Returns whether a line separates texts: it is empty, a heading of Rasa, or has only elements of documents."""
    if notation is _MARKUP and (elements := list(_ELEMENT.finditer(line))):
        return all(element["name"].lower() in _TEXTS for element in elements) and not _ELEMENT.sub("", line).strip()
    return not line.strip() or (notation is _BRACKETS and line.startswith("#"))


def _tool(notation: _Notation, example: str) -> SpanTool:
    def convert(record: Any, path: str) -> Annotated:
        text, spans = notation.read(record["line"])
        return Annotated(text, spans)

    shown = f", such as {quoted(example, 60)}" if example else ""
    return SpanTool(
        INLINE, "texts with labels inside", lambda record: True, convert, reading=f"read labels inside the text{shown}"
    )


def _read_markup(line: str) -> tuple[str, list[list[Any]]]:
    """Reads `<PER>Ida</PER>`; the names of XML for characters (`&amp;`) are read, too."""
    text, spans, end = "", list[list[Any]](), 0
    is_open: list[tuple[str, str, int]] = []  # name, label and start of each element
    for match in _ELEMENT.finditer(line):
        text += _unescaped(line[end : match.start()])
        end = match.end()
        name = match["name"]
        if name.lower() in _TEXTS:
            continue
        if not match["close"]:
            is_open.append((name, _label(match), len(text)))
        elif not is_open or is_open[-1][0] != name:
            problem = f"found {quoted(match[0])} without <{name}> before it"
            raise ConversionError(problem, "Begin and end an entity on one line; write `&lt;` for a < of the text.")
        else:
            _, label, start = is_open.pop()
            spans.append(_span(text, start, label))
    if is_open:
        problem = f"found <{is_open[-1][0]}> without </{is_open[-1][0]}> behind it"
        raise ConversionError(problem, "Begin and end an entity on one line; write `&lt;` for a < of the text.")
    return text + _unescaped(line[end:]), sorted(spans)


def _unescaped(text: str) -> str:
    """Returns text with the names of characters replaced; unlike in HTML, each ends with a semicolon."""
    return _CHARACTER.sub(lambda match: html.unescape(match[0]), text)


def _label(element: re.Match[str]) -> str:
    name = element["name"]
    attributes = {key.lower(): one or other for key, one, other in _ATTRIBUTE.findall(element["attributes"])}
    if name.lower() in _TYPED:
        return next((attributes[key] for key in _TYPES if attributes.get(key)), name)
    if name.lower() in _FORMATS:
        problem = f"found the element {quoted(element[0])} of HTML"
        raise ConversionError(problem, "Name the element after the type of its entity, such as <PER>, or remove it.")
    return name


def _read_open_nlp(line: str) -> tuple[str, list[list[Any]]]:
    """Reads `<START:person> Ida <END>`."""
    text, spans, end = "", list[list[Any]](), 0
    is_open: tuple[str, int] | None = None  # label and start
    for match in _OPEN_NLP.finditer(line):
        text += line[end : match.start()]
        end = match.end()
        if bool(match["end"]) != (is_open is not None):
            problem = f"found {match[0]} {'without <START> before it' if match['end'] else 'inside an entity'}"
            raise ConversionError(problem, "End each entity with <END> before the next one begins.")
        if is_open:
            spans.append(_span(text, is_open[1], is_open[0]))
            is_open = None
        else:
            is_open = (match["label"] or BARE_TYPE, len(text))
    if is_open:
        raise ConversionError("found <START> without <END> behind it", "End the entity on the same line.")
    return text + line[end:], spans


def _read_brackets(line: str) -> tuple[str, list[list[Any]]]:
    """Reads `[Ida](PER)` and `[Oslo]{"entity": "city"}`, behind the bullet of a list; links stay text."""
    bullet = _BULLET.match(line)
    end = bullet.end() if bullet else 0
    text, spans = "", list[list[Any]]()
    for match in _RASA.finditer(line, end):
        label = match["label"]
        if match["object"]:
            try:
                label = json.loads(match["object"])["entity"]
            except (ValueError, KeyError, TypeError) as error:
                problem = f"found {quoted(match[0])} without an entity"
                raise ConversionError(problem, 'Write [Oslo]{"entity": "city"} or [Oslo](city).') from error
        text += _plain(line[end : match.start()])
        spans.append([len(text), len(text) + len(match["text"]), label])
        text, end = text + match["text"], match.end()
    return text + _plain(line[end:]), spans


def _plain(text: str) -> str:
    """Returns text between entities; something like an entity is an error."""
    if match := _RASA_REST.search(text):
        problem = f"found {quoted(text[match.start() :], 40)}, an incomplete entity"
        raise ConversionError(problem, "Write [Oslo](city), with the type in letters, digits and _.")
    return text


def _span(text: str, start: int, label: str) -> list[Any]:
    """Returns the span from an offset to the end of the text, without the white space at its edges."""
    part = text[start:]
    return [start + len(part) - len(part.lstrip()), start + len(part.rstrip()), label]


_MARKUP = _Notation(_CLOSED, _read_markup)
_BRACKETS = _Notation(_RASA, _read_brackets)
_NOTATIONS = (_MARKUP, _Notation(_OPEN_NLP_CLOSED, _read_open_nlp), _BRACKETS)
