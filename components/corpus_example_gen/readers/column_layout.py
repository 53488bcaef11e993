"""Layout of a columns file: separator, quoting, and the meaning of its columns, detected from all its lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from components.common import errors
from components.common.files import shell_name
from components.corpus_example_gen.cleaning.comments import begins_sentence, is_assignment, is_label, is_prose
from components.corpus_example_gen.cleaning.labels import is_tag_like, looks_outside
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.column_roles import (
    ROW_NUMBER,
    TAG_NAMES,
    TAG_SPACES,
    TOKEN_NAMES,
    Roles,
    column_text,
    find_roles,
)
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE, OUTSIDE_LABELS, is_valid_tag, split_tag

DOCUMENT_MARK = "-DOCSTART-"
_MOST_COLUMNS = 1_000  # of a row; the roles of more take a time that grows with their square
_DOCUMENT_COMMENT = "#begin document"  # CoNLL-2012
_NEW_DOCUMENT = "newdoc"  # CoNLL-U
_COMMENTS = (_DOCUMENT_COMMENT, "#end document")
# CoNLL-U: a range such as 8-9 repeats the words that follow, and 8.1 is a word that is not in the text.
_EXTRA_INDEX = re.compile(r"[0-9]+[-.][0-9]+")
_ATTRIBUTES = ("NER", "NE", "NAME")  # in the last column of CoNLL-U, MISC, in any case: `NER=B-loc|SpaceAfter=No`
_CONLLU_WIDTH = 10
_SEPARATOR_LINE = re.compile(r'"?sep=[,;]"?')  # Excel's first line
_SPACES = re.compile(" +")
CSV = (".csv", ".csv.gz")
"""Ends of the names of files with commas or semicolons, and cells quoted as in CSV."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*:")  # WikiANN: `en:Oslo`
# Outside labels next to types without a prefix; other marks are punctuation.
_PLACEHOLDERS = frozenset({"_", "-", "--", "*"})
_CHUNKS = frozenset({"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"})

_SPANS_IN_TABLES = (
    "Write token and tag in each row. A table of texts has a header with these names, `text,entities`, and all types "
    'in one column as spans such as `0-3 PER; 8-12 LOC` or `[[0, 3, "PER"]]`, or a row for each span: '
    "`text,start,end,label`."
)

Lines = Callable[[], Iterator[tuple[int, str]]]
"""Function that iterates over the numbered lines of a file from the start."""


@dataclass(frozen=True)
class ColumnLayout:
    r"""Layout of one columns file.

    Example:
        >>> layout = ColumnLayout(separator="\t", width=2)
        >>> layout.split("Peru\tB-LOC"), layout.is_comment("# genre = blog"), layout.is_boundary("\t")
        (['Peru', 'B-LOC'], True, True)

    Attributes:
        separator: a tab, a comma, a semicolon, a space (which stands for a run of spaces), or an empty string in a file
            with one column.
        width: usual number of columns.
        roles: meaning of the columns.
        quoted: whether cells are quoted as in CSV.
        others: (column, one of its types) of other columns that hold tags and may be meant.
        labels: number of rows with each label, without the rows that start with `#`.
        note: an unusual order of the columns; empty otherwise.
    """

    separator: str
    width: int
    roles: Roles = field(default_factory=Roles)
    quoted: bool = False
    others: tuple[tuple[int, str], ...] = ()
    labels: Counter[str] = field(default_factory=Counter, compare=False)
    note: str = ""

    def split(self, line: str) -> list[str]:
        """Returns the cells of a row; a row whose quotes are not balanced has one cell."""
        return split_row(line, self.separator, self.quoted)

    def is_comment(self, line: str) -> bool:
        """Returns whether a line before a sentence is a comment; `#photography<TAB>O` and `# O` are tokens."""
        if not line.startswith("#"):
            return False
        if line.startswith(_COMMENTS):
            return True
        cells = self.split(line)
        if self.separator in ("\t", ",", ";"):
            if self.separator not in line:
                return is_prose(line, self.width, self.labels)
            if self.roles.index == 0 and cells[0] == "#" and len(cells) != self.width:
                return True  # GermEval: `#<TAB>source`
            spaced = cells[0].startswith("# ") and (is_assignment(line) or len(cells[0].split()) > 1)
            return spaced and not (len(cells) == self.width and is_label(self.roles.tag_of(cells), self.labels))
        if not line.startswith("# ") and line != "#":
            return False
        is_row = len(cells) == self.width > 1 and is_label(cells[-1], self.labels)
        return is_assignment(line) or not is_row

    def is_first_comment(self, line: str) -> bool:
        """Returns whether a line is a comment that ends the sentence before it: it begins a document.

        Where numbers of rows begin the sentences, `# sent_id = 7` does so as well.
        """
        if not line.startswith("#"):
            return False
        begins_document = line[1:].split(None, 1)[:1] == [_NEW_DOCUMENT]
        begins = begins_document or (self.roles.restarts and begins_sentence(line) and is_assignment(line))
        return line.startswith(_COMMENTS) or (begins and self.is_comment(line))

    def is_inner_comment(self, line: str) -> bool:
        """Returns whether a line inside a sentence is a comment `# name = value`, but not that of another sentence."""
        is_row = self.separator not in ("\t", ",", ";") or self.separator in line
        return not is_row and is_assignment(line) and not begins_sentence(line)

    def is_boundary(self, line: str) -> bool:
        """Returns whether a line ends a sentence: it is empty or has tabs only."""
        return not line.strip("\t" if self.separator == "\t" else " \t" + self.separator)

    def is_space_row(self, line: str) -> bool:
        """Returns whether a line has spaces only; in a tab-separated file it does not end a sentence."""
        return not line.strip(" \t") and not self.is_boundary(line)

    def is_document_mark(self, line: str) -> bool:
        """Returns whether a line is a `-DOCSTART-` mark, with any number of columns."""
        if is_document_mark(line):
            return True
        if DOCUMENT_MARK not in line:
            return False
        cells, indexed = self.split(line), self.roles.indexed or self.roles.sentence is not None
        return indexed and len(cells) > self.roles.token and cells[self.roles.token].strip() == DOCUMENT_MARK

    def is_header(self, line: str) -> bool:
        """Returns whether a line is the header of the columns; concatenated files repeat it."""
        if self.separator in (",", ";") and _SEPARATOR_LINE.fullmatch(line):
            return True
        return bool(self.roles.header) and tuple(self.split(line)) == self.roles.header

    def is_extra_row(self, cells: list[str]) -> bool:
        """Returns whether a row of an indexed file is a CoNLL-U range or empty node instead of a token."""
        index = self.roles.index
        return index is not None and len(cells) > index and bool(_EXTRA_INDEX.fullmatch(cells[index]))

    def row_problem(self, cells: list[str]) -> str | None:
        """Describes the problem with the columns of a row; None if there is none."""
        roles = self.roles
        if roles.index is not None and not ROW_NUMBER.fullmatch(cells[roles.index] if roles.index < len(cells) else ""):
            return f"found no number in {column_text(roles.index)}, which counts the tokens"
        columns = [roles.token, roles.tag, *([] if roles.sentence is None else [roles.sentence])]
        least = max(column + 1 if column >= 0 else -column for column in columns)
        # A column counted from the end is only reliable in rows of the usual width.
        any_width = roles.indexed or min(columns) >= 0
        fits = len(cells) >= least if any_width else len(cells) == self.width
        expected = f"at least {least}" if any_width else str(self.width)
        return None if fits else f"found {len(cells)} column{'s' * (len(cells) != 1)}, expected {expected}"


def find_layout(lines: Lines, path: str, settings: CorpusSettings) -> ColumnLayout:
    """Detects the layout of a file from all its lines; a file without rows has no columns.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors; `.csv` stands for commas and quoted cells.
        settings: settings of the corpus; its columns, if set, replace the detected ones.

    Raises:
        CorpusError: the file has one column, a column of numbers whose meaning is unclear, or CoNLL-U without tags.
    """
    is_csv = path.lower().endswith(CSV)
    if is_csv:
        lines = _without_separator_lines(lines)
    separator = _find_separator(lines(), is_csv)
    quoted = is_csv or is_quoted(lines(), separator)
    widths = Counter(len(cells) for _, cells in _rows(lines(), separator, quoted) if cells)
    if not widths:
        return ColumnLayout("", 0)
    width = widths.most_common(1)[0][0]
    if width > _MOST_COLUMNS:
        line = next(line for line, cells in _rows(lines(), separator, quoted) if len(cells) == width)
        fix = "Write token, tab, tag on each line. `ner predict` tags unlabelled text."
        raise CorpusError(path, line, f"found {width:,} columns, more than {_MOST_COLUMNS:,}", fix)
    if width == 1:
        line, cells = next((line, cells) for line, cells in _rows(lines(), separator, quoted) if cells)
        hint = (
            " Columns are separated by tabs or spaces; files with commas or semicolons end in .csv."
            if {",", ";"} & {*cells[0]}
            else ""
        )
        if not is_csv and any("\t" in line.strip() for _, line in lines() if line[:1] != "#"):
            hint = " Some rows have tabs and others spaces; all rows need the same."
        raise CorpusError(
            path,
            line,
            f"found one column ({errors.quoted(cells[0])}) and no tags",
            f"Write token, tab, tag on each line.{hint} `ner predict` tags unlabelled text.",
        )
    if separator == " " and settings.tag_column is None and 2 * widths[width] <= widths.total():
        _require_tags(_rows(lines(), separator, quoted), path)
    configured, settings = settings, _named_columns(lines(), settings)
    has_names = settings is not configured  # CoNLL-U Plus names the columns in a comment
    roles = find_roles(lambda: _rows(lines(), separator, quoted), width, path, settings, may_have_header=not has_names)
    roles = _with_attribute(_rows(lines(), separator, quoted), width, roles, settings, path)
    if settings.tag_column is None and (halves := _halves(_rows(lines(), separator, quoted), width, roles)):
        one, other = halves
        problem = f"{column_text(one)} holds the prefixes B, I and O of the tags, and {column_text(other)} their types"
        fix = "Join them in one column, as B-PER, I-PER and O; corpus.tag_column chooses one of them as it is."
        raise CorpusReadingError(path, None, problem, fix)
    note = f"{column_text(0)} holds the tags, {column_text(1)} the tokens" if roles.is_reversed else ""
    is_chosen = settings.tag_column is not None or roles.indexed or bool(roles.header) or roles.is_reversed
    survey = _Survey(_rows(lines(), separator, quoted), width, roles)
    if not is_chosen and (first := survey.first_layer()) is not None:
        roles = replace(roles, tag=first - width)
        survey = _Survey(_rows(lines(), separator, quoted), width, roles)
    may_be_other = not is_chosen and settings.scheme == "auto" and settings.outside not in survey.labels
    if may_be_other and (only := survey.only_layer()) is not None:
        roles = replace(roles, tag=only - width)
        survey = _Survey(_rows(lines(), separator, quoted), width, roles)
        note = f"{column_text(only)} holds the tags; the last column has others, such as {errors.quoted(survey.last)}"
    if settings.token_column is None and settings.scheme == "auto" and survey.has_texts:
        first, cells = next((line, cells) for line, cells in _rows(lines(), separator, quoted) if len(cells) == width)
        row = errors.shortened(", ".join(cells), 80)
        header = "the header is" if roles.header else "no header was recognized, the first row is"
        problem = (
            f"{column_text(roles.token % width)} holds texts of several words, such as "
            f"{errors.quoted(survey.text, 60)}, not tokens; {header} {row!r}"
        )
        raise CorpusReadingError(path, first if roles.header else survey.text_line, problem, _SPANS_IN_TABLES)
    if prefix := survey.prefix:
        command = f"sed -i 's/^{prefix}//' {shell_name(Path(path).name)}"
        fix = f"Remove it, for example with `{command}`: callers send text without it."
        raise CorpusReadingError(path, None, f"each token begins with {errors.quoted(prefix)}, as in WikiANN", fix)
    others = () if is_chosen else tuple((column, min(types)) for column, types in survey.others.items())
    return ColumnLayout(separator, width, roles, quoted, others, survey.labels, note)


def _require_tags(rows: Iterable[tuple[int, list[str]]], path: str) -> None:
    """Refuses rows of different widths none of which begins or ends with a tag: running text.

    Rows with a tag between other cells have a comment behind it; they are not text if they are most of the rows.
    """
    number = count = tagged = 0
    for line, cells in rows:
        are_tags = [cell in OUTSIDE_LABELS or bool(split_tag(cell)[0]) for cell in cells]
        if any(are_tags[:1] + are_tags[-1:]):
            return
        number, count, tagged = number or line * bool(cells), count + bool(cells), tagged + any(are_tags)
    if 2 * tagged > count:
        return
    problem = "found text without labels: the rows differ in their numbers of words, and none has a tag at its end"
    fix = "Label it in an annotation tool, or write token, tab, tag on each line. `ner predict` tags such text."
    raise CorpusReadingError(path, number, problem, fix)


def _looks_outside(label: str) -> bool:
    return looks_outside(label, certain=True)


def _without_separator_lines(lines: Lines) -> Lines:
    return lambda: ((number, line) for number, line in lines() if not _SEPARATOR_LINE.fullmatch(line))


def _halves(rows: Iterable[tuple[int, list[str]]], width: int, roles: Roles) -> tuple[int, int] | None:
    """Returns the columns of prefix and type if tags are divided in two, as spaCy's `ent_iob_` and `ent_type_`.

    One of them is the column of the tags. In each row both are outside, or both are parts of a tag. A column
    whose values all have digits holds ids of entities.
    """
    tag = roles.tag % width
    ids = dict.fromkeys(range(width), True)
    others = {column: [0, 0] for column in range(width) if column not in (tag, roles.token % width)}
    for _, cells in rows if others else ():
        if len(cells) != width or cells[0][:1] == "#" or tuple(cells) == roles.header:
            continue
        for column in list(others):
            pair = cells[column].strip(), cells[tag].strip()
            are_prefixes = [value in ("B", "I") for value in pair]
            are_outside = [value in (OUTSIDE, "", *_PLACEHOLDERS) for value in pair]
            is_whole = any(split_tag(value)[0] for value in pair)
            if any(are_prefixes) and not (all(are_prefixes) or any(are_outside) or is_whole):
                others[column][are_prefixes[1]] += 1
                ids[column] = ids[column] and any(map(str.isdigit, pair[are_prefixes[0]]))
            elif not all(are_outside):
                del others[column]
        if not others:
            return None
    divided = [
        (column, counts) for column, counts in others.items() if 0 in counts and sum(counts) > 1 and not ids[column]
    ]
    if not divided:
        return None
    column, (own, _) = divided[0]
    return (column, tag) if own else (tag, column)


class _Survey:
    """Labels of a file, and its other columns with tags.

    Attributes:
        labels: number of rows with each label.
        last: first value of the last column.
        text: first value of the tokens' column that has several words.
        text_line: its line.
        has_texts: whether half of the rows have such values, and no label is a tag.
        prefix: language that begins all tokens, as in WikiANN (`en:`); empty if none does.
        others: types of each other column that holds tags, `O` in a column without types. Chunks (`B-NP`) count only if
            the labels are chunks.
    """

    def __init__(self, rows: Iterable[tuple[int, list[str]]], width: int, roles: Roles) -> None:
        """Reads all rows; those of another width than `width` do not count."""
        self.labels: Counter[str] = Counter()
        self.prefix = self.last = self.text = ""
        self.text_line = 0
        texts = 0
        own_columns = (roles.token, roles.tag, roles.index, roles.sentence, roles.document)
        known = {column % width for column in own_columns if column is not None}
        tags: dict[int, set[str]] = {column: set() for column in range(width) if column not in known}
        count = 0
        for line, cells in rows:
            if len(cells) != width or cells[0][:1] == "#" or tuple(cells) == roles.header:
                continue
            self.labels[roles.tag_of(cells).strip(TAG_SPACES)] += 1
            self.last = self.last or cells[-1]
            token, count = cells[roles.token], count + 1
            if " " in token.strip() and token[:1] != "[":
                if not self.text:
                    self.text, self.text_line = token, line
                texts += 1
            if count == 1:
                self.prefix = match[0] if (match := _LANGUAGE.match(token)) else ""
            elif self.prefix and not token.startswith(self.prefix):
                self.prefix = ""
            for column in list(tags):
                value = cells[column].strip(TAG_SPACES)
                if value not in tags[column]:
                    if is_valid_tag(value):
                        tags[column].add(value)
                    else:
                        del tags[column]
        if count < 2:
            self.prefix = ""
        are_tags = any(label in OUTSIDE_LABELS or split_tag(label)[0] for label in self.labels)
        self.has_texts = 0 < count <= 2 * texts and not are_tags
        self._types = {split_tag(label)[1] for label in self.labels} - {""}
        are_chunks = bool(self._types) and self._types <= _CHUNKS
        types = {column: {split_tag(tag)[1] for tag in own} - {""} or {OUTSIDE} for column, own in tags.items() if own}
        self.others = {column: own for column, own in types.items() if are_chunks or not own <= _CHUNKS}

    def only_layer(self) -> int | None:
        """Returns the only other column with tags, if the labels are neither tags nor outside, such as scores."""
        if any(map(is_tag_like, self.labels)) or any(map(str.isalnum, filter(_looks_outside, self.labels))):
            return None
        if len(self.labels) > 1 and not _PLACEHOLDERS.isdisjoint(self.labels):
            return None
        layers = [column for column, types in self.others.items() if types != {OUTSIDE}]
        return layers[0] if len(layers) == 1 else None

    def first_layer(self) -> int | None:
        """Returns the first other column that has at least half of the types of the labels; None if there is none.

        It holds the outer entities, or the gold tags before predictions. For labels without types, as of an empty inner
        layer, every column with types is another layer.
        """
        if not all(map(is_valid_tag, self.labels)):
            return None
        layers = {column: types for column, types in self.others.items() if types != {OUTSIDE}}
        return next((c for c, types in layers.items() if 2 * len(types & self._types) >= len(self._types)), None)


def _with_attribute(
    rows: Iterable[tuple[int, list[str]]], width: int, roles: Roles, settings: CorpusSettings, path: str
) -> Roles:
    """Returns the roles for CoNLL-U whose tags are an attribute in the last column, as in the corpora of CLARIN.SI.

    Raises:
        CorpusError: neither an attribute of the last column nor the third column holds tags.
    """
    last = width - 1
    if not roles.indexed or width != _CONLLU_WIDTH or settings.tag_column not in (None, last):
        return roles
    attributes: dict[str, str] = {}  # with their first value
    values: dict[str, Counter[str]] = {}
    count = tags = 0
    for _, cells in rows:
        if len(cells) == width:
            count += 1
            tags += is_valid_tag(cells[roles.tag])
            for name, sign, value in (part.partition("=") for part in cells[last].split("|")):
                if sign:
                    attributes.setdefault(name, value)
                if name.upper() in _ATTRIBUTES:
                    values.setdefault(name, Counter())[value] += 1
    by_rank = sorted(values, key=lambda name: _ATTRIBUTES.index(name.upper()))
    chosen = next((name for name in by_rank if _are_tags(values[name])), None)
    if chosen:
        return replace(roles, tag=last, attribute=chosen)
    if settings.tag_column is None and 2 * tags < count:
        known = errors.shortened(", ".join(map("=".join, attributes.items()))) or "none"
        problem = f"{column_text(last)}, MISC, has no tags such as NER=B-PER or NE=B-PER, its attributes are {known}"
        fix = "Add the tags there (O or no attribute: outside), or set corpus.tag_column to the column that has them."
        raise CorpusError(path, None, problem, fix)
    return roles


def _are_tags(values: Counter[str]) -> bool:
    """Returns whether most values other than O are tags; the reader names the rows of the others."""
    valid = sum(count for value, count in values.items() if value != OUTSIDE and is_valid_tag(value))
    return 2 * valid > values.total() - values[OUTSIDE]


def _named_columns(lines: Iterable[tuple[int, str]], settings: CorpusSettings) -> CorpusSettings:
    """Returns the settings with the columns that CoNLL-U Plus names: `# global.columns = ID FORM NER`."""
    first = next((line for _, line in lines), "")
    name, sign, value = first.partition("=")
    if not sign or name.strip("# \t") != "global.columns":
        return settings
    names = [column.casefold() for column in value.split()]
    tokens = [i for i, column in enumerate(names) if column in TOKEN_NAMES]
    tags = [i for known in TAG_NAMES for i, column in enumerate(names) if known in column.split(":")]
    update = {}
    if tokens and settings.token_column is None:
        update["token_column"] = tokens[0]
    if tags and settings.tag_column is None:
        update["tag_column"] = tags[0]
    return settings.model_copy(update=update)


def is_document_mark(line: str) -> bool:
    """Returns whether a line begins with the word `-DOCSTART-`.

    >>> is_document_mark("-DOCSTART- -X- O"), is_document_mark("-DOCSTART-s")
    (True, False)
    """
    line = line.removeprefix("\ufeff").removeprefix('"')
    return line[: len(DOCUMENT_MARK)].upper() == DOCUMENT_MARK and not line[len(DOCUMENT_MARK) :][:1].isalnum()


def is_document_comment(line: str) -> bool:
    """Returns whether a comment begins a document in CoNLL-2012's way."""
    return line.startswith(_DOCUMENT_COMMENT)


def document_name(line: str) -> str:
    """Returns the name in CoNLL-2012's comment, with the number of the part; empty if there is none.

    >>> document_name("#begin document (bc/cnn/00/cnn_0000); part 001"), document_name("-DOCSTART- -X- O")
    ('bc/cnn/00/cnn_0000 part 001', '')
    """
    name, _, part = line.removeprefix(_DOCUMENT_COMMENT).partition(";") if is_document_comment(line) else ("", "", "")
    return f"{name.strip().strip('()')} {part.strip()}".strip()


def split_row(line: str, separator: str, quoted: bool) -> list[str]:
    r"""Returns the cells of a row; a row whose quotes are not balanced has one cell.

    >>> split_row('"a ""b"" c"\tO O O', "\t", quoted=True)
    ['a "b" c', 'O O O']
    """
    if not separator:
        return [line]
    if quoted and '"' in line:
        try:
            reader = csv.reader([line.strip(" ")], delimiter=separator, strict=True, skipinitialspace=separator == " ")
            return next(reader)
        except csv.Error:
            return [line]
    return _SPACES.split(line.strip(" ")) if separator == " " else line.split(separator)


def _find_separator(lines: Iterable[tuple[int, str]], is_csv: bool) -> str:
    """Returns the separator of most rows: a tab, else a space, else an empty string; in CSV a comma or semicolon."""
    # Rows, and lines such as `#oslo O`, which may be comments: they count if there are no others.
    tallies: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for _, line in lines:
        if not line.strip(" \t") or is_document_mark(line) or (line.startswith("# ") and "\t" not in line):
            continue
        tally = tallies[line[0] == "#" and "\t" not in line]
        tally["rows"] += 1
        for separator in "\t,;":
            tally[separator] += separator in line
        tally[" "] += " " in line.strip(" ")
    tally = tallies[not tallies[0]]
    candidates = sorted("\t,;", key=lambda separator: -tally[separator]) if is_csv else "\t "
    return next((separator for separator in candidates if tally[separator] * 2 > tally["rows"]), "")


def is_quoted(lines: Iterable[tuple[int, str]], separator: str) -> bool:
    """Returns whether all cells with quotation marks are quoted as in CSV.

    A doubled quotation mark inside a quoted cell, or quotes around all cells, must occur: tokens such as `"` and `"no"`
    are usual in corpora.
    """
    doubled, rows, all_quoted = False, 0, 0
    if not separator:
        return False
    cell = rf'(?:"(?:[^"]|"")*+"|[^"{separator}]*+)'  # without backtracking: a cell ends in one way only
    pattern = re.compile(f"{cell}(?:{separator}{'+' * (separator == ' ')}{cell})*+")
    for _, line in lines:
        if not line.strip() or (line.startswith("#") and separator not in line):
            continue
        rows += 1
        if '"' not in line:
            continue
        if not pattern.fullmatch(line.strip(" ") if separator == " " else line):
            return False
        cells = split_row(line, separator, quoted=True)
        doubled = doubled or any('"' in value for value in cells)
        all_quoted += line.count('"') >= 2 * len(cells)
    return doubled or 0 < rows == all_quoted


def _rows(lines: Iterable[tuple[int, str]], separator: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yields (line, cells) of the rows, and (line, []) at each sentence boundary."""
    tabular = separator in ("\t", ",", ";")
    space = "\t" if separator == "\t" else " \t" + separator
    for number, line in lines:
        if not line.strip(space) or (line[0] in '-"\ufeff' and is_document_mark(line)) or line.startswith(_COMMENTS):
            yield number, []
        elif line.isspace() and not line.strip(" \t"):
            continue
        elif line[0] != "#" or (separator in line if tabular else not line.startswith("# ")):
            yield number, split_row(line, separator, quoted)
