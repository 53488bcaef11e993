"""Rows in every format in, suggestions out."""

from __future__ import annotations

import gzip
import json

import pytest
from support.spotter import Spotter

from components.common.errors import NerError
from components.serving.batch_prediction.fields import Fields
from components.suggestions.search import SearchOptions, search

ROWS = [{"id": 7, "text": "Bo met Ida"}, {"id": 8, "text": "it rains"}, {"id": 9, "text": "in Rome 😀"}]
SPOTTER = Spotter({"Rome": 0.2, "Ida": 0.9})


def find(path, tagger=SPOTTER, count=2, fields=None, **others):
    return search(SearchOptions(str(path), fields or Fields("text"), count), tagger, **others, show_progress=False)


def write(path, kind):
    if kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif kind == "csv":
        path.write_text("id,text\n" + "".join(f'{row["id"]},"{row["text"]}"\n' for row in ROWS), encoding="utf-8")
    elif kind == "txt":
        path.write_text("\ufeff" + "\r\n\r\n".join(row["text"] for row in ROWS), encoding="utf-8")
    elif kind == "txt.gz":
        path.write_bytes(gzip.compress("\n".join(row["text"] for row in ROWS).encode()))
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "txt", "txt.gz"])
def test_rows_of_every_format_are_ranked(kind, tmp_path):
    result = find(write(tmp_path / f"raw.{kind}", kind))
    assert [each.row.text for each in result.suggestions] == ["in Rome 😀", "Bo met Ida"]
    assert (result.rows, result.bad) == (3, 0)


def test_the_key_of_a_row_is_kept(tmp_path):
    result = find(write(tmp_path / "raw.csv", "csv"), fields=Fields("text", "id"), count=1)
    assert result.suggestions[0].row.members == {"id": '"9"'}


def test_a_second_model_changes_the_order(tmp_path):
    result = find(write(tmp_path / "raw.jsonl", "jsonl"), against=Spotter(tags={"it": "B-X", "rains": "I-X"}))
    assert [each.row.text for each in result.suggestions] == ["it rains", "in Rome 😀"]
    assert [each.uncertainty.disagreement for each in result.suggestions] == [1.0, 0.0]


def test_labelled_sentences_are_read_and_left_out(tmp_path):
    result = find(write(tmp_path / "raw.txt", "txt"), labelled=lambda: [("In", "Rome", "😀")])
    assert [each.row.text for each in result.suggestions] == ["Bo met Ida", "it rains"]
    assert result.left_out.labelled == 1


def test_rows_that_cannot_be_read_or_tagged_are_counted(tmp_path):
    path = tmp_path / "raw.jsonl"
    path.write_text('{"text": "Bo"}\n{"text": 7}\n{"text": "they refuse"}\n{"text": "  "}\n', encoding="utf-8")
    result = find(path)
    assert (result.rows, result.bad, result.first_bad.number) == (2, 2, 2)
    assert result.left_out.empty == 1
    assert [each.row.text for each in result.suggestions] == ["Bo"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "has no rows. Give a file with unlabelled texts"),
        ('{"sentence": "Bo"}\n', r"has no field .text., it has sentence\. Give one of them with --text"),
        ("Bo met Ida\n", r":1: .*JSON.* No row can be read. Correct the file"),
    ],
)
def test_a_file_without_a_readable_row_is_an_error(content, problem, tmp_path):
    path = tmp_path / "raw.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NerError, match=problem):
        find(path)


def test_the_error_names_the_field_that_is_missing(tmp_path):
    path = write(tmp_path / "raw.jsonl", "jsonl")
    with pytest.raises(NerError, match=r"has no field 'uid', it has id, text\. Give one of them with --key\."):
        find(path, fields=Fields("text", "uid"))
