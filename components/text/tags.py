"""Tags of single tokens, and conversion of every common tagging scheme to IOB2.

No library was suitable: seqeval reads one scheme at a time and drops invalid tags. Real corpora mix schemes and contain
invalid sequences, which must be repaired without losing entities.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from components.common.errors import NerError

OUTSIDE = "O"
"""Outside label for corpora that do not have one."""

OUTSIDE_LABELS = frozenset({"O", "OUT"})
"""Labels that corpora use for tokens outside entities."""

CONTINUES = frozenset("IMEL")
"""Prefixes inside an entity: inside, middle; BIOES `E` and BILOU `L` also close it."""

PREFIXES = frozenset("BSUW") | CONTINUES
"""All prefixes; BIOES `S`, BILOU `U` and BMESW `W` stand for an entity of one token."""

_CLOSES = frozenset("ELSUW")


def split_tag(tag: str) -> tuple[str, str]:
    """Splits a tag into its prefix and its entity type.

    Args:
        tag: a tag of IOB1, IOB2, IO, BIOES, BILOU or BMESW, such as `B-PER`, or an outside label.

    Returns:
        `(prefix, type)`: `("B", "PER")` for `B-PER`; `("B", "creative-work")` for `B-creative-work`, because only the
        first hyphen separates; `("", "")` for every label that names no entity: `O`, `OUT`, `B-O`, and words without
        a known prefix.

    Example:
        >>> split_tag("B-creative-work"), split_tag("O")
        (('B', 'creative-work'), ('', ''))
    """
    prefix, hyphen, entity_type = tag.partition("-")
    if not hyphen or prefix not in PREFIXES or not entity_type or entity_type in OUTSIDE_LABELS:
        return "", ""
    return prefix, entity_type


def require_types(setting: str, named: Iterable[str], tags: Iterable[str]) -> None:
    """Checks the entity types that a setting names.

    Args:
        setting: for the error, such as `exporter.min_score`.
        named: types that the setting names.
        tags: tags of the training data.

    Raises:
        NerError: the data has no such type.

    Example:
        >>> require_types("exporter.min_score", ["PERS"], ["O", "B-PER", "I-PER"])
        Traceback (most recent call last):
        components.common.errors.NerError: exporter.min_score: `PERS` is not a type of the training data. Use `PER`, \
or remove it.
    """
    known = {entity_type for _, entity_type in map(split_tag, tags) if entity_type}
    if unknown := sorted({*named} - known):
        shown, types = (", ".join(f"`{name}`" for name in names) for names in (unknown, sorted(known)))
        raise NerError(f"{setting}: {shown} is not a type of the training data. Use {types}, or remove it.")


def require_types_of_teacher(of_teacher: Iterable[str], tags: Iterable[str]) -> None:
    """Checks the entity types of a teacher.

    Args:
        of_teacher: its tags.
        tags: tags of the training data.

    Raises:
        NerError: an entity type of one is missing in the other.

    Example:
        >>> require_types_of_teacher(["O", "B-PER"], ["O", "B-PER", "B-LOC"])
        Traceback (most recent call last):
        components.common.errors.NerError: trainer.teacher: its entity types differ from those of the train split: it \
lacks LOC. Train both on the same entity types.
    """
    teacher, own = ({split_tag(tag)[1] for tag in each} - {""} for each in (of_teacher, tags))
    differences = [("lacks", sorted(own - teacher)), ("also has", sorted(teacher - own))]
    if texts := [f"{verb} {', '.join(types)}" for verb, types in differences if types]:
        raise NerError(
            f"trainer.teacher: its entity types differ from those of the train split: it {' and '.join(texts)}. "
            "Train both on the same entity types."
        )


def similar_type(name: str, types: Iterable[str]) -> str:
    """Returns the type that a wrong name of a type seems to mean; empty if none is similar.

    Example:
        >>> similar_type("LOCC", ["PER", "LOC"]), similar_type("person", ["PERSON"]), similar_type("x", ["LOC"])
        ('LOC', 'PERSON', '')
    """
    by_fold = {known.casefold(): known for known in types}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.5)
    return by_fold[near[0]] if near else ""


def is_valid_tag(tag: str) -> bool:
    """Returns whether a word is a tag: an outside label, or a known prefix, a hyphen and a type.

    `B-O`, which some corpora contain, is a tag (it means outside); a bare type such as `PERSON` is not.

    Example:
        >>> is_valid_tag("B-PER"), is_valid_tag("PERSON")
        (True, False)
    """
    if tag in OUTSIDE_LABELS:
        return True
    prefix, hyphen, entity_type = tag.partition("-")
    return bool(hyphen) and prefix in PREFIXES and bool(entity_type) and entity_type.split() == [entity_type]


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Converts the tags of one sentence from any scheme to IOB2.

    One rule covers IOB1, IOB2, IO, BIOES, BILOU and BMESW, so the scheme need not be detected: `B`, `S`, `U` and `W`
    begin an entity; `I`, `M`, `E` and `L` continue the entity of the token before if it is open and of the same type,
    or else begin one; `E`, `L`, `S`, `U` and `W` close it. The same rule repairs invalid sequences, as conlleval does.
    `B-O` and similar tags become outside.

    Args:
        tags: one tag a token.

    Returns:
        One tag a token: `B-X`, `I-X` or an outside label as written. The result is valid IOB2, and converting it
        again does not change it.

    Example:
        >>> to_iob2(["S-PER", "O", "B-LOC", "E-LOC", "I-ORG"])
        ['B-PER', 'O', 'B-LOC', 'I-LOC', 'B-ORG']
    """
    # B-OUT becomes the outside label that the corpus uses, not a second one.
    outside = next((tag for tag in tags if tag in OUTSIDE_LABELS), OUTSIDE)
    iob2 = []
    open_type = ""
    for tag in tags:
        prefix, entity_type = split_tag(tag)
        if not prefix:
            iob2.append(outside if _names_outside(tag) else tag)
            open_type = ""
            continue
        inside = prefix in CONTINUES and entity_type == open_type
        iob2.append(f"{'I' if inside else 'B'}-{entity_type}")
        open_type = "" if prefix in _CLOSES else entity_type
    return iob2


def _names_outside(tag: str) -> bool:
    """Returns whether a tag is a prefix before an outside label, such as `B-O` and `I-OUT`."""
    prefix, _, entity_type = tag.partition("-")
    return prefix in PREFIXES and entity_type in OUTSIDE_LABELS
