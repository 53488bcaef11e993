"""Labels of the training data."""

from __future__ import annotations

from components.evaluator.insights import training_labels as module
from components.evaluator.insights.training_labels import TrainingLabels, TrainingSentence, floor_tags


def labels(*rows):
    sentences = [
        TrainingSentence(text.split(), tags.split(), f"a:{line}") for line, (text, tags) in enumerate(rows, start=1)
    ]
    return TrainingLabels(iter(sentences))


def test_floor_takes_the_most_frequent_tag_of_a_word_and_outside_of_equals_and_of_unknown_words():
    known = labels(("Paris Paris May", "B-LOC B-LOC B-PER"), ("Paris May may", "B-PER O O"))
    assert known.word_tags() == {"Paris": "B-LOC"}
    assert floor_tags(known.word_tags(), ["in Paris", "May"]) == ["O", "B-LOC", "O"]


def test_another_name_of_the_outside_tag_is_outside():
    known = labels(("Paris won", "B-ORG OUT"), ("to Paris", "OUT OUT"))
    assert [each.label for each in known.inconsistent({})[0].labels] == ["", "ORG"]
    assert known.word_tags() == {}


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
    known = TrainingLabels(sentences, most_word_tags=6)
    assert known.word_tags()["Paris"] == "B-LOC"
    assert len(known.word_tags()) <= 6
    assert len(known.entities.hashes) == 21  # column `entity_seen` needs them all


def test_texts_beyond_the_limit_are_counted_once_and_seen_but_not_compared(monkeypatch):
    monkeypatch.setattr(module, "_MERGED", 3)  # hashes are merged several times
    monkeypatch.setattr(module, "_BATCH", 2)
    texts = [f"word{number % 9}" for number in range(40)]
    rows = [
        TrainingSentence((text,), ("O" if i > 30 else f"B-{'XY'[i % 2]}",), f"a:{i}") for i, text in enumerate(texts)
    ]
    known = TrainingLabels(iter(rows), most_texts=4)
    assert known.not_compared == 5
    assert known.entities.contain([*texts, "word9"]).tolist() == [True] * 40 + [False]
    assert {row.text for row in known.inconsistent({})} == {"word0", "word1", "word2", "word3"}
    everything = TrainingLabels(iter(rows))
    assert everything.not_compared == 0
    assert [row for row in everything.inconsistent({}) if row.text < "word4"] == known.inconsistent({})


def test_sentences_are_read_once_and_beyond_the_memory_from_disk(monkeypatch):
    rows = [TrainingSentence(("Paris", "is"), (tag, "O"), f"a:{i}") for i, tag in enumerate(["O", "B-LOC"] * 20)]
    monkeypatch.setattr(module, "_SPOOLED", 100)
    (row,) = TrainingLabels(iter(rows)).inconsistent({})
    assert [(each.label, each.count, each.places) for each in row.labels] == [
        ("", 20, ("a:0", "a:2", "a:4")),
        ("LOC", 20, ("a:1", "a:3", "a:5")),
    ]
