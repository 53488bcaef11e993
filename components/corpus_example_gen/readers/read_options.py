"""How a corpus is to be read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.common.errors import NerError

_CHOICES = {
    "format": ("auto", "columns", "tsv", "jsonl"),
    "scheme": ("auto", "io"),
    "on_error": ("fail", "skip"),
}


@dataclass(frozen=True)
class ReadOptions:
    """Options of the corpus readers.

    Attributes:
        format: `columns` (CoNLL style), `tsv` (sentence, tab, tags), `jsonl` (text and character spans), or `auto`:
            by the extension `.jsonl` or `.json`, else by looking into the file.
        token_column: column of the token in a columns file, counted from 0, negative from the end; None finds it.
        tag_column: column of the tag, counted in the same way; None finds it.
        scheme: `auto` reads every scheme with prefixes; `io` reads bare types (`PERSON`), which hold no prefix.
        drop_types: entity types that are read as outside, such as `OTH`.
        on_error: `fail` stops at the first error; `skip` leaves out the sentence (or the file), counts and lists it.
        labelled: False reads tokens only; the tags of the sentences are then None.

    Raises:
        NerError: a field holds none of its values.
    """

    format: str = "auto"
    token_column: int | None = None
    tag_column: int | None = None
    scheme: str = "auto"
    drop_types: tuple[str, ...] = ()
    on_error: str = "fail"
    labelled: bool = True

    def __post_init__(self) -> None:
        """Checks the choices."""
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise NerError(f"[corpus -> {name}] must be one of {', '.join(allowed)}, got {value!r}")
        object.__setattr__(self, "drop_types", tuple(self.drop_types))

    def to_dict(self) -> dict[str, Any]:
        """Returns the options ready for JSON."""
        return {**dataclasses.asdict(self), "drop_types": list(self.drop_types)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReadOptions:
        """Reads what `to_dict` gave.

        Raises:
            NerError: a name is no option, or a value is none of the allowed ones.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise NerError(f"[corpus -> {name}] is no option of the corpus readers; known: {', '.join(known)}")
        return cls(**values)
