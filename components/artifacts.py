"""The type of the artifact that is a corpus, where a run gets its corpus as an artifact."""

from __future__ import annotations

from tfx.types.artifact import Artifact


class Corpus(Artifact):
    """A folder of labelled text as `layout.find_splits` understands it.

    Kubeflow Pipelines finds the class again by its type's name (`components.Corpus`).
    """

    TYPE_NAME = "components.Corpus"
