"""Labelled spans that raw text keeps."""

from __future__ import annotations

import json

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.cleaning.raw_text import RawTextCheck
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file

ONE_CHARACTER_A_TOKEN = "王 伟 昨 天 去 了 北 京 。", "B-PER I-PER O O O O B-LOC I-LOC O"

# tokens, tags, script
UNSPACED = {
    "Chinese, characters": (*ONE_CHARACTER_A_TOKEN, "Han"),
    "Chinese, words": ("王伟 昨天 去了 北京 。", "B-PER O O B-LOC O", "Han"),
    "Japanese, kanji and kana": ("田中 さん は 東京 に います", "B-PER O O B-LOC O O", "Hiragana"),
    "Katakana": ("マリア は ベルリン に", "B-PER O B-LOC O", "Katakana"),
    "Thai": ("สมชาย ไป กรุงเทพ แล้ว", "B-PER O B-LOC O", "Thai"),
    "Lao": ("ທ້າວ ສົມພອນ ໄປ ວຽງຈັນ", "O B-PER O B-LOC", "Lao"),
    "Khmer": ("សុខ ទៅ ភ្នំពេញ ហើយ", "B-PER O B-LOC O", "Khmer"),
    "Burmese": ("မောင်လှ ရန်ကုန် သွား တယ်", "B-PER B-LOC O O", "Myanmar"),
}
SPACED = {
    "English": ("Ida 's sister left New York .", "B-PER O O O B-LOC I-LOC O"),
    "German": ("Frau Groß-Müller aus „ Köln “", "O B-PER O O B-LOC O"),
    "Korean": ("김민수 는 서울 에 갔다 .", "B-PER O B-LOC O O O"),
    "Vietnamese": ("Ông Nguyễn Văn An ở Hà Nội", "O B-PER I-PER I-PER O B-LOC I-LOC"),
    "Arabic": ("زار محمد القاهرة أمس .", "O B-PER B-LOC O O"),
    "Hindi": ("राम दिल्ली गया ।", "B-PER B-LOC O O"),
    "Ukrainian": ("Олена живе в Києві .", "B-PER O O B-LOC O"),
    "emoji": ("Ida 😀 😀 Oslo", "B-PER O O B-LOC"),
    "clauses of one name": ("北京 ， 王伟 。", "B-LOC O B-PER O"),
}


def columns(tokens, tags):
    return "".join(f"{token}\t{tag}\n" for token, tag in zip(tokens.split(), tags.split(), strict=True))


def read(data, name="a.conll", tokenizer="words", **changes):
    report = IngestReport()
    return list(read_corpus_file(name, corpus_settings(**changes), report, data.encode(), tokenizer)), report


@pytest.mark.parametrize(("tokens", "tags", "script"), UNSPACED.values(), ids=UNSPACED)
def test_script_without_spaces_stops_the_run(tokens, tags, script):
    tsv = f"{tokens}\t{tags}\n"
    for data, name in ((columns(tokens, tags), "a.conll"), (tsv, "a.tsv")):
        for changes in ({}, {"on_error": "skip"}, {"tokenizer": "whitespace"}):
            with pytest.raises(CorpusReadingError) as caught:
                read(data, name, **changes)
            text = str(caught.value)
            assert text.startswith(f"{name}:1: raw text is not cut as the corpus is: the tokenizer w")
            assert f"in the script {script}" in text
            assert "Set transform.tokenizer to characters; or" in text
            assert "set corpus.min_raw_text_survival to 0" in text
        sentences, report = read(data, name, tokenizer="characters")
        assert ("".join(sentences[0].tokens), report.spans_lost) == (tokens.replace(" ", ""), 0)
        assert len(sentences[0].tokens) >= len(tokens.split())
        assert sum(tag.startswith("B-") for tag in sentences[0].tags) == tags.count("B-")
        sentences, report = read(data, name, min_raw_text_survival=0)
        assert sentences[0].tokens == tuple(tokens.split())
        assert report.spans == tags.count("B-")
        assert f"lost in raw text {report.spans_lost} of {report.spans} spans" in report.summary()


def test_the_error_counts_the_tokens_of_both_sides():
    with pytest.raises(CorpusReadingError) as caught:
        read(columns(*ONE_CHARACTER_A_TOKEN))
    assert "the tokenizer words keeps 0 of 2 labelled spans (0 %; least 90 %)" in caught.value.problem
    assert (
        "'王伟昨天去了北京。' in the script Han (Chinese, Japanese): 2 tokens of it, the corpus has 9"
        in caught.value.problem
    )


@pytest.mark.parametrize(("tokens", "tags"), SPACED.values(), ids=SPACED)
def test_other_scripts_pass(tokens, tags):
    for tokenizer in ("words", "whitespace"):
        sentences, report = read(columns(tokens, tags), tokenizer=tokenizer, min_raw_text_survival=0)
        assert len(sentences) == 1
        unspaced = tokenizer == "whitespace" and "北" in tokens
        assert (report.spans, report.spans_lost) == (tags.count("B-"), 2 * unspaced)


def test_share_counts_not_single_spans():
    english = columns("Ida saw Oslo", "B-PER O B-LOC") + "\n"
    chinese = columns(*ONE_CHARACTER_A_TOKEN) + "\n"
    _, report = read(english * 9 + chinese)
    assert (report.spans, report.spans_lost) == (20, 2)
    with pytest.raises(CorpusReadingError, match=r"a\.conll:33: .* keeps 16 of 18 labelled spans \(89 %"):
        read(english * 8 + chinese)


def record(text, *entities):
    return json.dumps({"text": text, "entities": entities}) + "\n"


def test_spans_of_json_lines_that_end_inside_words_are_lost():
    kept = record("in Oslo", [3, 7, "LOC"])
    cut = record("New York-based", [0, 8, "LOC"])
    _, report = read(kept * 9 + cut, "a.jsonl")
    assert (report.spans, report.spans_lost) == (10, 1)
    with pytest.raises(CorpusReadingError, match=r"20 of 23 .*'New York-based' in the script Latin.*Move the spans"):
        read(kept * 20 + cut * 3, "a.jsonl")
    assert read(kept + cut * 2, "a.jsonl")[1].spans_lost == 2  # too few to judge the file


def test_json_lines_without_spaces_stop_the_run_although_errors_are_skipped():
    with pytest.raises(CorpusReadingError, match="'王伟去了北京' in the script Han"):
        read(
            record("Al", [0, 2, "PER"]) + record("王伟去了北京", [0, 2, "PER"], [4, 6, "LOC"]),
            "a.jsonl",
            on_error="skip",
        )


def test_spans_of_raw_text_are_cut_by_character_or_the_error_names_the_setting():
    data = record("王伟去了Oslo。", [0, 2, "PER"], [4, 8, "LOC"])
    [sentence], report = read(data, "a.jsonl", tokenizer="characters")
    assert (sentence.tokens, report.spans_lost) == (("王", "伟", "去", "了", "Oslo", "。"), 0)
    assert sentence.tags == ("B-PER", "I-PER", "O", "O", "B-LOC", "O")
    korean = record("서울에서", [0, 2, "LOC"])
    for text, tokenizer, setting in [(data, "words", "characters"), (korean, "characters", "syllables")]:
        with pytest.raises(CorpusError, match=f"inside the word .* Set transform.tokenizer to {setting}"):
            read(text, "a.jsonl", tokenizer=tokenizer)
    [sentence], _ = read(korean, "a.jsonl", tokenizer="syllables")
    assert sentence.tags == ("B-LOC", "I-LOC", "O", "O")


def test_tools_that_serve_no_model_read_the_tokens_of_the_corpus():
    assert read(columns("王伟 来了", "B-PER O"), tokenizer=None)[0][0].tokens == ("王伟", "来了")
    assert read(record("王伟来了", [0, 2, "PER"]), "a.jsonl", tokenizer=None)[0][0].tags[:2] == ("B-PER", "I-PER")


def test_json_lines_need_the_tokenizer_that_cuts_off_punctuation():
    data = record("Hi, Bo. And Ida!", [4, 6, "PER"], [12, 15, "PER"])
    assert read(data, "a.jsonl")[1].spans_lost == 0
    with pytest.raises(CorpusReadingError, match=r"whitespace keeps 0 of 2 .* Set transform\.tokenizer to words; or"):
        read(data, "a.jsonl", tokenizer="whitespace")


def test_corpus_without_labelled_spans_passes():
    assert read("王\tO\n伟\tO\n")[1].spans == 0


def test_sentences_that_were_left_out_count_only_what_raw_text_loses():
    check = RawTextCheck("a", "words", 0.9)
    check.add(RawSentence(1, lost_spans=1, text="王伟"), None)
    check.add(RawSentence(1, lost_spans=1, text="Lisbon"), None)  # an error of this record
    check.add(RawSentence(2), Sentence(("a",), ("B-X",)))
    assert (check.spans, check.lost) == (2, 1)


@pytest.mark.parametrize(
    ("suffixes", "settings"),
    [
        (["er", "", ""], {"on_error": "skip"}),
        (["-based", "", ""], {"min_raw_text_survival": 0, "max_repaired": 1}),
        (["er", "-based", ""], {"on_error": "skip", "min_raw_text_survival": 0, "max_repaired": 1}),
    ],
)
def test_the_first_error_about_labels_inside_words_names_all_settings_that_are_needed(suffixes, settings):
    def records(i):
        text = f"Anna lives in Quito{suffixes[i % 3]}"
        return json.dumps({"text": text, "spans": [{"start": 14, "end": 19, "label": "LOC"}]})

    data = "\n".join(map(records, range(150))).encode()
    with pytest.raises(CorpusError) as caught:
        list(read_corpus_file("a.jsonl", corpus_settings(), data=data))
    number = 50 * sum(map(bool, suffixes))
    assert f"labels begin or end inside words in {number} of 150 sentences" in caught.value.problem
    assert "`ner data check` lists all of them" in caught.value.fix
    advice = " ".join(f"--set corpus.{name}={value}" for name, value in settings.items())
    assert f"use `{advice}`" in caught.value.fix
    sentences = list(read_corpus_file("a.jsonl", corpus_settings(**settings), data=data))
    assert len(sentences) == (100 if "er" in suffixes else 150)


def test_ends_that_are_included_are_a_remedy_only_if_most_spans_of_the_file_have_them():
    def first_error(ends):
        spans = ({"text": "Oslo is it", "entities": [[0, end, "LOC"]]} for end in ends)
        with pytest.raises(CorpusError) as caught:
            list(read_corpus_file("a.jsonl", corpus_settings(), data="\n".join(map(json.dumps, spans)).encode()))
        return caught.value.fix

    assert first_error([3, 3, 3, 4]).startswith("Add 1 to the ends of all spans of the file")
    assert first_error([3, 4, 4, 4]).startswith("Move the span to the edges of the word.")
