"""IOB2 to BIOES: the scheme that neural taggers of this family are trained in. `to_iob2` of components.text is back."""

from __future__ import annotations

from collections.abc import Sequence

from components.text.spans import spans
from components.text.tags import OUTSIDE, split_tag


def to_bioes(tags: Sequence[str]) -> list[str]:
    """Rewrites IOB2 tags as BIOES: S-X for an entity of one token, E-X for the last token of a longer one.

    What names no entity stays as it is.
    """
    bioes = [tag if not split_tag(tag)[0] else OUTSIDE for tag in tags]
    for span in spans(tags):
        inside = range(span.start + 1, span.end - 1)
        if span.end - span.start == 1:
            bioes[span.start] = f"S-{span.type}"
            continue
        bioes[span.start], bioes[span.end - 1] = f"B-{span.type}", f"E-{span.type}"
        for index in inside:
            bioes[index] = f"I-{span.type}"
    return bioes


def may_follow(before: str | None, after: str | None) -> bool:
    """Says whether one BIOES tag may stand after another.

    Args:
        before: None for the beginning of the sentence.
        after: None for its end.
    """
    prefix_before, kind_before = split_tag(before) if before else ("", "")
    prefix, kind = split_tag(after) if after else ("", "")
    if prefix_before in ("B", "I"):  # an entity is open
        return prefix in ("I", "E") and kind == kind_before
    return prefix not in ("I", "E")
