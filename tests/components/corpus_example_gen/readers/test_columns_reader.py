"""Column files: schemes, shapes, comments and bad rows."""

from __future__ import annotations

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file

EXPECTED = [
    (("Ana", "Lima", "left", "Oslo"), ("B-PER", "I-PER", "O", "B-LOC")),
    (("Peru", "Chile", "won"), ("B-LOC", "B-LOC", "O")),
]
IOB2 = "Ana B-PER\nLima I-PER\nleft O\nOslo B-LOC\n\nPeru B-LOC\nChile B-LOC\nwon O\n"
IOB1 = "Ana I-PER\nLima I-PER\nleft O\nOslo I-LOC\n\nPeru I-LOC\nChile B-LOC\nwon O\n"
BIOES = "Ana B-PER\nLima E-PER\nleft O\nOslo S-LOC\n\nPeru S-LOC\nChile S-LOC\nwon O\n"
BILOU = "Ana B-PER\nLima L-PER\nleft O\nOslo U-LOC\n\nPeru U-LOC\nChile U-LOC\nwon O\n"


def read(text, name="a.conll", **changes):
    report = IngestReport()
    data = text if isinstance(text, bytes) else text.encode()
    sentences = list(read_corpus_file(name, corpus_settings(**changes), report, data))
    return sentences, report


def pairs(sentences):
    return [(s.tokens, s.tags) for s in sentences]


def four_columns(text, separator=" "):
    return "".join(
        separator.join([line.split()[0], "NN", "I-NP", line.split()[1]]) + "\n" if line else "\n"
        for line in text.splitlines()
    )


def indexed(text, trailing=""):
    lines, n = [], 0
    for line in text.splitlines():
        n = n + 1 if line else 0
        lines.append("\t".join([str(n), *line.split()]) + (trailing if n % 2 else "") if line else "")
    return "\n".join(lines) + "\n"


SHAPES = {
    "two columns, space": lambda t: t,
    "two columns, tab": lambda t: t.replace(" ", "\t"),
    "several spaces": lambda t: t.replace(" ", "     "),
    "four columns, space": four_columns,
    "four columns, tab": lambda t: four_columns(t, "\t"),
    "document mark in four columns": lambda t: "-DOCSTART- -X- O O\n\n" + four_columns(t),
    "index column": indexed,
    "index column, rows of two widths": lambda t: indexed(t, "\t-\tann"),
    "many empty lines": lambda t: t.replace("\n\n", "\n\n\n\n") + "\n\n",
    "empty lines at the start": lambda t: "\n\n" + t,
    "no final newline": lambda t: t.rstrip("\n"),
    "CR LF": lambda t: t.replace("\n", "\r\n"),
    "byte order mark": lambda t: "\ufeff" + t,
    "comments": lambda t: "# sent_id = 1\n# text = x y\n" + t,
    "tab as a boundary": lambda t: t.replace(" ", "\t").replace("\n\n", "\n\t\n"),
    "document mark as a boundary": lambda t: t.replace("\n\n", "\n-DOCSTART- O\n"),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_all_shapes_read_alike(shape):
    sentences, report = read(shape(IOB2))
    assert pairs(sentences) == EXPECTED
    assert report.repairs == {}


@pytest.mark.parametrize("scheme", [IOB1, BIOES, BILOU], ids=["IOB1", "BIOES", "BILOU"])
def test_all_schemes_read_alike(scheme):
    for shape in (SHAPES["two columns, space"], indexed):
        sentences, report = read(shape(scheme))
        assert pairs(sentences) == EXPECTED
        assert report.repairs == {}


def test_ids_metadata_documents_and_lines():
    text = (
        "# newdoc id = d1\n# sent_id = s1\n# topic = a b\n1\tx\tO\n2\ty\tO\n\n"
        "# sent_id = s2\n1\tz\tO\n\n# newdoc id = d2\n\n1\tw\tO\n"
    )
    sentences, report = read(text)
    assert [(s.key, s.metadata, s.line) for s in sentences] == [
        ("s1", {"newdoc id": "d1", "topic": "a b"}, 4),
        ("s2", {"newdoc id": "d1"}, 8),
        (None, {"newdoc id": "d2"}, 12),
    ]
    assert report.documents == 2


def test_document_marks_are_counted_and_are_not_tokens():
    sentences, report = read("-DOCSTART- O\n\na O\n\n-DOCSTART- O\nb O\n-DOCSTART- O\n")
    assert [s.tokens for s in sentences] == [("a",), ("b",)]
    assert (report.documents, report.tokens_in) == (3, 2)


def test_conllu_ranges_and_empty_nodes_are_not_tokens():
    sentences, report = read("1-2\tdu\tO\n1\tde\tO\n2\tle\tO\n2.1\tx\tO\n3\tLot\tB-LOC\n")
    assert pairs(sentences) == [(("de", "le", "Lot"), ("O", "O", "B-LOC"))]
    assert report.repairs == {"extra_row": 2}


def test_spaces_around_tags_are_stripped_and_counted():
    sentences, report = read("a\t B-X\nb\tI-X  \n")
    assert pairs(sentences) == [(("a", "b"), ("B-X", "I-X"))]
    assert report.repairs == {"stripped_tag": 2}


def test_hash_tokens_in_space_separated_files():
    sentences, _ = read("# O\n# id = 7\n#tag O\n# a comment in prose\nx O\n")
    assert [(s.tokens, s.key) for s in sentences] == [(("#", "#tag", "x"), "7")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"token_column": 1}, ("NN", "B-PER")),
        ({"token_column": 0, "tag_column": 2}, ("Ana", "B-NP")),
    ],
)
def test_configured_columns(changes, expected):
    sentences, _ = read(four_columns(IOB2).replace("I-NP", "B-NP"), **changes)
    assert (sentences[0].tokens[0], sentences[0].tags[0]) == expected


def test_bare_types():
    text = "Ana PERSON\nLima PERSON\nin O\nOslo LOCATION\n"
    assert pairs(read(text, scheme="io")[0]) == [
        (("Ana", "Lima", "in", "Oslo"), ("B-PERSON", "I-PERSON", "O", "B-LOCATION"))
    ]
    with pytest.raises(CorpusError, match=r"a\.conll:1: found 'PERSON', expected a tag"):
        read(text)


INDEXED = "1\ta\tO\n\n" + "".join(f"{i}\tw\tO\n" for i in range(1, 41)) + "\n1\te\tO\n"
BAD = {
    "too few": ("a\tO\n\nb\tO\nc\nd\tO\n\ne\tO\n", 4, "found 1 column, expected 2: 'c'"),
    "too many": ("a O\n\nb O\nNew York O\nd O\n\ne O\n", 4, "found 3 columns, expected 2: 'New York O'"),
    "no ner column": ("a N I-NP O\n\nb N I-NP O\nc N I-NP\n\ne N I-NP O\n", 4, "found 3 columns, expected 4"),
    "no tag": ("a\tO\n\nb\tO\nc\t\nd\tO\n\ne\tO\n", 4, "found '', expected a tag"),
    "wrong tag": ("a\tO\n\nb\tO\nc\tNNP\nd\tO\n\ne\tO\n", 4, "found 'NNP', expected a tag"),
    "indexed": ("1\ta\tO\n\n1\tb\tO\n2\tc\n3\td\tO\n\n1\te\tO\n", 4, "found 2 columns, expected at least 3"),
    "no index": (INDEXED.replace("16\tw", "x\tw"), 18, "found no number in the first column, which counts the tokens"),
}


@pytest.mark.parametrize(("text", "line", "problem"), BAD.values(), ids=BAD)
def test_bad_row_is_an_error_with_line_and_problem_or_its_sentence_is_skipped(text, line, problem):
    with pytest.raises(CorpusError) as caught:
        read(text)
    assert caught.value.line == line
    assert problem in str(caught.value)
    assert caught.value.fix
    sentences, report = read(text, on_error="skip")
    assert [s.tokens for s in sentences] == [("a",), ("e",)]
    assert report.skipped == [str(caught.value)]
    assert report.sentences_in == 3


def test_sentence_of_ten_thousand_tokens():
    text = "".join(f"w{i}\t{'B-X' if i % 100 == 0 else 'O'}\n" for i in range(10_000))
    sentences, report = read(text)
    assert len(sentences) == 1
    assert len(sentences[0].tokens) == report.tokens_out == 10_000
    assert report.entities_out == {"X": 100}
