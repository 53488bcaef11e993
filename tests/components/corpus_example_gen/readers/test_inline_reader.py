"""Tests of components/corpus_example_gen/readers/inline_reader.py."""

from __future__ import annotations

import contextlib
import time

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file


def read(text, path="a.txt", **changes):
    report = IngestReport()
    sentences = list(read_corpus_file(path, corpus_settings(**changes), report, text.encode()))
    return [" ".join(map("/".join, zip(one.tokens, one.tags, strict=True))) for one in sentences], report


def error_of(text, path="a.txt", **changes):
    with pytest.raises(CorpusError) as caught:
        read(text, path, **changes)
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
        ("Ida B-PER left O at O ten O . O\n" * 2, ["Ida/B-PER left/O at/O ten/O ./O"] * 2),
        ("<ENAMEX TYPE=PERSON>Ida</enamex > ran\n", ["Ida/B-PERSON ran/O"]),
        ("<name type='place'>Oslo</name> fell\n", ["Oslo/B-place fell/O"]),
        ("<wiki id='1'>\n<PER>Ida</PER> ran\n</wiki>\n", ["Ida/B-PER ran/O"]),
        ("<DOC>\n<DOCNO>12</DOCNO>\n<TEXT>\n<s/><PER>Ida</PER> ran\n</TEXT>\n</DOC>\n", ["Ida/B-PER ran/O"]),
        ("-DOCSTART-\n\n<PER>Ida</PER> ran\n", ["Ida/B-PER ran/O"]),
        ("<start:person>Ida<end> left\n", ["Ida/B-person left/O"]),
        ("# 1\nIda/B-PER left/O\n# 2\nIt/O rains/O\n", ["Ida/B-PER left/O", "It/O rains/O"]),
        ("Ida:B-PER left:O\n10:30:O\n", ["Ida/B-PER left/O", "10:30/O"]),
        ("Ida left\nB-PER O\n\nIt rains here\nO O O\n", ["Ida/B-PER left/O", "It/O rains/O here/O"]),
        ("[Ida](PER) ran\n+ to [Oslo](LOC)\n", ["Ida/B-PER ran/O", "to/O Oslo/B-LOC"]),
    ],
)
def test_labels_inside_the_text_are_read(text, expected):
    sentences, report = read(text)
    if expected is not None:
        assert sentences == expected
    else:
        assert sentences[0].startswith("Ida/B-PER wrote/O [/O this/O ]/O")
    assert len(report.notes_by_kind()[0]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "## intent:go\n- to [Oslo](city)\n## synonym:a\n- b\n## regex:z\n- [0-9]{5}\n## lookup:x\nfile.txt\n",
        'version: "3.1"\nnlu:\n- intent: go\n  examples: |\n    - to [Oslo]{"entity": "city"}\n'
        "- synonym: a\n  examples: |\n    - b\n- regex: z\n  examples: |\n    - [0-9]{5}\n",
    ],
)
def test_files_of_rasa_have_texts_in_intents_only(text):
    assert read(text)[0] == ["to/O Oslo/B-city"]


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
        ("<P>Ida</P> met <L>Bo</L>\n", "a.txt:1: found '<P>', which marks a whole text, inside a text. Give the type"),
        ("<PER>Ida</PER> ran<br/> on\n", "a.txt:1: found the empty element '<br/>'. Remove it."),
        ("<PER>Ida</PER> <!-- x --> ran\n", "a.txt:1: found '<!-- x --> ran', which is not read. Remove it"),
        ("<PER>Ida</PER> met <1>Bo</1>\n", "a.txt:1: found '</1>', which is not read. Remove it"),
        ("<PER>Ida</PER> met <LOC></LOC>\n", "a.txt:1: found the label 'LOC' around no text. Remove the label."),
        ("<wi num='0' entity='PERSON'>Ida</wi>\n", "an element for each word. Export token, tab, tag on each line"),
        ("<START:a> Ida <END> met <START: b> Bo\n", "a.txt:1: found '<START: b>', an incomplete mark. Write `<START:"),
        ("[x](y) and [Ida [Berg](z)](PER)\n", "a.txt:1: found '](PER)', an incomplete entity"),
        ("Ida/B-PER left/O\n/O\n", "a.txt:2: found 1 column, expected 2: '/O'"),
        ("Ida left\nB-PER O\n" * 501 + "It rains\nO\n", "a.txt:1004: found 1 tag for the 2 words of line 1003. Write"),
        (
            "Ida|NNP|B-PER ran|VBD|O\n" * 9 + "Bo|B-PER sat|VBD|O\n",
            "a.txt:10: found 2 columns, expected 3: 'Bo\\tB-PER'",
        ),
        ("<PER>Ida</PER> ran\n[Bo](PER) sat\n", "a.txt:2: found '[Bo](PER)', a label of another kind than '<PER>Ida</"),
        ("[Ida](PER) ran\n<START:PER> Bo <END>\n", "a.txt:2: found '<START:PER> Bo <END>', a label of another kind"),
        ("[Ida](PER) ran\nBo/B-PER sat/O\n", "a.txt:2: found 'Bo/B-PER', a label of another kind than '[Ida](PER)'"),
        ("[Ida](PER) met [[Bo]](PER)\n", "a.txt:1: found '](PER)', an incomplete entity"),
        ("[Ida](PER) met \\[Bo\\](PER)\n", "a.txt:1: found '[Bo\\\\](PER)', an incomplete entity"),
        (
            "1\t<PER>Ida</PER> ran\n",
            "a.txt:1: found labels inside the texts of a table, which is not read. Keep the column",
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
    assert read("# text = [a](b) <i>c</i>\n1\tIda\tB-PER\n2\tleft\tO\n", "a.conllu")[0] == ["Ida/B-PER left/O"]
    assert read("[a](b)\tB-PER\tNNP\nleft\tO\tVBD\n")[0] == ["[a](b)/B-PER left/O"]
    assert "expected 2: '<title>It</title>'" in error_of("<title>It</title>\nIda\tB-PER\nleft\tO\n\nBo\tO\n")
    assert "found labels inside the texts of a table" in error_of("id,text\n1,<PER>Ida</PER> ran\n", path="a.csv")
    assert read("Ida B-NP NNP O\nleft B-VP VBD O\n")[0][0].startswith("Ida/")
    assert read(f"Ida O{' O' * 8}\nleft B-PER{' O' * 8}\n")[0] == ["Ida/O left/B-PER"]
    assert "expected a tag" in error_of("![a](b) It rains here\n")
    assert "expected a tag" in error_of("The/DT dog/NN\nruns/VBZ fast/RB\n")
    assert "expected a tag" in error_of("<PER>Ida</PER> left\n", format="columns")


def test_a_file_without_labels_is_read_if_the_settings_name_the_format():
    assert read("It rains.\n\nIt snows.\n", format="inline")[0] == ["It/O rains/O ./O", "It/O snows/O ./O"]
    late = "It rains.\n" * 2000 + "<PER>Ida</PER> left.\n"
    assert "expected a tag" in error_of(late)
    assert read(late, format="inline")[0][-1] == "Ida/B-PER left/O ./O"


def test_a_long_text_is_no_row_of_columns():
    assert error_of("Ida left O " * 400).startswith("a.txt:1: found 1,200 columns, more than 1,000. Write token, tab")
    assert len(read("Ida B-PER left O " * 20_000)[0]) == 1


@pytest.mark.parametrize("part", [" B-PER O O ", "<a.", "<a b='", "[a](", "<START:", "&a", "[AB ", "<"])
def test_the_time_for_a_long_line_grows_with_its_length(part):
    text = "<PER>Ida</PER> " + part * 20_000 + "\n"
    begin = time.process_time()
    with contextlib.suppress(CorpusError):
        read(text)
    assert time.process_time() - begin < 10
