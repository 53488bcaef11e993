"""A copy of a model with all that its package needs to know."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.exporter.contract.contract import Contract


@dataclasses.dataclass(frozen=True)
class PreparedModel:
    """The copy that goes into the package.

    Attributes:
        folder: the copy; a layout moves it to its place or archives it.
        version: its number.
        labels: names beside the number.
        contract: what it takes and gives.
        cases: known answers of the copy, as `reference_answers` gives them.
        source_hash: tree hash of the model that was given.
        tree_hash: tree hash of the copy, warm-up requests included.
    """

    folder: Path
    version: int
    labels: tuple[str, ...]
    contract: Contract
    cases: Sequence[Mapping[str, Any]]
    source_hash: str
    tree_hash: str

    @property
    def unanswered(self) -> list[str]:
        """Signatures for which no request could be made up."""
        return sorted({*self.contract.signatures} - {case["signature"] for case in self.cases})

    @property
    def can_batch(self) -> bool:
        """Whether a server may join requests: every input and output of every signature has an open first dimension."""
        return all(
            tensor.shape is None or tensor.shape[:1] == (None,)
            for signature in self.contract.signatures.values()
            for tensor in (*signature.inputs.values(), *signature.outputs.values())
        )
