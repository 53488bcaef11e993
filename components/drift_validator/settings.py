"""Settings of DriftValidator: the section `drift` of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from components.common.settings import Limit, NotNegative, Settings


class DriftSettings(Settings):
    """Largest distances between new data and the champion's; configs/base.yaml explains each setting."""

    action: Literal["ignore", "warn", "stop"]
    min_sentences: NotNegative
    types: Limit | None
    length: Limit | None
    columns: Limit | None
    unknown: Limit | None
    requests: Path | None
