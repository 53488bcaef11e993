"""Meaning of the columns of a file: token, tag, row number and sentence, from a header or from the values."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.labels import are_parts_of_speech, is_tag_like
from components.corpus_example_gen.digest_map import DigestMap, text_digest
from components.corpus_example_gen.errors import CorpusReadingError
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE, OUTSIDE_LABELS, is_valid_tag, split_tag

ROW_NUMBER = re.compile(r"[0-9]{1,18}")
"""Number of a row; longer ones are not numbers of rows."""

_NUMBER = re.compile(r"[0-9]+")
_COUNTED = re.compile(r"(.*?)([0-9]{1,18})(?:\.0)?", re.DOTALL)  # `12`, `12.0`, `Sentence: 12`, `doc1-s12`
_WORD = re.compile(r"[^\W_]+")
_TAG_WORD = re.compile(r"[\w-]+")
_NUMERIC = re.compile(r"[0-9][0-9.\-]*")
_TOLERANCE = 20
_FEW_ROWS = 4  # tokens may repeat in fewer rows
_LONG_COUNT = 5  # sentences in a row after a return to the middle of a count, which rows of a sentence hardly make
_MOST_SEEN = 100_000  # a column whose values return shows it among the first ones
_MOST_CLASSES = 100  # parts of speech, in the largest tag sets
_WORDS_PER_CLASS = 4  # a file of fewer words may have as many different classes as words
_LEMMA_ROWS = 20_000  # rows that tell a lemma from a word
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh")
_SURE_LEMMAS = 20  # lemmas in lower case of words with a capital, if other lemmas have capitals

TAG_SPACES = " \u00a0\u2007\u202f\u3000"
"""Spaces around a tag, as Excel and web pages leave them."""

NO_VALUE = ("", "nan", "NaN")
"""Values of an empty cell."""

TOKEN_NAMES = ("token", "tokens", "word", "words", "form", "text", "term", "terms")
"""Names of the column with the tokens in a header."""

TAG_NAMES = (
    *("ner", "ner_tag", "ner_tags", "ner-tag", "ner tag", "ne", "ne_tag", "named_entity", "iob", "bio", "bioes"),
    *("label", "labels", "entity", "entities", "entity_type", "type", "tag", "tags", "gold", "class", "category"),
    *("annotation", "word_labels", "ne-coarse-lit"),  # the last one: HIPE
)
"""Names of the column with the tags in a header; of several such columns, that with the first name counts."""

_SENTENCES = (
    *("sentence #", "sentence", "sentence_id", "sentence id", "sentence_idx", "sentence_number", "sentence_no"),
    *("sent", "sent_id", "sentid", "sentenceid", "sent_no", "sentence#", "sentence_nr"),
)
_DOCUMENTS = ("document", "document_id", "doc", "doc_id", "docid", "file", "filename", "file_name", "source")
_OTHERS = (
    *("pos", "pos_tag", "upos", "xpos", "postag", "chunk", "chunk_tag", "lemma", "id", "index", "idx", "unnamed: 0"),
    *("", "#", "head", "deprel", "deps", "feats", "misc", "shape", "start"),
    *("end", "lang", "token_id", "word_id", "token id"),
)

Rows = Callable[[], Iterator[tuple[int, list[str]]]]
"""Function that iterates over (line, cells) of the rows, with no cells at a sentence boundary."""


def column_text(number: int) -> str:
    """Returns the name of a column in notes and errors: its number in settings, which count from 0, and its place.

    >>> column_text(0), column_text(10), column_text(21)
    ('column 0 (the first)', 'column 10 (the eleventh)', 'column 21 (the 22nd)')
    """
    place = number + 1
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"column {number} (the {_PLACES[number] if number < len(_PLACES) else f'{place}{ending}'})"


@dataclass(frozen=True)
class Roles:
    """Meaning of the columns of a file.

    Attributes:
        token: column of the token, 0-based.
        tag: column of the tag, 0-based; negative counts from the end.
        attribute: name of the attribute of the tag's column that holds the tag; None: the whole cell is the tag.
        index: column that numbers the rows, of a sentence or of the file; None if there is none.
        sentence: column that numbers or names the sentences, in each row or in the first; None if there is none.
        document: column that the header calls a document, in each row or in the first; None if there is none.
        indexed: whether rows may differ in width after the tag, as in CoNLL-U.
        restarts: whether a row number 0 or 1 begins a sentence, because not all are separated by lines.
        header: cells of the header row; empty if there is none.
        header_line: line of the header row.
        is_reversed: whether the tag precedes the token, as in the files of MIT (`B-ACTOR<TAB>ida`).
        returns: number of sentences whose value in `sentence` named another sentence before, in the same document.
    """

    token: int = 0
    tag: int = -1
    attribute: str | None = None
    index: int | None = None
    sentence: int | None = None
    document: int | None = None
    indexed: bool = False
    restarts: bool = False
    header: tuple[str, ...] = ()
    header_line: int = 0
    returns: int = 0
    is_reversed: bool = False

    def tag_of(self, cells: Sequence[str]) -> str:
        """Returns the tag of a row as written."""
        cell = cells[self.tag]
        return attribute_of(cell, self.attribute) if self.attribute else cell


def attribute_of(cell: str, name: str) -> str:
    """Returns the tag in an attribute of a cell; O if the cell does not have it.

    >>> attribute_of("NER=B-loc|SpaceAfter=No", "NER"), attribute_of("_", "NER")
    ('B-loc', 'O')
    """
    pairs = (part.partition("=") for part in cell.split("|"))
    return next((value for key, _, value in pairs if key == name), OUTSIDE)


def find_roles(rows: Rows, width: int, path: str, settings: CorpusSettings, *, may_have_header: bool) -> Roles:
    """Detects the meaning of the columns.

    Args:
        rows: rows of the file.
        width: usual number of columns, at least 2.
        path: the file, for errors.
        settings: settings of the corpus; its columns, if set, replace the detected ones.
        may_have_header: whether the first row may be a header of unknown names, if the settings name the columns.

    Raises:
        CorpusReadingError: a column of numbers, or a mostly empty one, would be the token, or the rows of a sentence
            are not adjacent.
    """
    if (settings.tag_column or 0) >= width or (settings.token_column or 0) >= width:
        problem = f"has {width} columns, so corpus.token_column and corpus.tag_column can be at most {width - 1}"
        raise CorpusReadingError(
            path, None, problem, "Columns are counted from 0: the first is column 0. Correct the setting."
        )
    header_line, header = _find_header(rows, width, settings)
    if not header and may_have_header:
        header_line, header = _find_unknown_header(rows, width, settings)
    names = [name.strip().casefold() for name in header]
    body = _body(rows, header)
    columns = _Columns(width)
    columns.read(body())
    filled = [column for column in range(width) if columns[column].empty < columns[column].rows]
    own = {column for column in (settings.token_column, settings.tag_column) if column is not None}
    sentence = named = _first_named(names, _SENTENCES)
    if sentence is None or sentence in own:
        sentence, named = columns.find_sentence(own), None
    if sentence is not None and named is None and not _is_trailing_id(body, sentence, width, settings):
        sentence = None
    free = [column for column in (filled if len(filled) > 1 else range(width)) if column != sentence]
    index, restarts = _find_index(body, free, sentence)
    if index is not None and index in own:
        index, restarts = None, False
    # Without numbers of sentences, `source` may be anything.
    document = _first_named(names, _DOCUMENTS if sentence is not None else _DOCUMENTS[:-1])
    document = None if document in own else document
    returns = 0
    if sentence is not None and columns[sentence].may_return:
        returns = _count_returns(body(), sentence, document, path)
    free = [column for column in free if column not in (index, document)]
    token, tag = _first_named(names, TOKEN_NAMES), _first_named(names, TAG_NAMES)
    if settings.token_column is not None:
        token = settings.token_column
    elif token is None:
        if not free:
            problem = f"has no column of tokens, columns are {shortened(', '.join(header))}"
            raise CorpusReadingError(path, header_line or None, problem, "Name it `token`, or set corpus.token_column.")
        token = free[0]
        _check_token(columns, body, free, path)
    conllu = index == 0 and sentence is None and not header
    if settings.tag_column is not None:
        tag = settings.tag_column
    elif tag is None:
        tag = 2 if conllu else free[-1] if free else token
        tag = -1 if tag == width - 1 and not conllu else tag
    is_unset = settings.token_column is None and settings.tag_column is None and not header and free == [0, 1]
    is_reversed = width == 2 and is_unset and columns[0].classes == "tags" and columns[1].may_be_words
    if is_reversed:
        token, tag = 1, -2  # rows of another width are errors
    if width == 2 and is_unset and not is_reversed and columns[0].classes == "tags":
        problem = (
            f"{column_text(0)} holds tags such as {quoted(columns[0].first_value)}, and {column_text(1)} no tokens"
        )
        fix = "Write token, tab, tag in each row. `paste` joins a file of sentences and one of their tags to a .tsv."
        raise CorpusReadingError(path, columns[0].first_line, problem, fix)
    if tag in (token, token - width):
        problem = f"{column_text(token)} would hold both token and tag"
        raise CorpusReadingError(path, None, problem, "Set corpus.token_column and corpus.tag_column.")
    return Roles(
        token,
        tag,
        index=index,
        sentence=sentence,
        document=document,
        indexed=conllu,
        restarts=restarts,
        header=header,
        header_line=header_line,
        returns=returns,
        is_reversed=is_reversed,
    )


def _count_returns(rows: Iterable[tuple[int, list[str]]], sentence: int, document: int | None, path: str) -> int:
    """Returns how many sentences have the value of an earlier one, because the numbers begin again.

    A value that returns begins another sentence if the count goes on from it as before, as in each of several
    documents. Otherwise its rows belong to the earlier sentence.

    Args:
        rows: rows without the header.
        sentence: column of the sentences.
        document: column of the documents, in each of which the numbers may begin again; None if there is none.
        path: the file, for errors.

    Raises:
        CorpusReadingError: the rows of a sentence are not adjacent.
    """
    order, value, name, boundary = _Order(), "", "", True
    for line, cells in rows:
        if cells:
            current = cells[sentence].strip() if sentence < len(cells) else ""
            of_row = cells[document].strip() if document is not None and document < len(cells) else ""
            begins_document = of_row not in (*NO_VALUE, name)
            name = of_row if begins_document else name
            order.rows += 1
            order.empty += current in NO_VALUE
            if current not in NO_VALUE and (current != value or begins_document):
                value = current
                order.add(value, name, line, boundary)
        boundary = not cells
    if (stray := order.first_stray()) is not None:
        of_document = f" of document {quoted(stray.document)}" if stray.document else ""
        raise CorpusReadingError(
            path,
            stray.line,
            f"{column_text(sentence)} numbers the sentences, but the rows of a sentence are not adjacent: "
            f"{quoted(stray.value)}{of_document} returns",
            "Sort the rows by sentence, and in each by position. If the numbers begin again in each document, add a "
            "column `document` with its name.",
        )
    return order.returns


@dataclass
class _Part:
    """Sentences between two places at which the count falls.

    Attributes:
        line, value, document: its first sentence whose value returns.
        follows: number of further sentences that follow the one before as their values did before, or by counting.
        gaps: number of other sentences.
        returns: whether a value of it occurred before without a line that separates the sentences.
        is_start: whether its first value begins a count, as 0, 1 and the first value of a document do.
    """

    line: int
    value: str
    document: str
    follows: int = 0
    gaps: int = 0
    returns: bool = False
    is_start: bool = True

    @property
    def goes_on(self) -> bool:
        """True if the sentences count as those of a document do."""
        return self.follows >= (1 if self.is_start else _LONG_COUNT) and self.follows >= self.gaps


class _Order:
    """Sentences in the order of the file, each known by its value and document.

    Memory: 12 bytes per sentence.

    Attributes:
        rows: number of rows so far.
        empty: number of rows without a value.
        returns: number of sentences that have the value of an earlier one.
    """

    def __init__(self) -> None:
        self.rows = self.empty = self.returns = 0
        self._sentences = self._unseparated = 0
        self._first: _Part | None = None  # the first sentence that returns
        self._seen = DigestMap()
        self._count = 0
        self._starts = set[tuple[str, str]]()  # first values of documents
        self._part = _Part(0, "", "")
        self._stray: _Part | None = None
        self._single: _Part | None = None  # the first part of one sentence that returns
        self._restarts = self._singles = 0
        self._previous, self._place, self._prefix, self._number = ("", ""), -1, "", -1
        self._resumes: tuple[str, int] | None = None  # the number that would go on where the part interrupted the count

    def add(self, value: str, document: str, line: int, boundary: bool) -> None:
        """Adds a sentence; `boundary` tells that a line separates it from the one before."""
        match = _COUNTED.fullmatch(value)
        prefix, number = (match[1], int(match[2])) if match else (value, -1)
        place = self._seen.setdefault(text_digest(f"{document}\n{value}"), self._count)
        is_new = place == self._count
        self._count += is_new
        self.returns += not is_new
        self._sentences += 1
        if not is_new and not boundary:
            self._unseparated += 1
            self._first = self._first or _Part(line, value, document)
        counts = number >= 0 and prefix == self._prefix
        same_document = document == self._previous[1]
        follows = same_document and ((counts and number == self._number + 1) or place == self._place + 1)
        is_start = number in (0, 1) or (value, document) in self._starts
        if not same_document or not self._count - is_new:
            self._starts.add((value, document))
        if is_new and self._resumes == (prefix, number) and not follows and self._part.returns:
            self._stray = self._stray or self._part
        if boundary or (is_new and (not same_document or (counts and number < self._number))):
            self._begin(_Part(line, value, document))
        elif follows:
            self._part.follows += 1
        elif is_new:
            self._part.gaps += number >= 0
        elif is_start or not counts or not same_document or number <= self._number:
            self._begin(_Part(line, value, document, returns=True, is_start=is_start))
            self._resumes = (self._prefix, self._number + 1) if self._number >= 0 else None
        else:
            self._part.gaps += 1
            if not self._part.returns:
                self._part = _Part(line, value, document, self._part.follows, self._part.gaps, returns=True)
        self._previous, self._place, self._prefix, self._number = (value, document), place, prefix, number

    def first_stray(self) -> _Part | None:
        """Returns the first sentence that returns and is not the beginning of a count; None if there is none."""
        if not self.empty and 2 * self._unseparated >= self._sentences and 3 * self._sentences >= 2 * self.rows:
            return self._first  # nearly each row has another value than the row before
        self._begin(self._part)
        is_alone = self._singles > self._restarts
        return self._stray or (self._single if is_alone else None)

    def _begin(self, part: _Part) -> None:
        last = self._part
        if last.returns and last.goes_on:
            self._restarts += 1
        elif last.returns and (last.gaps > last.follows or not last.is_start):
            self._stray = self._stray or last
        elif last.returns:
            self._singles += 1
            self._single = self._single or last
        self._part = part
        self._resumes = None


class _Column:
    """Statistics of one column that tell whether it numbers the sentences.

    Attributes:
        begins_again: whether the numbers fall, or stay 0 or 1, behind a line that ends a sentence.
    """

    def __init__(self) -> None:
        self.rows = self.empty = self.numeric = self.runs = self.falls = self.returns = self.first_line = 0
        self.crossings = self.starts = self.missed = self.repeats = 0
        self.begins_again = False
        self._previous = self.first_value = ""
        self._last, self._skeleton, self._seen = "", "", set[str]()
        self._different = set[str]()
        self._number = -1
        self._other = False

    def add(self, value: str, line: int, boundary: bool) -> None:
        """Adds a value; `boundary` tells that it begins a sentence."""
        self.rows += 1
        self.first_line = self.first_line or line
        self.numeric += bool(_NUMERIC.fullmatch(value))
        value = value.strip()
        self.first_value = self.first_value or value
        self.repeats += value == self._previous and not boundary
        self._previous = value
        if len(self._different) < _MOST_CLASSES * _WORDS_PER_CLASS:
            self._different.add(value)
        if value in NO_VALUE:
            self.empty += 1
            self.missed += boundary
            return
        if self._other:
            return
        if value == self._last:
            self.crossings += boundary
            if boundary and self._number in (0, 1):
                self.starts += 1
                self.begins_again = True
            return
        skeleton = _NUMBER.sub("0", value)
        digits = "".join(_NUMBER.findall(value))
        self._skeleton = self._skeleton or skeleton
        if skeleton != self._skeleton or not digits or len(digits) > 18:
            self._other, self._seen = True, set()
            return
        self.runs += 1
        falls = int(digits) <= self._number
        if not boundary:  # behind a line that ends a sentence, numbers may begin again, as in each document
            self.falls += falls
            self.returns += value in self._seen
        self.begins_again = self.begins_again or (boundary and falls)
        if len(self._seen) < _MOST_SEEN:
            self._seen.add(value)
        self._last, self._number = value, int(digits)

    @property
    def are_ids(self) -> bool:
        """True if all values differ in their numbers only, such as `s12` and `s7`."""
        return not self._other and not self.empty and self.runs > 1

    @property
    def different(self) -> int:
        """Number of different values, counted up to a limit."""
        return len(self._different)

    @property
    def may_be_words(self) -> bool:
        """True if the column may hold the tokens: its values are texts, not numbers, parts of speech or tags."""
        are_texts = any(map(str.isalpha, "".join(self._different))) and not self._different <= OUTSIDE_LABELS
        return not self.classes and self.numeric * 2 < self.rows and are_texts

    @property
    def classes(self) -> str:
        """Kind of the values if all are names of parts of speech, or all are tags; punctuation may occur as well."""
        names = [value for value in self._different if any(map(str.isalnum, value))]
        if any(len(name) > 1 for name in names) and are_parts_of_speech(names):
            return "parts of speech"
        if any(split_tag(name)[0] for name in names) and all(map(is_valid_tag, names)):
            return "tags"
        return ""

    def are_classes_of(self, words: _Column) -> bool:
        """Returns whether this column may hold the parts of speech of the words in another column."""
        are_words = not words.are_ids and words.numeric * 2 < words.rows
        return are_words and self.different <= _MOST_CLASSES and words.different >= self.different * _WORDS_PER_CLASS

    @property
    def may_return(self) -> bool:
        """False if the values rise in the whole file, so none returns."""
        return self._other or self.falls > 0 or self.begins_again

    def numbers_sentences(self, *, is_first: bool, strict: bool) -> bool:
        """Returns whether the values name sentences: each in the first row of its sentence, or in all its rows.

        Args:
            is_first: whether it is the first column, which may have one value.
            strict: whether the values have to rise, with two rows each on average; offsets or heads do not.
        """
        if strict and (self.falls or 2 * self.runs > self.rows):
            return False
        if self._other or self.missed or not self.runs or self.runs == self.rows:
            return False
        counts = not self.returns or self.falls * _TOLERANCE <= self.runs
        if self.empty:
            return counts and self.runs == self.rows - self.empty
        # A number that stays the same across an empty line is one of a document or paragraph, unless it begins a count.
        crossings = self.crossings - self.starts if self.repeats else self.crossings
        return counts and (self.runs > 1 or is_first) and not crossings


class _Columns:
    """Statistics of all columns."""

    def __init__(self, width: int) -> None:
        self._columns = [_Column() for _ in range(width)]
        self.boundaries = 0  # between rows

    def __getitem__(self, column: int) -> _Column:
        return self._columns[column]

    def read(self, rows: Iterable[tuple[int, list[str]]]) -> None:
        """Reads the rows of the usual width."""
        boundary = True
        for line, cells in rows:
            if len(cells) == len(self._columns):
                self.boundaries += boundary and self._columns[0].rows > 0
                for column, value in zip(self._columns, cells, strict=True):
                    column.add(value, line, boundary)
            boundary = not cells

    def find_sentence(self, own: Collection[int]) -> int | None:
        """Returns the column that numbers or names the sentences, other than the configured ones; None if none does."""
        last = len(self._columns) - 1
        if last < 2:
            return None
        numbered = [1] if self[0].numeric * 2 > self[0].rows else []
        clear = {0, last, *numbered}
        for column in (0, *(numbered if self.boundaries else range(1, last)), last):
            is_sentence = self[column].numbers_sentences(is_first=column == 0, strict=column not in clear)
            if column == 0 and self[0].begins_again:  # numbers that are tokens do so as well
                is_sentence = is_sentence and self[1].may_be_words
            if column not in own and is_sentence:
                return column
        return None


def _check_token(columns: _Columns, body: Rows, free: Sequence[int], path: str) -> None:
    """Checks that the token column is not one of numbers, names of documents, classes, lemmas, or empty cells.

    Args:
        columns: all columns.
        body: rows without the header.
        free: columns that may be the token or the tag; the first one is the token.
        path: the file, for errors.
    """
    token, between = free[0], free[1:-1]
    column, has_choice = columns[token], bool(between)
    counts = (
        (column.empty, "is empty", 1),
        (column.numeric * has_choice, "holds a number", 1),
        (column.repeats * has_choice, "repeats the value of the row above", 0),
        (column.rows * (has_choice and column.are_ids), f"holds ids such as {quoted(column.first_value)}", 0),
    )
    problems = [
        f"{problem} in {count} of {column.rows} rows"
        for count, problem, more in counts
        if count * 2 >= column.rows + more and (more or column.rows >= _FEW_ROWS)
    ]
    words = next((other for other in between if column.are_classes_of(columns[other])), None)
    if words is not None:
        more = f"{column_text(words)} has at least {columns[words].different}"
        problems.append(f"has {column.different} different values where {more}")
    if column.classes and any(columns[other].may_be_words for other in between):
        problems.append(f"holds {column.classes} such as {quoted(column.first_value)}")
    if has_choice and _are_lemmas(body(), token, between[0]):
        problems.append(f"holds the words of {column_text(between[0])} in lower case, as lemmas are")
    if problems:
        raise CorpusReadingError(
            path,
            column.first_line,
            f"{column_text(token)} {problems[0]}, so it does not hold the tokens",
            "Remove it, or set corpus.token_column and corpus.tag_column to the columns with tokens and tags.",
        )


def _are_lemmas(rows: Iterable[tuple[int, list[str]]], column: int, words: int) -> bool:
    """Returns whether a column holds the lemmas of the words in another one; that one may also hold the lemmas of this.

    At least half of the lemmas are the words in lower case, no word is its lemma in lower case, and several words may
    share a lemma.
    """
    same = other = lowered = raised = 0
    lemmas, forms, have_capitals = set[str](), set[str](), False
    for _, cells in itertools.islice((row for row in rows if len(row[1]) > max(column, words)), _LEMMA_ROWS):
        lemma, word = cells[column], cells[words]
        lemmas.add(lemma.lower())
        forms.add(word.lower())
        have_capitals = have_capitals or lemma != lemma.lower()
        is_same = lemma.lower() == word.lower()
        same, other = same + is_same, other + (not is_same)
        if is_same and lemma != word and len(word) > 1:  # not `i` for `I`
            lowered += lemma == lemma.lower()
            raised += word == word.lower()
    least = _SURE_LEMMAS if have_capitals else 1
    return same >= other and len(lemmas) <= len(forms) and lowered >= least and raised * _TOLERANCE < lowered


def _find_header(rows: Rows, width: int, settings: CorpusSettings) -> tuple[int, tuple[str, ...]]:
    """Returns line and cells of the header: the first row, if it holds names of columns and its label is unique."""
    line, cells = next(((line, cells) for line, cells in rows() if cells), (0, []))
    names = [name.strip().casefold() for name in cells]
    token, tag = _first_named(names, TOKEN_NAMES), _first_named(names, TAG_NAMES)
    if len(cells) != width or (token is None and not tag) or len(set(names)) < len(names):
        return 0, ()
    if any(map(is_valid_tag, cells)):
        return 0, ()
    if width == 2 and token == 0 and tag is None and not set(_WORD.findall(names[1])).isdisjoint(TAG_NAMES):
        tag = 1  # such as `ner_label`, `gold tag`
    unknown = [column for column, name in enumerate(names) if name not in _KNOWN]
    if token is not None and tag is not None and not unknown:
        return line, tuple(cells)
    if tag is None and (width == 2 or unknown != [width - 1]):
        return 0, ()
    column = settings.tag_column if settings.tag_column is not None else (width - 1 if tag is None else tag)
    occurrences = sum(len(row) == width and row[column] == cells[column] for _, row in rows() if row)
    return (line, tuple(cells)) if occurrences == 1 else (0, ())


def _find_unknown_header(rows: Rows, width: int, settings: CorpusSettings) -> tuple[int, tuple[str, ...]]:
    """Returns line and cells of a first row such as `wort, etikett`, if the settings name both columns.

    Its label is not a tag and occurs once, and other rows have tags with a type.
    """
    if settings.token_column is None or settings.tag_column is None:
        return 0, ()
    line, first = next(((line, cells) for line, cells in rows() if cells), (0, []))
    if len(first) != width:
        return 0, ()
    counts = Counter(cells[settings.tag_column].strip(TAG_SPACES) for _, cells in rows() if len(cells) == width)
    return (line, tuple(first)) if is_like_header(first[settings.tag_column].strip(TAG_SPACES), counts) else (0, ())


def is_like_header(label: str, counts: Mapping[str, int]) -> bool:
    """Returns whether the label of a first row may be the name of its column.

    Args:
        label: the label.
        counts: number of rows with each label of the file.

    Example:
        >>> is_like_header("etikett", {"etikett": 1, "O": 5, "B-PER": 2}), is_like_header("PER", {"PER": 1, "O": 5})
        (True, False)
    """
    has_tags = any(map(is_valid_tag, {*counts} - OUTSIDE_LABELS))
    return has_tags and counts.get(label) == 1 and not any(map(is_tag_like, _TAG_WORD.findall(label)))


def _first_named(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _body(rows: Rows, header: tuple[str, ...]) -> Rows:
    """Returns the rows without headers; a repeated header is a boundary."""
    if not header:
        return rows
    return lambda: ((line, [] if tuple(cells) == header else cells) for line, cells in rows())


def _is_trailing_id(body: Rows, sentence: int, width: int, settings: CorpusSettings) -> bool:
    """Returns whether the last column may be a sentence's number: then the column before it holds tags."""
    if sentence != width - 1 or settings.tag_column is not None or settings.token_column == sentence:
        return True
    labels = Counter(cells[-2] for _, cells in body() if len(cells) == width)
    return any(is_tag_like(label) for label in labels)


def _find_index(body: Rows, free: Sequence[int], sentence: int | None) -> tuple[int | None, bool]:
    """Returns the column that numbers rows (one of the first two), and whether its restarts begin sentences."""
    if len(free) < 3:
        return None, False
    for column in free[:2]:
        count = _counts_up(body(), column, sentence)
        # Sentences have two rows or more on average: a column of flags (0 or 1) does not count. Behind the tokens of
        # sentences that lines separate, numbers count other things, such as syllables.
        restarts = sentence is None and 0 < count.restarts <= count.follows - count.boundaries
        restarts = restarts and (not count.boundaries or column == free[0])
        if count.good > 0 and count.bad * _TOLERANCE <= count.good:
            return column, restarts
        if restarts and (count.bad - count.restarts) * _TOLERANCE <= count.good:
            return column, True
    return None, False


class _Count(NamedTuple):
    """Rows whose number fits, those that follow the row before, other rows, restarts among these, and boundaries."""

    good: int
    follows: int
    bad: int
    restarts: int
    boundaries: int


def _counts_up(rows: Iterable[tuple[int, list[str]]], column: int, sentence: int | None) -> _Count:
    """Counts the rows of a column that may number them.

    Some exceptions are allowed: `row_problem` then reports them, and they must not turn the numbers into tokens.
    """
    good, follows, bad, restarts, boundaries = 0, 0, 0, 0, 0
    expected: int | None = None
    last = -1  # number of the row before; numbers of a whole file go on over empty lines
    previous, pending = "", False
    for _, cells in rows:
        value = cells[column] if column < len(cells) else ""
        current = cells[sentence] if sentence is not None and sentence < len(cells) else previous
        if not cells:
            pending = good > 0
            expected = None
        elif ROW_NUMBER.fullmatch(value):
            boundaries, pending = boundaries + pending, False
            number = int(value)
            begins = number in (0, 1)
            starts = begins or last < 0 or last < number <= last + 2
            fits = number == expected if expected is not None else starts
            follows += number == expected
            fits = fits or (begins and current != previous and bool(current))
            last = number
            restarts += begins and not fits
            good, bad, expected = good + fits, bad + (not fits), number + 1
        elif value != "#" and not _NUMERIC.fullmatch(value):  # `#` and a tab begin a comment (GermEval)
            bad += 1
        previous = current or previous
    return _Count(good, follows, bad, restarts, boundaries)


_KNOWN = frozenset(itertools.chain(TOKEN_NAMES, TAG_NAMES, _SENTENCES, _DOCUMENTS, _OTHERS))
