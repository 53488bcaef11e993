"""Chunks of input files, and the rows in them, without a model."""

from __future__ import annotations

import gzip

import pytest

from components.serving.batch_prediction import sources
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import Fields, input_kind, output_kind
from components.serving.batch_prediction.rows import BadRow, parse
from components.serving.batch_prediction.sources import Source

FIELDS = Fields("text", "id", ("more",))


def rows_of(path, fields=FIELDS):
    source = Source(str(path), fields)
    return [row for chunk in source.chunks() for row in parse(source.kind, chunk.payload, fields, list(source.header))]


@pytest.mark.parametrize("packed", [False, True])
def test_json_values_keep_their_text_and_line(tmp_path, packed):
    lines = b'\xef\xbb\xbf{"id": 12345678901234567890, "text": "a", "more": 1.10}\r\n\n'
    lines += b'{"text":"b","id":{"x":[null]} ,"more":1e5}'
    path = tmp_path / ("a.jsonl.gz" if packed else "a.jsonl")
    path.write_bytes(gzip.compress(lines) if packed else lines)
    first, last = rows_of(path)
    assert (first.number, first.members["id"], first.members["more"]) == (1, "12345678901234567890", "1.10")
    assert (last.number, last.members["id"], last.members["more"]) == (3, '{"x":[null]}', "1e5")


BAD_LINES = {
    b'{"id": 1, "id": 2, "text": "a"}': "'id' twice",
    b'{"text": "a"}': "no field 'id'",
    b'{"id": 1, "text": null}': "'text': None is not a text",
    b'{"id": 1, "text": 5}': "'text': 5 is not a text",
    b'{"id": 1, "text": "a"': "invalid JSON",
    b'{"id": 1, "text": "caf\xe9"}': "0xE9 is not UTF-8",
    b'{"id": NaN, "text": "a"}': "NaN, which is not JSON",
    b"[1]": "a JSON list",
}


def test_a_bad_line_gives_its_reason_and_the_others_go_on(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([*BAD_LINES, b'{"id": 1, "text": "good"}']))
    rows = rows_of(path)
    for row, (line, reason) in zip(rows, BAD_LINES.items(), strict=False):
        assert isinstance(row, BadRow)
        assert reason in row.reason
        assert row.raw.rstrip() == line
    assert rows[-1].text == "good"
    assert [row.number for row in rows] == list(range(1, 10))


def test_cells_of_csv_are_texts_and_a_record_may_have_several_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffid,text,more\n007,"a\nb, ""c""",\n1,é,x\n1,too,many,cells\n'.encode() + b"2,caf\xe9,x\n")
    first, second, long, latin = rows_of(path)
    assert (first.number, first.text, first.members) == (2, 'a\nb, "c"', {"id": '"007"', "more": '""'})
    assert (second.number, second.text) == (4, "é")
    assert "4 cells, but the header has 3" in long.reason
    assert (latin.number, "0xE9" in latin.reason) == (6, True)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
def test_a_missing_column_stops_before_anything_is_read(tmp_path, name):
    path = tmp_path / name
    if name == "a.parquet":
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pa.table({"id": [1], "txt": ["a"]}), path)
    else:
        path.write_text("id,txt\n1,a\n".replace(",", "\t" if name == "a.tsv" else ","))
    with pytest.raises(BatchError, match=r"has no field 'text', it has id, txt\. Give one of them with --text"):
        Source(str(path), FIELDS)


def test_chunks_have_bounded_rows_and_change_their_hash_with_the_content(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "CHUNK_ROWS", 10)
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "a"}\n' * 25)
    before = list(Source(str(path), FIELDS).chunks())
    assert [(chunk.first, chunk.last) for chunk in before] == [(1, 10), (11, 20), (21, 25)]
    assert before[-1].position == path.stat().st_size
    path.write_text('{"id": 1, "text": "a"}\n' * 24 + '{"id": 1, "text": "b"}\n')
    after = list(Source(str(path), FIELDS).chunks())
    assert [one.digest == other.digest for one, other in zip(before, after, strict=True)] == [True, True, False]


@pytest.mark.parametrize("cut", [1, 30])
def test_a_damaged_gz_file_names_the_last_good_row(tmp_path, cut):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1, "text": "a"}\n' * 9)[:-cut])
    with pytest.raises(BatchError, match=r"a\.jsonl\.gz: damaged after row"):
        list(Source(str(path), FIELDS).chunks())


@pytest.mark.parametrize(
    ("content", "problem"), [(b"\xff\xfea\0", "is UTF-16"), (None, "there is no such file")], ids=["UTF-16", "missing"]
)
def test_an_unreadable_file_is_named(tmp_path, content, problem):
    path = tmp_path / "a.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BatchError, match=problem):
        list(Source(str(path), FIELDS).chunks())


def test_unknown_suffixes_are_refused_with_the_known_ones():
    with pytest.raises(BatchError, match=r"--input a\.xlsx: the format is unknown"):
        input_kind("a.xlsx")
    with pytest.raises(BatchError, match=r"--output a\.xlsx: the format is unknown"):
        output_kind("a.xlsx", "entities")
    with pytest.raises(BatchError, match=r"brat has two files"):
        output_kind("a.jsonl", "brat")
