"""Detection of the layout of a columns file."""

from __future__ import annotations

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import ColumnLayout, find_layout
from components.corpus_example_gen.readers.column_roles import Roles
from components.corpus_example_gen.readers.corpus_text import iter_lines

INDEXED = Roles(1, 2, index=0, indexed=True)


def layout(text, **changes):
    return find_layout(lambda: iter_lines(text), "a.conll", corpus_settings(**changes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tO\nb\tB-X\n", ColumnLayout("\t", 2)),
        ("a O\nb B-X\n", ColumnLayout(" ", 2)),
        ("a   NN  I-NP   O\n", ColumnLayout(" ", 4)),
        ("-DOCSTART- -X- O O\n\na NN I-NP O\n", ColumnLayout(" ", 4)),
        ("1\ta\tO\n2\tb\tO\t-\t-\n\n1\tc\tO\n", ColumnLayout("\t", 3, INDEXED)),
        ("7\ta\tO\n8\tb\tO\n", ColumnLayout("\t", 3, INDEXED)),
        ("# text = a b c\n1 a O\n2 b O\n", ColumnLayout(" ", 3, INDEXED)),
        ("1-2\tdu\tO\n1\tde\tO\n2\tle\tO\n", ColumnLayout("\t", 3, INDEXED)),
        ("1\tO\n2\tO\n", ColumnLayout("\t", 2)),  # numbers as tokens
        ("#a\tO\n# b = c\n#d\tO\n", ColumnLayout("\t", 2)),
        ("a b\tO\nc d\tO\n", ColumnLayout("\t", 2)),
    ],
)
def test_layout_is_detected(text, expected):
    assert layout(text) == expected


def test_configured_columns_replace_the_detected_ones():
    assert layout("a\tNN\tO\tx\n", token_column=1, tag_column=2) == ColumnLayout("\t", 4, Roles(1, 2))


def test_file_without_rows_has_no_layout():
    for text in ["", "\n\n", "# only = comments\n", "-DOCSTART- O\n\n"]:
        assert layout(text).width == 0


def test_one_column_is_an_error():
    with pytest.raises(CorpusError) as caught:
        layout("\n# text = x\n&\ngt\n")
    assert str(caught.value).startswith("a.conll:3: found one column ('&') and no tags. Write token, tab, tag")


def test_text_without_labels_is_named_as_such():
    text = "Ida left Oslo on Monday .\nThe cat sat .\nBo went home .\nShe said no to it .\n"
    with pytest.raises(CorpusError, match=r"a\.conll:1: found text without labels"):
        layout(text)
    with pytest.raises(CorpusError, match="found text without labels"):
        layout("\n\n" + "\n\n".join(text.splitlines()))
    assert layout("Ida B-PER\nleft the O\nNew York City B-LOC\nsat all day long O\n").width == 2
    assert layout("Ida PERSON\nleft O\nNew York LOCATION\nsat O\n").width == 2
    comments = layout("1 Ida B-PER by Bo\n2 left O a verb of motion\n3 Oslo B-LOC the city in Norway\n4 now O so\n")
    assert (comments.roles.token, comments.roles.tag) == (1, 2)


def test_rows_with_tabs_and_rows_with_spaces_are_named_as_the_reason_of_one_column():
    with pytest.raises(CorpusError, match="Some rows have tabs and others spaces"):
        layout("a\tO\nb O\n")


def test_other_columns_with_tags_are_named_unless_they_are_chunks_or_the_column_is_chosen():
    for text, others in {
        "Ida NNP B-PER B-nurse\nleft VBD O O\n": ((2, "PER"),),
        "Ida B-PER NNP B-NP\nleft O VBD B-VP\n": ((1, "PER"),),
        "Ida NNP B-NP B-PER\nleft VBD B-VP O\n": (),
        "Ida NNP B-NP\nleft VBD B-VP\n": (),
        "token gold ner\nIda B-PER O\nleft O O\n": (),
        "1 Ida B-PER B-LOC\n2 left O O\n": (),  # nested layers
    }.items():
        assert layout(text).others == others, text
        assert layout(text).roles.tag in (-1, 2), text
    assert layout("Ida B-PER O\n", tag_column=1).others == ()


@pytest.mark.parametrize(
    ("text", "tag", "others"),
    [
        ("Ida NNP B-PER B-PER\nleft VBD O O\n", 2, ((3, "PER"),)),  # gold, prediction
        ("Bank B-ORG O\nof I-ORG O\nPeru I-ORG B-LOC\n\nLima B-LOC O\n", 1, ((2, "LOC"),)),  # outer and inner entities
        ("Ida B-PER O O\nleft O O O\n", 1, ((2, "O"), (3, "O"))),  # inner entities are rare
        ("Ida B-PER B-LOC B-LOC\nleft O O O\n", 2, ((1, "PER"), (3, "LOC"))),
    ],
)
def test_first_of_several_layers_with_the_same_types_holds_the_tags(text, tag, others):
    chosen = layout(text)
    assert (chosen.roles.tag % chosen.width, chosen.others) == (tag, others)
    assert chosen.labels.total() == sum(bool(line) for line in text.split("\n"))


def test_a_language_before_each_token_is_an_error():
    with pytest.raises(
        CorpusError, match=r"a\.conll: each token begins with 'en:', .* `sed -i 's/\^en:// ?' ?"
    ) as caught:
        layout("en:Oslo B-LOC\nen:is O\n\nen:big O\n")
    assert "a.conll`" in caught.value.fix
    assert layout("en:Oslo B-LOC\nis O\n").width == layout("en:Oslo B-LOC\n").width == 2


def test_comments_differ_from_tokens_that_start_with_a_hash():
    for separator, line, expected in [
        ("\t", "#photography\tO", False),
        ("\t", "#photography", False),
        ("\t", "#photo B-X", False),
        ("\t", "#", True),
        ("\t", "# newdoc", True),
        ("\t", "#id=7", True),
        ("\t", "# text = x\ty", True),
        ("\t", "# id 7\tdomain=en", True),
        ("\t", "#\tO", False),
        ("\t", "#begin document (a/b); part 000", True),
        ("\t", "# text = x", True),
        (" ", "#photography O", False),
        (" ", "# O", False),
        (" ", "# 0", False),
        (" ", "# newdoc", True),
        (" ", "#", True),
        (" ", "# text = I live in O", True),
        (" ", "# any prose here", True),
        ("", "#photography", False),
        ("", "# text = x", True),
    ]:
        assert ColumnLayout(separator, 2 if separator else 1).is_comment(line) is expected


def test_a_hash_row_with_a_label_of_other_rows_is_a_token():
    assert not layout("a TOPIC\n", scheme="io").is_comment("# TOPIC")
    assert layout("a TOPIC\n", scheme="io").is_comment("# comment")


def test_sentence_boundaries():
    for separator, line, boundary, spaces in [
        ("\t", "", True, False),
        ("\t", "\t", True, False),
        ("\t", " ", False, True),
        ("\t", " \t", False, True),
        ("\t", "\tO", False, False),
        (" ", "  ", True, False),
        (" ", "\t", True, False),
        ("", " ", True, False),
    ]:
        columns = ColumnLayout(separator, 2)
        assert (columns.is_boundary(line), columns.is_space_row(line)) == (boundary, spaces)


def test_row_width_is_checked():
    for columns, cells, problem in [
        (ColumnLayout("\t", 2), ["a", "O"], None),
        (ColumnLayout("\t", 2), ["a"], "found 1 column, expected 2"),
        (ColumnLayout(" ", 2), ["New", "York", "O"], "found 3 columns, expected 2"),
        (ColumnLayout(" ", 4), ["a", "NN", "I-NP"], "found 3 columns, expected 4"),
        (ColumnLayout("\t", 3, INDEXED), ["1", "a", "O", "-", "-"], None),
        (ColumnLayout("\t", 3, INDEXED), ["1", "a"], "found 2 columns, expected at least 3"),
        (ColumnLayout("\t", 5, Roles(0, 1)), ["a", "O"], None),
    ]:
        assert columns.row_problem(cells) == problem
