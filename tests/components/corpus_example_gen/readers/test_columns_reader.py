"""Column files of every shape give the same sentences."""

from __future__ import annotations

import pytest

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.read_options import ReadOptions

EXPECTED = [
    (("Ana", "Lima", "left", "Oslo"), ("B-PER", "I-PER", "O", "B-LOC")),
    (("Peru", "Chile", "won"), ("B-LOC", "B-LOC", "O")),
]
IOB2 = "Ana B-PER\nLima I-PER\nleft O\nOslo B-LOC\n\nPeru B-LOC\nChile B-LOC\nwon O\n"
IOB1 = "Ana I-PER\nLima I-PER\nleft O\nOslo I-LOC\n\nPeru I-LOC\nChile B-LOC\nwon O\n"
BIOES = "Ana B-PER\nLima E-PER\nleft O\nOslo S-LOC\n\nPeru S-LOC\nChile S-LOC\nwon O\n"
BILOU = "Ana B-PER\nLima L-PER\nleft O\nOslo U-LOC\n\nPeru U-LOC\nChile U-LOC\nwon O\n"


def read(text, name="a.conll", **options):
    report = IngestReport()
    data = text if isinstance(text, bytes) else text.encode()
    sentences = list(read_corpus_file(name, ReadOptions(**options), report, data))
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


@pytest.mark.parametrize("scheme", [IOB2, IOB1, BIOES, BILOU], ids=["IOB2", "IOB1", "BIOES", "BILOU"])
@pytest.mark.parametrize(
    "shape",
    [
        lambda t: t,
        lambda t: t.replace(" ", "\t"),
        lambda t: t.replace(" ", "     "),
        four_columns,
        lambda t: four_columns(t, "\t"),
        lambda t: "-DOCSTART- -X- O O\n\n" + four_columns(t),
        indexed,
        lambda t: indexed(t, "\t-\tann"),
        lambda t: t.replace("\n\n", "\n\n\n\n") + "\n\n",
        lambda t: "\n\n" + t,
        lambda t: t.rstrip("\n"),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: "\ufeff" + t,
        lambda t: "# sent_id = 1\n# text = x y\n" + t,
        lambda t: t.replace(" ", "\t").replace("\n\n", "\n\t\n"),
        lambda t: t.replace("\n\n", "\n-DOCSTART- O\n"),
    ],
)
def test_schemes_and_shapes_read_alike(scheme, shape):
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


def test_document_marks_are_counted_and_no_tokens():
    sentences, report = read("-DOCSTART- O\n\na O\n\n-DOCSTART- O\nb O\n-DOCSTART- O\n")
    assert [s.tokens for s in sentences] == [("a",), ("b",)]
    assert (report.documents, report.tokens_in) == (3, 2)


def test_conllu_ranges_and_empty_nodes_are_no_tokens():
    sentences, report = read("1-2\tdu\tO\n1\tde\tO\n2\tle\tO\n2.1\tx\tO\n3\tLot\tB-LOC\n")
    assert pairs(sentences) == [(("de", "le", "Lot"), ("O", "O", "B-LOC"))]
    assert report.repairs == {"extra_row": 2}


def test_spaces_around_tags_are_taken_off_and_counted():
    sentences, report = read("a\t B-X\nb\tI-X  \n")
    assert pairs(sentences) == [(("a", "b"), ("B-X", "I-X"))]
    assert report.repairs == {"stripped_tag": 2}


def test_hash_tokens_in_space_separated_files():
    sentences, _ = read("# O\n# id = 7\n#tag O\n# a comment in prose\nx O\n")
    assert [(s.tokens, s.key) for s in sentences] == [(("#", "#tag", "x"), "7")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"token_column": 1}, ("NN", "B-PER")),
        ({"token_column": 0, "tag_column": 2}, ("Ana", "B-NP")),
        ({"token_column": -4, "tag_column": -1}, ("Ana", "B-PER")),
    ],
)
def test_named_columns(options, expected):
    sentences, _ = read(four_columns(IOB2).replace("I-NP", "B-NP"), **options)
    assert (sentences[0].tokens[0], sentences[0].tags[0]) == expected


def test_bare_types():
    text = "Ana PERSON\nLima PERSON\nin O\nOslo LOCATION\n"
    assert pairs(read(text, scheme="io")[0]) == [
        (("Ana", "Lima", "in", "Oslo"), ("B-PERSON", "I-PERSON", "O", "B-LOCATION"))
    ]
    with pytest.raises(CorpusError, match=r"a\.conll:1: found 'PERSON' where a tag"):
        read(text)


def test_unlabelled_file_has_tokens_only():
    sentences, report = read("The\nsoldier\n\n#hash\nNew York\n", labelled=False)
    assert [(s.tokens, s.tags) for s in sentences] == [(("The", "soldier"), None), (("#hash", "New", "York"), None)]
    assert report.tokens_out == 5


INDEXED = "1\ta\tO\n\n" + "".join(f"{i}\tw\tO\n" for i in range(1, 41)) + "\n1\te\tO\n"
BAD = {
    "too few": ("a\tO\n\nb\tO\nc\nd\tO\n\ne\tO\n", 4, "found 1 column where 2 belong: 'c'"),
    "too many": ("a O\n\nb O\nNew York O\nd O\n\ne O\n", 4, "found 3 columns where 2 belong: 'New York O'"),
    "no ner column": ("a N I-NP O\n\nb N I-NP O\nc N I-NP\n\ne N I-NP O\n", 4, "found 3 columns where 4 belong"),
    "no tag": ("a\tO\n\nb\tO\nc\t\nd\tO\n\ne\tO\n", 4, "found '' where a tag"),
    "wrong tag": ("a\tO\n\nb\tO\nc\tNNP\nd\tO\n\ne\tO\n", 4, "found 'NNP' where a tag"),
    "indexed": ("1\ta\tO\n\n1\tb\tO\n2\tc\n3\td\tO\n\n1\te\tO\n", 4, "found 2 columns where at least 3 belong"),
    "no index": (INDEXED.replace("16\tw", "x\tw"), 18, "found no number in the first column, which counts the tokens"),
}


@pytest.mark.parametrize(("text", "line", "found"), BAD.values(), ids=BAD)
def test_bad_row_stops_the_reading_with_line_and_finding(text, line, found):
    with pytest.raises(CorpusError) as caught:
        read(text)
    assert caught.value.line == line
    assert found in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize(("text", "line", "found"), BAD.values(), ids=BAD)
def test_bad_row_leaves_out_its_sentence_when_skipping(text, line, found):
    sentences, report = read(text, on_error="skip")
    assert [s.tokens for s in sentences] == [("a",), ("e",)]
    assert len(report.skipped) == 1
    assert report.skipped[0].startswith(f"a.conll:{line}: ")
    assert found in report.skipped[0]
    assert report.sentences_in == 3


def test_sentence_of_ten_thousand_tokens():
    text = "".join(f"w{i}\t{'B-X' if i % 100 == 0 else 'O'}\n" for i in range(10_000))
    sentences, report = read(text)
    assert len(sentences) == 1
    assert len(sentences[0].tokens) == report.tokens_out == 10_000
    assert report.entities_out == {"X": 100}
