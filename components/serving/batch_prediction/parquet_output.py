"""Parquet output: key and forwarded fields in columns with their types, entities as lists of structs."""

from __future__ import annotations

import base64
import bisect
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import IO, Any

from components.common.json_lines import json_members
from components.serving.batch_prediction.fields import LINE, PARQUET
from components.serving.batch_prediction.sources import import_parquet
from components.serving.batch_prediction.tagging import Task

GROUP_ROWS = 4096
"""Rows of a row group."""


class ParquetLayout:
    """Columns of the output, for rows that are JSON objects.

    Columns of a Parquet input keep their types. Fields of JSON get the type that holds all of their values unchanged;
    values of several kinds, lists and objects become JSON texts.

    tests/components/serving/batch_prediction/test_job.py shows it at work.
    """

    def __init__(self, task: Task, kinds: Mapping[str, Collection[str]], any_model: bool, original: Any) -> None:
        """Chooses the types.

        Args:
            task: format and fields.
            kinds: field -> kinds of its JSON values.
            any_model: whether the model is not a tagger.
            original: schema of a Parquet input; None: another input.
        """
        import_parquet("--output")
        import pyarrow

        kept = task.fields.kept
        numbers = {LINE: pyarrow.int64()} if task.fields.numbered else {}
        self._answer = {**numbers, **_answer_types(task, any_model)}
        self._as_json = {name for name in kept if original is None and _is_json(kinds.get(name, ()))}
        self._types = {
            name: original.field(name).type if original is not None else _type(kinds.get(name, ())) for name in kept
        }
        self.schema = pyarrow.schema([*{**numbers, **self._types, **self._answer}.items()])

    def table(self, texts: Sequence[str], copied: Mapping[str, Any] | None) -> Any:
        """Returns rows as a table; `copied`: columns of the input."""
        import pyarrow

        records = [json.loads(text) for text in texts]
        arrays = {
            name: pyarrow.array([_answer(record[name], kind) for record in records], kind)
            for name, kind in self._answer.items()
        }
        if copied is not None:
            arrays |= copied
        else:
            written = [json_members(text) for text in texts] if self._as_json else []
            for name, kind in self._types.items():
                if name in self._as_json:
                    values = [members.get(name) for members in written]
                else:
                    values = [_value(record.get(name), kind) for record in records]
                arrays[name] = pyarrow.array(values, kind)
        return pyarrow.table({field.name: arrays[field.name] for field in self.schema}, self.schema)

    def writer(self, file: IO[bytes]) -> Any:
        """Returns a writer of tables."""
        return import_parquet("--output").ParquetWriter(file, self.schema, version="2.6")


def write_parquet(
    file: IO[bytes], bodies: Iterator[bytes], task: Task, kinds: Mapping[str, Collection[str]], source: str
) -> None:
    """Writes the rows of shards, which are `number<TAB>JSON object` a line.

    Args:
        file: to write.
        bodies: output of the shards.
        task: format and fields.
        kinds: field -> kinds of its JSON values.
        source: path of the input.
    """
    kept, original, columns = task.fields.kept, None, None
    if task.kind == PARQUET and kept:
        original = import_parquet("--input").ParquetFile(source)
        columns = _columns(original, kept)
    layout = ParquetLayout(task, kinds, "outputs" in kinds, original and original.schema_arrow)
    with layout.writer(file) as writer:
        for numbers, texts in _batches(bodies):
            copied = None
            if columns is not None:
                next(columns)
                copied = columns.send(numbers)
            writer.write_table(layout.table(texts, copied))


def _batches(bodies: Iterator[bytes]) -> Iterator[tuple[list[int], list[str]]]:
    """Yields row numbers and JSON texts."""
    numbers: list[int] = []
    texts: list[str] = []
    for body in bodies:
        for line in body.decode("utf-8").split("\n"):
            if not line:
                continue
            number, _, text = line.partition("\t")
            numbers.append(int(number))
            texts.append(text)
            if len(numbers) == GROUP_ROWS:
                yield numbers, texts
                numbers, texts = [], []
    if numbers:
        yield numbers, texts


def _columns(original: Any, names: Collection[str]) -> Any:
    """Receives increasing row numbers, from 1, and gives the columns of these rows."""
    import pyarrow

    batches = original.iter_batches(columns=list(names))
    batch, first = None, 1
    while True:
        numbers = yield
        parts, at = [], 0
        while at < len(numbers):
            while batch is None or numbers[at] >= first + batch.num_rows:
                first += batch.num_rows if batch is not None else 0
                batch = next(batches)
            end = bisect.bisect_left(numbers, first + batch.num_rows, at)
            rows = pyarrow.array([number - first for number in numbers[at:end]], pyarrow.int64())
            parts.append(pyarrow.Table.from_batches([batch]).take(rows))
            at = end
        table = pyarrow.concat_tables(parts)
        yield {name: table.column(name) for name in names}


def _is_json(kinds: Collection[str]) -> bool:
    """Returns whether no type of a column holds values of these kinds unchanged."""
    some = {*kinds} - {"null"}
    return not any(
        some <= each for each in ({"bool"}, {"int", "long"}, {"int", "float"}, {"string"}, {"string", "bytes"})
    )


def _type(kinds: Collection[str]) -> Any:
    import pyarrow

    some = {*kinds} - {"null"}
    if not some or _is_json(some) or some == {"string"}:
        return pyarrow.string()
    if some == {"bool"}:
        return pyarrow.bool_()
    if some <= {"int", "long"}:
        return pyarrow.int64()
    return pyarrow.float64() if some <= {"int", "float"} else pyarrow.binary()


def _value(value: Any, kind: Any) -> Any:
    import pyarrow

    if value is None:
        return None
    if kind == pyarrow.binary():
        return base64.b64decode(value["b64"]) if isinstance(value, dict) else value.encode("utf-8")
    return float(value) if kind == pyarrow.float64() else value


def _answer_types(task: Task, any_model: bool) -> dict[str, Any]:
    import pyarrow

    if any_model:
        return {"outputs": pyarrow.string()}
    text, offset, score = pyarrow.string(), pyarrow.int32(), pyarrow.float64()
    entity = pyarrow.struct([("text", text), ("label", text), ("start", offset), ("end", offset), ("score", score)])
    types = {"entities": pyarrow.list_(entity)}
    if task.with_tokens:
        types |= {name: pyarrow.list_(text) for name in ("tokens", "tags")}
        types |= {"scores": pyarrow.list_(score), "starts": pyarrow.list_(offset), "ends": pyarrow.list_(offset)}
    return types


def _answer(value: Any, kind: Any) -> Any:
    import pyarrow

    return json.dumps(value, ensure_ascii=False) if kind == pyarrow.string() else value
