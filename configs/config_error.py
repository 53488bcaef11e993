"""What is wrong with a configuration."""

from __future__ import annotations

from components.common.errors import NerError


class ConfigError(NerError):
    """One line for each wrong value: `[trainer -> epochs] must be > 0, got -1`."""
