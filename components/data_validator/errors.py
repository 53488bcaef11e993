"""The error that stops a run whose data is not what its schema says."""

from __future__ import annotations

from components.common.errors import NerError


class DataAnomalyError(NerError):
    """The data has anomalies; the text lists them in TensorFlow Data Validation's words and says what to do."""
