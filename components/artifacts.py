"""Artifact types of the pipeline.

Kubeflow Pipelines imports a class by its type name. The name must have one dot and be importable (`components.Corpus`),
and the class cannot have properties.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.keys import PRESENT, TOKENIZER, TRAINED_FOLDER

Artifacts = dict[str, list[Artifact]]
"""Inputs or outputs of a node by name, as TFX passes them to an executor."""


class Corpus(Artifact):
    """A file of labelled text, or a folder of them in a layout that `layout.find_splits` supports."""

    TYPE_NAME = "components.Corpus"


class DataProfileArtifact(Artifact):
    """A folder with `data_profile.json` (`data_profile.DataProfile`) and `drift.json` (`drift_report.DriftReport`)."""

    TYPE_NAME = "components.DataProfile"


class Predictions(Artifact):
    """A folder with tagged rows, `errors.jsonl` and `result.json`."""

    TYPE_NAME = "components.Predictions"


class Rows(Artifact):
    """A file of rows to tag, as `ner predict --input` takes it."""

    TYPE_NAME = "components.Rows"


class Report(Artifact):
    """A folder with `report.html`, its tables, the model card and a copy of the data profile."""

    TYPE_NAME = "components.Report"


def tokenizer_of(examples: Artifact) -> str:
    """Returns the tokenizer that CorpusExampleGen chose for the examples.

    Raises:
        RuntimeError: the artifact does not name it; CorpusExampleGen did not write it.
    """
    tokenizer = examples.get_string_custom_property(TOKENIZER)
    if not tokenizer:
        raise RuntimeError(f"{examples.uri}: the examples do not name their tokenizer")
    return tokenizer


def split_files(examples: list[Artifact], split: str) -> list[str]:
    """Returns the files of a split of `Examples` artifacts, sorted by name in each; none if all of them lack it."""
    folders = artifact_utils.get_split_uris(examples, split)
    return [file for folder in folders for file in sorted(fileio.glob(f"{folder}/*"))]


def earlier_model_folder(artifacts: Sequence[Artifact]) -> str | None:
    """Returns the folder of the model to start from, or None if there is no artifact or an empty one.

    Args:
        artifacts: the output `champion_trained_model` of ChampionSource.
    """
    present = [artifact for artifact in artifacts if artifact.get_int_custom_property(PRESENT)]
    return f"{present[0].uri}/{TRAINED_FOLDER}" if present else None
