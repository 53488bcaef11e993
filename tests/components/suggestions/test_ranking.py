"""The choice of sentences among many."""

from __future__ import annotations

import random

from support.spotter import Spotter

from components.serving.batch_prediction.rows import Row
from components.suggestions.ranking import Ranking, Suggestion
from components.suggestions.uncertainty import Uncertainty

SPOTTER = Spotter()


def suggestion(text, value, number=1):
    return Suggestion(Row(number, text, {}, b""), SPOTTER.tag([text])[0], Uncertainty(value))


def chosen(count, candidates, labelled=()):
    labelled = [text.split() for text in labelled]
    ranking = Ranking(count, labelled)
    for number, (text, value) in enumerate(candidates, 1):
        ranking.add(suggestion(text, value, number))
    return [each.row.text for each in ranking.choose(labelled)], ranking.left_out


def random_texts(count, seed=0):
    generator = random.Random(seed)
    words = ["".join(generator.choices("abcdefghij", k=6)) for _ in range(5000)]
    return [" ".join(generator.choices(words, k=8)) for _ in range(count)]


def test_unlike_sentences_come_in_the_order_of_their_uncertainty():
    texts = ["red apples fall", "two ships sail", "old kings sleep"]
    assert chosen(2, zip(texts, (0.1, 0.9, 0.5), strict=True))[0] == [texts[1], texts[2]]


def test_a_sentence_like_a_better_one_comes_later_than_a_less_uncertain_other_one():
    like = ["the bank of Oslo opens at nine", "the bank of Oslo closes at nine", "dogs bark"]
    assert chosen(2, zip(like, (0.9, 0.85, 0.6), strict=True))[0] == [like[0], like[2]]


def test_near_duplicates_are_left_out_and_counted():
    texts = [f"the long report of the bank about {'very ' * 5}many small old houses in {x}" for x in ("Oslo", "Rome")]
    texts.append("dogs bark")
    result, left_out = chosen(3, zip(texts, (0.9, 0.8, 0.1), strict=True))
    assert result == [texts[0], texts[2]]
    assert left_out.similar == 1


def test_texts_that_differ_in_digits_case_and_spaces_count_once():
    texts = ["Flight 12 to Rome", "flight 77  to Rome!", "It rains"]
    result, left_out = chosen(5, zip(texts, (0.9, 0.95, 0.1), strict=True))
    assert result == [texts[1], texts[2]]
    assert left_out.repeated == 1


def test_labelled_texts_are_left_out_and_texts_like_them_come_last():
    labelled = ["Angela Merkel visited Paris yesterday .", "It rains"]
    texts = ["it rains!", "Angela Merkel visited Paris today .", "two ships sail"]
    result, left_out = chosen(5, zip(texts, (0.9, 0.8, 0.7), strict=True), labelled)
    assert result == [texts[2], texts[1]]
    assert left_out.labelled == 1


def test_the_best_of_a_long_stream_are_kept_in_bounded_memory():
    ranking, best = Ranking(5), {7, 900, 1_500, 2_400, 2_999}
    for number, text in enumerate(random_texts(3_000)):
        ranking.add(suggestion(text, 0.9 if number in best else 0.5, number))
        assert len(ranking._candidates) < 2_000
    assert {each.row.number for each in ranking.choose()} == best


def test_a_flood_of_one_template_does_not_push_out_the_others():
    names = (text.split()[0] for text in random_texts(2_100))
    flood = [(f"Order of {name} was sent to the customer by air mail today", 0.9) for name in names]
    others = [(text, 0.5) for text in random_texts(20, seed=1)]
    result, _ = chosen(20, [*others, *flood])
    assert sum(text.startswith("Order") for text in result) < 20
    assert len(result) == 20


def test_the_result_does_not_depend_on_the_order_of_equal_sentences_in_memory():
    stream = [(text, 0.5) for text in random_texts(30)]
    assert chosen(10, stream) == chosen(10, stream)


def test_texts_without_words_are_chosen_once_each():
    result, left_out = chosen(3, [("...", 0.5), ("!?", 0.4)])
    assert result == ["...", "!?"]
    assert left_out.similar == 0
