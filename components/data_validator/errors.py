"""The error raised for data that does not match its schema."""

from __future__ import annotations

from components.common.errors import NerError


class DataAnomalyError(NerError):
    """The data has anomalies; the text lists them in TensorFlow Data Validation's words, with the fix."""
