"""Column files: schemes, shapes, comments and bad rows."""

from __future__ import annotations

import contextlib
import gzip
import re

import pytest
from support.settings import corpus_settings
from support.timing import LINEAR, growth

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
    "CR": lambda t: t.replace("\n", "\r"),
    "CR, one LF at the end": lambda t: t.rstrip("\n").replace("\n", "\r") + "\n",
    "CR CR LF": lambda t: t.replace("\n", "\r\r\n"),
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
    "document mark of a second file": lambda t: t.replace("\n\n", "\n\n\ufeff-DOCSTART- O\n\n"),
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


def conllu(*rows):
    """Rows of ten columns: (form, MISC)."""
    return "".join(
        f"{number}\t{form}\tlemma\tPROPN\tNpmsn\tCase=Nom\t0\troot\t_\t{misc}\n"
        for number, (form, misc) in enumerate(rows, start=1)
    )


@pytest.mark.parametrize("settings", [{}, {"tag_column": 9}])
def test_tags_in_the_last_column_of_conllu_are_read(settings):
    rows = (
        ("Ana", "NER=B-per|SpaceAfter=No"),
        ("Bo", "Gloss=bo|NER=I-per"),
        ("ide", "_"),
        ("u", "NER=O"),
        ("Bar", "NER=B-loc"),
    )
    sentences, report = read(conllu(*rows), **settings)
    assert pairs(sentences) == [(("Ana", "Bo", "ide", "u", "Bar"), ("B-per", "I-per", "O", "O", "B-loc"))]
    assert "the attribute NER of column 9 (the tenth)" in str(report.notes)


def test_a_damaged_tag_in_the_last_column_of_conllu_is_an_error_with_its_line():
    rows = ("Ana", "NER=B-per"), ("ide", "NER=per-B"), ("u", "_"), ("Bar", "NER=B-loc")
    with pytest.raises(CorpusError, match=r"a.conll:2: .*'per-B'"):
        read(conllu(*rows))


HIPE = """TOKEN\tNE-COARSE-LIT\tNE-COARSE-METO\tNE-NESTED\tMISC
# language = en
# date = 1890-01-02
Ana\tB-pers\tO\tO\t_
# segment_iiif_link = https://example.org/1
left\tO\tO\tO\tNoSpaceAfter
"""


def test_tables_of_hipe_with_comments_inside_are_read():
    sentences, report = read(HIPE)
    assert pairs(sentences) == [(("Ana", "left"), ("B-pers", "O"))]
    assert sentences[0].metadata == {"language": "en", "date": "1890-01-02"}
    assert report.line_kinds == {"header": 1, "comment": 3, "token": 2}
    renamed = HIPE.replace("NE-COARSE-LIT", "COARSE")
    assert pairs(read(renamed, token_column=0, tag_column=1)[0]) == pairs(sentences)


@pytest.mark.parametrize("separator", ["\t", " "])
@pytest.mark.parametrize("comment", ["# newdoc id = a", "# newdoc", "#begin document (a)"])
def test_comment_that_begins_a_document_ends_the_sentence_before(comment, separator):
    text = f"a\tO\n{comment}\nb\tB-X\n#end document\nc\tO\n".replace("\t", separator)
    sentences, report = read(text)
    assert pairs(sentences) == [(("a",), ("O",)), (("b",), ("B-X",)), (("c",), ("O",))]
    assert report.documents == 1


@pytest.mark.parametrize("comment", ["# sent_id = 2", "# text = b", "# b"])
def test_other_comment_inside_a_sentence_is_an_error(comment):
    with pytest.raises(CorpusError, match=r"a\.conll:2: found 1 column, expected 2.* behind an empty line"):
        read(f"a\tO\n{comment}\nb\tB-X\n")


def test_comments_of_sentences_whose_rows_restart_need_no_empty_line():
    sentences, _ = read("".join(f"# sent_id = {i}\n# text = a b\n1\ta\tO\n2\tb\tB-X\n" for i in "xyz"))
    assert [(s.key, s.tokens) for s in sentences] == [("x", ("a", "b")), ("y", ("a", "b")), ("z", ("a", "b"))]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("mark", ["", "-DOCSTART- O\n", "\n", "#begin document (a)\n"])
def test_numbers_of_rows_that_restart_begin_sentences_also_without_empty_lines(first, mark):
    rows = "".join(f"{first + i} {row}\n" for i, row in enumerate(("Ana B-PER", "Lima I-PER", "left O")))
    sentences, report = read((mark + rows * 4) * 2)
    assert pairs(sentences) == [(("Ana", "Lima", "left"), ("B-PER", "I-PER", "O"))] * 8
    assert report.notes == [
        "a.conll: numbers in column 0 (the first) that restart begin a sentence, also without an empty line"
    ]


@pytest.mark.parametrize("numbers", ["1212", "0101", "1201"])
def test_numbers_behind_the_tokens_do_not_divide_sentences_that_lines_separate(numbers):
    words = ("Ana", "Lima", "left", "soon")
    sentence = "".join(f"{word} {number} O\n" for word, number in zip(words, numbers, strict=True))
    sentences, report = read(f"Bo 1 B-PER\n\n{sentence}\n" * 6)
    assert [tokens for tokens, _ in pairs(sentences)] == [("Bo",), words] * 6
    assert report.notes == []


def test_flags_before_the_tokens_do_not_begin_sentences():
    with pytest.raises(CorpusError, match=r"column 0 \(the first\) holds a number in 30 of 30 rows"):
        read("1 Ana B-PER\n0 left O\n0 . O\n1 Bo B-PER\n0 sat O\n1 Oslo B-LOC\n" * 5)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Ana B-PER\nleft O\n. O\n" * 70, "the file is one sentence of 210 tokens"),
        (
            ("-DOCSTART- O\n\n" + "Ana B-PER\nleft O\n. O\n" * 70) * 2,
            "each of 2 documents is one sentence, of 210 tokens on average",
        ),
    ],
)
def test_files_without_sentence_boundaries_are_noted(text, note):
    expected = f"a.conll: no line separates sentences, so {note}; corpus.sentences: split divides the text"
    assert read(text)[1].notes == [expected]
    sentences, report = read(text, sentences="split")
    assert (len(sentences) in (70, 140), report.notes) == (True, [])
    assert read(text + "\n" + "a O\n")[1].notes == []


def test_columns_of_flags_do_not_begin_sentences():
    with pytest.raises(
        CorpusError, match=r"column 0 \(the first\) holds a number in 6 of 6 rows, so it does not hold the tokens"
    ):
        read("0 Ida B-PER\n1 left O\n0 . O\n\n1 Bo B-PER\n0 left O\n0 . O\n")


def test_files_of_tags_without_tokens_are_refused():
    with pytest.raises(
        CorpusError,
        match=r"a\.conll:1: column 0 \(the first\) holds tags such as 'B-PER', and column 1 \(.*\) no tokens\. ",
    ):
        read("B-PER O\nO O\nB-PER I-PER\n")
    assert pairs(read("B-PER Ida\nO left\n")[0]) == [(("Ida", "left"), ("B-PER", "O"))]


def test_brackets_of_few_columns_are_refused_as_such():
    with pytest.raises(CorpusError, match=r"found '\(PER\*'.* Write the brackets as tags: B-PER, I-PER and O\."):
        read("Ana (PER*\nLima *)\nleft *\nOslo (LOC)\n")


def test_attribute_of_conllu_in_lower_case_is_read():
    sentences, _ = read(conllu(("Ana", "ner=B-per|SpaceAfter=No"), ("ide", "_")))
    assert pairs(sentences) == [(("Ana", "ide"), ("B-per", "O"))]


def test_conllu_without_tags_is_an_error_that_names_the_attributes():
    for misc, attributes in (
        ("SpaceAfter=No|Gloss=a", "SpaceAfter=No, Gloss=a"),
        ("NER=per", "NER=per"),
        ("_", "none"),
    ):
        with pytest.raises(CorpusError) as caught:
            read(conllu(("Ana", misc), ("ide", "_")))
        assert caught.value.problem == (
            "column 9 (the tenth), MISC, has no tags such as NER=B-PER or NE=B-PER, its attributes are " + attributes
        )


def test_ten_columns_with_tags_in_the_third_are_read():
    text = conllu(("Ana", "_"), ("ide", "_")).replace("lemma", "B-per", 1).replace("lemma", "O")
    assert pairs(read(text)[0]) == [(("Ana", "ide"), ("B-per", "O"))]


def test_a_first_line_that_names_the_separator_is_no_row():
    text = "sep=;\nword;tag\nAna;B-PER\nlives;O\n\nin;O\nOslo;B-LOC\n"
    sentences, report = read(text, "a.csv")
    assert [s.tokens for s in sentences] == [("Ana", "lives"), ("in", "Oslo")]
    assert report.line_kinds["header"] == 2


def test_spaces_around_tags_are_stripped_and_counted():
    sentences, report = read("a\t B-X\nb\tI-X  \nc\tI-X\u00a0\n")
    assert pairs(sentences) == [(("a", "b", "c"), ("B-X", "I-X", "I-X"))]
    assert report.repairs == {"stripped_tag": 3}


def test_hash_tokens_in_space_separated_files():
    sentences, _ = read("# id = 7\n# a comment in prose\n# O\n#tag O\nx O\n")
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
    sentences, report = read(text)
    assert (sentences, report.notes[0].split(": ")[-1]) == (
        read(text, scheme="io")[0],
        "adjacent entities of a type are merged",
    )
    text = text.replace("in O", "in B-PERSON")
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
    "no index": (
        INDEXED.replace("16\tw", "x\tw"),
        18,
        "found no number in column 0 (the first), which counts the tokens",
    ),
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


HASH_ROWS = {
    "without a tab": ("Joe\tB-PER\n#paris B-LOC\nleft\tO\n", 2, "found 1 column, expected 2: '#paris B-LOC'"),
    "one word": ("Ann\tB-PER\n#oslo\nleft\tO\n", 2, "found 1 column, expected 2: '#oslo'"),
    "one word, first": ("#oslo\nleft\tO\n", 1, "found 1 column, expected 2: '#oslo'"),
    "without a tab, first": ("#paris B-LOC\nleft\tO\n", 1, "found 1 column, expected 2"),
    "invalid tag, spaces": ("Joe NNP B-PER\n# NN 0\nleft VB O\nx y O\n", 2, "found '0', expected a tag"),
    "invalid tag, first": ("# NN 0\nleft VB O\nx y O\n", 1, "found '0', expected a tag"),
    "comment": ("Joe\tB-PER\n# id = 7\nleft\tO\n", 2, "found 1 column, expected 2: '# id = 7'"),
    "carriage return": ("Joe\tO\nJo\rhn\tB-PER\nx\tO\n", 2, "found a carriage return inside the line: 'Jo\\rhn"),
    "carriage returns as line ends": ("a\tO\nb\tO\rc\tO\rd\tO\ne\tO\n", 2, "found a carriage return inside the line"),
}


@pytest.mark.parametrize(("text", "line", "problem"), HASH_ROWS.values(), ids=HASH_ROWS)
def test_row_in_a_sentence_is_a_token_or_an_error(text, line, problem):
    with pytest.raises(CorpusError) as caught:
        read(text)
    assert (caught.value.line, problem in caught.value.problem) == (line, True), caught.value
    sentences, report = read(f"{text}\nz{' y' * (' NN' in text)}\tO\n".replace("z y\t", "z y "), on_error="skip")
    assert [s.tokens for s in sentences] == [("z",)]
    assert report.sentences_skipped == 1


@pytest.mark.parametrize(
    "mark", ["-DOCSTART- ", "-DOCSTART-\t", "-DOCSTART- \tO", "-DOCSTART- -X- -X- O", '"-DOCSTART-"\tO']
)
def test_document_mark_in_all_forms_is_counted(mark):
    sentences, report = read(f"{mark}\n\nJoe\tB-PER\nleft\tO\n{mark}\nx\tO\n")
    assert [s.tokens for s in sentences] == [("Joe", "left"), ("x",)]
    assert (report.documents, report.line_kinds["document_mark"]) == (2, 2)


def test_document_mark_with_an_index_and_words_that_begin_like_one():
    sentences, report = read("0\t-DOCSTART-\tO\n\n1\tJoe\tB-PER\n2\tleft\tO\n")
    assert ([s.tokens for s in sentences], report.documents) == ([("Joe", "left")], 1)
    assert read("-DOCSTART-s\tO\nx\tO\n")[0][0].tokens == ("-DOCSTART-s", "x")


def test_conll_2012_documents_are_comments_and_counted():
    sentences, report = read("#begin document (a); part 000\nx O\n\n#end document\n#begin document (b)\ny O\n")
    assert [s.tokens for s in sentences] == [("x",), ("y",)]
    assert (report.documents, report.line_kinds["comment"]) == (2, 3)


QUOTED = {
    "doubled": ('"""Ada"\tB-PER\n""""\tO\n"1,000"\tO\nx\tO\n', ('"Ada', '"', "1,000", "x")),
    "spaces": ('"""Ada" B-PER\n"""" O\n', ('"Ada', '"')),
    "all cells": ('"Ada"\t"B-PER"\n"in"\t"O"\n', ("Ada", "in")),
    "tab in a cell": ('"a\tb"\tO\n""""\tO\n', ("a", "b", '"')),
}


@pytest.mark.parametrize(("text", "tokens"), QUOTED.values(), ids=QUOTED)
def test_quoted_cells_are_read_as_csv(text, tokens):
    sentences, report = read(text)
    assert sentences[0].tokens == tokens
    assert "quoted as in CSV" in report.notes[0]


@pytest.mark.parametrize(
    "tokens", [('"', "x", '"'), ('"', '""""'), ('"no"', "x"), ('""', "x"), ("''", '"a', 'b"'), ('5"', '""""')]
)
def test_quotation_marks_of_a_corpus_stay(tokens):
    sentences, report = read("".join(f"{token}\tO\n" for token in tokens))
    assert sentences[0].tokens == tokens
    assert report.notes == []


def test_extensions_may_be_in_capitals():
    (sentence,), _ = read("word,tag\nIda,B-PER\n", "A.CSV")
    assert (sentence.tokens, sentence.tags) == (("Ida",), ("B-PER",))
    (sentence,), _ = read(gzip.compress(b'{"text": "Ida", "entities": [[0, 3, "PER"]]}'), "A.JSONL.GZ")
    assert sentence.tags == ("B-PER",)


def test_another_column_with_tags_is_noted():
    _, report = read("Ida NNP B-PER B-LOC\nleft VBD O O\n")
    (note,) = report.notes
    assert "column 2 (the third) holds tags, too, such as 'PER'; the tags are those of column 3 (the fourth)" in note


def test_unclosed_quote_in_csv_is_an_error_with_its_line():
    with pytest.raises(CorpusError, match=r"a\.csv:2: found 1 column, expected 2"):
        read('Ada,B-PER\n"in,O\nx,O\n', "a.csv")


def test_numbers_of_thousands_of_digits_are_errors_with_their_line():
    with pytest.raises(
        CorpusError, match=r"a\.conll:2: found no number in column 0 \(the first\), which counts the tokens"
    ):
        read(f"1\tx\tO\n{'9' * 5000}\ty\tO\n")
    sentences, _ = read(f"1\tx\tO\n{'9' * 5000}\ty\tO\n\n1\tz\tO\n", on_error="skip")
    assert [s.tokens for s in sentences] == [("z",)]


@pytest.mark.parametrize(
    "line", ["{}\x07\tO", "# sent_id = {}\x07", "# topic = {}\x07", "# to{}\x07pic = x", "{}\x00\tO"]
)
def test_control_character_is_an_error_of_one_sentence(line):
    text = f"{'a' * 20}\tO\n\n{line.format('b')}\nc\tO\n\nd\tO\n"
    with pytest.raises(CorpusError, match=r"a\.conll:[34]: found U\+000[07], a control character, in the "):
        read(text)
    sentences, report = read(text, on_error="skip")
    assert ([s.tokens[0][0] for s in sentences], report.sentences_skipped) == (["a", "d"], 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "# a" + " " * n + "\nx\tO\n",
        lambda n: "#" * n + "\nx\tO\n",
        lambda n: "# " + "= " * n + "\nx\tO\n",
        lambda n: "# a" + " " * n + "\nx O\n",
        lambda n: "a\tO\n" + "\t" * n + "\nb\tO\n",
        lambda n: '""' * n + "\tO\n",
        lambda n: '"' + "a" * n + '\tO\n""""\tO\n',
        lambda n: "-DOCSTART-" + " " * n + "\nx\tO\n",
        lambda n: "1" * n + "\tx\tO\n2\ty\tO\n",
        lambda n: "a\tB-" + "X" * n + "\n",
        lambda n: "a\t" + "B-X," * n + "B-X\n",
    ],
)  # fmt: skip
def test_time_is_linear_in_the_length_of_a_line(make):
    def read_all(text: str) -> None:
        with contextlib.suppress(CorpusError):
            read(text)

    assert growth(read_all, make, small=20_000) < LINEAR


def test_sentence_of_ten_thousand_tokens():
    text = "".join(f"w{i}\t{'B-X' if i % 100 == 0 else 'O'}\n" for i in range(10_000))
    sentences, report = read(text)
    assert len(sentences) == 1
    assert len(sentences[0].tokens) == report.tokens_out == 10_000
    assert report.entities_out == {"X": 100}


MARKED = "Ida\tB-PER\nleft\tO\n{0}New\tB-LOC\nYork\tI-LOC\n{0}"
TWO = [(("Ida", "left"), ("B-PER", "O")), (("New", "York"), ("B-LOC", "I-LOC"))]


@pytest.mark.parametrize(
    "row",
    [
        "<EOS>\tO\n", "</s>\n", "-EOS-\t-EOS-\n", "[SEP]\t_\n", "EOS\n", "<eos>\n\n", "</s>\tO\n\n",
        "</s>\tO\n<s>\tO\n", "<|endoftext|>\tO\n",
    ],
)  # fmt: skip
def test_rows_of_marks_that_separate_the_sentences_are_boundaries(row):
    for name, text in (("a.conll", MARKED.format(row)), ("a.csv", MARKED.format(row).replace("\t", ","))):
        sentences, report = read(text, name)
        assert pairs(sentences) == TWO
        assert any("boundaries of sentences" in note for note in report.notes)
        assert report.notes[0].startswith(f"{name}:3: read ")
    numbered = "1\tIda\tB-PER\n2\tleft\tO\n3\t</s>\tO\n1\tNew\tB-LOC\n2\tYork\tI-LOC\n3\t</s>\tO\n"
    assert pairs(read(numbered)[0]) == TWO


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (MARKED.format("</s>\tO\nsaid\tO\n\n"), ("Ida", "left", "</s>", "said")),
        (MARKED.format("EOS\tO\n"), ("Ida", "left", "EOS", "New", "York", "EOS")),
        ("[SEP]\tB-BAND\n" + MARKED.format("</s>\tO\n"), ("[SEP]", "Ida", "left", "</s>", "New", "York", "</s>")),
        ("It\tO\n##s\tO\n" + MARKED.format("</s>\tO\n"), ("It", "##s", "Ida", "left", "</s>", "New", "York", "</s>")),
        ("No\tO\n\n" + MARKED.format("</s>\tO\n"), ("No",)),
        ("Ida\tB-PER\nuses\tO\n</s>\tO\ntwice\tO\n", ("Ida", "uses", "</s>", "twice")),
    ],
)
def test_rows_of_marks_that_may_be_tokens_stay_tokens(text, tokens):
    sentences, report = read(text)
    assert (sentences[0].tokens, report.notes) == (tokens, [])


@pytest.mark.parametrize("mark", ["[SEP]", "</s>", "<s>", "-END-"])
def test_marks_in_files_with_numbers_of_sentences_are_tokens_unless_each_sentence_ends_with_one(mark):
    rows = ["1,Ida,B-PER", "1,uses,O", f"1,{mark},O", "1,now,O", f"2,{mark},O", "2,left,O", "3,Bo,B-PER"]
    for header in ("", "sentence_id,word,tag\n"):
        sentences, report = read(header + "\n".join(rows) + "\n", "a.csv")
        assert [s.tokens for s in sentences] == [("Ida", "uses", mark, "now"), (mark, "left"), ("Bo",)]
        assert not any("boundaries" in note for note in report.notes)
    table = "sentence_id,word,tag\n" + MARKED.replace("\t", ",").format(f"{mark},O\n")
    numbered = "".join(f"{1 if at < 4 else 2},{row}\n" if at else f"{row}\n" for at, row in enumerate(table.split()))
    assert pairs(read(numbered, "a.csv")[0]) == TWO


def test_control_characters_of_windows_are_read_as_its_characters():
    text = "It\tO\n\x92s\tO\nIda\tB-PER\n\n\x85\tO\nBo\tB-PER\nleft\x97\tO\n"
    sentences, report = read(text)
    assert [s.tokens for s in sentences] == [("It", "’s", "Ida"), ("…", "Bo", "left—")]
    assert report.notes == ["a.conll:2: read 2 control characters as Windows-1252, such as U+0092 as ’"]
    assert [s.tokens for s in read("a\x85b\tO\nIda\tB-PER\n")[0]] == [("a", "b", "Ida")]  # white space, then
    with pytest.raises(CorpusError, match=r"a\.conll:2: found U\+0081, a control character, in the token"):
        read(text.replace("\x92", "\x81"))
    same, report = read(
        '{"text": "Ida\x92s", "entities": [[0, 3, "PER"]]}\n{"text": "B\\u0096", "entities": []}\n', "a.jsonl"
    )
    assert [s.tokens for s in same] == [("Ida", "’s"), ("B", "–")]
    assert "read 2 control characters" in report.notes[0]
    slash = r'{"text": "a \\u0096", "entities": []}'  # a backslash, not an escape
    assert [s.tokens for s in read(slash, "a.jsonl")[0]] == [("a", "\\", "u0096")]
    with pytest.raises(CorpusError, match=r"U\+0092, a control character"):  # the length in bytes would change
        read('{"text": "Ida\x92s", "entities": [[0, 3, "PER"]]}', "a.jsonl", offsets="bytes")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "B-PER\tIda\nO\tleft\n\nB-LOC\tNew\nI-LOC\tYork\n",
            r"column 0 \(the first\) holds the tags, column 1 \(the second\) the tokens",
        ),
        (
            "Ida B-PER NNP\nleft O VBD\n\nNew B-LOC NNP\nYork I-LOC .\n",
            r"column 1 \(the second\) holds the tags; .* such as 'NNP'",
        ),
        (
            "Ida\tB-PER\t0.9\nleft\tO\t1\n\nNew\tB-LOC\t0.4\nYork\tI-LOC\t0.5\n",
            r"column 1 \(the second\) holds the tags",
        ),
        ("Ida\tB-PER\t_\nleft\tO\t_\n\nNew\tB-LOC\t_\nYork\tI-LOC\t_\n", r"column 1 \(the second\) holds the tags"),
    ],
)
def test_tags_before_tokens_or_before_another_column_are_read(text, note):
    sentences, report = read(text)
    assert pairs(sentences) == TWO
    assert any(re.search(note, line) for line in report.notes)


def test_a_last_column_of_types_stays_that_of_the_tags():
    rows = "Ida\tB-X\tPER\nleft\tO\t{0}\nnow\tO\t{0}\nBo\tB-X\tPER\n"
    assert pairs(read(rows.format("O"))[0])[0][1] == ("B-PER", "O", "O", "B-PER")
    assert pairs(read(rows.format("_"), scheme="io", outside="_")[0])[0][1] == ("B-PER", "O", "O", "B-PER")
    with pytest.raises(CorpusError, match=r"a\.conll:1: found 'PER', expected a tag"):
        read(rows.format("_"))


def test_attribute_name_of_spacy_is_read_in_conll_u():
    row = "{}\t{}\t_\tNOUN\t_\t_\t0\troot\t_\t{}\n"
    text = row.format(1, "Ida", "name=B-PER") + row.format(2, "left", "SpaceAfter=No|name=O")
    assert pairs(read(text, "a.conllu")[0]) == [TWO[0]]


@pytest.mark.parametrize("row", ['""\t""\n', "\tO\n"])
def test_rows_without_a_token_separate_sentences_if_nothing_else_does(row):
    assert pairs(read(MARKED.format(row))[0]) == TWO
    assert pairs(read(MARKED.format(row).replace("\t", ","), "a.csv")[0]) == TWO


@pytest.mark.parametrize(
    "text",
    [
        "Ida B-Job Title\nBo I-Job Title\nleft O\n",  # a type with a space
        "Ida B-PER B-PER\nleft O O\nBo B-PER\n",  # gold, prediction
        "B-PER\tIda\nO\tleft\n\nB-LOC\tNew\tYork\n",
    ],
)
def test_rows_of_another_width_are_errors_wherever_the_tags_stand(text):
    with pytest.raises(CorpusError, match=r"a\.conll:[34]: found [23] columns, expected [23]"):
        read(text)


def test_ids_of_entities_next_to_bare_prefixes_are_not_their_types():
    text = "hearing\tD01\tB\nloss\tD01\tI\nand\t-\tO\nfever\tD07\tB\nfell\t-\tO\n"
    assert read(text)[0][0].tags == ("B-ENTITY", "I-ENTITY", "O", "B-ENTITY", "O")


@pytest.mark.parametrize("header", ["", "text\tent_iob\tlabel\n"])
def test_tags_in_two_columns_are_refused(header):
    rows = [("Ida", "B", "PER"), ("left", "O", "{}"), ("New", "B", "LOC"), ("York", "I", "LOC")]
    for outside in ("O", "", "_"):
        text = "\n".join("\t".join(row) for row in rows).format(outside) + "\n"
        with pytest.raises(
            CorpusError,
            match=r"column 1 \(the second\) holds the prefixes .* and column 2 \(the third\) their types\. Join",
        ):
            read(header + text)
    swapped = "".join(f"{token}\t{entity}\t{prefix}\n" for token, prefix, entity in rows).format("O")
    with pytest.raises(
        CorpusError,
        match=r"column 2 \(the third\) holds the prefixes .* and column 1 \(the second\) their types\. Join",
    ):
        read(swapped)
    whole = "Ida\tB\tB-PER\nleft\tO\tO\nNew\tB\tB-LOC\nYork\tI\tI-LOC\n"
    assert read(whole)[0][0].tags == ("B-PER", "O", "B-LOC", "I-LOC")
