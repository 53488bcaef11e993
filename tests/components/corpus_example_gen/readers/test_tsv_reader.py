"""The articles' format."""

from __future__ import annotations

from functools import partial

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.corpus_text import iter_lines
from components.corpus_example_gen.readers.tsv_reader import is_tsv

GOOD = "Xi Jinping went to New Delhi India\tB-NAME I-NAME OUT OUT B-LOCATION I-LOCATION I-LOCATION\n"


def read(text, name="train.tsv", **changes):
    report = IngestReport()
    return list(read_corpus_file(name, corpus_settings(**changes), report, text.encode())), report


def test_sentence_and_tags_keep_the_outside_label_of_the_corpus():
    sentences, report = read(GOOD + "\n" + GOOD.replace("\n", "\r\n"))
    assert len(sentences) == 2
    assert sentences[0].tokens == ("Xi", "Jinping", "went", "to", "New", "Delhi", "India")
    assert sentences[0].tags == ("B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION", "I-LOCATION", "I-LOCATION")
    assert [s.line for s in sentences] == [1, 3]
    assert report.entities_out == {"NAME": 2, "LOCATION": 2}


def test_comments_set_ids_and_metadata():
    sentences, report = read("# newdoc\n# id = s1\n# topic = a\n" + GOOD + "-DOCSTART-\n#tag here\tO O\n")
    assert [(s.key, s.metadata) for s in sentences] == [("s1", {"topic": "a"}), (None, {})]
    assert report.documents == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Xi left Oslo\tB-NAME OUT\n", "found 3 tokens and 2 tags: 'Xi left Oslo"),
        ("Xi left Oslo\n", "found 1 cells, expected sentence, tab, tags"),
        ("Xi left\tOUT OUT\tx\n", "found 3 cells"),
        ("sentence\ttags\n", "found 'tags', expected a tag such as B-PER"),
        ("Xi left\t\n", "found 2 tokens and 0 tags"),
    ],
)
def test_bad_line_is_an_error_or_skipped(line, problem):
    with pytest.raises(CorpusError) as caught:
        read(GOOD + line + GOOD)
    assert str(caught.value).startswith("train.tsv:2: ")
    assert problem in str(caught.value)
    sentences, report = read(GOOD + line + GOOD, on_error="skip")
    assert [s.line for s in sentences] == [1, 3]
    assert report.sentences_skipped == 1
    assert report.skipped == [str(caught.value)]


def test_format_differs_from_columns():
    for text, changes, expected in [
        (GOOD, {}, True),
        ("a\tO\n" + GOOD, {}, True),
        ("a\tO\nb\tB-X\n", {}, False),
        ("New York\tB-X\n", {}, False),
        ("a b\tPER O\n", {"scheme": "io"}, True),
        ("a b\tPER O\n", {}, False),
        ("1\ta b\tO O\n", {}, False),
        ("", {}, False),
    ]:
        assert is_tsv(partial(iter_lines, text), "a.tsv", corpus_settings(**changes)) is expected


def test_quoted_cells_are_read_without_their_quotes():
    data = 'Ana said hi\tB-PER O O\n"Bo said ""no"" ."\tB-PER O O O\n'
    sentences, report = read(data)
    assert [s.tokens for s in sentences] == [("Ana", "said", "hi"), ("Bo", "said", '"no"', ".")]
    assert report.notes == ["train.tsv: read cells that are quoted as in CSV without their quotes"]
    assert read('"Ana left"\t"B-PER O"\n')[0][0].tokens == ("Ana", "left")


IN_CELLS = {
    "spaces": 'text,labels\nOslo is,B-LOC O\n"Oslo , is",B-LOC O O\n',
    "commas": 'sentence,word_labels\nOslo is,"B-LOC,O"\n"Oslo , is","B-LOC,O,O"\n',
    "commas and spaces": 'sentence,word_labels\nOslo is,"B-LOC, O"\n"Oslo , is","B-LOC, O, O"\n',
    "index of pandas": ',sentence,word_labels\n0,Oslo is,"B-LOC,O"\n1,"Oslo , is","B-LOC,O,O"\n',
    "tags first": "labels;text\nB-LOC O;Oslo is\nB-LOC O O;Oslo , is\n",
    "no header": 'Oslo is,B-LOC O\n"Oslo , is",B-LOC O O\n',
}


@pytest.mark.parametrize("text", IN_CELLS.values(), ids=IN_CELLS)
def test_sentences_and_their_tags_in_the_cells_of_a_csv_file_are_read(text):
    sentences, report = read(text, "train.csv")
    assert [(s.tokens, s.tags) for s in sentences] == [
        (("Oslo", "is"), ("B-LOC", "O")),
        (("Oslo", ",", "is"), ("B-LOC", "O", "O")),
    ]
    assert report.line_kinds["header"] == text.count("\n") - 2
    assert "read as CSV with the separator" in report.notes[0]


def test_commas_between_the_tags_of_a_tsv_file_are_read_if_most_rows_have_them():
    sentences, report = read("Oslo is\tB-LOC,O\nit rains now\tO,O,O\nOslo\tB-LOC\n")
    assert [s.tags for s in sentences] == [("B-LOC", "O"), ("O", "O", "O"), ("B-LOC",)]
    assert report.notes == ["train.tsv: read tags that commas separate"]


def test_commas_between_the_tags_of_several_annotators_are_not_those_of_a_sentence():
    sentences, _ = read("New York\tB-LOC,O\nis\tO\nbig\tO\nin\tO\nOslo\tB-LOC,O\n", max_repaired=1)
    assert [s.tokens for s in sentences] == [("New", "York", "is", "big", "in", "Oslo")]


def test_bad_rows_of_a_csv_file_are_errors():
    for row, problem in (
        ("Oslo is,B-LOC,O", r"found 3 cells, expected 2, a sentence and its tags among them"),
        ("Oslo is,B-LOC", r"found 2 tokens and 1 tags"),
        ('"Oslo', r"found 1 cells, expected 2"),
    ):
        with pytest.raises(CorpusError, match=rf"train\.csv:3: {problem}"):
            read(f"text,labels\nOslo is,B-LOC O\n{row}\n", "train.csv")


def test_quotation_marks_stay_tokens():
    sentences, report = read('" Ana "\tO B-PER O\nBo "left "\tB-PER O O\n')
    assert [s.tokens for s in sentences] == [('"', "Ana", '"'), ("Bo", '"left', '"')]
    assert report.notes == []


def test_a_first_row_without_tokens_is_an_error_under_scheme_io():
    with pytest.raises(CorpusError, match="found 0 tokens and 1 tags"):
        read("\xa0\tPER\n", format="tsv", scheme="io")
