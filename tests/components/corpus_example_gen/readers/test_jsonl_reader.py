"""JSON lines with character spans."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file


def read(*records, **changes):
    report = IngestReport()
    data = "".join(f"{r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)}\n" for r in records).encode()
    return list(read_corpus_file("a.jsonl", corpus_settings(**changes), report, data)), report


def test_spans_count_code_points_and_the_text_is_tokenized():
    text = "😀 Zoë, of Oslo-West."
    sentences, report = read({"text": text, "entities": [[10, 19, "LOC"], [2, 5, "PER"]]})
    assert sentences[0].tokens == ("😀", "Zoë", ",", "of", "Oslo-West", ".")
    assert sentences[0].tags == ("O", "B-PER", "O", "O", "B-LOC", "O")
    assert report.entities_in == {"PER": 1, "LOC": 1}


def test_adjacent_spans_of_one_type_stay_separate():
    sentences, _ = read({"text": "Peru-Chile", "entities": [[0, 4, "LOC"], [4, 10, "LOC"]]})
    assert sentences[0].tokens == ("Peru", "-Chile")
    assert sentences[0].tags == ("B-LOC", "B-LOC")


def test_word_is_split_where_a_span_ends_at_a_connector():
    sentences, report = read({"text": "a New York-based firm", "entities": [[2, 10, "LOC"]]})
    assert sentences[0].tokens == ("a", "New", "York", "-based", "firm")
    assert sentences[0].tags == ("O", "B-LOC", "I-LOC", "O", "O")
    assert report.repairs == {"word_cut_at_span": 1}
    assert "split word 'York-based' at the edge of a span" in report.repair_examples[0]


def test_id_and_meta():
    meta = {"topic": "a", "n": 3, "ok": True, "none": None, "list": ["é"]}
    sentences, _ = read({"id": 7, "text": "a", "entities": [], "meta": meta}, {"text": "b", "entities": []})
    assert sentences[0].key == "7"
    assert sentences[0].metadata == {"topic": "a", "n": "3", "ok": "true", "list": '["é"]'}
    assert (sentences[1].key, sentences[1].metadata, sentences[1].line) == (None, {}, 2)


def test_outer_white_space_of_spans_is_trimmed():
    sentences, report = read({"text": "in Oslo .", "entities": [[2, 8, "LOC"]]})
    assert sentences[0].tags == ("O", "B-LOC", "O")
    assert report.repair_examples == ["a.jsonl:1: trimmed white space at the ends of span ' Oslo '"]


def test_dropped_types_and_empty_text():
    sentences, report = read(
        {"text": "Oslo won", "entities": [[0, 4, "OTH"]]}, {"text": " \n", "entities": []}, drop_types=("OTH",)
    )
    assert [s.tags for s in sentences] == [("O", "O")]
    assert report.repairs == {"dropped_type": 1, "empty_sentence": 1}


BAD = {
    "inside end": (
        {"text": "in Lisbon Portugal", "entities": [[3, 13, "LOC"]]},
        "found span [3, 13, 'LOC'] 'Lisbon Por', which ends inside the word 'Portugal'",
    ),
    "inside start": (
        {"text": "in Lisbon", "entities": [[4, 9, "LOC"]]},
        "found span [4, 9, 'LOC'] 'isbon', which starts inside the word 'Lisbon'",
    ),
    "out of range": (
        {"text": "Oslo", "entities": [[0, 5, "LOC"]]},
        "found span [0, 5, 'LOC'] in a text of 4 characters. Spans need 0 <= start < end <= length",
    ),
    "negative": ({"text": "Oslo", "entities": [[-1, 4, "LOC"]]}, "found span [-1, 4, 'LOC'] in a text of 4"),
    "empty span": ({"text": "Oslo", "entities": [[2, 2, "LOC"]]}, "found span [2, 2, 'LOC'] in a text of 4"),
    "span of spaces": ({"text": "a  b", "entities": [[1, 3, "LOC"]]}, "found a span of white space only"),
    "overlap": (
        {"text": "Bank of Oslo", "entities": [[8, 12, "LOC"], [0, 12, "ORG"]]},
        "found overlapping spans [0, 12, 'ORG'] 'Bank of Oslo' and [8, 12, 'LOC'] 'Oslo'. Keep one",
    ),
    "twice": ({"text": "Oslo", "entities": [[0, 4, "LOC"], [0, 4, "LOC"]]}, "found overlapping spans"),
    "float": ({"text": "Oslo", "entities": [[0.0, 4, "LOC"]]}, 'found span [0.0, 4, "LOC"]. Write spans as'),
    "bool": ({"text": "Oslo", "entities": [[False, 4, "LOC"]]}, 'found span [false, 4, "LOC"]'),
    "dict": ({"text": "Oslo", "entities": [{"start": 0}]}, 'found span {"start": 0}'),
    "two": ({"text": "Oslo", "entities": [[0, 4]]}, "found span [0, 4]"),
    "label": ({"text": "Oslo", "entities": [[0, 4, 7]]}, "found span [0, 4, 7]"),
    "label with a space": ({"text": "Oslo", "entities": [[0, 4, "A B"]]}, "found label 'A B'"),
    "label empty": ({"text": "Oslo", "entities": [[0, 4, ""]]}, "found label ''"),
    "no text": ({"tokens": ["a"], "entities": []}, "found no string in field 'text', fields are 'tokens', 'entities'"),
    "nothing": ({}, "found no string in field 'text', fields are none"),
    "text type": ({"text": 7, "entities": []}, "found no string in field 'text'"),
    "no entities": ({"text": "a", "label": []}, "found no list in field 'entities', fields are 'text', 'label'"),
    "meta": ({"text": "a", "entities": [], "meta": "x"}, "found a str in field 'meta'"),
    "id": ({"text": "a", "entities": [], "id": [1]}, "found id [1]"),
    "json": ('{"text": "a", "entities": [}', "found invalid JSON"),
    "cut off": ('{"text": "a', "found invalid JSON"),
    "array": ('[{"text": "a"}]', "found a JSON list, not an object. Write one object per line (`jq -c '.[]'`"),
    "surrogate": (
        '{"text": "a \\ud800", "entities": []}',
        "found U+D800, an unpaired surrogate, in the value of 'text'",
    ),
    "nul": ('{"text": "a \\u0000", "entities": []}', "found U+0000, a control character, in the value of 'text'"),
}


def test_bad_record_is_an_error_or_skipped():
    good = {"text": "Oslo won", "entities": [[0, 4, "LOC"]]}
    for name, (record, problem) in BAD.items():
        with pytest.raises(CorpusError) as caught:
            read(good, record, good)
        assert str(caught.value).startswith("a.jsonl:2: "), name
        assert problem in str(caught.value), name
        assert caught.value.fix, name
        sentences, report = read(good, record, good, on_error="skip")
        assert [s.line for s in sentences] == [1, 3], name
        assert report.skipped == [str(caught.value)], name


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Zoë", "😀", "b-c", "d"]), st.sampled_from(["", "X", "Y"])), min_size=1))
def test_spans_and_tags_agree(parts):
    text, entities = "", []
    for word, label in parts:
        start = len(text) + bool(text)
        text = f"{text} {word}".strip()
        if label:
            entities.append([start, start + len(word), label])
    sentences, report = read({"text": text, "entities": entities[::-1]})
    begins = [tag[2:] for tag in sentences[0].tags if tag.startswith("B-")]
    assert begins == [label for _, _, label in entities]
    assert report.entities_out.total() == len(entities)
