"""The type of the artifact that holds a report."""

from __future__ import annotations

from tfx.types.artifact import Artifact


class Report(Artifact):
    """A folder with `report.html`, one file that needs no network.

    Kubeflow Pipelines finds the class again by its type's name, which must have one dot and be importable
    (`components.Report`), and takes no properties of its own.
    """

    TYPE_NAME = "components.Report"
