"""The work of one process: a chunk of rows in, lines of the output and of the errors out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.common.errors import quoted
from components.exporter.contract.contract import LEAST_CHARACTERS
from components.exporter.validator.probe.c_api import numpy_dtype
from components.exporter.validator.probe.values import strings
from components.keys import KEY
from components.serving.batch_prediction import formats
from components.serving.batch_prediction.any_model import AnyModel
from components.serving.batch_prediction.errors import BadRowError, BatchError
from components.serving.batch_prediction.fields import AS_CSV, BRAT, DELIMITERS, ENTITY_COLUMNS, LINE, PARQUET, Fields
from components.serving.batch_prediction.rows import BadRow, Row, b64_bytes, feature, parse
from components.serving.batch_prediction.sources import join_cells
from components.serving.saved_model_tagger import NoTaggerError, RefusedError, SavedModelTagger, TaggedSentence

BATCH_ROWS = 128
_JOINABLE = ("entities", "doccano", "conll")  # formats for programs
_EXACT = 2**53  # the largest range in which every integer is a float
_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclasses.dataclass(frozen=True)
class Task:
    """The part of a job that a process needs.

    Attributes:
        model: folder of the SavedModel.
        signature: its name; None: chosen.
        kind: of the input.
        header: columns of a CSV file.
        quoting: of a CSV file.
        fields: of the rows.
        format: of the answer.
        output_kind: of the output.
        with_tokens: whether the answer has tokens.
        threads: that compute one request.
    """

    model: Path
    signature: str | None
    kind: str
    header: tuple[str, ...]
    quoting: str | None
    fields: Fields
    format: str
    output_kind: str
    with_tokens: bool
    threads: int = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChunkSummary:
    """Counts and names of the rows of a chunk.

    Attributes:
        rows: tagged rows.
        bad: rows that cannot be tagged.
        empty: tagged rows whose text is empty or white space.
        first_bad: (number, reason) of the first one.
        present: field -> number of rows that have it, of the fields that the user named.
        names: fields of the first row that lacks one, else of the first row.
        kinds: field -> kinds of its JSON values, for the types of Parquet columns.
    """

    rows: int
    bad: int
    empty: int
    first_bad: tuple[int, str] | None
    present: dict[str, int]
    names: list[str]
    kinds: dict[str, list[str]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tagged(ChunkSummary):
    """The result of a chunk.

    Attributes:
        output: lines of the output, in order.
        errors: lines of the file of errors.
    """

    output: bytes
    errors: bytes


class ChunkTagger:
    """Tags chunks with a model that it loads once.

    tests/components/serving/batch_prediction/test_job.py shows it at work.
    """

    def __init__(self, task: Task) -> None:
        """Loads the model.

        Raises:
            NerError: it cannot be used for this job.
        """
        self._task = task
        self._fields = task.fields
        self._tagger: SavedModelTagger | None = None
        needs_tokens = task.with_tokens or task.format == "conll"
        try:
            self._tagger = SavedModelTagger(
                task.model, signature=task.signature, threads=task.threads, with_tokens=needs_tokens
            )
        except NoTaggerError as error:
            if task.output_kind in DELIMITERS:
                raise BatchError(f"--output: a table of entities needs a tagger. {error}") from error
            if task.format != "entities" or task.with_tokens:
                option = "--tokens" if task.format == "entities" else f"--format {task.format}"
                raise BatchError(f"{option} needs a tagger. {error}") from error
            self._any = AnyModel(task.model, task.signature, task.threads)
            self._fields = dataclasses.replace(task.fields, all=True)

    def tag(self, payload: Any) -> Tagged:
        """Tags the rows of a chunk.

        Raises:
            NerError: the model gives no usable answer to any row.
        """
        task = self._task
        parsed = list(self.parse(payload))
        lines = self.lines(parsed)
        rows = [each for each in parsed if isinstance(each, Row)]
        output = [line for line in lines if isinstance(line, str)]
        bad = [line for line in lines if isinstance(line, BadRow)]
        kept = [name for name in task.fields.kept if name not in task.fields.required]
        present = {name: sum(name in row.members for row in rows) for name in kept}
        present |= {name: len(rows) for name in task.fields.required}
        kinds = kinds_of(rows, task.fields.kept) if task.output_kind == PARQUET else {}
        if self._tagger is None:
            kinds["outputs"] = []
        return Tagged(
            output="".join(output).encode("utf-8"),
            errors="".join(each.report() for each in bad).encode("utf-8"),
            rows=len(output),
            bad=len(bad),
            empty=sum(row.is_empty for row in rows),
            first_bad=(bad[0].number, bad[0].reason) if bad else None,
            present=present,
            names=next((list(each.names) for each in bad if each.names), list(rows[0].members) if rows else []),
            kinds=kinds,
        )

    def parse(self, payload: Any) -> Iterator[Row | BadRow]:
        """Yields the rows of a chunk."""
        return parse(self._task.kind, payload, self._fields, list(self._task.header), self._task.quoting)

    def lines(self, rows: Sequence[Row | BadRow]) -> list[str | BadRow]:
        """Returns a line of the output for every row, in order, or the row with the reason why there is none."""
        answers = answers_of(rows, self._request)
        return [answer if isinstance(answer, BadRow) else self._line(answer.row, answer.content) for answer in answers]

    def _request(self, rows: list[Row]) -> Sequence[Any]:
        if self._tagger is None:
            return self._any.run(rows)
        features = {}
        if self._task.signature is not None:
            key = self._task.fields.key
            for name, info in self._tagger.features.items():
                features[name] = _column(rows, key if name == KEY and key else name, numpy_dtype(info.number))
            if self._tagger.takes_examples and key:
                features[KEY] = _column(rows, key, np.dtype(object))
        return self._tagger.tag_request([row.text for row in rows], features)

    def _line(self, row: Row, answer: Any) -> str:
        task = self._task
        members = {name: row.members[name] for name in task.fields.kept if name in row.members}
        if task.fields.numbered and task.format in _JOINABLE:
            members = {LINE: str(row.number), **members}
        if self._tagger is None:
            answer_text = {"outputs": _encode(answer)}
            body = formats.json_object({**members, **answer_text})
        elif task.output_kind in DELIMITERS:
            rows = formats.table_rows(answer, members, _first_columns(task))
            return "".join(f"{join_cells(cells, task.output_kind, AS_CSV)}\n" for cells in rows)
        else:
            body = _RENDERERS[task.format](answer, members, task.with_tokens)
        if task.output_kind == PARQUET:
            return f"{row.number}\t{body}\n"
        return f"{body}\n"


def table_header(task: Task) -> str:
    """Returns the header of a table of entities, with its line break; "" if the output is not a table."""
    if task.output_kind not in DELIMITERS:
        return ""
    return f"{join_cells([*_first_columns(task), *ENTITY_COLUMNS], task.output_kind, AS_CSV)}\n"


def _first_columns(task: Task) -> list[str]:
    return [*([LINE] if task.fields.numbered else []), *task.fields.kept]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a model to a row."""

    row: Row
    content: Any


def answers_of(rows: Sequence[Row | BadRow], request: Callable[[list[Row]], Sequence[Any]]) -> list[Answer | BadRow]:
    """Returns the answers of a model to rows, in order; of a refused row the reason.

    Args:
        rows: those that could be read, and the others, which are returned as they are.
        request: sends rows to the model in one request. If the model refuses them, their halves are sent, down to the
            rows that are the reason.
    """
    answers: list[Any] = list(rows)
    # Requests hold rows of like length, so that there is little padding.
    ordered = sorted(
        ((position, row) for position, row in enumerate(rows) if isinstance(row, Row)),
        key=lambda each: len(each[1].text),
    )
    begin = 0
    while begin < len(ordered):
        end = begin + 1
        while (
            end < len(ordered)
            and end - begin < BATCH_ROWS
            and len(ordered[end][1].text) * (end + 1 - begin) <= LEAST_CHARACTERS
        ):
            end += 1
        _fill(answers, ordered[begin:end], request)
        begin = end
    return answers


def _fill(answers: list[Any], rows: list[tuple[int, Row]], request: Callable[[list[Row]], Sequence[Any]]) -> None:
    try:
        contents = request([row for _, row in rows])
    except (RefusedError, BadRowError) as error:
        if len(rows) == 1:
            ((position, row),) = rows
            answers[position] = BadRow(row.number, str(error), row.raw)
            return
    else:
        for (position, row), content in zip(rows, contents, strict=True):
            answers[position] = Answer(row, content)
        return
    half = len(rows) // 2  # behind the handler, so that no error of a half hides behind this one
    _fill(answers, rows[:half], request)
    _fill(answers, rows[half:], request)


def kinds_of(rows: Sequence[Row], names: Iterable[str]) -> dict[str, list[str]]:
    """Returns field -> kinds of its JSON values."""
    kinds: dict[str, set[str]] = {name: set() for name in names}
    for row in rows:
        for name, seen in kinds.items():
            seen.add(json_kind(row.members.get(name, "null")))
    return {name: sorted(seen) for name, seen in kinds.items()}


def _column(rows: list[Row], name: str, dtype: np.dtype) -> np.ndarray:
    values = [feature(row, name, dtype) for row in rows]
    for row, value in zip(rows, values, strict=True):
        if isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim):
            raise BadRowError(
                f"{quoted(name)}: {quoted(row.members[name])} is a list, and the signature takes one value"
            )
    return strings(values) if dtype.kind == "O" else np.array(values, dtype)


def json_kind(written: str) -> str:
    """Returns the kind of a JSON value: null, bool, int, long (no float holds it), float, string, bytes or other.

    Example:
        >>> [json_kind(text) for text in ("1", "1.0", '"a"', "12345678901234567890", "null")]
        ['int', 'float', 'string', 'other', 'null']
    """
    first = written[0]
    if first in "ntf":
        return "null" if first == "n" else "bool"
    if first == '"':
        return "string"
    if first == "{":
        return "other" if b64_bytes(json.loads(written)) is None else "bytes"
    if first == "[":
        return "other"
    if any(character in ".eE" for character in written):
        return "float"
    number = int(written)
    if -_EXACT <= number <= _EXACT:
        return "int"
    return "long" if -(2**63) <= number < 2**63 else "other"


def _entities(tagged: TaggedSentence, members: dict[str, str], with_tokens: bool) -> str:
    return formats.json_object({**members, **formats.answer_members(tagged, with_tokens)})


def _brat_spool(tagged: TaggedSentence, members: dict[str, str], _: bool) -> str:
    """Returns a line from which `writers` makes the two files, whose offsets depend on all lines before."""
    note = " ".join(f"{name}={formats.bare(value)}" for name, value in members.items())
    spans = [{"label": each.label, "start": each.start, "end": each.end} for each in tagged.entities]
    return _encode([tagged.sentence, spans, note])


_RENDERERS: dict[str, Callable[[TaggedSentence, dict[str, str], bool], str]] = {
    "entities": _entities,
    "doccano": lambda tagged, members, _: formats.doccano(tagged, members),
    "conll": lambda tagged, members, _: formats.conll(tagged, members),
    "highlight": lambda tagged, members, _: formats.highlight(tagged, members),
    BRAT: _brat_spool,
}
