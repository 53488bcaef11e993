"""Renaming, merging and dropping of entity types."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from components.common.errors import NerError, quoted
from components.corpus_tools.sentence import AnnotatedSentence
from components.text.tags import OUTSIDE_LABELS, is_valid_tag, similar_type, split_tag


@dataclasses.dataclass(frozen=True)
class TypeMap:
    """New names of types, and types that become text outside entities.

    Example:
        >>> types = TypeMap.parse(["PER=PERSON,LOC+GPE=PLACE"], ["MISC"])
        >>> sentence = AnnotatedSentence.of_tokens(["Ida", "in", "Oslo", "NATO"], ["B-PER", "O", "B-GPE", "B-MISC"])
        >>> types.apply(sentence).tags
        ('B-PERSON', 'O', 'B-PLACE', 'O')

    Attributes:
        names: type -> new name.
        dropped: types to drop.
    """

    names: dict[str, str]
    dropped: frozenset[str]

    @classmethod
    def parse(cls, maps: Sequence[str], drops: Sequence[str]) -> TypeMap:
        """Returns the map of the options `--map A+B=C,D=E` and `--drop F,G`.

        Raises:
            NerError: an option is not of this form, or says two things about a type.
        """
        names: dict[str, str] = {}
        for part in (part for text in maps for part in text.split(",")):
            old, sign, new = (piece.strip() for piece in part.partition("="))
            olds = [name.strip() for name in old.split("+")]
            if not sign or not all(olds) or not is_valid_tag(f"B-{new}") or new in OUTSIDE_LABELS:
                raise NerError(f"--map {quoted(part)}: is not a map. Write OLD=NEW or OLD+OTHER=NEW, without spaces.")
            if split_tag(new)[0] in ("B", "I"):
                raise NerError(f"--map {quoted(part)}: {new} has the prefix of a tag. Write the type without it.")
            for name in olds:
                if names.setdefault(name, new) != new:
                    raise NerError(f"--map: {name} becomes {names[name]} and {new}. Give one new name.")
        dropped = frozenset(name.strip() for text in drops for name in text.split(",") if name.strip())
        if both := sorted(dropped & names.keys()):
            raise NerError(f"--drop: {both[0]} is also in --map. Drop it or rename it.")
        if not names and not dropped:
            raise NerError("--map: no type is named. Give --map OLD=NEW, or --drop TYPE.")
        return cls(names, dropped)

    def check(self, types: Collection[str]) -> None:
        """Checks that the corpus has the types.

        Raises:
            NerError: it lacks one; the text names the nearest.
        """
        for option, names in (("--map", self.names), ("--drop", sorted(self.dropped))):
            for name in names:
                if name in types:
                    continue
                fix = f"Did you mean {near}?" if (near := similar_type(name, types)) else "Correct the name."
                known = ", ".join(sorted(types)) or "none"
                raise NerError(f"{option} {quoted(name)}: the corpus has no such type, only {known}. {fix}")

    def apply(self, sentence: AnnotatedSentence) -> AnnotatedSentence:
        """Returns a sentence with the new types; entities next to each other stay two."""
        entities = tuple(
            entity._replace(label=self.names.get(entity.label, entity.label))
            for entity in sentence.entities
            if entity.label not in self.dropped
        )
        return dataclasses.replace(sentence, entities=entities)
