"""Odd characters, and characters that only look odd."""

from __future__ import annotations

import pytest

from components.corpus_tools.check.characters import odd_characters


@pytest.mark.parametrize(
    ("token", "kinds"),
    [
        ("Paris", []), ("Zürich", []), ("Київ", []), ("東京", []), ("Tシャツ", []), ("TNFα", []), ("β-Carotin", []),
        ("می\u200cخواهم", []), ("क्\u200dष", []), ("👩\u200d🚀", []), ("❤\ufe0f", []), ("🏴\U000e0067\U000e007f", []),
        ("Par\u200bis", ["invisible"]), ("\ufeffParis", ["invisible"]), ("co\u00adop", ["invisible"]),
        ("Pa\u200dris", ["invisible"]), ("\u202eabc", ["invisible"]), ("Par\ufffds", ["replacement"]),
        ("\ue000", ["private"]), ("Mоscow", ["look_alike"]), ("Κyiv", ["look_alike"]), ("Mosква", ["look_alike"]),
        ("Zu\u0308rich", ["decomposed"]), ("Å\u200b" + "Mо", ["invisible", "look_alike"]),
    ],
)  # fmt: skip
def test_kinds(token, kinds):
    assert [kind for kind, _ in odd_characters(token)] == kinds
