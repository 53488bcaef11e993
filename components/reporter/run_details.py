"""What a run did, as its report shows it."""

from __future__ import annotations

import dataclasses
import datetime


@dataclasses.dataclass(frozen=True)
class NodeDetails:
    """One node of a run.

    Attributes:
        name: the node's id.
        state: `run`, `cached` or `failed`.
        began: seconds after the first node began.
        seconds: wall time.
        inputs: artifacts that it read, `examples #2` with a no-break space, numbered as in the metadata store.
        outputs: artifacts that it wrote, or took from the cache.
    """

    name: str
    state: str
    began: float
    seconds: float
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class RunDetails:
    """A run.

    Attributes:
        run_id: its id in the metadata store.
        began: when its first node began, UTC.
        nodes: in the order in which they began.
        outcome: what became of the model, in words; empty: unknown.
        pushed: whether it became the champion; None: unknown.
    """

    run_id: str
    began: datetime.datetime
    nodes: tuple[NodeDetails, ...]
    outcome: str = ""
    pushed: bool | None = None

    @property
    def seconds(self) -> float:
        """From the beginning of the first node to the end of the last."""
        return max((node.began + node.seconds for node in self.nodes), default=0.0)

    @property
    def executed(self) -> int:
        """Nodes that were not taken from the cache."""
        return sum(node.state != "cached" for node in self.nodes)
