"""JSON lines with character spans."""

from __future__ import annotations

import functools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.settings import corpus_settings
from support.timing import LINEAR, growth

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.span_offsets import is_word_edge
from components.text.char_traits import CONNECTOR, EXTEND, SPACE, char_class
from components.text.words import character_offsets


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
    record = {"text": "Peru-Chile", "entities": [[0, 4, "LOC"], [4, 10, "LOC"]]}
    sentences, _ = read(record, min_raw_text_survival=0)
    assert sentences[0].tokens == ("Peru", "-Chile")
    assert sentences[0].tags == ("B-LOC", "B-LOC")


def test_word_is_split_where_a_span_ends_at_a_connector():
    record = {"text": "a New York-based firm", "entities": [[2, 10, "LOC"]]}
    sentences, report = read(record, min_raw_text_survival=0)
    assert sentences[0].tokens == ("a", "New", "York", "-based", "firm")
    assert sentences[0].tags == ("O", "B-LOC", "I-LOC", "O", "O")
    assert report.repairs == {"word_cut_at_span": 1}
    assert "split word 'York-based' at the edge of a span" in report.repair_examples[0]


def test_records_that_an_annotator_rejected_are_left_out_and_counted():
    records = [
        {"text": "Ann", "entities": [[0, 3, "PER"]], "answer": answer} for answer in ("accept", "reject", "ignore")
    ]
    sentences, report = read(*records)
    assert [sentence.line for sentence in sentences] == [1]
    assert report.line_kinds == {"record": 1, "rejected": 2}
    assert report.notes == ["a.jsonl: records with the answer reject or ignore (Prodigy) are left out"]
    report.check()


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
    "twice": ({"text": "Oslo", "entities": [[0, 4, "LOC"], [0, 4, "ORG"]]}, "found overlapping spans"),
    "float": ({"text": "Oslo", "entities": [[0.0, 4, "LOC"]]}, 'found span [0.0, 4, "LOC"]. Write spans as'),
    "bool": ({"text": "Oslo", "entities": [[False, 4, "LOC"]]}, 'found span [false, 4, "LOC"]'),
    "dict": ({"text": "Oslo", "entities": [{"start": 0}]}, 'found span {"start": 0}'),
    "two": ({"text": "Oslo", "entities": [[0, 4]]}, "found span [0, 4]"),
    "label": ({"text": "Oslo", "entities": [[0, 4, 7]]}, "found span [0, 4, 7]"),
    "label of a space": ({"text": "Oslo", "entities": [[0, 4, " "]]}, "found label ' '"),
    "label outside": (
        {"text": "Oslo", "entities": [[0, 4, "OUT"]]},
        "found label 'OUT', which stands for",
    ),
    "label surrogate": ('{"text": "Ann", "entities": [[0, 3, "\\ud800"]]}', "found U+D800, an unpaired surrogate"),
    "label control": ('{"text": "Ann", "entities": [[0, 3, "X\\u0000Y"]]}', "found U+0000, a control character"),
    "id surrogate": (
        '{"text": "Ann", "entities": [], "id": "\\udfff"}',
        "U+DFFF, an unpaired surrogate",
    ),
    "id on two lines": ({"text": "Ann", "entities": [], "id": "a\nb"}, "found id 'a\\nb'. Use a string on one line"),
    "meta control": (
        {"text": "Ann", "entities": [], "meta": {"a": ["\x07"]}},
        "U+0007, a control character",
    ),
    "key control": ({"text": "Ann", "entities": [], "meta": {"\x00": "a"}}, "U+0000, a control character, in the key"),
    "key twice": (
        '{"text": "Joe b", "text": "Ann c", "entities": []}',
        "the key 'text' twice in an object",
    ),
    "meta key twice": (
        '{"text": "Joe", "entities": [], "meta": {"a": 1, "a": 2}}',
        "the key 'a' twice",
    ),
    "deep": ('{"text": "a", "entities": [], "meta": {"x": ' + "[" * 5000 + "]" * 5000 + "}}", "more than 100 levels"),
    "huge offset": ('{"text": "a", "entities": [[0, ' + "9" * 5000 + ', "X"]]}', "found a number of 5000 digits"),
    "large offset": (
        '{"text": "a", "entities": [[0, ' + "9" * 99 + ', "X"]]}',
        "[0, 99999999999…, 'X'] in a text of 1",
    ),
    "huge id": ('{"text": "a", "entities": [], "id": -' + "9" * 5000 + "}", "found a number of 5000 digits"),
    "NaN": ('{"text": "a", "entities": [], "meta": {"x": NaN}}', "found NaN, which is not JSON"),
    "infinite": ('{"text": "a", "entities": [], "meta": {"x": 1e999}}', "found the number 1e999, which is too large"),
    "number": ("7", "found a JSON number, not an object. Write one object per line"),
    "long label": ({"text": "a", "entities": [[0, 1, "\t" * 10**5]]}, "found label '\\t\\t"),
    "long names": ({"x" * 10**5: 1, "y" * 10**5: 2}, "found no string in field 'text', fields are 'xxx"),
    "many names": ({str(i): 1 for i in range(10**4)}, "fields are '0', '1', '2', '3', '4', …"),
    "long word": (
        {"text": "w" * 10**5, "entities": [[5, 9, "X"]]},
        "'wwww', which starts inside the word",
    ),
    "many spans": ({"text": "a", "entities": [[[0] * 10**5]]}, "found span [[0, 0, 0"),
    "label empty": ({"text": "Oslo", "entities": [[0, 4, ""]]}, "found label ''"),
    "no text": ({"tokens": ["a"], "entities": []}, "found no string in field 'text', fields are 'tokens', 'entities'"),
    "nothing": ({}, "found no string in field 'text', fields are none"),
    "text type": ({"text": 7, "entities": []}, "found no string in field 'text'"),
    "no entities": ({"text": "a", "label": []}, "found no list in field 'entities', fields are 'text', 'label'"),
    "meta": ({"text": "a", "entities": [], "meta": "x"}, "found 'x' in field 'meta'"),
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
        assert len(caught.value.problem) < 300, name
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
    sentences, report = read({"text": text, "entities": entities[::-1]}, min_raw_text_survival=0, offsets="characters")
    begins = [tag[2:] for tag in sentences[0].tags if tag.startswith("B-")]
    assert begins == [label for _, _, label in entities]
    assert report.entities_out.total() == len(entities)


def test_offsets_of_javascript_are_detected_by_the_spans_that_fit_only_these():
    helmet = {"text": "👨🏻‍🚒 Ida is a firefighter", "entities": [[8, 11, "PER"]]}
    both = {"text": "🎉🎉🎉 Al or Bo came", "entities": [[7, 9, "PER"]]}
    sentences, report = read(both, helmet, {"text": "Al and Bo", "entities": [[7, 9, "PER"]]})
    assert [entity(sentence) for sentence in sentences] == ["Al", "Ida", "Bo"]
    (note,) = report.notes
    assert "a.jsonl: offsets count UTF-16 units (corpus.offsets)" in note
    assert "1 text, the first at line 2" in note
    assert report.repairs == {}


def test_offsets_in_characters_are_detected_likewise():
    both = {"text": "🎉🎉🎉 Al or Bo came", "entities": [[7, 9, "PER"]]}
    sentences, report = read(both, {"text": "😀 Zoë", "entities": [[2, 5, "PER"]]})
    assert [entity(sentence) for sentence in sentences] == ["or", "Zoë"]
    assert report.notes == []


def test_emoji_behind_the_spans_leave_nothing_open():
    sentences, report = read({"text": "Al 🎉 came", "entities": [[0, 2, "PER"]]})
    assert (entity(sentences[0]), report.notes) == ("Al", [])


def test_spans_that_fit_both_units_stop_the_run_also_if_errors_are_skipped():
    silent = {"text": "🎉🎉🎉 Al or Bo came", "entities": [[7, 9, "PER"]]}
    for on_error in ("fail", "skip"):
        with pytest.raises(CorpusReadingError) as caught:
            read({"text": "a", "entities": []}, silent, on_error=on_error)
        assert str(caught.value).startswith(
            "a.jsonl:2: a span means 'or' if offsets count characters, and 'Al' if they"
        )
        assert caught.value.fix == "Set corpus.offsets to characters or utf16 (tools in JavaScript)."
    for unit, name in (("characters", "or"), ("utf16", "Al")):
        sentences, _ = read(silent, offsets=unit)
        assert entity(sentences[0]) == name


def test_records_that_fit_different_units_only_stop_the_run_with_both_lines():
    records = {"text": "😀 Zoë", "entities": [[2, 5, "PER"]]}, {"text": "😀 Zoë", "entities": [[3, 6, "PER"]]}
    with pytest.raises(CorpusReadingError, match=r"a\.jsonl:2: .*UTF-16 units, those at line 1 only if"):
        read(*records)


def test_offsets_in_bytes_are_named_and_can_be_set():
    record = {"text": "Zoë é met Bo", "entities": [[12, 14, "PER"]]}
    with pytest.raises(CorpusReadingError, match=r"only if they count UTF-8 bytes\. Set corpus\.offsets to bytes"):
        read(record)
    sentences, _ = read(record, offsets="bytes")
    assert entity(sentences[0]) == "Bo"
    with pytest.raises(CorpusError, match=r"all spans of the text fit its words if they count UTF-8 bytes\. Correct"):
        read({"text": "né: Bo met Al", "entities": [[4, 6, "PER"]]}, record)


def test_white_space_at_a_span_is_an_error_where_the_unit_is_in_doubt():
    record = {"text": "😀😀 Ida came to Rome", "entities": [[3, 7, "PER"]]}
    with pytest.raises(CorpusError, match=r"'Ida ', which begins or ends in white space\. .* corpus\.offsets"):
        read(record)
    sentences, report = read(record, offsets="characters")
    assert (entity(sentences[0]), report.repairs) == ("Ida", {"trimmed_span": 1})


def test_offset_inside_a_character_is_an_error():
    for unit, span in (("utf16", [1, 6]), ("bytes", [2, 8])):
        with pytest.raises(CorpusError, match=rf"span \[{span[0]}, .* begins or ends inside a character"):
            read({"text": "😀 Ida", "entities": [[*span, "PER"]]}, offsets=unit)


def test_span_inside_text_without_spaces_names_the_script():
    for text, script in (
        ("王伟昨天去了北京。", "Han"),
        ("たなかさん", "Hiragana"),
        ("สมชายไป", "Thai"),
        ("မောင်လှ", "Myanmar"),
        ("王伟www.example.com", "Han"),
    ):
        with pytest.raises(
            CorpusError, match=rf"does not cut text in the script {script}.* Set transform.tokenizer to characters"
        ):
            read({"text": text, "entities": [[0, 2, "PER"]]})


def test_time_grows_linearly_with_words_spans_and_characters():
    def document(words, word):
        text = " ".join([word] * words)
        entities = [[i * (len(word) + 1), i * (len(word) + 1) + len(word), "PER"] for i in range(0, words, 2)]
        return {"text": text, "entities": entities}

    for word in ("Joe", "😀Joe", "Zoë-Ann's"):
        make = functools.partial(document, word=word)
        assert growth(read, make, small=5000) < LINEAR, word


@pytest.mark.parametrize(
    ("unit", "before", "word", "margin"),
    [
        pytest.param("utf16", "", "😀Joe", 0, marks=pytest.mark.extended),
        pytest.param("bytes", "", "Zoë", 0, marks=pytest.mark.extended),
        ("auto", "Zoë ", "Joe", 1),
    ],
    ids=["emoji", "accents", "spans with a space at their end"],
)
def test_time_grows_linearly_with_spans_in_other_units(unit, before, word, margin):
    """Spans of a hundred characters, so that work on the whole text for each of them shows in the time."""

    def document(spans):
        measure = {"utf16": lambda text: len(text.encode("utf-16-le")) // 2, "bytes": lambda text: len(text.encode())}
        piece, length = f"{word} {'and ' * 24}", measure.get(unit, len)
        size, start = length(piece), length(before)
        entities = [[start + i * size, start + i * size + length(word) + margin, "PER"] for i in range(spans)]
        return {"text": before + piece * spans, "entities": entities}

    def read_all(record):
        return read(record, offsets=unit, max_repaired=1)

    assert read_all(document(50))[1].entities_out == {"PER": 50}
    assert growth(read_all, document, small=1000 if margin == 0 else 300) < LINEAR


def test_spans_that_all_cover_the_document_are_refused_in_linear_time():
    def document(spans):
        return {"text": "Zoë " * spans, "entities": [[0, 4 * spans, f"T{number}"] for number in range(spans)]}

    def refused(record):
        with pytest.raises(CorpusError, match="overlapping"):
            read(record)

    assert growth(refused, document, small=2000) < LINEAR


def entity(sentence):
    return " ".join(token for token, tag in zip(sentence.tokens, sentence.tags, strict=True) if tag != "O")


@settings(deadline=None)
@given(st.text(alphabet="ab \u0301😀-.,'!é#王서", min_size=1, max_size=8))
def test_edges_of_words_are_found_without_tokenizing(text):
    edges = {edge for word in character_offsets(text, hangul=True) for edge in word}
    for edge in range(len(text) + 1):
        around = [char_class(char) for char in text[max(edge - 1, 0) : edge + 1]]
        if SPACE in around or edge in (0, len(text)):
            continue
        assert is_word_edge(text, edge) == (edge in edges or is_at_connector(text, edge)), edge


def is_at_connector(text, edge):
    """Returns whether a connector stands before an offset (marks on it aside) or after it."""
    if char_class(text[edge]) == EXTEND:
        return False
    return CONNECTOR in (char_class(text[:edge].rstrip("\u0301")[-1:] or "a"), char_class(text[edge]))


def test_spans_in_a_field_of_another_tool_are_an_error():
    record = {"text": "Ida left", "entities": [], "spans": [{"start": 0, "end": 3, "label": "PER"}]}
    with pytest.raises(CorpusReadingError, match=r"a\.jsonl:1: .* and of Prodigy, .*\. Set .* to jsonl or prodigy"):
        read(record)
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: found no span in field 'entities', but 1 in field 'spans'"):
        read(record, format="jsonl")
    assert read(record, format="prodigy")[0][0].tags == ("B-PER", "O")
    assert read({**record, "spans": []})[0][0].tags == ("O", "O")


def test_comma_in_a_label_does_not_join_tags():
    assert read({"text": "Ida left", "entities": [[0, 3, "A,B"]]})[0][0].tags == ("B-A,B", "O")
    for label, problem in (("PER,B-X", "joins several tags"), ("o", "stands for text outside")):
        with pytest.raises(CorpusError, match=problem):
            read({"text": "Ida left", "entities": [[0, 3, label]]})


def test_labels_with_prefixes_without_a_separator_are_an_error():
    with pytest.raises(CorpusError, match="found the type 'BPER', which has a tag's prefix"):
        read({"text": "Ida Byron left", "entities": [[0, 3, "BPER"], [4, 9, "IPER"]]})
