"""Labels of the training data."""

from __future__ import annotations

from components.evaluator.insights.training_labels import TrainingLabels, TrainingSentence, floor_tags


def labels(*rows):
    sentences = [
        TrainingSentence(text.split(), tags.split(), f"a:{line}") for line, (text, tags) in enumerate(rows, start=1)
    ]
    return TrainingLabels(lambda: sentences)


def test_floor_takes_the_most_frequent_tag_of_a_word_and_outside_of_equals_and_of_unknown_words():
    known = labels(("Paris Paris May", "B-LOC B-LOC B-PER"), ("Paris May may", "B-PER O O"))
    assert known.word_tags() == {"Paris": "B-LOC"}
    assert floor_tags(known.word_tags(), ["in Paris", "May"]) == ["O", "B-LOC", "O"]


def test_text_with_one_label_is_not_listed():
    assert labels(("New York", "B-LOC I-LOC"), ("New York", "B-LOC I-LOC"), ("New deal", "O O")).inconsistent({}) == []


def test_unlabelled_occurrences_count_only_outside_of_entities():
    known = labels(
        ("New York", "B-LOC I-LOC"),
        ("the New York Times", "O B-ORG I-ORG I-ORG"),
        ("to New York and New York", "O O O O O O"),
        ("in New", "O O"),
    )
    (row,) = known.inconsistent({})
    assert row.text == "New York"
    assert [(each.label, each.count, each.places) for each in row.labels] == [("", 2, ("a:3",)), ("LOC", 1, ("a:1",))]


def test_texts_with_errors_come_first_then_those_with_more_contradictions():
    rows = [*zip("AABBBBCC", ("B-X", "B-Y", "B-X", "B-Y", "B-Y", "B-X", "B-X", "O"), strict=True)]
    assert [row.text for row in labels(*rows).inconsistent({"C": 2})] == ["C", "B", "A"]
    assert labels(*rows).inconsistent({"C": 2})[0].errors == 2


def test_rare_words_are_forgotten_beyond_the_limit_and_frequent_ones_keep_their_tag():
    rows = [("Paris", "B-LOC")] * 5 + [(f"word{number}", "B-ORG") for number in range(20)] + [("Paris", "B-LOC")]
    sentences = [TrainingSentence((word,), (tag,), "a:1") for word, tag in rows]
    known = TrainingLabels(lambda: sentences, most_word_tags=6)
    assert known.word_tags()["Paris"] == "B-LOC"
    assert len(known.word_tags()) <= 6
    assert len(set(known.texts)) == 21  # column `entity_seen` needs them all
