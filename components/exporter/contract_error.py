"""What is wrong with a serving contract."""

from __future__ import annotations

from components.common.errors import NerError


class ContractError(NerError):
    """A serving contract cannot be read, or contradicts itself or the settings; the text says what to change."""
