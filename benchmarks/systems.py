"""Systems to compare, by name."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Peer
from components.common.errors import NerError


@dataclasses.dataclass(frozen=True)
class System:
    """A system to measure.

    Attributes:
        name: name in tables and on the command line.
        target: `module:Class` of its `Peer`.
        settings: arguments of the class.
        packages: distributions whose versions a result names.
        seeded: seeds make a difference; a deterministic system runs once.
        is_peer: it runs in the environment of the other systems; our taggers run in the project's.
    """

    name: str
    target: str
    settings: Mapping[str, Any]
    packages: Sequence[str]
    seeded: bool
    is_peer: bool = True

    def peer_class(self) -> type[Peer]:
        """Imports the class, and the packages that it needs."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(module), name)

    def python(self, peers_python: Path) -> str:
        """Returns the interpreter of the system's environment.

        Args:
            peers_python: interpreter of the other systems' environment.

        Raises:
            NerError: the environment of the other systems is missing.
        """
        if not self.is_peer:
            return sys.executable
        if not peers_python.exists():
            raise NerError(f"{peers_python}: file not found. `make bench-setup` installs the other systems.")
        return str(peers_python)


PEERS: Mapping[str, System] = {
    system.name: system
    for system in (
        System(
            name="crf",
            target="benchmarks.peers.crf:CrfPeer",
            settings={"template": "standard", "c1": 0.1, "c2": 0.1, "iterations": 100},
            packages=("python-crfsuite",),
            seeded=False,
        ),
        System(
            name="crf_plus",
            target="benchmarks.peers.crf:CrfPeer",
            settings={"template": "plus", "c1": 0.05, "c2": 0.2, "iterations": 120},
            packages=("python-crfsuite",),
            seeded=False,
        ),
        System(
            name="bilstm",
            target="benchmarks.peers.bilstm:BilstmPeer",
            settings={"epochs": 12, "patience": 4, "batch_size": 16},
            packages=("torch", "numpy"),
            seeded=True,
        ),
        System(
            name="spacy",
            target="benchmarks.peers.spacy_efficiency:SpacyPeer",
            settings={"max_steps": 3000},
            packages=("spacy", "numpy"),
            seeded=True,
        ),
    )
}

OURS = "ours"
"""Prefix of our systems before the tagger's name, such as `ours_cnn_linear`."""


def choose_systems(names: Sequence[str], tagger: str, changes: Sequence[str]) -> list[System]:
    """Returns systems with their settings.

    Args:
        names: names of other systems, `ours`, or `ours_<tagger>`.
        tagger: tagger of `ours`.
        changes: `crf.iterations=50` for another system, `ours.trainer.epochs=3` for the pipeline configuration.

    Raises:
        NerError: a system or a setting does not exist, or a change has another form.
    """
    for change in changes:
        system, dot, rest = change.partition(".")
        if not dot or "=" not in rest or system not in (*PEERS, OURS):
            raise NerError(
                f"--set {change!r}: not of the form SYSTEM.KEY=VALUE. Write, for example, --set bilstm.epochs=3 or "
                "--set ours.trainer.epochs=3."
            )
    full_names = [f"{OURS}_{tagger}" if name == OURS else name for name in names]
    return [_system(name, changes) for name in dict.fromkeys(full_names)]


def _system(name: str, changes: Sequence[str]) -> System:
    prefix = OURS if name.startswith(f"{OURS}_") else name
    own = [change.removeprefix(f"{prefix}.") for change in changes if change.startswith(f"{prefix}.")]
    if prefix == OURS:
        return _our_system(name, own)
    if name not in PEERS:
        raise NerError(f"--systems {name}: unknown system. Known systems: {', '.join(PEERS)}, {OURS}.")
    settings = dict(PEERS[name].settings)
    for change in own:
        key, _, value = change.partition("=")
        if key not in settings:
            raise NerError(f"--set {name}.{key}: unknown setting. Settings of {name}: {', '.join(settings)}.")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            raise NerError(
                f"--set {name}.{change}: the value is not JSON. Write a number, or text in double quotes."
            ) from None
    return dataclasses.replace(PEERS[name], settings=settings)


def _our_system(name: str, changes: Sequence[str]) -> System:
    from configs.loading import load_config  # needs pydantic, which the other systems' environment may lack

    tagger = f"trainer.tagger={name.removeprefix(f'{OURS}_')}"
    config = load_config(None, [tagger, "transform.tokenizer=words", *changes])
    settings = {
        "transform": config.transform.model_dump(mode="json"),
        "beam": config.beam.model_dump(mode="json"),
        "trainer": config.trainer.model_dump(mode="json"),
        "exporter": config.exporter.model_dump(mode="json"),
    }
    packages = ("keras", "tensorflow", "tensorflow-transform")
    return System(name, "benchmarks.ours.our_peer:OurPeer", settings, packages, seeded=True, is_peer=False)
