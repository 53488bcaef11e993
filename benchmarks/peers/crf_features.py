"""Feature templates of the CRFsuite peers."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers.word_forms import normalized, shape, short_shape

_AFFIXES = (1, 2, 3)
_LONGER_AFFIXES = (1, 2, 3, 4)


def standard_features(tokens: Sequence[str]) -> list[list[str]]:
    """Returns the features of every tutorial's template that need no part-of-speech tag.

    For each token: form and lower-cased form, shape (`Xxx-00`) and short shape (`Xx-0`), prefixes and suffixes of one
    to three characters, flags for title case, upper case and digits; form, short shape and case of both neighbours; the
    forms two tokens away; flags for the start and end of the sentence.

    Returns:
        The attributes of each token.
    """
    lower = [token.lower() for token in tokens]
    around = [
        (f"l={low}", f"s={short_shape(token)}", f"T={token.istitle()}", f"U={token.isupper()}")
        for token, low in zip(tokens, lower, strict=True)
    ]
    last = len(tokens) - 1
    rows = []
    for i, token in enumerate(tokens):
        row = ["bias", f"w={token}", f"shape={shape(token)}", f"D={token.isdigit()}", *around[i]]
        row += _affixes(token, _AFFIXES)
        row += [f"-1:{attribute}" for attribute in around[i - 1]] if i else ["BOS"]
        row += [f"+1:{attribute}" for attribute in around[i + 1]] if i < last else ["EOS"]
        row += [f"-2:l={lower[i - 2]}"] if i > 1 else []
        row += [f"+2:l={lower[i + 2]}"] if i < last - 1 else []
        rows.append(row)
    return rows


def plus_features(tokens: Sequence[str]) -> list[list[str]]:
    """Returns the features of a fuller template, tuned as far as a careful user would.

    Forms with folded case and digits in a window of two tokens to each side, and pairs of neighbouring forms; short
    shapes in the same window, alone, in pairs and as a triple; for the token itself form, prefixes and suffixes of one
    to four characters, shape, length and kind. Affixes and case of the neighbours were tried as well: on dev splits
    they gained on one corpus as much as they lost on the others.

    Returns:
        The attributes of each token.
    """
    # Two markers at each end, so that every window is complete.
    forms = ["<s2>", "<s1>", *(normalized(token) for token in tokens), "</s1>", "</s2>"]
    shapes = ["<s2>", "<s1>", *(short_shape(token) for token in tokens), "</s1>", "</s2>"]
    rows = []
    for i, token in enumerate(tokens, start=2):
        before, form, after = forms[i - 1 : i + 2]
        shape_before, shape_own, shape_after = shapes[i - 1 : i + 2]
        row = ["bias", f"w={form}", f"w-1={before}", f"w+1={after}", f"w-2={forms[i - 2]}", f"w+2={forms[i + 2]}"]
        row += [f"w-1w={before}|{form}", f"ww+1={form}|{after}"]
        row += [f"s={shape_own}", f"s-1={shape_before}", f"s+1={shape_after}"]
        row += [f"s-2={shapes[i - 2]}", f"s+2={shapes[i + 2]}"]
        row += [f"s-1s={shape_before}|{shape_own}", f"ss+1={shape_own}|{shape_after}"]
        row += [f"s-1ss+1={shape_before}|{shape_own}|{shape_after}"]
        rows.append([*row, *_alone(token)])
    return rows


def _alone(token: str) -> list[str]:
    kinds = {
        "title": token.istitle(),
        "upper": token.isupper(),
        "lower": token.islower(),
        "digits": token.isdigit(),
        "has_digit": any(char.isdigit() for char in token),
        "has_hyphen": "-" in token,
        "has_mark": any(not char.isalnum() for char in token),
        "capital_inside": any(char.isupper() for char in token[1:]),
    }
    own = [f"raw={token}", f"shape={shape(token)}", f"length={min(len(token), 10)}"]
    return [*own, *_affixes(token.lower(), _LONGER_AFFIXES), *(name for name, holds in kinds.items() if holds)]


def _affixes(form: str, lengths: Sequence[int]) -> list[str]:
    return [
        attribute
        for length in lengths
        if length <= len(form)
        for attribute in (f"p{length}={form[:length]}", f"e{length}={form[-length:]}")
    ]
