"""What Kubeflow Pipelines would refuse, or what cannot be emulated."""

from __future__ import annotations

from components.common.errors import NerError


class EmulatorError(NerError):
    """A compiled pipeline, its parameters or the emulation itself cannot be used."""


class TaskError(EmulatorError):
    """A task has failed; the text is what Kubeflow would show of it."""
