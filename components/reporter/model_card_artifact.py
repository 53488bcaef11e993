"""The type of the artifact that holds a model card."""

from __future__ import annotations

from tfx.types.artifact import Artifact


class ModelCard(Artifact):
    """A folder with `model_card.md` for people and `model_card.json` for programs.

    Kubeflow Pipelines finds the class again by its type's name, which must have one dot and be importable
    (`components.ModelCard`), and takes no properties of its own.
    """

    TYPE_NAME = "components.ModelCard"
