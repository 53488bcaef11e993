"""Reader of CoNLL-2012 (OntoNotes): ten columns or more, entities as brackets in the eleventh."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import Lines, is_document_comment
from components.text.tags import OUTSIDE

_NUMBER, _TOKEN, _ENTITY = 2, 3, 10
_CELL = re.compile(r"(?:\((?P<label>[^()*\s]+))?\*?(?P<closes>\)?)")
_SAMPLE = 20  # rows that decide on the format


def is_conll2012(lines: Lines) -> bool:
    """Returns whether a file is in this format: its rows have a number in the third column, and brackets or stars.

    >>> row = "a/b 0 0 Oslo NNP * - - - - (GPE) -"
    >>> is_conll2012(lambda: iter([(1, "#begin document (a/b); part 000"), (2, row)]))
    True
    """
    rows = 0
    for _, line in lines():
        cells = line.split()
        if not cells or line.startswith("#"):
            continue
        if len(cells) <= _ENTITY or not cells[_NUMBER].isdecimal() or not _is_entity(cells[_ENTITY]):
            return False
        rows += 1
        if rows == _SAMPLE:
            break
    return rows > 0


def read_conll2012(lines: Lines, path: str, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a file with the tags of the eleventh column as B-, I- and O.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors.
        report: receives the kind of each line and the documents.
    """
    report.note(path, "read as CoNLL-2012: entities are the brackets of column 10")
    raw: RawSentence | None = None
    label = ""  # of the open bracket
    for number, line in lines():
        if not line.strip() or line.startswith(("#begin document", "#end document")):
            if raw:
                _close(raw, label, path)
                yield raw
                raw, label = None, ""
            begins = is_document_comment(line)
            report.line_kinds["comment" if line.startswith("#") else "boundary"] += 1
            report.documents += begins
            continue
        report.line_kinds["token"] += 1
        raw = raw or RawSentence(number)
        cells = line.split()
        token, tag = cells[min(_TOKEN, len(cells) - 1)], OUTSIDE
        match = _CELL.fullmatch(cells[_ENTITY]) if len(cells) > _ENTITY else None
        if token == "[WORD]":
            problem = "found [WORD] instead of a word"
            raw.error = raw.error or CorpusError(path, number, problem, "Add the words of OntoNotes (skeleton2conll).")
        elif match is None or not _fits(match, label):
            problem = f"found {quoted(line)}, expected brackets such as (GPE) or * in column {_ENTITY}"
            raw.error = raw.error or CorpusError(path, number, problem, "Correct the row.")
        else:
            tag = f"B-{match['label']}" if match["label"] else f"I-{label}" if label else OUTSIDE
            label = "" if match["closes"] else match["label"] or label
        raw.tokens.append(token)
        raw.tags.append(tag)
        raw.lines.append(number)
    if raw:
        _close(raw, label, path)
        yield raw


def _fits(match: re.Match[str], label: str) -> bool:
    """Returns whether the brackets of a cell fit the open one, of which there may be one."""
    opens, closes = bool(match["label"]), bool(match["closes"])
    return _is_entity(match[0]) and not (opens and label) and not (closes and not (opens or label))


def _is_entity(cell: str) -> bool:
    return cell != "" and bool(_CELL.fullmatch(cell)) and ("*" in cell or cell.startswith("("))


def _close(raw: RawSentence, label: str, path: str) -> None:
    if label and raw.error is None:
        problem = f"found the entity {quoted(label)} without its closing bracket"
        raw.error = CorpusError(path, raw.lines[-1], problem, "Correct the rows of the sentence.")
