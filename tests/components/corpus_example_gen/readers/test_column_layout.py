"""Finding the layout of a columns file."""

from __future__ import annotations

import pytest

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import ColumnLayout, find_layout
from components.corpus_example_gen.readers.corpus_text import iter_lines
from components.corpus_example_gen.readers.read_options import ReadOptions


def layout(text, **options):
    return find_layout(lambda: iter_lines(text), "a.conll", ReadOptions(**options))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tO\nb\tB-X\n", ColumnLayout("\t", 2, 0, -1)),
        ("a O\nb B-X\n", ColumnLayout(" ", 2, 0, -1)),
        ("a   NN  I-NP   O\n", ColumnLayout(" ", 4, 0, -1)),
        ("-DOCSTART- -X- O O\n\na NN I-NP O\n", ColumnLayout(" ", 4, 0, -1)),
        ("1\ta\tO\n2\tb\tO\t-\t-\n\n1\tc\tO\n", ColumnLayout("\t", 3, 1, 2, True)),
        ("7\ta\tO\n8\tb\tO\n", ColumnLayout("\t", 3, 1, 2, True)),
        ("# text = a b c\n1 a O\n2 b O\n", ColumnLayout(" ", 3, 1, 2, True)),
        ("1-2\tdu\tO\n1\tde\tO\n2\tle\tO\n", ColumnLayout("\t", 3, 1, 2, True)),
        ("1\ta\tO\n3\tb\tO\n", ColumnLayout("\t", 3, 0, -1)),  # does not count up by one
        ("1\tO\n2\tO\n", ColumnLayout("\t", 2, 0, -1)),  # numbers as tokens
        ("#a\tO\n# b = c\n#d\tO\n", ColumnLayout("\t", 2, 0, -1)),
        ("a b\tO\nc d\tO\n", ColumnLayout("\t", 2, 0, -1)),
    ],
)
def test_layout_is_found(text, expected):
    assert layout(text) == expected


def test_named_columns_are_taken():
    assert layout("a\tNN\tO\tx\n", token_column=1, tag_column=2) == ColumnLayout("\t", 4, 1, 2)


def test_unlabelled_file_has_no_tag_column():
    assert layout("New\nYork\n", labelled=False) == ColumnLayout("", 1, 0, None)
    assert layout("a\tO\n", labelled=False) == ColumnLayout("\t", 2, 0, None)


@pytest.mark.parametrize("text", ["", "\n\n", "# only = comments\n", "-DOCSTART- O\n\n"])
def test_file_without_rows_has_no_layout(text):
    assert layout(text) is None


def test_one_column_is_refused_where_tags_are_wanted():
    with pytest.raises(CorpusError) as caught:
        layout("\n# text = x\n&\ngt\n")
    assert str(caught.value).startswith("a.conll:3: found one column ('&') and no tags. Write token, tab, tag")


@pytest.mark.parametrize(
    ("separator", "line", "expected"),
    [
        ("\t", "#photography\tO", False),
        ("\t", "#photography", True),
        ("\t", "# text = x", True),
        (" ", "#photography O", False),
        (" ", "# O", False),
        (" ", "# text = I live in O", True),
        (" ", "# any prose here", True),
        ("", "#photography", False),
        ("", "# text = x", True),
    ],
)
def test_comments_and_tokens_that_begin_with_a_hash(separator, line, expected):
    assert ColumnLayout(separator, 2 if separator else 1, 0, -1).is_comment(line) is expected


def test_a_hash_row_with_a_bare_type_is_a_token_under_scheme_io():
    assert not ColumnLayout(" ", 2, 0, -1, bare=True).is_comment("# TOPIC")


@pytest.mark.parametrize(
    ("separator", "line", "boundary", "blank"),
    [
        ("\t", "", True, False),
        ("\t", "\t", True, False),
        ("\t", " ", False, True),
        ("\t", " \t", False, True),
        ("\t", "\tO", False, False),
        (" ", "  ", True, False),
        (" ", "\t", True, False),
        ("", " ", True, False),
    ],
)
def test_what_ends_a_sentence(separator, line, boundary, blank):
    found = ColumnLayout(separator, 2, 0, -1)
    assert (found.is_boundary(line), found.is_blank_row(line)) == (boundary, blank)


@pytest.mark.parametrize(
    ("found", "cells", "fault"),
    [
        (ColumnLayout("\t", 2, 0, -1), ["a", "O"], None),
        (ColumnLayout("\t", 2, 0, -1), ["a"], "found 1 column where 2 belong"),
        (ColumnLayout(" ", 2, 0, -1), ["New", "York", "O"], "found 3 columns where 2 belong"),
        (ColumnLayout(" ", 4, 0, -1), ["a", "NN", "I-NP"], "found 3 columns where 4 belong"),
        (ColumnLayout("\t", 3, 1, 2, True), ["1", "a", "O", "-", "-"], None),
        (ColumnLayout("\t", 3, 1, 2, True), ["1", "a"], "found 2 columns where at least 3 belong"),
        (ColumnLayout("\t", 5, 0, 1), ["a", "O"], None),
    ],
)
def test_rows_of_another_width(found, cells, fault):
    assert found.row_fault(cells) == fault
