"""Choice of the tokenizer by the scripts of the corpus."""

from __future__ import annotations

import json

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.file_content import FileContent
from components.corpus_example_gen.tokenizer_choice import choose_tokenizer

CHINESE, ENGLISH = "王伟\tB-PER\n来了\tO\n\n", "Zoë\tB-PER\nleft\tO\n\n"


def chosen(tokenizer="auto", settings=None, **files):
    data = {
        f"{name}.{'jsonl' if text[0] == '{' else 'conll'}": FileContent([text.encode()]) for name, text in files.items()
    }
    return choose_tokenizer(tokenizer, list(data), settings or corpus_settings(), data.__getitem__)


def spans(text, ascii_only=True):
    return json.dumps({"text": text, "entities": [[0, 2, "PER"]]}, ensure_ascii=ascii_only) + "\n"


@pytest.mark.parametrize(
    ("files", "tokenizer"),
    [
        ({"a": CHINESE}, "characters"),
        ({"a": ENGLISH}, "words"),
        ({"a": ENGLISH * 9 + CHINESE}, "characters"),  # 4 of 67 letters
        ({"a": ENGLISH * 20 + CHINESE}, "words"),
        ({"a": ENGLISH, "b": CHINESE}, "characters"),
        ({"a": spans("王伟来了")}, "characters"),
        ({"a": spans("王伟来了", ascii_only=False)}, "characters"),
        ({"a": spans("Bo left")}, "words"),
        ({"a": "สมชาย\tB-PER\n"}, "characters"),
        ({"a": "김민수\tB-PER\n"}, "words"),
        ({"a": "é\tB-PER\tO\n"}, "words"),
        ({"a": '{"text": "王伟'}, "words"),  # unreadable: the run reports it
    ],
)
def test_one_letter_in_twenty_of_a_script_without_spaces_decides(files, tokenizer):
    assert chosen(**files) == tokenizer


def test_a_configured_tokenizer_and_callers_who_send_tokens_decide_alone():
    assert chosen("syllables", a=ENGLISH) == "syllables"
    assert chosen("words", a=CHINESE) == "words"
    assert chosen(settings=corpus_settings(min_raw_text_survival=0), a=CHINESE) == "words"


def test_of_many_files_some_are_read_and_of_each_its_first_sentences():
    read = []

    def content(path):
        read.append(path)
        return FileContent([ENGLISH.encode()])

    assert choose_tokenizer("auto", [str(number) for number in range(1000)], corpus_settings(), content) == "words"
    assert len(read) == 50
    assert chosen(a=ENGLISH * 200 + CHINESE * 200) == "words"  # the ingestion checks them all
