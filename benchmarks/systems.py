"""The systems that are compared, by name."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.peer import Peer
from components.common.errors import NerError


@dataclasses.dataclass(frozen=True)
class System:
    """A system to measure.

    Attributes:
        name: in tables and on the command line.
        target: `module:Class` of its `Peer`.
        settings: arguments of the class.
        modules: code that its results depend on, besides what all systems share.
        packages: distributions that its results depend on.
        seeded: whether seeds make a difference; a deterministic system is run once.
        is_peer: whether it runs in the peers' environment; ours run in the project's.
    """

    name: str
    target: str
    settings: Mapping[str, Any]
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    seeded: bool
    is_peer: bool = True

    def peer_class(self) -> type[Peer]:
        """Imports its class, and with it the packages that it needs."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(module), name)


_CRF_MODULES = ("benchmarks.peers.crf", "benchmarks.peers.crf_features", "benchmarks.peers.word_forms")
_BILSTM_MODULES = tuple(
    f"benchmarks.peers.{name}"
    for name in ("bilstm", "bilstm_network", "bilstm_tagger", "bilstm_vocabulary", "linear_chain", "bioes")
)

PEERS: Mapping[str, System] = {
    system.name: system
    for system in (
        System(
            "crf",
            "benchmarks.peers.crf:CrfPeer",
            {"template": "standard", "c1": 0.1, "c2": 0.1, "iterations": 100},
            _CRF_MODULES,
            ("python-crfsuite",),
            seeded=False,
        ),
        System(
            "crf_plus",
            "benchmarks.peers.crf:CrfPeer",
            {"template": "plus", "c1": 0.05, "c2": 0.2, "iterations": 120},
            _CRF_MODULES,
            ("python-crfsuite",),
            seeded=False,
        ),
        System(
            "bilstm",
            "benchmarks.peers.bilstm:BilstmPeer",
            {"epochs": 12, "patience": 4, "batch_size": 16},
            (*_BILSTM_MODULES, "benchmarks.peers.word_forms"),
            ("torch", "numpy"),
            seeded=True,
        ),
        System(
            "spacy",
            "benchmarks.peers.spacy_efficiency:SpacyPeer",
            {"max_steps": 3000},
            ("benchmarks.peers.spacy_efficiency",),
            ("spacy", "numpy"),
            seeded=True,
        ),
    )
}


OURS = "ours"
"""What our own systems are called, before the tagger's name: `ours_production`."""

_OUR_MODULES = (
    "benchmarks.ours",
    "components.exporter",
    "components.model",
    "components.serving.saved_model_tagger",
    "components.text",
    "components.trainer",
    "components.transform",
)


def find_system(name: str, changes: Sequence[str] = ()) -> System:
    """Returns a system by name.

    Args:
        name: a peer's, or `ours_` and the name of one of our taggers.
        changes: `section.key=value` in place of the pipeline configuration's defaults, for ours.

    Raises:
        NerError: there is none of that name, or the configuration is not legal.
    """
    if name.startswith(f"{OURS}_"):
        return _our_system(name, changes)
    if name not in PEERS:
        raise NerError(f"--systems {name}: no such system; known are {', '.join(PEERS)} and {OURS}")
    return PEERS[name]


def _our_system(name: str, changes: Sequence[str]) -> System:
    from configs.loading import load_config  # needs pydantic, which the peers' environment need not have

    config = load_config(None, [f"trainer.tagger={name.removeprefix(OURS)[1:]}", *changes])
    settings = {
        "transform": config.transform.model_dump(mode="json"),
        "beam": config.beam.model_dump(mode="json"),
        "trainer": config.trainer.model_dump(mode="json"),
        "exporter": config.exporter.model_dump(mode="json"),
    }
    packages = ("keras", "tensorflow", "tensorflow-transform")
    target = "benchmarks.ours.our_peer:OurPeer"
    return System(name, target, settings, _OUR_MODULES, packages, seeded=True, is_peer=False)
