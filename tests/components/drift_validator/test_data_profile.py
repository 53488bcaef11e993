"""Counts of a data set."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.drift_validator import data_profile
from components.drift_validator.data_profile import DataProfile
from components.keys import DATA_PROFILE_FILE

ROWS = [
    ("Joe Biden visited Paris", ["B-PER", "I-PER", "O", "B-LOC"], {"genre": "news"}, False),
    ("He left in 2021.", ["O"] * 4, {"genre": "web"}, False),
    ("Berlin in 1987!", ["B-LOC", "O", "O"], {}, True),
]


def profile_of(rows):
    profile = DataProfile()
    for sentence, tags, columns, held_out in rows:
        profile.add(sentence, tags, columns, held_out)
    return profile


def test_entities_lengths_columns_and_words_are_counted():
    profile = profile_of(ROWS)
    assert (profile.sentences, profile.tokens) == (3, 4 + 5 + 4)
    assert profile.labels == {"PER": 1, "LOC": 2}
    assert profile.lengths == {"0-5": 3}
    assert profile.columns == {"genre": {"news": 1, "web": 1}}
    assert profile.words["0000"] == 1  # 2021: digits are folded
    assert profile.held_out_words == {"berlin": 1, "in": 1, "0000": 1, "!": 1}


def test_every_length_has_a_bucket():
    buckets = {1: "0-5", 5: "0-5", 6: "6-10", 100: "51-100", 101: ">100", 1000: ">100"}
    for tokens, bucket in buckets.items():
        profile = DataProfile()
        profile.add(" ".join(["a"] * tokens))
        assert profile.lengths == {bucket: 1}


def test_words_are_folded_as_in_the_vocabulary():
    profile = DataProfile()
    profile.add("Οδός İstanbul ΟΔΟΣ")
    assert profile.words == {"οδόσ": 1, "istanbul": 1, "οδοσ": 1}


@given(st.lists(st.sampled_from(ROWS), max_size=8), st.integers(0, 8))
def test_profiles_of_parts_add_up_to_the_profile_of_the_whole(rows, cut):
    first, second = profile_of(rows[:cut]), profile_of(rows[cut:])
    first.merge(second)
    assert first == profile_of(rows)


def test_unknown_share_of_held_out_tokens_and_of_other_data():
    profile = profile_of(ROWS)
    assert profile.unknown_share() == pytest.approx(2 / 4)  # berlin and ! are new; in and 0000 are not
    requests = DataProfile()
    requests.add("Paris visited Oslo")
    assert profile.unknown_share(requests) == pytest.approx(1 / 3)


def test_unknown_share_needs_training_and_held_out_tokens():
    assert profile_of(ROWS[:2]).unknown_share() is None
    assert profile_of(ROWS[2:]).unknown_share() is None


def test_profile_can_be_read_back(tmp_path):
    profile = profile_of(ROWS)
    (tmp_path / DATA_PROFILE_FILE).write_text(profile.to_json(), encoding="utf-8")
    read = DataProfile.read(tmp_path)
    assert read == profile
    assert isinstance(read.columns["genre"], Counter)


def test_unreadable_profile_is_none(tmp_path):
    assert DataProfile.read(tmp_path) is None
    for text in ("", "[]", "{}", '{"sentences": 1}'):
        (tmp_path / DATA_PROFILE_FILE).write_text(text)
        assert DataProfile.read(tmp_path) is None


def test_tokenizer_defines_the_words():
    for tokenizer, words in [("whitespace", {"biden,王伟": 1}), ("characters", {"biden": 1, ",": 1, "王": 1, "伟": 1})]:
        profile = DataProfile(tokenizer=tokenizer)
        profile.add("Biden,王伟")
        assert profile.words == words
        whole = DataProfile()
        whole.merge(profile)
        assert whole == profile


def test_rare_words_are_forgotten_and_frequent_ones_stay(monkeypatch):
    monkeypatch.setattr(data_profile, "_MOST_COUNTED", 100)
    profile, other = DataProfile(), DataProfile()
    for number in range(1000):
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        (profile if number % 2 else other).add(f"the {letters} won", columns={"id": str(number)})
    profile.merge(other)
    assert profile.words["the"] == profile.words["won"] == 1000
    assert len(profile.words) <= 101
    assert len(profile.columns["id"]) <= 101
    assert profile.sentences == 1000
