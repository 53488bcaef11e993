"""What the checks look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .endpoint import Endpoint
from .saved_graph import SavedGraph


@dataclasses.dataclass
class Context:
    """One validation.

    Attributes:
        folder: the SavedModel.
        contract: as JSON.
        golden: known answers.
        options: batches, build paths, file hashes.
        graph: the parsed file, once it is parsed.
        endpoints: signatures by name, once the model is loaded.
        ruled_out: signatures that are not what was promised, so that nothing can be expected of their answers.
    """

    folder: Path
    contract: Mapping[str, Any]
    golden: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any]
    graph: SavedGraph | None = None
    endpoints: dict[str, Endpoint] = dataclasses.field(default_factory=dict)
    ruled_out: set[str] = dataclasses.field(default_factory=set)

    @property
    def parsed(self) -> SavedGraph:
        """The parsed file."""
        assert self.graph is not None, "saved_model.pb is parsed before any check asks for it"
        return self.graph

    @property
    def pad(self) -> str:
        """What fills string rows; empty: nothing does."""
        return str(self.contract.get("pad", ""))
