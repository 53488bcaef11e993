"""The artifact that holds what is remembered of the data of a run."""

from __future__ import annotations

from tfx.types.artifact import Artifact


class DataProfileArtifact(Artifact):
    """A folder with `data_profile.json` (`data_profile.DataProfile`) and `drift.json` (`drift_report.DriftReport`).

    Kubeflow Pipelines finds the class again by its type's name (`components.DataProfile`).
    """

    TYPE_NAME = "components.DataProfile"
