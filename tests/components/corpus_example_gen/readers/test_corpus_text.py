"""Decoding and lines of corpus files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile

import pytest

from components.corpus_example_gen import file_content
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers import corpus_text
from components.corpus_example_gen.readers.corpus_text import CorpusText, iter_lines, load_content


def load_text(path, data=None, **limits):
    return CorpusText(path, load_content(path, data, **limits)).read()


def lines(data, name="a.conll"):
    text = CorpusText(name, load_content(name, data))
    read = list(text.lines())
    assert read == list(iter_lines(text.read()))
    assert text.line_count == len(read)
    return read


@pytest.fixture(params=[1, 3, file_content.CHUNK])
def chunk(request, monkeypatch):
    """Bytes read at a time; characters and line ends lie across the ends of short chunks."""
    monkeypatch.setattr(file_content, "CHUNK", request.param)


@pytest.mark.usefixtures("chunk")
def test_lines_end_in_lf_or_crlf_and_nowhere_else():
    for data, expected in [
        (b"", []),
        (b"a\nb\n", [(1, "a"), (2, "b")]),
        (b"a\nb", [(1, "a"), (2, "b")]),
        (b"a\r\n\r\nb\r\n", [(1, "a"), (2, ""), (3, "b")]),
        (b"a\rb\r", [(1, "a"), (2, "b")]),
        (b"a\rb\r\n\r\n", [(1, "a"), (2, "b"), (3, "")]),
        (b"a\rb\nc\r", [(1, "a\rb"), (2, "c")]),
        (b"\xef\xbb\xbf", []),
        (b"\n\n", [(1, ""), (2, "")]),
        (b"\xef\xbb\xbfa\tO\n", [(1, "a\tO")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfa\tO\n", [(1, "a\tO")]),
        ("a\u2028b\x85c\x0bd\x0ce\n".encode(), [(1, "a\u2028b\x85c\x0bd\x0ce")]),
        ("a\n\ufeffb\n".encode(), [(1, "a"), (2, "\ufeffb")]),
    ]:
        assert lines(data) == expected


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.conll", b"{\\rtf1 Ida B-PER}", "found an RTF document, which is not read. Export the corpus as text"),
        ("a.conll", b"version https://git-lfs.github.com/spec/v1\n", "found a pointer of Git LFS, not the file. Fetch"),
        ("a.conll", b"a".ljust(257, b"\0") + b"ustar\x0000", "found a tar archive, which is not read. Unpack it, for"),
        (
            "a.conll.gz",
            gzip.compress(b"a".ljust(257, b"\0") + b"ustar\x0000", mtime=0),
            "found a tar archive, which is not read.",
        ),
        (
            "a.conll.gz",
            gzip.compress(gzip.compress(b"a O\n", mtime=0), mtime=0),
            "found gzip data inside gzip data. Unpack it once",
        ),
        (
            "a.conll",
            "a O\n".encode("utf-32"),
            "found UTF-32 text. Corpora are UTF-8 text. Convert it, for example with",
        ),
    ],
)
def test_files_of_other_kinds_are_named(name, data, problem):
    with pytest.raises(CorpusError) as caught:
        lines(data, name)
    assert problem in str(caught.value)


@pytest.mark.usefixtures("chunk")
def test_other_data_than_utf8_text_is_an_error_with_line_and_fix():
    for data, line, problem, fix in [
        (
            b"a\tO\nb\xff\tO\n",
            2,
            "byte 0xFF, which is not UTF-8, at byte offset 5",
            "iconv -f WINDOWS-1252 -t UTF-8 a.conll",
        ),
        ("a\tO\né\tO\n".encode("utf-16-le"), 1, "UTF-16LE text without a byte order mark", "iconv -f UTF-16LE -t"),
        ("a\tO\né\tO\n".encode("utf-16-be"), 1, "UTF-16BE text without a byte order mark", "iconv -f UTF-16BE -t"),
        (b"don\x92t\tO\n", 1, "byte 0x92, which is not UTF-8, at byte offset 3", "iconv -f WINDOWS-1252 -t"),
        (b"caf\xe9\tO\n", 1, "byte 0xE9, which is not UTF-8, at byte offset 3", "iconv"),
        (b"a\n\xe2\x82", 2, "byte 0xE2, which is not UTF-8, at byte offset 2", "iconv"),
        (b"a\n\n\0\xff", 3, "a NUL byte, so the file is not text, at byte offset 3", "Export the corpus"),
        ("a\tO\n".encode("utf-16"), 1, "UTF-16", "iconv -f UTF-16 -t UTF-8 a.conll"),
        (gzip.compress(b"a", mtime=0), None, "gzip data", ".gz"),
        (b"PK\x03\x04\x14\0\0\0", None, "a ZIP archive or an Office document", "Unpack it"),
        (bz2.compress(b"a"), None, "bzip2 data", "Unpack it, for example with `bunzip2 a.conll`, or pack it with gzip"),
        (lzma.compress(b"a"), None, "xz data", "`unxz a.conll`"),
        (b"%PDF-1.4\n%\xe2\xe3", None, "a PDF document", "Export the corpus as text"),
        (bytes(range(128, 256)), 1, "0x80, which is not UTF-8, at byte offset 0", "iconv"),
    ]:
        with pytest.raises(CorpusError) as caught:
            load_text("dir/a.conll", data)
        assert caught.value.line == line
        assert problem in caught.value.problem
        assert fix in caught.value.fix


def test_an_office_document_that_cannot_be_opened_is_known_by_its_name():
    with pytest.raises(CorpusError, match=r"Office document, which is not read. Save it as CSV \(UTF-8\), as a\.csv"):
        load_text("a.xlsx", b"PK\x03\x04\x14\0\0\0")


@pytest.mark.parametrize(
    ("member", "fix"),
    [
        ("xl/workbook.xml", "Save it as CSV (UTF-8), as a.csv."),
        ("word/document.xml", "Save it as text (UTF-8), as a.txt."),
        ("content.xml", "Save it as text (UTF-8), as a.txt."),
        ("train.conll", "Unpack it, for example with `unzip a.xlsx`, or pack it with gzip (.gz)."),
    ],
)
def test_office_documents_are_to_be_saved_as_text(member, fix):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, "")
    with pytest.raises(CorpusError) as caught:
        load_text("dir/a.xlsx", file.getvalue())
    assert caught.value.fix == fix


def test_head_is_the_first_lines_and_not_only_space(monkeypatch):
    monkeypatch.setattr(corpus_text, "_HEAD", 2)
    heads = {b"": "", b"a b\nc\n": "a b\n", b"\n \n\n\n\n{\n}\n]": "\n \n\n\n\n{\n}\n"}
    assert {data: CorpusText("a", load_content("a", data)).head for data in heads} == heads


def test_control_characters_are_noticed():
    for data, expected in ((b"a\x01", True), ("\x85\t\x0b".encode(), False), ("a\x9f".encode(), True)):
        assert CorpusText("a", load_content("a", data)).has_controls is expected


def test_gzip_is_decompressed_by_name(tmp_path):
    path = tmp_path / "a.conll.gz"
    path.write_bytes(gzip.compress("é\tO\n".encode()))
    assert load_text(str(path)) == "é\tO\n"


def test_all_members_of_a_gzip_file_are_read():
    assert load_text("a.gz", gzip.compress(b"a\tO\n") + gzip.compress(b"b\tO\n") + b"\0" * 100) == "a\tO\nb\tO\n"
    with pytest.raises(CorpusError, match="found an incomplete or invalid gzip file"):
        load_text("a.gz", gzip.compress(b"a\tO\n") + b"garbage")
    with pytest.raises(CorpusError, match="found an incomplete or invalid gzip file"):
        load_text("a.gz", gzip.compress(b"a\tO\n") + gzip.compress(b"b\tO\n")[:-9])


def test_unpacking_stops_at_the_limits():
    text = b"".join(b"%d\tO\n" % (number * number) for number in range(200_000))
    assert load_text("a.gz", gzip.compress(text), max_bytes=len(text), max_ratio=20) == text.decode()
    with pytest.raises(CorpusError, match=r"a\.gz: the file unpacks to more than 1,000 bytes\. "):
        load_text("a.gz", gzip.compress(text), max_bytes=1000)
    repeated = gzip.compress(b"a\tO\n" * 1_000_000)
    assert len(load_text("a.gz", repeated, max_ratio=20)) == 4_000_000


def test_bomb_ends_before_it_takes_memory():
    bomb = gzip.compress(b"\0" * 100_000_000)
    tracemalloc.start()
    with pytest.raises(CorpusError, match=r"a\.gz: its 97,\d+ bytes unpack to more than 200 times as many"):
        load_text("a.gz", bomb, max_ratio=200)
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


def test_broken_gzip_is_an_error():
    compressed = gzip.compress(b"a" * 1000, mtime=0)
    for data in (b"no gzip", compressed[:-12], compressed[:20]):
        with pytest.raises(CorpusError, match=r"a\.gz: found an incomplete or invalid gzip file .* gzip"):
            load_text("a.gz", data)
    assert load_text("a.gz", b"") == ""


def test_missing_file_and_folder_are_errors(tmp_path):
    with pytest.raises(CorpusError, match=r"no\.conll: cannot read the file"):
        load_text(str(tmp_path / "no.conll"))
    with pytest.raises(CorpusError, match="cannot read the file"):
        load_text(str(tmp_path))


@pytest.mark.usefixtures("chunk")
def test_controls_of_windows_are_repaired_across_the_ends_of_chunks():
    data = 'a\n{"text": "\x93a\x94 \\u0092 \\\\u0092 \\u009d"}\n'.encode()
    text = CorpusText("a.jsonl", load_content("a.jsonl", data))
    note = text.repair_controls(is_json=True)
    assert note == (2, "read 3 control characters as Windows-1252, such as U+0093 as “")
    assert text.read() == 'a\n{"text": "“a” ’ \\\\u0092 \\u009d"}\n'
    assert list(text.lines()) == list(iter_lines(text.read()))
    assert CorpusText("a", load_content("a", b"a \\u0092 \xc2\x81")).repair_controls() is None
