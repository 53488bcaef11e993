"""Comment lines."""

from __future__ import annotations

from components.corpus_example_gen.cleaning.comments import Comments, is_assignment


def test_one_comment():
    for line, expected in {
        "# sent_id = a-1": ("a-1", {}),
        "#id=a 1": ("a 1", {}),
        "# text = 1 + 1 = 2": (None, {"text": "1 + 1 = 2"}),
        "# topic =": (None, {"topic": ""}),
        "# just prose": (None, {}),
        "#": (None, {}),
        "# id 5a-6b\tdomain=en": ("5a-6b", {"domain": "en"}),
        "# id 5a-6b domain=en": ("5a-6b", {"domain": "en"}),
        "# id\tdomain=en": (None, {"domain": "en"}),
        "#\thttps://a.b [2010]": (None, {}),
        "# text = a\tb": (None, {"text": "a\tb"}),
        "# sent_id =": (None, {}),
    }.items():
        comments = Comments()
        comments.add(line)
        assert comments.take() == expected, line


def test_comments_apply_to_one_sentence_and_document_comments_to_many():
    comments = Comments()
    for line in ("# newdoc id = d1", "# sent_id = s1", "# topic = sport"):
        comments.add(line)
    assert comments.take() == ("s1", {"newdoc id": "d1", "topic": "sport"})
    assert comments.take() == (None, {"newdoc id": "d1"})
    comments.add("# newdoc")
    assert comments.take() == (None, {})
    assert comments.documents == 2


def test_assignments_in_space_separated_files():
    assert is_assignment("# text = a")
    assert not any(map(is_assignment, ("# O", "#tag=x O", "# = O", "# x O")))
