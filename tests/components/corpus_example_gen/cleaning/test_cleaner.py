"""Cleaning: repairs of tags and tokens are counted, and nothing is lost silently."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.cleaner import Cleaner
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.text.words import whitespace_offsets


def raw(*rows):
    """One sentence of `token/tag` rows (or pairs), at lines 1, 2, …"""
    pairs = [row if isinstance(row, tuple) else tuple(row.rsplit("/", 1)) for row in rows]
    return RawSentence(1, [t for t, _ in pairs], [tag for _, tag in pairs], list(range(1, len(pairs) + 1)))


def clean(*rows, **changes):
    report = IngestReport()
    cleaner = Cleaner("a.conll", corpus_settings(**changes), report)
    sentence = cleaner.clean(raw(*rows))
    cleaner.finish()
    report.check()
    return sentence, report


def rows_of(sentence):
    return [f"{token}/{tag}" for token, tag in zip(sentence.tokens, sentence.tags, strict=True)]


@pytest.mark.parametrize(
    ("rows", "expected", "repairs"),
    [
        (["a/B-X", "b/I-X", "c/O"], ["a/B-X", "b/I-X", "c/O"], {}),
        ([" a /B-X", "b\t/I-X"], ["a/B-X", "b/I-X"], {"stripped_token": 2}),
        (["New York/B-X", "c/O"], ["New/B-X", "York/I-X", "c/O"], {"split_token": 1}),
        (["a/B-X", "b c\u00a0d/I-X"], ["a/B-X", "b/I-X", "c/I-X", "d/I-X"], {"split_token": 1}),
        (["a\u2028b/O", "c\x85d/B-X"], ["a/O", "b/O", "c/B-X", "d/I-X"], {"split_token": 2}),
        (["/O", "b/B-X"], ["b/B-X"], {"empty_token": 1}),
        (["/B-X", "b/I-X", "c/I-X"], ["b/B-X", "c/I-X"], {"empty_token": 1}),
        (["a/B-X", " /I-X", "c/I-X"], ["a/B-X", "c/I-X"], {"empty_token": 1}),
        (["a/B-X", "/B-X", "c/I-X"], ["a/B-X", "c/B-X"], {"empty_token": 1}),
        (["a/B-X", "/O", "c/I-X"], ["a/B-X", "c/B-X"], {"empty_token": 1, "inside_begins": 0}),
        (["/B-X", "/I-X", "c d/I-X"], ["c/B-X", "d/I-X"], {"empty_token": 2, "split_token": 1}),
        (["/B-X", "b/O", "/B-X", "/B-Y"], ["b/O"], {"empty_token": 3}),
        (["a/B-X", "b/B-O", "c/I-X"], ["a/B-X", "b/O", "c/B-X"], {"outside_prefix": 1, "inside_begins": 0}),
        (["a/OUT", "b/B-OUT"], ["a/OUT", "b/OUT"], {"outside_prefix": 1}),
        (["a/B-X", "b/I-Y"], ["a/B-X", "b/B-Y"], {"inside_begins": 1}),
        (["a/I-X", "b/I-Y", "c/B-Y"], ["a/B-X", "b/B-Y", "c/B-Y"], {}),  # regular in IOB1
        (["a/S-X", "b/B-X", "c/E-X"], ["a/B-X", "b/B-X", "c/I-X"], {}),
        (["a\x1cb/B-X", "\u200b/O", "c\ufeff/O"], ["a\x1cb/B-X", "\u200b/O", "c\ufeff/O"], {}),
    ],
)
def test_repairs(rows, expected, repairs):
    sentence, report = clean(*rows)
    assert rows_of(sentence) == expected
    counted = {kind: n for kind, n in repairs.items() if n}
    if repairs.get("inside_begins") == 0:  # at most as many as regular entities: reported
        counted["inside_begins"] = 1
    assert report.repairs == counted


def test_each_token_keeps_its_line():
    sentence, _ = clean("a/O", "/O", "b c/B-X", "d/O")
    assert sentence.lines == (1, 3, 3, 4)


def test_one_of_several_tags_is_selected():
    for rows, chosen in [
        (["a/B-x,B-y,B-z", "b/I-z"], ["a/B-z", "b/I-z"]),
        (["a/B-x,B-y", "b/O"], ["a/B-x", "b/O"]),
        (["a/B-x,B-y"], ["a/B-x"]),
        (["a/B-x,B-y", "b/B-y"], ["a/B-x", "b/B-y"]),
        (["a/B-x,B-y", "b/I-q,I-y"], ["a/B-y", "b/I-y"]),
        (["a/B-y", "b/I-x,I-y"], ["a/B-y", "b/I-y"]),
        (["a/O,B-y", "b/I-y"], ["a/B-y", "b/I-y"]),
    ]:
        sentence, report = clean(*rows)
        assert rows_of(sentence) == chosen
        assert report.repairs["several_tags"] == sum("," in row for row in rows)


def test_comma_inside_a_type_does_not_join_tags():
    assert rows_of(clean("a/B-PER,LOC")[0]) == ["a/B-PER,LOC"]


def test_dropped_types_become_outside_and_the_rest_stays_valid():
    sentence, report = clean("F/B-OTH", "P/I-PER", "B/I-PER", "c/I-OTH", "d/I-OTH", drop_types=("OTH",))
    assert rows_of(sentence) == ["F/O", "P/B-PER", "B/I-PER", "c/O", "d/O"]
    assert report.entities_in == {"OTH": 2, "PER": 1}
    assert +report.entities_out == {"PER": 1}
    assert report.entities_dropped == {"OTH": 2}
    assert report.repairs["dropped_type"] == 2


def test_outside_label_of_the_corpus_is_remembered():
    report = IngestReport()
    cleaner = Cleaner("a.tsv", corpus_settings(drop_types=("X",)), report)
    cleaner.clean(raw("a/OUT"))
    assert rows_of(cleaner.clean(raw("b/B-X", "c/B-O"))) == ["b/OUT", "c/OUT"]


def test_bare_types_under_scheme_io():
    sentence, report = clean("a/PER", "b/PER", "c/O", "d/E-mail", "e/x,PER", "f/PER", scheme="io")
    assert rows_of(sentence) == ["a/B-PER", "b/I-PER", "c/O", "d/B-E-mail", "e/B-PER", "f/I-PER"]
    assert report.repairs == {"several_tags": 1}


def test_prefix_under_scheme_io_is_an_error():
    with pytest.raises(CorpusError, match=r"a\.conll:2: found tag 'B-PER'.* Set corpus\.scheme to auto"):
        clean("a/O", "b/B-PER", scheme="io")


def test_invalid_tag_is_an_error_with_line_and_fix():
    for tag in ("NN", "", "PERSON", "B-", "b-per", "B-A B"):
        with pytest.raises(CorpusError) as caught:
            clean(("a", "O"), ("b", tag), ("c", ""))
        assert str(caught.value).startswith(f"a.conll:2: found {tag!r}, expected a tag such as B-PER, I-PER or O")
        assert caught.value.fix


def test_skipped_sentence_is_counted_and_listed():
    report = IngestReport()
    cleaner = Cleaner("a.conll", corpus_settings(on_error="skip"), report)
    assert cleaner.clean(raw("a/B-X", "b/NN", "c/B-Y")) is None
    assert cleaner.clean(raw("d/B-X")).tokens == ("d",)
    report.check()
    assert (report.sentences_in, report.sentences_out, report.sentences_skipped) == (2, 1, 1)
    assert (report.tokens_in, report.tokens_out, report.tokens_skipped) == (4, 1, 3)
    assert report.entities_skipped == {"X": 1, "Y": 1}
    assert report.skipped[0].startswith("a.conll:2: found 'NN'")


def test_sentence_without_tokens_is_dropped():
    sentence, report = clean("/O", "\u00a0/B-X")
    assert sentence is None
    assert (report.sentences_in, report.sentences_dropped, report.repairs["empty_sentence"]) == (1, 1, 1)


def test_repairs_name_file_and_line():
    assert clean("a/O", "New York/B-X")[1].repair_examples == ["a.conll:2: read token 'New York' as 2 tokens"]


token = st.text(alphabet="ab \t\u00a0\u200b\x1c\u2028", max_size=4)
tag = st.sampled_from(["O", "OUT", "B-X", "I-X", "I-Y", "E-X", "S-Y", "B-O", "B-X,B-Y", "I-OTH", "NN", ""])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.tuples(token, tag), min_size=1, max_size=8), max_size=5), st.sampled_from(["OTH", "X"]))
def test_counts_always_add_up(sentences, drop):
    report = IngestReport()
    cleaner = Cleaner("a", corpus_settings(on_error="skip", drop_types=(drop,)), report)
    cleaned = [cleaner.clean(raw(*rows)) for rows in sentences]
    cleaner.finish()
    report.check()
    kept = [sentence for sentence in cleaned if sentence]
    assert report.sentences_in == len(sentences)
    assert report.tokens_in == sum(map(len, sentences))
    assert report.sentences_out == len(kept)
    assert report.tokens_out == sum(len(sentence.tokens) for sentence in kept)
    for sentence in kept:
        assert tuple(sentence.text[a:b] for a, b in whitespace_offsets(sentence.text)) == sentence.tokens
        assert f"B-{drop}" not in sentence.tags
        for before, after in zip(("O", *sentence.tags), sentence.tags, strict=False):
            assert not after.startswith("I-") or before[2:] == after[2:]
