"""Chunks of input files, and the rows in them, without a model."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import threading

import pytest

from components.serving.batch_prediction import sources
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import Fields, input_kind, output_kind
from components.serving.batch_prediction.rows import BadRow, Row, parse
from components.serving.batch_prediction.sources import Source, fields_of_input

FIELDS = Fields("text", "id", ("more",))


def rows_of(path, fields=FIELDS, quoting=None):
    source = Source(str(path), fields, quoting)
    return [
        row
        for chunk in source.chunks()
        for row in parse(source.kind, chunk.payload, fields, source.header, source.quoting)
    ]


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


def test_a_quotation_mark_that_is_not_closed_costs_its_line_alone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text,more\n1,"a"b,x\n2,good,x\n3,"open,x\n4,"b\nb",x\n5,"open,x\n6,y,"\n7,"open,x\n8,good,x\n')
    rows = rows_of(path)
    assert [(row.number, row.raw) for row in rows if isinstance(row, BadRow)] == [
        (2, b'1,"a"b,x\n'),
        (4, b'3,"open,x\n'),
        (7, b'5,"open,x\n'),
        (8, b'6,y,"\n'),
        (9, b'7,"open,x\n'),
    ]
    assert [(row.number, row.text) for row in rows if isinstance(row, Row)] == [(3, "good"), (5, "b\nb"), (10, "good")]
    path.write_text('id,"text"s,more\n1,a,x\n')
    with pytest.raises(BatchError, match=r"a\.csv: the header is invalid CSV \(.*Correct the first line"):
        Source(str(path), FIELDS)


def test_many_long_records_with_an_open_quotation_mark_stop_the_job(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_LONG_RECORD", 3)
    monkeypatch.setattr(sources, "_LONGEST_RECORD", 5)
    monkeypatch.setattr(sources, "_MOST_LONG_RECORDS", 2)
    path = tmp_path / "a.csv"
    path.write_text("id,text,more\n" + ('1,"open,x\n' + "2,b,y\n" * 4) * 5)
    with pytest.raises(BatchError, match=r"line 12: a quotation mark that is not closed, .*Add --quoting none"):
        rows_of(path)


QUOTED_TSV = {
    'id\ttext\tmore\n1\t"\tx\n2\tsay "hi"\t"\n3\t"good"\ty\n': (
        sources.UNQUOTED, ['"', 'say "hi"', '"good"']
    ),
    'id\ttext\tmore\n1\t"say ""hi"""\tx\n2\tgood\ty\n': (sources.AS_CSV, ['say "hi"', "good"]),
    '"id"\t"text"\t"more"\n"1"\t"a"\t"x"\n': (sources.AS_CSV, ["a"]),
}  # fmt: skip


@pytest.mark.parametrize("content", QUOTED_TSV, ids=["marks", "doubled", "all quoted"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_quotes_in_tsv_are_text_unless_the_file_shows_otherwise(tmp_path, content, packed):
    path = tmp_path / ("a.tsv.gz" if packed else "a.tsv")
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert (Source(str(path), FIELDS).quoting, [row.text for row in rows_of(path)]) == QUOTED_TSV[content]


def test_the_option_decides_about_quotes(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('id\ttext\tmore\n1\t"a"\tx\n2\t"a\ty\n')
    assert [row.text for row in rows_of(path, quoting="none")] == ['"a"', '"a']
    assert [getattr(row, "text", None) for row in rows_of(path, quoting="csv")] == ["a", None]
    (tmp_path / "a.csv").write_text('id,text,more\n1,",x\n2,"a",y\n')
    assert [row.text for row in rows_of(tmp_path / "a.csv", quoting="none")] == ['"', '"a"']
    with pytest.raises(BatchError, match=r"--quoting: belongs to CSV and TSV, not to --input .*jsonl"):
        Source(str(tmp_path / "a.jsonl"), FIELDS, "csv")


def test_lines_of_csv_may_end_with_a_carriage_return(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text,more\r1,"a\rb",x\r2,c,x')
    assert [(row.number, row.text) for row in rows_of(path)] == [(2, "a\rb"), (4, "c")]


def test_values_of_parquet_keep_all_digits(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    nanoseconds = [-1, 1_577_836_800_000_000_001, None]
    columns = {
        "id": pa.array(nanoseconds, pa.timestamp("ns")),
        "zone": pa.array(nanoseconds, pa.timestamp("ns", "UTC")),
        "time": pa.array([1, 2_000, None], pa.time64("ns")),
        "took": pa.array([1, -1_500_000_000, None], pa.duration("ns")),
        "float": pa.array([0.1, float("nan"), None], pa.float32()),
        "nested": pa.array([{"x": [0.1, None]}, {"x": None}, None], pa.struct([("x", pa.list_(pa.float32()))])),
        "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "text": pa.array(["a", "b", "c"]).dictionary_encode(),
    }
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table(columns), path, version="2.6")
    rows = rows_of(path, Fields("text", None, tuple(columns)[:-1]))
    assert [row.text for row in rows] == ["a", "b", "c"]
    assert rows[0].members == {
        "id": '"1969-12-31T23:59:59.999999999"',
        "zone": '"1969-12-31T23:59:59.999999999+00:00"',
        "time": '"00:00:00.000000001"',
        "took": '"PT0.000000001S"',
        "float": "0.1",
        "nested": '{"x": [0.1, null]}',
        "map": '[["k", 1]]',
    }
    assert rows[1].members["id"] == '"2020-01-01T00:00:00.000000001"'
    assert (rows[1].members["took"], rows[1].members["float"]) == ('"-PT1.5S"', '"NaN"')
    assert set(rows[2].members.values()) == {"null"}


def test_a_value_that_python_cannot_hold_names_its_column(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(
        pa.table({"id": pa.array([2**62], pa.timestamp("us")), "text": ["a"], "more": ["b"]}), path, version="2.6"
    )
    with pytest.raises(BatchError, match=r"column 'id' \(timestamp\[us\]\): has values that cannot be written"):
        rows_of(path)


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


COLUMNS = "Ada\tB-PER\nleft\tO\nOslo\tB-LOC\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", f"{COLUMNS}\n{COLUMNS}"),
        ("a.txt", "-DOCSTART- -X- O O\n\n" + COLUMNS.replace("\t", " NN I-NP ")),
        ("a.txt", "# text = Ada left\nAda B-PER\nleft O\n"),
        ("a.txt", "Ada left\tB-PER O\nin Oslo\tO B-LOC\n"),
        ("a.tsv", COLUMNS),
        ("a.csv", COLUMNS.replace("\t", ",")),
        ("a.txt", "<PER>Ada</PER> left\nIt rains\nBo saw <LOC>Oslo</LOC>\n"),
        ("a.txt", '<ENAMEX TYPE="PERSON">Ada</ENAMEX> left\n' * 2),
        ("a.txt", "<START:person> Ada <END> left\n" * 2),
        ("a.txt", '- go to [Oslo](city)\n- to [Rome]{"entity": "city"}\n'),
        ("a.txt", "Ada/B-PER left/O\nIt/O rains/O\n"),
        ("a.txt", "Ada|NNP|B-PER left|VBD|O\n\nIt|PRP|O rains|VBZ|O\n"),
        ("a.txt", "Ada left\nB-PER O\n\nBo left Oslo\nB-PER O B-LOC\n"),
    ],
)
def test_a_labelled_file_is_refused_with_the_commands_for_it(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(BatchError, match=r"has labels that would be read as text.* evaluate --data.* data convert"):
        rows_of(tmp_path / name, Fields("sentence"))


@pytest.mark.parametrize(
    "content",
    [
        "He flew a B-2\nto Oslo\n",
        "Ada left\n",
        "O\nB-PER\n",
        "type O\nblood O\n",
        "x B-PER\n",
        "<b>x</b>\n<B>y</B>\n",
        "<TITLE>News</TITLE>\n<STRONG>Ada</STRONG> left\n",
        "<DOCNO>1</DOCNO>\n<FONT size=1>Ada</FONT>\n",
        "a/b O\nc/d B/c\n",
        "[x](https://a.b) [y](#z)\n![a](b)\n",
        "x < y\nand <http://a.b> </b>\n",
        "<PER>Ada</PER> left\n" + "It rains\n" * 9,
    ],
)
def test_texts_that_end_like_tags_are_texts(tmp_path, content):
    (tmp_path / "a.txt").write_text(content)
    assert len(rows_of(tmp_path / "a.txt", Fields("sentence"))) == content.count("\n")


def test_tables_with_tags_are_rows_if_they_have_the_text(tmp_path):
    (tmp_path / "a.tsv").write_text("text\tid\nAda left\tB-PER\nBo\tB-PER\nIda\tB-PER\n")
    assert [row.text for row in rows_of(tmp_path / "a.tsv", Fields("text"))] == ["Ada left", "Bo", "Ida"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
def test_an_empty_table_is_named_as_such(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
    with pytest.raises(BatchError, match=r": is empty\. Give a table with the column 'text'\."):
        rows_of(tmp_path / name)


def test_formats_of_corpora_lead_to_other_commands():
    for name in ("a.conll", "a.conllu.gz", "a.IOB2", "a.spacy", "a.ann"):
        with pytest.raises(BatchError, match=r"that of a labelled corpus, not of rows .*`ner evaluate --data` scores"):
            input_kind(name)


@pytest.mark.parametrize(
    "lines",
    [
        ["id;text", "1;one, two", '2;"a ""b"";\nc"', "3;d;e"],
        ["\ufeffsep=;", '"id";"text"', "1;one, two", '2;"a ""b"";\nc"', "3;d;e"],
        ["id\ttext", "1\tone, two", '2\t"a ""b"";\nc"', "3\td\te"],
        ["id,text", '1,"one, two"', '2,"a ""b"";\nc"', "3,d,e"],
        ['"id","text"', '1,"one, two"', '2,"a ""b"";\nc"', "3,d,e"],
    ],
)
def test_a_csv_file_has_the_separator_of_its_header(tmp_path, lines):
    path = tmp_path / "a.csv"
    path.write_text("\r\n".join(lines), encoding="utf-8")
    *rows, bad = rows_of(path, Fields("text", "id"))
    number = len(lines) - 2
    assert [(row.number, row.members["id"], row.text) for row in rows] == [
        (number, '"1"', "one, two"),
        (number + 1, '"2"', 'a "b";\nc'),
    ]
    assert (bad.reason, bad.raw.decode()) == ("3 cells, but the header has 2", lines[-1])


def test_a_table_of_one_column_has_commas(tmp_path):
    (tmp_path / "a.csv").write_text('text\n"one; two"\nthree; four\n')
    assert [row.text for row in rows_of(tmp_path / "a.csv", Fields("text"))] == ["one; two", "three; four"]


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_other_compression_than_gzip_is_named_with_the_way_out(tmp_path, pack):
    suffix, command = (".bz2", "bunzip2") if pack is bz2.compress else (".xz", "unxz")
    for name in (f"a.jsonl{suffix}", "a.jsonl", "a.csv", "a.txt"):
        (tmp_path / name).write_bytes(pack(b'{"id": 1, "text": "a"}\n'))
        problem = rf"{name}: is .* data, which is not read\. Unpack it, for example with `{command} {name}`, or pack it"
        with pytest.raises(BatchError, match=problem):
            rows_of(tmp_path / name)


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


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("a.txt", "Иван едет в Москву\n" * 20, "iconv -f CP1251 -t UTF-8 a.txt"),
        ("a b.csv", "id,text\n" + "1,Иван едет в Москву\n" * 20, "iconv -f CP1251 -t UTF-8 'a b.csv'"),
        ("a.jsonl.gz", '{"text": "Иван едет в Москву"}\n' * 20, "gunzip -c a.jsonl.gz | iconv -f CP1251 -t UTF-8"),
    ],
)
def test_a_file_in_another_encoding_gets_the_command_that_converts_it(tmp_path, name, content, command):
    data, path = content.encode("cp1251"), tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    bad = next(row for row in rows_of(path, Fields("text")) if isinstance(row, BadRow))
    assert f"`{command} > NEW`, which reads" in sources.encoding_remedy(str(path), bad.reason)
    assert sources.row_remedy(str(path), "'text': 5 is not a text") == "Correct the row, or"
    assert sources.row_remedy("-", bad.reason) == "Correct the row, or"


def test_a_first_row_that_is_not_json_does_not_hide_the_fields_of_the_others(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "Jürgen"}\n{"text": "Ida"}\n'.encode("cp1252"))
    assert fields_of_input(str(path), Fields("sentence")).text == "text"
    path.write_text("x\n" * 200)
    assert fields_of_input(str(path), Fields("sentence")).text == "sentence"


@pytest.mark.parametrize("cut", [1, 30])
def test_a_damaged_gz_file_names_the_last_good_row(tmp_path, cut):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1, "text": "a"}\n' * 9)[:-cut])
    with pytest.raises(BatchError, match=r"a\.jsonl\.gz: damaged after row"):
        list(Source(str(path), FIELDS).chunks())


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", b"\xff\xfea\0", "is UTF-16"),
        ("a.csv", b"i\0d\0", "is UTF-16"),
        ("a.jsonl", None, "does not exist. Give an existing file"),
        ("a.jsonl", b"\xef\xbb\xbf\n [\n{}]", "is a JSON list, not an object per line"),
        ("a.jsonl.gz", b"{}", "is not packed with gzip. Restore it, or remove .gz"),
        ("a.tfrecord.gz", b"", "is not packed with gzip"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path, name, content, problem):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BatchError, match=problem):
        list(Source(str(path), FIELDS).chunks())


def test_a_packed_text_is_read_under_any_name_and_a_pipe_only_as_standard_input(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(b'{"id": 1, "text": "a"}\n'))
    assert [row.text for row in rows_of(path)] == ["a"]
    os.mkfifo(tmp_path / "b.jsonl")
    with pytest.raises(BatchError, match=r"b\.jsonl: is a device or pipe\. Give its content on standard input"):
        Source(str(tmp_path / "b.jsonl"), FIELDS)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv", "parquet", "tfrecord"])
def test_a_row_without_a_value_for_the_key_is_an_error_in_each_format(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    keys = [None, "", "x"]
    if kind == "jsonl":
        path.write_text("".join(json.dumps({"id": key, "text": "a"}) + "\n" for key in keys))
    elif kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.table({"id": keys, "text": ["a"] * 3}), path)
    elif kind == "tfrecord":
        import tensorflow as tf

        def record(key):
            values = {"text": [b"a"], "id": [] if key is None else [key.encode()]}
            features = {n: tf.train.Feature(bytes_list=tf.train.BytesList(value=v)) for n, v in values.items()}
            return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()

        with tf.io.TFRecordWriter(str(path)) as writer:
            for key in keys:
                writer.write(record(key))
    else:
        path.write_text("id,text\n,a\n,a\nx,a\n".replace(",", "," if kind == "csv" else "\t"))
    first, second, good = rows_of(path, Fields("text", "id"))
    assert first.reason == second.reason == "the key 'id' is empty"
    assert good.members["id"] == '"x"'
    assert all(isinstance(row, Row) for row in rows_of(path, Fields("text", None, ("id",))))


def test_keys_that_are_false_or_zero_are_keys(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 0, "text": "a"}\n{"id": false, "text": "a"}\n{"id": " ", "text": "a"}\n')
    assert all(isinstance(row, Row) for row in rows_of(path, Fields("text", "id")))


def test_texts_that_json_cannot_hold_are_errors_of_their_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text,more\n1,Jo\0e,x\n2,good,x\n3,a,\x07\n")
    first, good, last = rows_of(path)
    assert ("U+0000" in first.reason, good.text, "U+0007" in last.reason) == (True, "good", True)


def test_a_folder_is_refused_as_such(tmp_path):
    with pytest.raises(BatchError, match=r"--input .*: is a folder\. Give a file with rows"):
        input_kind(str(tmp_path))


def test_unknown_suffixes_are_refused_with_the_known_ones():
    with pytest.raises(BatchError, match=r"--input a\.abc: the format is unknown"):
        input_kind("a.abc")
    with pytest.raises(BatchError, match=r"--input a\.xlsx: is an Office document.* as CSV \(UTF-8\), as a\.csv"):
        input_kind("a.xlsx")
    for suffix, form in ((".conll", "conll"), (".txt", "conll or highlight"), (".ann", "brat")):
        with pytest.raises(BatchError, match=rf"--output a\{suffix}: .* Add --format {form}\."):
            output_kind(f"a{suffix}", "entities")
    with pytest.raises(BatchError, match=r"--output a\.xlsx: the format is unknown"):
        output_kind("a.xlsx", "entities")
    with pytest.raises(BatchError, match=r"brat has two files"):
        output_kind("a.jsonl", "brat")


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", "id,Tweet\n1,Ida left\n", "Tweet"),
        ("a.csv", "\ufeffFull Text;id\nIda left;1\n", "Full Text"),
        ("a.tsv", "id\tSENTENCE\n1\tIda left\n", "SENTENCE"),
        ("a.jsonl", '\n{"id": 1, "content": "Ida left"}\n', "content"),
        ("a.txt", "Ida left\n", "sentence"),
        ("a.csv", "id,note\n1,Ida left\n", "sentence"),
        ("a.csv", "key,text\n1,Ida left\n", "text"),
        ("a.csv", "text,sentence\nold,Ida left\n", "sentence"),  # `text` is forwarded
    ],
)
def test_the_text_is_the_field_with_a_usual_name(tmp_path, name, content, text):
    path = tmp_path / name
    path.write_text(content)
    forward = ("text",) if "old" in content else ()
    assert fields_of_input(str(path), Fields("sentence", None, forward)).text == text


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", [1, 100_000])
def test_the_first_row_of_standard_input_names_the_text_and_is_read_again(monkeypatch, packed, size):
    rows = b"".join(json.dumps({"content": "Ida left " * size, "id": i}).encode() + b"\n" for i in range(3))
    reading, writing = os.pipe()

    def write() -> None:
        content = gzip.compress(rows, compresslevel=0) if packed else rows
        with open(writing, "wb", buffering=0) as stream:
            for begin in range(0, len(content), 5000):  # a row arrives in parts
                stream.write(content[begin : begin + 5000])

    writer = threading.Thread(target=write)
    writer.start()
    with open(reading) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        fields = fields_of_input("-", Fields("sentence"))
        read = [row for chunk in Source("-", fields).chunks() for _, row in chunk.payload]
    writer.join()
    assert fields.text == "content"
    assert b"".join(line if line.endswith(b"\n") else line + b"\n" for line in read) == rows


def test_several_or_no_usual_names_of_a_text_are_an_error_that_names_the_option(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,Message\nIda,left\n")
    with pytest.raises(BatchError, match=r"fields 'text', 'Message' may be the text\. Name one with --text\."):
        fields_of_input(str(path), Fields("sentence"))
    path.write_text("id,note\n1,Ida\n")
    with pytest.raises(BatchError, match=r"no field with a usual name of a text \(text, .*it has id, note\. Name one"):
        Source(str(path), fields_of_input(str(path), Fields("sentence")))


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("a.csv", "Ida went home.\nBo left.\n", r"add a first line .*\(text\), or name the file \.txt"),
        ("a.tsv", "1\tIda went home with Bo\n2\tBo left\n", r"add a first line .*\(text,column2\)\."),
    ],
)
def test_a_table_without_a_header_is_suspected(tmp_path, name, content, advice):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(BatchError, match=advice):
        Source(str(path), fields_of_input(str(path), Fields("sentence")))
