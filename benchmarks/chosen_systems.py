"""The systems that a command line names, with the settings that it changes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from benchmarks.systems import OURS, PEERS, System, find_system
from components.common.errors import NerError


def chosen_systems(names: Sequence[str], tagger: str, changes: Sequence[str]) -> list[System]:
    """Finds systems.

    Args:
        names: of peers, `ours` for the tagger, or `ours_` and the name of another one.
        tagger: which of our taggers `ours` is.
        changes: `crf.iterations=50` for a peer, `ours.trainer.epochs=3` for a setting of the pipeline configuration.

    Raises:
        NerError: a system or a setting does not exist, or a change is written otherwise.
    """
    for change in changes:
        system, dot, rest = change.partition(".")
        if not dot or "=" not in rest or system not in (*PEERS, OURS):
            raise NerError(
                f"--set takes system.key=value, got {change!r}; for example --set bilstm.epochs=3 or "
                "--set ours.trainer.epochs=3"
            )
    full = [f"{OURS}_{tagger}" if name == OURS else name for name in names]
    return [_changed(name, changes) for name in dict.fromkeys(full)]


def _changed(name: str, changes: Sequence[str]) -> System:
    prefix = OURS if name.startswith(f"{OURS}_") else name
    own = [change.removeprefix(f"{prefix}.") for change in changes if change.startswith(f"{prefix}.")]
    if prefix == OURS:
        return find_system(name, own)
    system = find_system(name)
    settings = dict(system.settings)
    for change in own:
        key, _, value = change.partition("=")
        if key not in settings:
            raise NerError(f"--set {name}.{key}: is no setting of {name}; known are {', '.join(settings)}")
        settings[key] = _value(f"{name}.{change}", value)
    return dataclasses.replace(system, settings=settings)


def _value(change: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise NerError(f"--set {change}: the value must be JSON: a number, or text in double quotes") from None
