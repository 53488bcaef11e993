"""Languages of a corpus."""

from __future__ import annotations

from collections import Counter

import pytest
from support.settings import corpus_settings

from components.common.extras import MODULES
from components.corpus_tools.check import check_corpus, languages
from components.corpus_tools.check.languages import Languages
from components.corpus_tools.check.store import stored

GERMAN = "Es war einmal ein Mädchen , das im Wald bei seiner Großmutter wohnte , sagte er gestern zu seiner Frau ."
ENGLISH = "Once upon a time there was a girl who lived in the forest with her grandmother , he said to his wife ."


def named(texts):
    mix = Languages()
    for number, text in enumerate(texts):
        mix.add(number, text)
    numbers = mix.finish()
    sentences = {
        number: stored("train", "train.txt", tokens, ("O",) * len(tokens), (number + 1,) * len(tokens))
        for number in numbers
        for tokens in [tuple(texts[number].split())]
    }
    return mix, list(mix.findings(sentences))


def test_languages_are_counted_and_shown_with_a_place():
    mix, [finding] = named([GERMAN, ENGLISH, GERMAN])
    assert mix.counts == {"de": 2, "en": 1}
    assert [(item.subject, item.detail) for item in finding.items] == [
        ("de", "2 texts (66.7 %)"),
        ("en", "1 text (33.3 %)"),
    ]
    assert str(finding.items[1].places[0]).endswith("train.txt:2")


def test_one_language_is_no_finding():
    assert named([GERMAN] * 3)[1] == []


def test_short_texts_are_not_guessed():
    mix, findings = named(["Justin Trudeau", "New Delhi , India"])
    assert (mix.counts, findings) == (Counter(), [])


def test_rare_languages_are_one():
    mix, findings = named([GERMAN] * 99 + [ENGLISH])
    assert mix.counts == {"de": 99, "other": 1}
    assert findings == []


def test_a_large_corpus_is_sampled(monkeypatch):
    monkeypatch.setattr(languages, "_MOST", 20)
    mix, _ = named([GERMAN] * 100 + [ENGLISH] * 100)
    assert mix.counts.total() == mix.sampled == 20
    assert 2 < mix.counts["en"] < 18


def test_without_the_extra_nothing_is_named(monkeypatch):
    monkeypatch.setitem(MODULES, "languages", ("no_such_module",))
    assert named([GERMAN, ENGLISH])[0].counts == Counter()


@pytest.mark.parametrize("installed", [True, False])
def test_the_check_has_the_languages_or_says_how_to_get_them(tmp_path, monkeypatch, installed):
    if not installed:
        monkeypatch.setitem(MODULES, "languages", ("no_such_module",))
    rows = "".join(f"{token}\tO\n" for token in GERMAN.split())
    (tmp_path / "train.conll").write_text(f"{rows}\n", encoding="utf-8")
    result = check_corpus(tmp_path, corpus_settings())
    assert result.to_dict()["languages"] == ({"de": 1} if installed else {})
    assert any("PATH_OF_WHEEL[languages]" in text for text in result.limits) is not installed
