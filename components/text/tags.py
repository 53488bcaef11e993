"""Tags of single tokens, and the way from every tagging scheme in use to IOB2.

No library served: seqeval reads one scheme at a time, told beforehand or guessed, and drops what is illegal in it; real
corpora mix schemes and hold illegal sequences, which have to be repaired and never lost.
"""

from __future__ import annotations

from collections.abc import Sequence

OUTSIDE = "O"
"""The outside label that is written where a corpus has none of its own."""

OUTSIDE_LABELS = frozenset({"O", "OUT"})
"""The labels that corpora use for a token outside every entity."""

_SINGLE = frozenset("SUW")  # BIOES S, BILOU U, BMESW W: the whole entity is one token
_CONTINUES = frozenset("IMEL")  # inside, middle; BIOES E and BILOU L also close the entity
_CLOSES = frozenset("ELSUW")
_PREFIXES = frozenset("B") | _CONTINUES | _SINGLE


def split_tag(tag: str) -> tuple[str, str]:
    """Splits a tag into its prefix and its entity type.

    Args:
        tag: a tag of IOB1, IOB2, IO, BIOES, BILOU or BMESW, such as `B-PER`, or an outside label.

    Returns:
        `(prefix, type)`: `("B", "PER")` for `B-PER`; `("B", "creative-work")` for `B-creative-work`, because only the
        first hyphen separates; `("", "")` for everything that names no entity: `O`, `OUT`, `B-O`, and words without a
        known prefix.
    """
    prefix, hyphen, entity_type = tag.partition("-")
    if not hyphen or prefix not in _PREFIXES or not entity_type or entity_type in OUTSIDE_LABELS:
        return "", ""
    return prefix, entity_type


def is_legal_tag(tag: str) -> bool:
    """Says whether a word is a tag at all: an outside label, or a known prefix, a hyphen and a type.

    `B-O`, which some corpora hold, counts as legal (it means outside); a bare type such as `PERSON` does not.
    """
    if tag in OUTSIDE_LABELS:
        return True
    prefix, hyphen, entity_type = tag.partition("-")
    return bool(hyphen) and prefix in _PREFIXES and bool(entity_type) and entity_type.split() == [entity_type]


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Rewrites the tags of one sentence as IOB2, whatever scheme they are in.

    One rule reads IOB1, IOB2, IO, BIOES, BILOU and BMESW alike, so no scheme has to be detected: `B`, `S`, `U` and `W`
    begin an entity; `I`, `M`, `E` and `L` continue the entity of the token before when that is still open and of the
    same type, else they begin one; `E`, `L`, `S`, `U` and `W` close it. The same rule repairs illegal sequences
    (conlleval reads them in this way too). `B-O` and the like become outside.

    Args:
        tags: one tag a token.

    Returns:
        As many tags, each `B-X`, `I-X` or an outside label; outside labels are kept as written. The output is legal
        IOB2, and giving it in again changes nothing.
    """
    # A corpus that says OUT gets OUT for its B-OUT, and not a second outside label.
    outside = next((tag for tag in tags if tag in OUTSIDE_LABELS), OUTSIDE)
    iob2 = []
    open_type = ""
    for tag in tags:
        prefix, entity_type = split_tag(tag)
        if not prefix:
            iob2.append(outside if _names_outside(tag) else tag)
            open_type = ""
            continue
        inside = prefix in _CONTINUES and entity_type == open_type
        iob2.append(f"{'I' if inside else 'B'}-{entity_type}")
        open_type = "" if prefix in _CLOSES else entity_type
    return iob2


def _names_outside(tag: str) -> bool:
    """True for `B-O`, `I-OUT` and the like: a prefix before an outside label."""
    prefix, _, entity_type = tag.partition("-")
    return prefix in _PREFIXES and entity_type in OUTSIDE_LABELS
