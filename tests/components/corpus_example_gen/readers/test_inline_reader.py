"""Tests of components/corpus_example_gen/readers/inline_reader.py."""

from __future__ import annotations

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file


def read(text, path="a.txt", **changes):
    report = IngestReport()
    sentences = list(read_corpus_file(path, corpus_settings(**changes), report, text.encode()))
    return [" ".join(map("/".join, zip(one.tokens, one.tags, strict=True))) for one in sentences], report


def error_of(text, **changes):
    with pytest.raises(CorpusError) as caught:
        read(text, **changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains.\n<PER>Ida Berg</PER> left.\n", ["It/O rains/O ./O", "Ida/B-PER Berg/I-PER left/O ./O"]),
        ('<ENAMEX TYPE="PERSON">Ida</ENAMEX> ran\n', ["Ida/B-PERSON ran/O"]),
        ("<entity label='LOC' id='3'>Oslo</entity>\n", ["Oslo/B-LOC"]),
        ("<LOC id='3'> Oslo </LOC> is big\n", ["Oslo/B-LOC is/O big/O"]),
        ("<DOC>\n<s>In <LOC>Rome</LOC></s>\n</DOC>\n", ["In/O Rome/B-LOC"]),
        ("<ORG>AT&amp;T</ORG> and R&D; a < b\n", ["AT&T/B-ORG and/O R&D/O ;/O a/O </O b/O"]),
        ("<START:person> Ida Berg <END> left .\n", ["Ida/B-person Berg/I-person left/O ./O"]),
        ("<START> Ida <END> left .\n", ["Ida/B-ENTITY left/O ./O"]),
        ("## intent:go\n- go to [New York](city)\n", ["go/O to/O New/B-city York/I-city"]),
        ('- to [NYC](city:New York) [now]{"entity": "time", "role": "x"}\n', ["to/O NYC/B-city now/B-time"]),
        ("[Ida](PER) wrote [this](https://a.b/c) down\n", None),
        ("Ida/B-PER Berg/I-PER left/O\nIt/O rains/O\n", ["Ida/B-PER Berg/I-PER left/O", "It/O rains/O"]),
        ("Ida/PERSON left/O 1/2/O\nBo/PERSON ran/O\n", ["Ida/B-PERSON left/O 1/2/O", "Bo/B-PERSON ran/O"]),
        ("Ida|NNP|I-PER left|VBD|O\n\nIt|PRP|O rains|VBZ|O\n", ["Ida/B-PER left/O", "It/O rains/O"]),
        ("Ida_B-PER left_O\n", ["Ida/B-PER left/O"]),
        ("Ida/B-PER\nleft/O\n\nIt/O\nrains/O\n", ["Ida/B-PER left/O", "It/O rains/O"]),
        ("Ida B-PER left O\nBo B-PER sat O down O\n", ["Ida/B-PER left/O", "Bo/B-PER sat/O down/O"]),
    ],
)
def test_labels_inside_the_text_are_read(text, expected):
    sentences, report = read(text)
    if expected is not None:
        assert sentences == expected
    else:
        assert sentences[0].startswith("Ida/B-PER wrote/O [/O this/O ]/O")
    assert len(report.notes_by_kind()[0]) == 1


def test_nested_labels_are_overlapping_spans():
    nested = "<ORG>Bank of <LOC>Oslo</LOC></ORG> fell\n"
    assert read(nested, overlaps="longest")[0] == ["Bank/B-ORG of/I-ORG Oslo/I-ORG fell/O"]
    assert "a.txt:1: found overlapping spans" in error_of(nested, overlaps="refuse")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<PER>Ida</PER> left\n<PER>Bo ran\n", "a.txt:2: found <PER> without </PER> behind it. Begin and end"),
        ("<PER>Ida</PER> left\nBo</PER> ran\n", "a.txt:2: found '</PER>' without <PER> before it. Begin and end"),
        ("<PER>Ida</PER> left <b>now</b>\n", "a.txt:1: found the element '<b>' of HTML. Name the element after"),
        ("<START:a> Ida <END> ran\n<START:a> Bo <START:a> x <END>\n", "a.txt:2: found <START:a> inside an entity. End"),
        ("<START:a> Ida <END> ran <START:a> Bo\n", "a.txt:1: found <START> without <END> behind it. End"),
        ("[Ida](PER) left\n[Bo](PER ran\n", "a.txt:2: found '[Bo](PER ran', an incomplete entity. Write [Oslo]"),
        ('[Ida](PER) left\n[Bo]{"role": "x"} ran\n', 'a.txt:2: found \'[Bo]{"role": "x"}\' without an entity. Write'),
        ("Ida/B-PER left/O\n" * 20 + "Bo ran/O\n", "a.txt:21: found 1 column, expected 2: 'Bo'"),
        (
            "Ida B-PER left O\nBo B-PER sat O down O\n" * 20 + "It O rains\n",
            "a.txt:41: found 1 column, expected 2: 'rains'",
        ),
        ("It rains\n[PER Ida] left .\n", "a.txt:2: found labels inside the text, such as '[PER Ida]', which are not"),
        ("(S\n  (PERSON Ida/NNP)\n  left/VBD)\n", "a.txt:2: found labels inside the text, such as '(PERSON Ida/NNP'"),
        ('<GateDocument>\n<TextWithNodes><Node id="0"/>Ida\n', "a.txt:2: found labels inside the text, such as '<Node"),
        ("<?xml version='1.0'?>\n<a>Ida left</a>\n", "a.txt:1: found XML or HTML, which is not read"),
    ],
)
def test_faults_of_labels_name_the_line_and_the_remedy(text, problem):
    assert problem in error_of(text)


def test_other_files_are_not_searched_for_labels():
    assert read("<b>Ida</b> B-PER\nleft O\n", "a.conll")[0] == ["<b>Ida</b>/B-PER left/O"]
    assert read("Ida/x B-PER\nleft/y O\n", "a.conll")[0] == ["Ida/x/B-PER left/y/O"]
    assert "expected a tag" in error_of("The/DT dog/NN\nruns/VBZ fast/RB\n")
    assert "expected a tag" in error_of("<PER>Ida</PER> left\n", format="columns")


def test_a_file_without_labels_is_read_if_the_settings_name_the_format():
    assert read("It rains.\n\nIt snows.\n", format="inline")[0] == ["It/O rains/O ./O", "It/O snows/O ./O"]
    late = "It rains.\n" * 2000 + "<PER>Ida</PER> left.\n"
    assert "expected a tag" in error_of(late)
    assert read(late, format="inline")[0][-1] == "Ida/B-PER left/O ./O"
