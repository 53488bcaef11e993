"""Ends of sentences in running text."""

from __future__ import annotations

import random
import time

import pytest

from components.text.sentences import CLOSING, ENDS, UNSPACED_ENDS, first_tokens, sentence_offsets


def cut(text):
    return [text[start:end] for start, end in sentence_offsets(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Ann left.", "Bo came!", "Why?", "So…", "What?!", "The end"],
        ["Mr. J. R. Smith met Prof. dr. Lee of Acme Inc. Tokyo.", "He left."],
        ["The U.S. Army has e.g. No. 5 and Fig. 3 too.", "It says no.", "Then it stops."],
        ["Am 3. Oktober kam er, z.B. mit ca. 12. Klassen.", "1999.", "Er blieb bis 2003.", "Dann ging er."],
        ["See https://a.org/b.html?x=1.5!y or a@b.org.", "Version 2.0 costs $3.50.", "Fine."],
        ["He said “No.”", "(Really.)", "'Yes!'", "Then he left [sic].", "«Quoi ?»", "Oui."],
        ["他走了。", "“你好！”他说？", "再见"],
        ["वह गया।", "फिर आया॥", "अंत"],
        ["هل ذهب؟", "نعم."],
    ],
)
def test_sentences_end_where_people_end_them(sentences):
    spaced = "" if sentences[0].startswith("他") else " "
    assert cut(spaced.join(sentences)) == sentences
    assert cut("\n".join(sentences)) == sentences
    assert cut("\n " + " \n\n ".join(sentences) + "\r\n") == sentences


def test_small_letter_continues_a_sentence_and_an_empty_line_ends_it():
    assert cut("Yahoo! is big. and old\nand wrapped\r\nTitle\n\nsmall") == [
        "Yahoo! is big. and old\nand wrapped",
        "Title",
        "small",
    ]
    assert cut("Ann (b. 1990) left. ”he” came") == ["Ann (b. 1990) left. ”he” came"]


@pytest.mark.parametrize("text", ["", " \n\t ", "!", "。", "...", "\u2028"])
def test_texts_without_words(text):
    assert cut(text) == text.split()


def test_offsets_hold_all_characters_in_order_and_nothing_but_white_space_lies_between():
    rng = random.Random(0)
    alphabet = ENDS + UNSPACED_ENDS + CLOSING + " \n\r\t\u2028(“-aZé中9🙂\u0301" + " " * 20
    for _ in range(300):
        text = "".join(rng.choices(alphabet, k=rng.randrange(60)))
        offsets = sentence_offsets(text)
        edges = [0, *(edge for offset in offsets for edge in offset), len(text)]
        assert edges == sorted(edges)
        assert all(start < end for start, end in offsets)
        assert not any(text[first:last].strip() for first, last in zip(edges[::2], edges[1::2], strict=True))
        assert all(part == part.strip() for part in cut(text))


def test_tokens_of_a_corpus():
    tokens = ["Mr.", "Lee", "left", ".", "Why", "?", "Nobody", "(", "he", ")", "knows"]
    assert first_tokens(tokens) == [0, 4, 6]
    assert first_tokens([]) == []


@pytest.mark.parametrize("unit", ["Ann left. He went. ", ") ", ".) ", "( ", "。", '"', "a", " ", "\n"])
def test_time_grows_with_the_text(unit):
    def seconds(length):
        begin = time.process_time()
        sentence_offsets((unit * length)[:length])
        return time.process_time() - begin

    # A quadratic search would take 100 times as long.
    assert seconds(50_000) < 30 * max(seconds(5_000), 0.01)
