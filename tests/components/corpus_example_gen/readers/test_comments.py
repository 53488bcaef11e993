"""Comment lines."""

from __future__ import annotations

import pytest

from components.corpus_example_gen.readers.comments import Comments, is_assignment


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# sent_id = a-1", ("a-1", {})),
        ("#id=a 1", ("a 1", {})),
        ("# text = 1 + 1 = 2", (None, {"text": "1 + 1 = 2"})),
        ("# topic =", (None, {"topic": ""})),
        ("# just prose", (None, {})),
        ("#", (None, {})),
        ("# sent_id =", (None, {})),
    ],
)
def test_one_comment(line, expected):
    comments = Comments()
    comments.add(line)
    assert comments.take() == expected


def test_comments_are_for_one_sentence_and_documents_for_many():
    comments = Comments()
    for line in ("# newdoc id = d1", "# sent_id = s1", "# topic = sport"):
        comments.add(line)
    assert comments.take() == ("s1", {"newdoc id": "d1", "topic": "sport"})
    assert comments.take() == (None, {"newdoc id": "d1"})
    comments.add("# newdoc")
    assert comments.take() == (None, {})
    assert comments.documents == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [("# text = a", True), ("# O", False), ("#tag=x O", False), ("# = O", False), ("# x O", False)],
)
def test_assignments_in_space_separated_files(line, expected):
    assert is_assignment(line) is expected
