"""Meaning of columns: sentence numbers, row numbers, headers."""

from __future__ import annotations

import re

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file


def read(text, name="a.tsv", **changes):
    report = IngestReport()
    sentences = list(read_corpus_file(name, corpus_settings(**changes), report, text.encode()))
    rows = [" ".join(f"{token}/{tag}" for token, tag in zip(s.tokens, s.tags, strict=True)) for s in sentences]
    return rows, report


EXPECTED = ["Mira/B-PER lives/O in/O Bergen/B-LOC", "Paul/B-PER left/O"]
WORDS = [
    [("Mira", "NNP", "B-PER"), ("lives", "VBZ", "O"), ("in", "IN", "O"), ("Bergen", "NNP", "B-LOC")],
    [("Paul", "NNP", "B-PER"), ("left", "VBD", "O")],
]


def table(*rows, separator="\t"):
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def numbered(number, *, first_only=False, columns=slice(None), last=False, separator="\t"):
    rows = []
    for n, sentence in enumerate(WORDS):
        for i, row in enumerate(sentence):
            value = number(n) if i == 0 or not first_only else ""
            rows.append([*row[columns], value] if last else [value, *row[columns]])
    return table(*rows, separator=separator)


@pytest.mark.parametrize("separator", ["\t", " "])
@pytest.mark.parametrize("first", ["", "-DOCSTART-{0}-X-{0}O\n", "-DOCSTART-{0}O\n\n", "\n"])
def test_numbers_of_sentences_may_begin_again_in_each_document(first, separator):
    """Without a header, in documents of one sentence as well."""
    mark = first.format(separator)
    (a, b), expected = WORDS, EXPECTED
    one, two = ([(number, row[0], row[2]) for row in rows] for number, rows in ((1, a), (2, b)))
    documents = [table(*one, *two, separator=separator), table(*one, separator=separator)]
    for numbers, sentences in (([0, 1], [*expected, expected[0]]), ([1, 1], [expected[0]] * 2), ([1, 0, 1], None)):
        text = "".join((mark or "\n") + documents[number] for number in numbers)
        assert read(text)[0] == (sentences or [expected[0], *expected, expected[0]])


def test_rows_that_are_not_sorted_by_sentence_are_an_error():
    rows = [(number, *row) for number, words in enumerate(WORDS) for row in words]
    header = ("sentence_id", "word", "pos", "tag")
    shuffled = [rows[i] for i in (4, 0, 5, 1, 2, 3)]
    assert len(read(table(header, *rows))[0]) == 2
    restarted = [*rows, *rows]  # numbers of two documents
    assert len(read(table(header, *restarted))[0]) == 4
    with pytest.raises(
        CorpusReadingError, match=r"column 0 \(the first\) numbers the sentences, but the rows .* Sort the rows by"
    ):
        read(table(header, *shuffled))


def table_of_sentences(*ids, documents=(), header=True, rows=2):
    """Returns a table with `rows` rows for each sentence, and one for a sentence in a tuple."""
    lines = [[*(["document"] if documents else []), "sentence_id", "word", "tag"]] if header else []
    for number, value in enumerate(ids):
        for row in range(1 if isinstance(value, tuple) else rows):
            document = [documents[number]] if documents else []
            lines.append([*document, value[0] if isinstance(value, tuple) else value, f"w{number}", "BO"[row] + "-X"])
    return table(*lines).replace("O-X", "O")


FORTY = range(1, 41)
SCATTERED = {
    "rows added at the end": (table_of_sentences(*FORTY, (3,), (7,), (12,), (20,)), 82, "3"),
    "one row of the first sentence added": (table_of_sentences(*FORTY, (1,)), 82, "1"),
    "rows added at the end, the first sentence first": (table_of_sentences(*FORTY, (1,), (7,), (12,)), 82, "1"),
    "rows of two neighbours added": (table_of_sentences(*FORTY, (11,), (12,)), 82, "11"),
    "a row in a later place": (table_of_sentences(1, 2, 3, (1,), 4, 5), 8, "1"),
    "few rows": (table_of_sentences((1,), (2,), (1,)), 4, "1"),
    "sorted by the position in the sentence": (table_of_sentences(*range(1, 9), *range(1, 9), rows=1), 10, "1"),
    "added behind numbers that begin again": (table_of_sentences(*FORTY, *FORTY, (3,), (7,)), 162, "3"),
    "floats of pandas": (table_of_sentences(*(f"{n}.0" for n in FORTY), ("3.0",), ("7.0",)), 82, "3.0"),
    "texts with a number": (
        table_of_sentences(*(f"Sentence: {n}" for n in FORTY), ("Sentence: 4",)),
        82,
        "Sentence: 4",
    ),
    "texts": (table_of_sentences(*"abcdef", ("b",)), 14, "b"),
    "ids of documents": (table_of_sentences("d1-s1", "d1-s2", "d2-s1", "d2-s2", ("d1-s1",)), 10, "d1-s1"),
    "without a header": (table_of_sentences(*FORTY, (3,), (7,), (12,), (20,), header=False), 81, "3"),
    "added behind an empty line": (table_of_sentences(*FORTY) + "\n3\ta\tO\n7\tb\tO\n12\tc\tO\n", 84, "7"),
    "of a document": (table_of_sentences(1, 2, 1, 2, (2,), documents="aabba"), 10, "2' of document 'a"),
}


@pytest.mark.parametrize(("text", "line", "value"), SCATTERED.values(), ids=SCATTERED)
def test_rows_of_a_sentence_that_stand_apart_are_an_error_at_the_first_that_returns(text, line, value):
    problem = rf"a\.tsv:{line}: column \d \(.*\) numbers the sentences, but .* not adjacent: '{value}'.* returns"
    with pytest.raises(CorpusReadingError, match=problem):
        read(text, on_error="skip")


RESTARTED = {
    "two documents": (table_of_sentences(*FORTY, *FORTY), 80, 40),
    "documents of different length": (table_of_sentences(*FORTY, *range(1, 20), *range(1, 50)), 108, 59),
    "from 0": (table_of_sentences(*range(9), *range(9)), 18, 9),
    "with gaps": (table_of_sentences(1, 2, 4, 5, 6, 8, 1, 2, 3, 5, 6, 7, 8), 13, 5),
    "with gaps at the beginning": (table_of_sentences(*FORTY, 3, 4, 5, 6, 8, 9, 10), 47, 7),
    "documents of one sentence": (table_of_sentences(*FORTY, 1, *FORTY, 1), 81, 41),
    "texts with a number": (table_of_sentences(*[f"Sentence: {n}" for n in FORTY] * 2), 80, 40),
    "texts": (table_of_sentences(*"abcdefabcdef"), 12, 6),
    "floats of pandas": (table_of_sentences(*[f"{n}.0" for n in FORTY] * 2), 80, 40),
    "ids of documents": (table_of_sentences("d1-s1", "d1-s2", "d2-s1", "d2-s2"), 4, 0),
    "not in order": (table_of_sentences(7, 3, 9, 1), 4, 0),
    "a column with documents": (table_of_sentences(*FORTY, *FORTY, documents="a" * 40 + "b" * 40), 80, 0),
    "documents that are not sorted": (table_of_sentences(1, 2, 1, 3, 2, documents="aabab"), 5, 0),
    "sources of several documents": (table_of_sentences(1, 2, 3, 1, 2, 1, 2, 1, 2, documents="nnnwwnnww"), 9, 4),
    "empty lines": (table_of_sentences(1, 2, 3).replace("\n3", "\n\n3", 1) + "\n1\ta\tO\n", 4, 1),
    "without a header": (table_of_sentences(*FORTY, *FORTY, header=False), 80, 40),
}


@pytest.mark.parametrize(("text", "count", "returns"), RESTARTED.values(), ids=RESTARTED)
def test_numbers_that_begin_again_begin_other_sentences_and_a_note_counts_them(text, count, returns):
    rows, report = read(text)
    assert len(rows) == count
    again = f" ({returns} sentence{'s' * (returns > 1)} with the value of an earlier one)" if returns else ""
    assert any(note.endswith(f"a new value begins a sentence{again}") for note in report.notes)


NO_POS = slice(None, None, 2)
LAYOUTS = {
    "GMB, in the first row": numbered(lambda n: f"Sentence: {n + 1}", first_only=True),
    "GMB, in each row": numbered(lambda n: f"Sentence: {n + 1}"),
    "numbers": numbered(lambda n: n + 1, columns=NO_POS),
    "numbers in a column between": table(
        *([row[0], 5 + n, row[2]] for n, sentence in enumerate(WORDS) for row in sentence)
    ),
    "numbers from 0": numbered(lambda n: n, columns=NO_POS),
    "numbers with gaps": numbered(lambda n: 10 + 7 * n, columns=NO_POS),
    "numbers in any order": numbered(lambda n: 9 - n, columns=NO_POS),
    "ids with a number": numbered(lambda n: f"doc1-s{n}", columns=NO_POS),
    "numbers in the last column": numbered(lambda n: n, columns=NO_POS, last=True),
    "numbers, separated by spaces": numbered(lambda n: n, columns=NO_POS, separator=" "),
    "numbers in the first row": numbered(lambda n: n, columns=NO_POS, first_only=True),
    "numbers and empty lines": numbered(lambda n: n, columns=NO_POS).replace("1\tPaul", "\n1\tPaul"),
    "number of the row in the file": table(
        *([i, *row[NO_POS], n] for i, (n, row) in enumerate((n, row) for n, s in enumerate(WORDS) for row in s))
    ),
    "numbers of row and sentence": table(
        *([i, n, *row[NO_POS]] for i, (n, row) in enumerate((n, row) for n, s in enumerate(WORDS) for row in s))
    ),
    "numbers of sentence and token": table(
        *([n, i, *row[NO_POS]] for n, sentence in enumerate(WORDS) for i, row in enumerate(sentence, 1))
    ),
    "numbers of tokens, which restart": table(
        *([i, *row[NO_POS]] for sentence in WORDS for i, row in enumerate(sentence, 1))
    ),
    "header": "sentence_id\twords\tlabels\n" + numbered(lambda n: n, columns=NO_POS),
    "header, GMB": "Sentence #\tWord\tPOS\tTag\n" + numbered(lambda n: f"Sentence: {n + 1}", first_only=True),
    "header, ids without a number": "words\tlabels\tsentence_id\n"
    + numbered("ab".__getitem__, columns=NO_POS, last=True),
    "header, tags first": "Tag\tWord\tSentence #\n"
    + table(*([row[NO_POS][1], row[NO_POS][0], n] for n, sentence in enumerate(WORDS) for row in sentence)),
    "header of pandas with its index": "\tsentence_id\twords\tlabels\n"
    + table(*([i, n, *r[NO_POS]] for i, (n, r) in enumerate((n, r) for n, s in enumerate(WORDS) for r in s))),
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_sentence_column_begins_sentences_and_is_not_a_token(text):
    rows, report = read(text)
    assert rows == EXPECTED
    assert report.repairs == {}
    assert len(report.notes) == 1 + (
        "\t" in text and text.split("\t")[1].casefold() in ("words", "word", "labels", "sentence_id")
    )


def test_sentence_column_counts_also_if_the_token_column_is_set():
    for changes in ({"token_column": 1}, {"token_column": 1, "tag_column": 3}):
        assert read(LAYOUTS["GMB, in the first row"], **changes)[0] == EXPECTED


def test_configured_column_is_not_a_sentence_column():
    assert read("1\ta\tO\n1\tb\tB-X\n2\tc\tO\n", token_column=0)[0] == ["1/O 1/B-X 2/O"]


@pytest.mark.parametrize("sentences", [["1", "1", "1", "2"], None])
@pytest.mark.parametrize("documents", [["d1", "d1", "d2", "d2"], ["d1", "", "d2", ""]])
def test_document_column_names_the_documents_and_begins_sentences(sentences, documents):
    rows = ["doc_id,word,pos,tag" + ",sentence_idx" * (sentences is not None)]
    for number, document in enumerate(documents):
        rows.append(f"{document},w{number},NN,B-X" + (f",{sentences[number]}" if sentences else ""))
    report = IngestReport()
    read_sentences = list(read_corpus_file("a.csv", corpus_settings(), report, "\n".join(rows).encode()))
    expected = ["d1", "d2", "d2"] if sentences else ["d1", "d2"]
    assert [sentence.document for sentence in read_sentences] == expected
    assert report.documents == 2
    assert any("names the documents; a new name begins a sentence" in note for note in report.notes)


def test_column_called_source_is_no_document_without_numbers_of_sentences():
    text = "source,word,tag\na,x,O\nb,y,B-X\n"
    assert read(text, name="a.csv")[0] == ["x/O y/B-X"]


NOT_SENTENCES = {
    "numbers as tokens in two columns": ("1\tO\n2\tB-X\n", ["1/O 2/B-X"]),
    "number of a paragraph": ("3\ta\tO\n3\tb\tB-X\n\n3\tc\tO\n\n4\td\tO\n", None),
    "numbers as tokens that return": ("1\tCD\tO\n1\tCD\tB-X\n\n1\tCD\tO\n\n0\tCD\tO\n", None),
    "heads": ("Peru\t2\tB-X\nwon\t0\tO\nin\t2\tO\nOslo\t3\tB-X\n", ["Peru/B-X won/O in/O Oslo/B-X"]),
    "numbers next to empty lines": ("a\t1\tO\nb\t1\tB-X\n\nc\t2\tO\nd\t3\tO\n", ["a/O b/B-X", "c/O d/O"]),
    "start offsets": ("Peru\t0\tB-X\nwon\t5\tO\n", ["Peru/B-X won/O"]),
    "entity numbers": ("a\tB-X\t1\nb\tO\t\n\nc\tO\t\nd\tB-X\t2\n", ["a/B-X b/O", "c/O d/B-X"]),
    "index column": ("1\ta\tO\n2\tb\tB-X\n\n1\tc\tO\n", ["a/O b/B-X", "c/O"]),
}


@pytest.mark.parametrize(("text", "expected"), NOT_SENTENCES.values(), ids=NOT_SENTENCES)
def test_other_number_columns_do_not_begin_sentences(text, expected):
    if expected is None:
        with pytest.raises(
            CorpusError, match=r"column 0 \(the first\) holds a number in \d of \d rows|found '1?', expected"
        ):
            read(text, on_error="fail")
    else:
        assert read(text)[0] == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "1\ta\tO\n3\tb\tO\n",
            r"a\.tsv:1: column 0 \(the first\) holds a number in 2 of 2 rows, so it does not hold the tokens",
        ),
        ("\ta\tO\n\tb\tO\nx\tc\tO\n", r"a\.tsv:1: column 0 \(the first\) is empty in 2 of 3 rows"),
        (
            "1990\tCD\tB-X\n1991\tCD\tO\n\n2001\tCD\tO\n",
            r"a\.tsv:1: column 0 \(the first\) holds a number in 3 of 3 rows",
        ),
        (
            "d/x\ta\tO\nd/x\tb\tO\n\nd/x\ta\tO\nd/x\tc\tO\n",
            r"a\.tsv:1: column 0 \(the first\) repeats the value of the row",
        ),
        (
            "s_a\ta\tO\ns_a\tb\tO\ns_b\ta\tO\ns_b\tc\tO\n",
            r"a\.tsv:1: column 0 \(the first\) repeats the value of the row",
        ),
        (
            "s12\ta\tO\ns7\tb\tO\ns12\ta\tO\ns3\tc\tO\n",
            r"a\.tsv:1: column 0 \(the first\) holds ids such as 's12' in 4 of 4",
        ),
    ],
)
def test_column_without_tokens_is_an_error_that_names_it(text, problem):
    with pytest.raises(CorpusReadingError, match=problem + r".*corpus\.token_column and corpus\.tag_column"):
        read(text, on_error="skip")


def test_parts_of_speech_before_the_tokens_are_an_error_that_names_both_columns():
    rows = [("NNP", "Ada", "B-X"), ("VBD", "slept", "O"), ("DT", "a", "O"), ("NN", "day", "O")]
    words = [f"{part}\t{word}{number}\t{tag}\n" for number in range(9) for part, word, tag in rows]
    problem = (
        r"column 0 \(the first\) has 4 different values where column 1 \(the second\) has at least 36, so it does not"
    )
    with pytest.raises(CorpusReadingError, match=problem):
        read("".join(words), on_error="skip")
    swapped = [f"{word}{number}\t{part}\t{tag}\n" for number in range(9) for part, word, tag in rows]
    assert read("".join(swapped))[0][0].startswith("Ada0/B-X slept0/O")
    assert read("".join(words), token_column=1)[0][0].startswith("Ada0/B-X slept0/O")


NO_TOKENS_FIRST = {
    "parts of speech": ("NNP Oslo B-LOC\nVBZ is O\n\nNNP Ada B-PER\n", "parts of speech such as 'NNP'"),
    "parts of speech and punctuation": ("PRP$ her O\nNNP Oslo B-LOC\n. . O\n", "parts of speech such as 'PRP$'"),
    "German parts of speech": ("ART\tDie\tO\nNE\tOslo\tB-LOC\nVVFIN\tliegt\tO\n", "parts of speech such as 'ART'"),
    "universal parts of speech": ("PROPN\tOslo\tB-LOC\nPUNCT\t.\tO\n", "parts of speech such as 'PROPN'"),
    "parts of speech and chunks": ("NNP B-NP Oslo B-LOC\nVBZ B-VP is O\n", "parts of speech such as 'NNP'"),
    "numbers of rows and parts of speech": ("1 NNP Oslo B-LOC\n2 VBZ is O\n", "parts of speech such as 'NNP'"),
    "chunks": ("I-NP NNP Oslo B-LOC\nI-VP VBZ is O\nO . . O\n", "tags such as 'I-NP'"),
    "tags": ("B-LOC Oslo NNP\nO is VBZ\n", "tags such as 'B-LOC'"),
    "lemmas": ("oslo\tOslo\tN\tB-LOC\nbe\tis\tV\tO\n", "the words of column 1 (the second) in lower case"),
    "lemmas with capitals": (
        "the The O\nOslo Oslo B-LOC\n\n" * 20, "the words of column 1 (the second) in lower case",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), NO_TOKENS_FIRST.values(), ids=NO_TOKENS_FIRST)
def test_small_file_whose_first_column_is_not_the_token_is_an_error_that_says_what_it_holds(text, problem):
    for name, data in (("a.conll", text), ("a.csv", text.replace("\t", " ").replace(" ", ","))):
        with pytest.raises(
            CorpusReadingError, match=rf"column \d \(the \w+\) holds {re.escape(problem)}.*corpus\.token_column"
        ):
            read(data, name, on_error="skip")


TOKENS_FIRST = {
    "names of parts of speech as tokens": "IN IN B-ORG\nTO TO O\n",
    "names of parts of speech and lemmas": "IN in O\nOSLO oslo B-LOC\n",
    "capitals": "OSLO NNP B-LOC\nIS VBZ O\n",
    "capitals and chunks": "TO TO B-PP O\nOSLO NNP B-NP B-LOC\n",
    "punctuation": ". $. O\n, $, B-X\n",
    "tags as tokens": "O UH O\nB-52 NNP B-X\nis VBZ O\n",
    "lemmas": "Oslo oslo NNP B-LOC\nis be VBZ O\n",
    "lemmas with capitals": "The the DT O\nOslo Oslo NNP B-LOC\n",
    "lower case and lemmas with capitals": "i I PRP O\nam be VBP O\n",
    "lower case and fewer lemmas": "oslo Oslo NNP B-LOC\nsleep sleep VB O\nsleeps sleep VBZ O\n",
    "lower case": "oslo oslo NNP B-LOC\nis be VBZ O\n",
    "two columns": "NNP B-LOC\nVBZ O\n",
}


@pytest.mark.parametrize("text", TOKENS_FIRST.values(), ids=TOKENS_FIRST)
def test_tokens_that_look_like_parts_of_speech_or_lemmas_are_read(text):
    rows = [line.split() for line in text.splitlines()]
    assert read(text, "a.conll")[0] == [" ".join(f"{row[0]}/{row[-1]}" for row in rows)]


HEADERS = {
    "io": ("token\tlabel\nAda\tPERSON\nin\tO\n\nBo\tPERSON\n", {"scheme": "io"}, ["Ada/B-PERSON in/O", "Bo/B-PERSON"]),
    "other case": ("Word\tTag\nAda\tB-X\n", {}, ["Ada/B-X"]),
    "other order": ("ner\ttoken\nB-X\tAda\n", {}, ["Ada/B-X"]),
    "of several labels, ner": ("token\tlabel\tner\tpos\nAda\t1x\tB-X\tNNP\n", {}, ["Ada/B-X"]),
    "empty line behind it": ("token\tner\n\nAda\tB-X\n", {}, ["Ada/B-X"]),
    "repeated": ("token\tner\nAda\tB-X\ntoken\tner\nBo\tB-X\n", {}, ["Ada/B-X", "Bo/B-X"]),
    "part of a name": ("word\tNER_label\nAda\tPERSON\nin\tO\n", {"scheme": "io"}, ["Ada/B-PERSON in/O"]),
    "other names": ("Term\tGold\nAda\tPERSON\nin\tO\n", {"scheme": "io"}, ["Ada/B-PERSON in/O"]),
    "unknown word": ("Wort\tlabel\nAda\tPERSON\nin\tO\n", {"scheme": "io"}, ["Ada/B-PERSON in/O"]),
}


@pytest.mark.parametrize(("text", "changes", "expected"), HEADERS.values(), ids=HEADERS)
def test_header_is_read_as_one_and_told(text, changes, expected):
    rows, report = read(text, **changes)
    assert rows == expected
    assert report.line_kinds["header"] == 1 + ("Bo\tB-X" in text)
    assert report.notes[0].startswith("a.tsv:1: read as a header: ")


UNKNOWN_HEADERS = {
    "semicolons": ("a.csv", "wort;etikett\nAda;B-X\nin;O\n\nBo;B-X\n", (0, 1), ["Ada/B-X in/O", "Bo/B-X"]),
    "commas": ("a.csv", "w,l\nAda,B-X\nin,O\n", (0, 1), ["Ada/B-X in/O"]),
    "line about the separator": ("a.csv", "sep=;\nwort;etikett\nAda;B-X\nin;O\n", (0, 1), ["Ada/B-X in/O"]),
    "tabs": ("a.tsv", "wort\tetikett\nAda\tB-X\nin\tO\n", (0, 1), ["Ada/B-X in/O"]),
    "other order": ("a.tsv", "etikett\twort\nB-X\tAda\nO\tin\n", (1, 0), ["Ada/B-X in/O"]),
    "numbers of sentences": (
        "a.csv", "nr,wort,etikett\n1,Ada,B-X\n1,in,O\n2,Bo,B-X\n2,won,O\n", (1, 2), ["Ada/B-X in/O", "Bo/B-X won/O"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "columns", "expected"), UNKNOWN_HEADERS.values(), ids=UNKNOWN_HEADERS)
def test_advice_about_a_header_of_unknown_names_leads_to_a_file_that_is_read(name, text, columns, expected):
    with pytest.raises(CorpusError, match=r"corpus\.tag_column"):
        read(text, name, on_error="fail")
    rows, report = read(text, name, token_column=columns[0], tag_column=columns[1])
    assert rows == expected
    assert report.line_kinds["header"] == 1 + ("sep=" in text)
    assert "read as a header: " in report.notes[0]


@pytest.mark.parametrize("first", ["Ada\tB-Y", "Ada\tO", "Ada\tPER-B", "Ada\tWRONG\nBo\tWRONG"])
def test_first_row_with_a_tag_or_a_repeated_label_is_not_a_header(first):
    report = IngestReport()
    settings = corpus_settings(token_column=0, tag_column=1, on_error="skip")
    list(read_corpus_file("a.tsv", settings, report, f"{first}\nin\tO\n\nBo\tB-X\n".encode()))
    assert not report.line_kinds["header"]


def test_first_row_behind_the_names_of_its_columns_is_not_a_header():
    text = "# global.columns = FORM NER\nAda\tWRONG\nin\tO\nBo\tB-X\n"
    with pytest.raises(CorpusError, match="found 'WRONG' in the first row, expected a tag"):
        read(text, on_error="fail")


@pytest.mark.parametrize("first", ["token\tO", "Type\tB-X", "label\tPERSON", "word\tPERSON"])
def test_sentence_that_begins_with_a_word_for_columns_is_not_a_header(first):
    rows, _ = read(f"{first}\nx\tO\nAda\tPERSON\n" if "PERSON" in first else f"{first}\nx\tO\n",
                   scheme="io" if "PERSON" in first else "auto")  # fmt: skip
    assert rows[0].split("/")[0] == first.split("\t")[0]


def test_comma_separated_files_are_read_by_their_extension():
    gmb = 'Sentence #,Word,POS,Tag\nSentence: 1,"Oslo, ""the"" city",NNP,B-geo\n,",",",",O\nSentence: 2,won,V,O\n'
    rows, report = read(gmb, "train.csv")
    assert rows == ['Oslo,/B-geo "the"/I-geo city/I-geo ,/O', "won/O"]
    assert report.notes[1:] == [
        "train.csv: read as CSV with the separator ','",
        "train.csv: column 0 (the first) numbers the sentences; a new value begins a sentence",
    ]
    assert read("Ada;B-X\nin;O\n", "train.csv")[0] == ["Ada/B-X in/O"]


def test_empty_columns_at_the_edges_are_left_out():
    assert read("a\tB-X\t\nb\tO\t\n\nc\tO\t\n")[0] == ["a/B-X b/O", "c/O"]
    assert read("\ta\tB-X\n\tb\tO\n\n\tc\tO\n")[0] == ["a/B-X b/O", "c/O"]


def test_numbers_of_rows_go_on_over_empty_lines():
    assert read("7\ta\tB-X\n8\tb\tO\n\n9\tc\tO\n10\td\tO\n\n12\te\tO\n")[0] == ["a/B-X b/O", "c/O d/O", "e/O"]


def test_source_of_a_sentence_behind_a_hash_and_a_tab_is_a_comment_in_files_with_row_numbers():
    rows, report = read("#\tde.example [2009]\n1\tUni\tB-ORG\tO\n2\tKiel\tI-ORG\tB-LOC\n\n#\tx\n1\ta\tO\tO\n")
    assert rows == ["Uni/B-ORG Kiel/I-ORG", "a/O"]
    assert report.line_kinds == {"comment": 2, "token": 3, "boundary": 1}
    with pytest.raises(CorpusError, match=r"a\.tsv:1: found no number"):
        read("#\tUni\tB-ORG\tO\n1\ta\tO\tO\n2\ta\tO\tO\n")


def test_long_file_without_a_sentence_boundary_is_noted():
    assert read("a\tO\nb\tB-X\n" * 101)[1].notes == [
        "a.tsv: no line separates sentences, so the file is one sentence of 202 tokens; "
        "corpus.sentences: split divides the text"
    ]
    assert read("a\tO\nb\tB-X\n")[1].notes == []


def test_numbers_of_sentences_count_within_a_document():
    text = "doc,sentence_id,word,tag\na,1,Ana,B-X\na,1,left,O\nb,1,Bo,B-X\nc,1,Cy,O\nc,2,Di,O\n"
    assert read(text, "a.csv")[0] == ["Ana/B-X left/O", "Bo/B-X", "Cy/O", "Di/O"]


def test_a_table_without_a_column_of_tokens_is_an_error():
    with pytest.raises(
        CorpusReadingError, match=r"a\.csv:1: has no column of tokens, columns are sentence, label, doc_id"
    ):
        read("sentence;label;doc_id\nIda;nan;Ida left\n", "a.csv")
