"""Looks at the Evaluator's inputs before anything is evaluated, so that errors come early and in our words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from absl import logging
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_model_analysis.proto.config_pb2 import EvalConfig
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, path_utils

from components.evaluator.counts.slicing import DERIVED
from components.evaluator.errors import EvaluationError
from components.evaluator.eval_config import settings_of

NEEDED = ("tags", "starts", "ends")
"""Outputs that the evaluation reads."""


def why_not_comparable(folder: str, signature: str) -> str:
    """Says in words why a model cannot be evaluated.

    Args:
        folder: the SavedModel.
        signature: the signature that is to take serialized Examples.

    Returns:
        What is missing, or "" when nothing is.
    """
    model = SavedModel()
    with fileio.open(os.path.join(folder, "saved_model.pb"), "rb") as file:
        model.ParseFromString(file.read())
    signatures = dict(model.meta_graphs[0].signature_def) if model.meta_graphs else {}
    if signature not in signatures:
        there = sorted(name for name in signatures if not name.startswith("__"))
        return f"it has no signature {signature!r}, only {', '.join(there) or 'none at all'}"
    missing = sorted(set(NEEDED) - set(signatures[signature].outputs))
    if missing:
        return f"its signature {signature!r} does not give {', '.join(missing)}"
    if len(signatures[signature].inputs) != 1:
        return (
            f"its signature {signature!r} takes {', '.join(sorted(signatures[signature].inputs))} instead of one input"
        )
    return ""


PRESENT_PROPERTY = "present"
"""Custom property of a champion's artifact: 0 when the registry has none yet and the artifact is empty."""

VERSION_PROPERTY = "version"
"""Custom property of a champion's artifact: its number in the registry."""

Artifacts = dict[str, list[Artifact]]

_MODEL = standard_component_specs.MODEL_KEY
_BASELINE = standard_component_specs.BASELINE_MODEL_KEY


def without_absent_champion(input_dict: Artifacts) -> Artifacts:
    """Leaves `baseline_model` out where it holds no model."""
    champions = [artifact for artifact in input_dict.get(_BASELINE) or [] if _has_model(artifact)]
    if champions:
        logging.info("Comparing with the champion in %s.", champions[0].uri)
        return {**input_dict, _BASELINE: champions}
    logging.info("There is no champion: only the absolute thresholds decide.")
    return _without_champion(input_dict)


def without_incomparable_champion(input_dict: Artifacts, config: EvalConfig) -> tuple[Artifacts, list[str]]:
    """Leaves `baseline_model` out where it cannot be evaluated.

    Returns:
        The inputs; and why the champion cannot be compared with, as an obstacle to a blessing.

    Raises:
        EvaluationError: the new model itself cannot be evaluated.
    """
    signature = config.model_specs[0].signature_name
    if why := why_not_comparable(_serving_folder(input_dict[_MODEL][0]), signature):
        raise EvaluationError(f"the model cannot be evaluated: {why}. Export it with this project's Exporter.")
    for champion in input_dict.get(_BASELINE) or []:
        if why := why_not_comparable(_serving_folder(champion), signature):
            version = champion_version(input_dict)
            obstacle = (
                f"the champion{f' (version {version})' if version else ''} cannot be compared with: {why}. To replace "
                'it all the same, say why: ner run --force-bless "..."'
            )
            logging.warning("%s", obstacle)
            return _without_champion(input_dict), [obstacle]
    return input_dict, []


def champion_version(input_dict: Artifacts) -> str:
    """The champion's number in the registry, empty when there is none."""
    for champion in input_dict.get(_BASELINE) or []:
        if champion.has_custom_property(VERSION_PROPERTY):
            return str(champion.get_int_custom_property(VERSION_PROPERTY))
    return ""


def check_splits(input_dict: Artifacts, wanted: Sequence[str]) -> None:
    """Checks that the examples have the splits.

    Raises:
        EvaluationError: one of them is not there.
    """
    for examples in input_dict[standard_component_specs.EXAMPLES_KEY]:
        there = artifact_utils.decode_split_names(examples.split_names)
        for split in wanted:
            if split not in there:
                raise EvaluationError(
                    f"there is no split {split!r} to evaluate on; the examples have {', '.join(there)}. Set the "
                    "evaluated split to one of these, or add such a split to the corpus."
                )


def check_slices(input_dict: Artifacts, config: EvalConfig) -> None:
    """Checks that the examples have what is sliced by, where there is a schema.

    Raises:
        EvaluationError: a slice's column is neither a feature nor worked out.
    """
    schema = read_schema(input_dict)
    if schema is None:
        return
    there = sorted(feature.name for feature in schema.feature)
    for name in settings_of(config).slices:
        if name not in there and name not in DERIVED:
            raise EvaluationError(
                f"cannot slice by {name!r}: the schema has no such feature, it has {', '.join(there)}, and worked out "
                f"are {', '.join(DERIVED)}. Correct the slice's name, or declare the feature as a metadata column of "
                "the corpus."
            )


def read_schema(input_dict: Artifacts) -> Any:
    """The examples' schema; None when there is no such input."""
    schemas = input_dict.get(standard_component_specs.SCHEMA_KEY)
    if not schemas:
        return None
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(schemas)))


def _without_champion(input_dict: Artifacts) -> Artifacts:
    return {name: artifacts for name, artifacts in input_dict.items() if name != _BASELINE}


def _serving_folder(artifact: Artifact) -> str:
    return str(path_utils.serving_model_path(artifact.uri, path_utils.is_old_model_artifact(artifact)))


def _has_model(artifact: Artifact) -> bool:
    if artifact.has_custom_property(PRESENT_PROPERTY) and not artifact.get_int_custom_property(PRESENT_PROPERTY):
        return False
    return bool(fileio.exists(os.path.join(_serving_folder(artifact), "saved_model.pb")))
