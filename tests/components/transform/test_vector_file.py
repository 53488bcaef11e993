"""Reading of vector files."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest

from components.transform.text_file import TextFileError
from components.transform.vector_file import VectorFile

GLOVE = "the 0.1 -0.2 3\nParis 1 2e-1 -.5\n"
FASTTEXT = "2 3\nthe 0.1 -0.2 3 \nParis 1 2e-1 -.5 \n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def read(path):
    file = VectorFile(path)
    return {entry[1]: file.parse(*entry).tolist() for entry in file}


def test_all_formats_are_equivalent(write):
    for content in [
        GLOVE,
        FASTTEXT,
        GLOVE.replace("\n", "\r\n"),
        GLOVE.removesuffix("\n"),
        b"\xef\xbb\xbf" + GLOVE.encode(),
        gzip.compress(FASTTEXT.encode(), mtime=0),
    ]:
        expected = {"the": [0.1, -0.2, 3], "Paris": [1, 0.2, -0.5]}
        vectors = read(write(content))
        assert list(vectors) == list(expected)
        for word, vector in expected.items():
            np.testing.assert_allclose(vectors[word], vector, rtol=1e-6)


def test_a_url_is_read_through_tensorflow(write):
    assert list(read(f"file://{write(GLOVE)}")) == ["the", "Paris"]


def test_lines_end_with_line_feeds_and_columns_with_spaces_only(write):
    for word in ["\x85", "\u2003", "a\u2028b", "New\u00a0York", "\x0b"]:
        assert list(read(write(f"{word} 1 2\nb 3 4\n"))) == [word, "b"]


def test_words_with_spaces_are_skipped_and_counted(write):
    file = VectorFile(write("a 1 2\n. . . 3 4\nat name@domain.com 5 6\n 7 8\nb 9 10\n"))
    assert [word for _, word, _ in file] == ["a", "b"]
    assert file.skipped == 3


def test_line_numbers_begin_at_1(write):
    assert [line for line, _, _ in VectorFile(write(FASTTEXT))] == [2, 3]


def test_errors_name_file_line_and_problem(write):
    for content, where, problem in [
        (b"", ":1", "'' is not a word with numbers. Use UTF-8 text"),
        ("word\n", ":1", "'word' is not a word with numbers"),
        ("a\t1\t2\nb\t1\t2\n", ":1", "is not a word with numbers"),
        ("<html> <body> oh\n", ":1", "is not a word with numbers"),
        ("a 1 2\nb 1\n", ":2", "1 numbers after the word 'b', expected 2"),
        ("a 1 2\nb 1 2 3\n", ":2", "3 numbers after the word 'b', expected 2"),
        ("a\t1 2\nb\t1 2\n", ":1", "is not a word with numbers"),
        ("a 1 2\n".encode("utf-16"), "", "is UTF-16. Extract or convert it to UTF-8 text"),
        ("a 1 2\n".encode("utf-16-le"), ":1", "is UTF-16LE without a byte order mark. Convert the file with `iconv"),
        (b"a 1 2\0\n", ":1", "a NUL byte: the file is binary, or UTF-16. Convert it to UTF-8 text"),
        ("2 300\na 1 2\n", ":2", "2 numbers after the word 'a', expected 300"),
        ("a 1 2\nb 1 x\n", ":2", "'x' is not a finite number (number 2 of 'b')"),
        ("a 1 2\nb nan 1\n", ":2", "'nan' is not a finite number (number 1 of 'b')"),
        ("a 1 2\nb 1e99 1\n", ":2", "'1e99' is not a finite number (number 1 of 'b')"),
        (b"a 1 2\nZ\xfcrich 1 2\n", ":2", "byte 0xFC in the word 'Z\ufffdrich' is not UTF-8"),
        (b"PK\x03\x04", "", "is a zip archive"),
        (b"\xba\x16\x4f\x2f\x0c\x00", "", "is a binary fastText model"),
        (b"a" * (1 << 21), ":1", "more than 1048576 bytes in a line"),
        (gzip.compress(GLOVE.encode(), mtime=0)[:-12], "", "the gzip file is damaged after line"),
    ]:
        path = write(content)
        with pytest.raises(TextFileError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}{where}: ")
        assert problem in str(caught.value)


def test_the_encoding_of_vectors_is_told_from_the_lines_around_the_error(write):
    words = ["москва", "россия", "столица", "город", "река", "улица", "дом", "человек"]
    content = "the 1 2\n" + "".join(f"{word} 1 2\n" for word in words)
    with pytest.raises(TextFileError, match=r":2: byte 0xEC .* `iconv -f CP1251 -t UTF-8 .*`, which reads 'москва'"):
        read(write(content.encode("cp1251")))


def test_a_binary_word2vec_model_is_named_as_a_possible_cause(write):
    with pytest.raises(TextFileError, match=r":2: .* expected 300 .* convert it .* if it is a binary word2vec model"):
        read(write(b"2 300\nthe " + np.full(300, 0.3, "float32").tobytes() + b"\n"))


def test_a_missing_file_is_named(tmp_path):
    for scheme in ["", "file://"]:
        path = f"{scheme}{tmp_path}/nowhere.vec"
        with pytest.raises(TextFileError, match="cannot be read") as caught:
            VectorFile(path)
        assert str(caught.value).startswith(path)


def test_memory_is_independent_of_the_file_size(write):
    line = " ".join(["0.25"] * 100)
    path = write("".join(f"word{i} {line}\n" for i in range(20_000)))  # 10 MB
    tracemalloc.start()
    count = sum(1 for _ in VectorFile(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000
