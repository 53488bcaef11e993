"""Why a search for settings ended without any."""

from __future__ import annotations

from keras_tuner.errors import FatalError

from components.common.errors import NerError


class SearchError(NerError, FatalError):
    """Ends a search; KerasTuner takes every other error for one of the trial's own and goes on."""
