"""Reader of texts with their labels inside.

A label stands around an entity, as in `<PER>Ida</PER>`, `<ENAMEX TYPE="PERSON">Ida</ENAMEX>` (MUC), `<START:person> Ida
<END>` (OpenNLP) and `[Ida](PER)` (Rasa), or at each word, as in `Ida/B-PER left/O`, `Ida B-PER left O` and in lines
of words above lines of their tags. Otherwise a line is a text. The first kind becomes records with spans, the second
one the lines of a column file.

No library fits: parsers of XML and HTML refuse or drop parts of the text between the labels (`AT&T`, `a < b`).
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from components.common.errors import counted, quoted
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
_MOST_COLUMNS = 4  # with tags in every second one, as of chunks and entities
_HEAD_LINES = 20  # that may show YAML of Rasa
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
_NAME = r"[^\W\d][\w.-]{0,99}"  # a bound, or a line of many letters takes hours
_VALUE = r"(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>=/]+))"
_ELEMENT = re.compile(
    rf"<(?P<close>/?)(?P<name>{_NAME})(?P<attributes>(?:\s+{_NAME}\s*=\s*{_VALUE})*)\s*(?P<empty>/?)>"
)
_MARKUP_REST = re.compile(r"</[^<>\s][^<>]{0,99}>|<!--|<!\[CDATA\[|<\?")
_CHARACTER = re.compile(r"&(?:#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_ATTRIBUTE = re.compile(rf"({_NAME})\s*=\s*{_VALUE}")
_CLOSED = re.compile(rf"<({_NAME})(?:\s[^<>]*)?>[^<>]+</\1\s*>", re.IGNORECASE)
# Elements whose attribute names the type, those that hold texts, and those that format them, in lower case.
_TYPED = frozenset(
    {"enamex", "numex", "timex", "ne", "ner", "entity", "ent", "e", "tag", "annotation", "ann", "mention", "name", "rs"}
)
_TYPES = ("type", "label", "class", "category", "cat", "tag", "ner", "entity")
_TEXTS = frozenset(
    {"doc", "document", "wiki", "article", "page", "corpus", "text", "txt", "body", "hl", "headline", "slug"}
    | {"p", "par", "paragraph", "s", "sent", "sentence", "line", "u"}
)
_NUMBERS = frozenset({"docno", "docid", "storyid", "nwords"})  # each fills a line and numbers a document
_WORDS = frozenset({"w", "wi", "tok", "token", "word"})
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
_OPEN_NLP = re.compile(r"<(?:START(?::(?P<label>[^<>\s]+))?|(?P<end>END))>", re.IGNORECASE)
_OPEN_NLP_CLOSED = re.compile(r"<START(?::[^<>\s]+)?>[^<>]+<END>", re.IGNORECASE)
_OPEN_NLP_REST = re.compile(r"<(?:START\b|END\b)[^<>]{0,99}>?", re.IGNORECASE)
# The value behind a colon is the normalized text. Links are text: their addresses have a colon, dot or slash.
_RASA = re.compile(
    r"(?<![!\\])\[(?P<text>[^\[\]]*[^\[\]\\])\]"
    r"(?:\((?P<label>[^\W\d][\w -]*)(?::[^()/]*)?\)|(?P<object>\{[^{}]*\}))(?:\{[^{}]*\})?"
)
_RASA_REST = re.compile(
    r"(?<!!)\[[^\[\]]+\]?(?:\((?!\w+:/|[^()]*[./])[^()]*\)?|\{)|(?:(?<=[\[\]])|^[^\[\]]*)\]\([^\W\d][\w -]*\)"
)
_BULLET = re.compile(r"\s*[-*+]\s+")
_RASA_YAML = re.compile(r"(?:version|nlu|stories|rules)\s*:")  # how a file of Rasa begins, behind comments
_RASA_KEY = re.compile(r"\s*(?:-\s+)?(intent|synonym|regex|lookup|examples)\s*:")
_RASA_HEADING = re.compile(r"##\s*(synonym|regex|lookup)\s*:")
_TAGGED_WORD = re.compile(r"(?<!\S)[^\s/|]+[/|][BIES]-[A-Z]{2,}(?!\S)")
_DOCUMENT = "-DOCSTART-"


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
    if of_pairs := _rows_of_line_pairs(text.lines, [line for _, line in sample], path):
        report.note(path, "read tags at the words, on the line below them")
        return of_pairs
    if of_words := _rows_of_words(text.lines, sample):
        lines, example = of_words
        report.note(path, f"read tags at the words, such as {quoted(example, 60)}")
        return lines
    if _is_column_file([line for _, line in sample]):
        return None
    for number, line in sample:
        for notation in _NOTATIONS:
            if match := notation.pattern.search(line):
                _refuse_table(path, number, [line for _, line in sample])
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


def _refuse_table(path: str, number: int, lines: list[str]) -> None:
    """Refuses texts that are a column of a table: the others would be read as text."""
    texts = [line for line in lines if line.strip()]
    has_tabs = sum("\t" in line.strip() for line in texts) > len(texts) / 2
    if has_tabs or path.lower().removesuffix(".gz").endswith(".csv"):
        problem = "found labels inside the texts of a table, which is not read"
        fix = "Keep the column of the texts alone" + (
            ", for example with `cut -f 2`." if has_tabs else ", as a .txt file."
        )
        raise CorpusError(path, number, problem, fix)


def _is_column_file(lines: list[str]) -> bool:
    """Returns whether most lines are rows: they have a tag, or cells without spaces between tabs."""
    rows = [line.strip() for line in lines if line.strip() and not line.startswith("# ")]
    are_rows = sum(any(map(is_valid_tag, row.split())) or ("\t" in row and " " not in row) for row in rows)
    return are_rows > 0 and are_rows >= len(rows) / 2


def _rows_of_line_pairs(lines: Lines, sample: list[str], path: str) -> Lines | None:
    """Returns lines with a row for each word if every second line has the tags of the line above it."""
    rows = [words for line in sample if (words := line.split())]
    pairs = list(zip(rows[::2], rows[1::2], strict=False))
    if not pairs or not all(len(words) == len(tags) and all(map(is_valid_tag, tags)) for words, tags in pairs):
        return None
    if max(len(words) for words, _ in pairs) == 1 or all(all(map(is_valid_tag, words)) for words, _ in pairs):
        return None
    if any(words[-1] not in OUTSIDE_LABELS and is_valid_tag(words[-1]) for words, _ in pairs):
        return None  # `Ida B-PER`, `O O`

    def expanded() -> Iterator[tuple[int, str]]:
        words: list[str] = []
        begin = 0
        for number, line in lines():
            if not line.strip():
                continue
            if not words:
                words, begin = line.split(), number
                continue
            tags = line.split()
            if len(tags) != len(words):
                problem = f"found {counted(len(tags), 'tag')} for the {counted(len(words), 'word')} of line {begin}"
                raise CorpusError(path, number, problem, "Write a tag for each word.")
            yield from ((number, f"{word}\t{tag}") for word, tag in zip(words, tags, strict=True))
            yield number, ""
            words = []
        if words:
            raise CorpusError(path, begin, "found no line of tags below it", "Add it, or remove the line.")

    return expanded


def _rows_of_words(lines: Lines, sample: list[tuple[int, str]]) -> tuple[Lines, str] | None:
    """Returns lines with a row for each word, and an empty one behind each text, if words have tags; and an example."""
    rows = [words for _, line in sample if (words := line.split()) and words[0] != "#" and words != [_DOCUMENT]]
    if not rows or any("\t" in line or "\r" in line for _, line in sample):
        return None
    pairs = [row for row in rows if len(row) % 2 == 0 and all(map(is_valid_tag, row[1::2]))]
    if len(pairs) >= _MIN_TAGGED * len(rows) and _are_in_turns(pairs):
        return _expanded(lines, _split_pairs, is_column=False), " ".join(pairs[0][:2])
    words = [word for row in rows for word in row]
    for separator in "/|_#:\\@^~":
        tagged = [word for word in words if separator in word]
        if len(tagged) < _MIN_TAGGED * len(words):
            continue
        columns = Counter(word.count(separator) for word in tagged)
        # Words of another depth are errors, or contain separators.
        depth = min(columns, key=lambda count: (-columns[count], count))
        split = functools.partial(_split_words, separator=separator, depth=depth)
        if _are_tags([word.rsplit(separator, 1)[1] for word in tagged]):
            return _expanded(lines, split, is_column=len(words) == len(rows)), tagged[0]
    return None


def _are_in_turns(rows: list[list[str]]) -> bool:
    """Returns whether rows of tokens and tags in turns are texts, not a token and columns for layers of tags."""
    lengths = {*map(len, rows)}
    if len(lengths) > 1:
        return max(lengths) > _MOST_COLUMNS
    return lengths.pop() > 2 * _MOST_COLUMNS and not any(is_valid_tag(word) for row in rows for word in row[2::2])


def _split_pairs(words: list[str]) -> list[str]:
    return ["\t".join(words[at : at + 2]) for at in range(0, len(words), 2)]


def _split_words(words: list[str], separator: str, depth: int) -> list[str]:
    parts = [word.rsplit(separator, depth) for word in words]
    # A word of tags alone is an error of the row.
    return ["\t".join(part) if part[0] else word for part, word in zip(parts, words, strict=True)]


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
            if words and words[0] == "#":
                words = []  # a comment
            if words == [_DOCUMENT]:
                yield number, line
                continue
            for row in rows(words) if words else ():
                yield number, row
            if not (words and is_column):
                yield number, ""

    return expanded


def _records(text: CorpusText, notation: _Notation) -> Records:
    head = text.head if notation is _BRACKETS else ""
    is_yaml = "examples:" in head and any(map(_RASA_YAML.match, head.split("\n", _HEAD_LINES)[:_HEAD_LINES]))

    def numbered() -> Iterator[tuple[int, Any]]:
        has_texts = not is_yaml  # whether the lines belong to an intent of Rasa
        key = ""
        for number, line in text.lines():
            is_key = False
            if is_yaml and (match := _RASA_KEY.match(line)):
                is_key, key = True, match[1] if match[1] != "examples" else key
                has_texts = match[1] == "examples" and key == "intent"
            elif notation is _BRACKETS and line.startswith("##"):
                has_texts = not _RASA_HEADING.match(line)
            no_text = is_key or not has_texts or (is_yaml and not _BULLET.match(line))
            yield number, "" if no_text or _has_no_text(line, notation) else {"line": line}

    return Records(numbered, text.line_count)


def _has_no_text(line: str, notation: _Notation) -> bool:
    """Returns whether a line separates texts: it is empty, a heading of Rasa, or has only elements of documents."""
    if notation is _MARKUP and (elements := list(_ELEMENT.finditer(line))):
        names = {element["name"].lower() for element in elements}
        return names <= _NUMBERS or (names <= _TEXTS and not _ELEMENT.sub("", line).strip())
    return line.strip() in ("", _DOCUMENT) or (notation is _BRACKETS and line.startswith("#"))


def _tool(notation: _Notation, example: str) -> SpanTool:
    def convert(record: Any, path: str) -> Annotated:
        text, spans = notation.read(record["line"])
        for pattern in (*(other.pattern for other in _NOTATIONS if other is not notation), _TAGGED_WORD):
            if match := pattern.search(text):
                problem = f"found {quoted(match[0], 60)}, a label of another kind than {quoted(example, 60)}"
                raise ConversionError(problem, "Write all labels of a file in one way.")
        return Annotated(text, spans)

    shown = f", such as {quoted(example, 60)}" if example else ""
    return SpanTool(
        INLINE, "texts with labels inside", lambda record: True, convert, reading=f"read labels inside the text{shown}"
    )


def _read_markup(line: str) -> tuple[str, list[list[Any]]]:
    """Reads `<PER>Ida</PER>`; the names of XML for characters (`&amp;`) are read, too."""
    text, spans, end = "", list[list[Any]](), 0
    is_open: list[tuple[str, str, int]] = []  # name, label and start of each element
    texts: list[tuple[str, int]] = []  # element that holds a text, and its start
    whole: list[tuple[str, int, int]] = []  # such elements that begin and end on the line
    for match in _ELEMENT.finditer(line):
        text += _unescaped(line[end : match.start()])
        end = match.end()
        name = match["name"].lower()
        if name in _TEXTS:
            if not match["close"] and not match["empty"]:
                texts.append((match[0], len(text)))
            elif texts and match["close"]:
                whole.append((*texts.pop(), len(text)))
        elif match["empty"]:
            raise ConversionError(f"found the empty element {quoted(match[0])}", "Remove it.")
        elif not match["close"]:
            is_open.append((match["name"], _label(match), len(text)))
        elif not is_open or is_open[-1][0].lower() != name:
            problem = f"found {quoted(match[0])} without <{match['name']}> before it"
            raise ConversionError(problem, "Begin and end an entity on one line; write `&lt;` for a < of the text.")
        else:
            _, label, start = is_open.pop()
            spans.append(_span(text, start, label))
    if is_open:
        problem = f"found <{is_open[-1][0]}> without </{is_open[-1][0]}> behind it"
        raise ConversionError(problem, "Begin and end an entity on one line; write `&lt;` for a < of the text.")
    text += _unescaped(line[end:])
    if whole and _has_text_outside(text, whole):
        problem = f"found {quoted(whole[0][0])}, which marks a whole text, inside a text"
        raise ConversionError(problem, "Give the type of an entity another name, or remove the element.")
    return text, sorted(spans)


def _has_text_outside(text: str, parts: list[tuple[str, int, int]]) -> bool:
    end = 0
    for _, start, stop in sorted(parts, key=lambda part: part[1:]):
        if text[end:start].strip():
            return True
        end = max(end, stop)
    return bool(text[end:].strip())


def _unescaped(text: str) -> str:
    """Returns text with the names of characters replaced; unlike in HTML, each ends with a semicolon."""
    if match := _MARKUP_REST.search(text):
        problem = f"found {quoted(text[match.start() :], 40)}, which is not read"
        raise ConversionError(problem, "Remove it, or write `&lt;` for a < of the text.")
    return _CHARACTER.sub(lambda match: html.unescape(match[0]), text)


def _label(element: re.Match[str]) -> str:
    name = element["name"]
    attributes = {key.lower(): "".join(values) for key, *values in _ATTRIBUTE.findall(element["attributes"])}
    if name.lower() in _TYPED:
        return next((attributes[key] for key in _TYPES if attributes.get(key)), name)
    if name.lower() in _WORDS:
        problem = f"found {quoted(element[0])}, an element for each word"
        raise ConversionError(problem, "Export token, tab, tag on each line, or write <PER> around each entity.")
    if name.lower() in _FORMATS:
        problem = f"found the element {quoted(element[0])} of HTML"
        raise ConversionError(problem, "Name the element after the type of its entity, such as <PER>, or remove it.")
    return name


def _read_open_nlp(line: str) -> tuple[str, list[list[Any]]]:
    """Reads `<START:person> Ida <END>`."""
    text, spans, end = "", list[list[Any]](), 0
    is_open: tuple[str, int] | None = None  # label and start
    for match in _OPEN_NLP.finditer(line):
        text += _without_marks(line[end : match.start()])
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
    return text + _without_marks(line[end:]), spans


def _without_marks(text: str) -> str:
    """Returns text between entities; something like a mark of OpenNLP is an error."""
    if match := _OPEN_NLP_REST.search(text):
        raise ConversionError(f"found {quoted(match[0])}, an incomplete mark", "Write `<START:person> Ida <END>`.")
    return text


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
    if not part.strip():
        raise ConversionError(f"found the label {quoted(label)} around no text", "Remove the label.")
    return [start + len(part) - len(part.lstrip()), start + len(part.rstrip()), label]


_MARKUP = _Notation(_CLOSED, _read_markup)
_BRACKETS = _Notation(_RASA, _read_brackets)
_NOTATIONS = (_MARKUP, _Notation(_OPEN_NLP_CLOSED, _read_open_nlp), _BRACKETS)
