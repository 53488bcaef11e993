"""The type of the artifact that is a corpus, where a run gets its corpus as an artifact."""

from __future__ import annotations

from tfx.types.artifact import Artifact


class Corpus(Artifact):
    """A folder of labelled text as `layout.find_splits` understands it.

    Kubeflow Pipelines finds the class again by its type's name (`components.Corpus`).
    """

    TYPE_NAME = "components.Corpus"


class DataProfileArtifact(Artifact):
    """A folder with `data_profile.json` (`data_profile.DataProfile`) and `drift.json` (`drift_report.DriftReport`).

    Kubeflow Pipelines finds the class again by its type's name (`components.DataProfile`).
    """

    TYPE_NAME = "components.DataProfile"


class ModelCard(Artifact):
    """A folder with `model_card.md` for people and `model_card.json` for programs.

    Kubeflow Pipelines finds the class again by its type's name, which must have one dot and be importable
    (`components.ModelCard`), and takes no properties of its own.
    """

    TYPE_NAME = "components.ModelCard"


class Report(Artifact):
    """A folder with `report.html`, one file that needs no network.

    Kubeflow Pipelines finds the class again by its type's name, which must have one dot and be importable
    (`components.Report`), and takes no properties of its own.
    """

    TYPE_NAME = "components.Report"
