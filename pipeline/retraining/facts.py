"""What a decision to retrain rests on."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from components.drift_validator.drift_report import Drift
from components.registry.store.version import RegisteredVersion


@dataclasses.dataclass(frozen=True)
class Facts:
    """The state of things.

    Attributes:
        champion: the model in force; None if there is none.
        new_data: how the data differs from what the champion was made from, in words; empty if it does not.
        drifts: how far logged requests lie from that data, as far as a limit is passed.
        delayed_label_f1: the champion's entity F1 on labels that came later; None where nobody measured it.
        now: the time.
    """

    champion: RegisteredVersion | None
    new_data: str
    drifts: tuple[Drift, ...]
    delayed_label_f1: float | None
    now: datetime
