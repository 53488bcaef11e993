"""Errors of the emulator; their texts are Kubeflow's where it has one."""

from __future__ import annotations

from components.common.errors import NerError


class EmulatorError(NerError):
    """Kubeflow Pipelines would refuse the pipeline or its parameters, or the emulator does not support them."""


class TaskError(EmulatorError):
    """A failed task."""
