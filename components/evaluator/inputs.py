"""Checks of the Evaluator's inputs before anything is evaluated."""

from __future__ import annotations

import os
from collections.abc import Sequence

from absl import logging
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, path_utils

from components.artifacts import Artifacts
from components.evaluator.counts.slicing import require_columns
from components.evaluator.errors import EvaluationError
from components.keys import EVAL_SPLIT, PRESENT, SAVED_MODEL_FILE, SERVING_EXAMPLES, TEST_SPLIT, VERSION

_REQUIRED_OUTPUTS = ("tags", "starts", "ends")
_MODEL = standard_component_specs.MODEL_KEY
_BASELINE = standard_component_specs.BASELINE_MODEL_KEY


def incompatibility(folder: str) -> str:
    """Describes why a SavedModel cannot be evaluated, as a sentence fragment; "" if it can."""
    model = SavedModel()
    with fileio.open(os.path.join(folder, SAVED_MODEL_FILE), "rb") as file:
        model.ParseFromString(file.read())
    signatures = dict(model.meta_graphs[0].signature_def) if model.meta_graphs else {}
    if SERVING_EXAMPLES not in signatures:
        existing = sorted(name for name in signatures if not name.startswith("__"))
        return f"it has no signature {SERVING_EXAMPLES!r}, only {', '.join(existing) or 'none at all'}"
    signature = signatures[SERVING_EXAMPLES]
    missing = sorted(set(_REQUIRED_OUTPUTS) - set(signature.outputs))
    if missing:
        return f"its signature {SERVING_EXAMPLES!r} lacks the outputs {', '.join(missing)}"
    if len(signature.inputs) != 1:
        return f"its signature {SERVING_EXAMPLES!r} has the inputs {', '.join(sorted(signature.inputs))}, not one"
    return ""


def without_absent_champion(input_dict: Artifacts) -> Artifacts:
    """Returns the inputs without a `baseline_model` that contains no model."""
    champions = [artifact for artifact in input_dict.get(_BASELINE) or [] if _has_model(artifact)]
    if champions:
        logging.info("Comparing with the champion in %s.", champions[0].uri)
        return {**input_dict, _BASELINE: champions}
    logging.info("There is no champion: only absolute bounds apply.")
    return _without_champion(input_dict)


def without_incomparable_champion(input_dict: Artifacts) -> tuple[Artifacts, list[str]]:
    """Returns the inputs without a `baseline_model` that cannot be evaluated.

    Returns:
        The inputs; and the reason for which the champion was removed, as an obstacle to a blessing.

    Raises:
        EvaluationError: the new model itself cannot be evaluated.
    """
    if problem := incompatibility(_serving_folder(input_dict[_MODEL][0])):
        raise EvaluationError(f"the model cannot be evaluated: {problem}. Export it with this project's Exporter.")
    for champion in input_dict.get(_BASELINE) or []:
        if problem := incompatibility(_serving_folder(champion)):
            version = champion_version(input_dict)
            obstacle = (
                f"the champion{f' (version {version})' if version else ''} cannot be evaluated: {problem}. To replace "
                'it anyway, give a reason: ner run --force-bless "..."'
            )
            logging.warning("%s", obstacle)
            return _without_champion(input_dict), [obstacle]
    return input_dict, []


def champion_version(input_dict: Artifacts) -> str:
    """Returns the registered version of the champion as text; "" if there is none."""
    for champion in input_dict.get(_BASELINE) or []:
        if champion.has_custom_property(VERSION):
            return str(champion.get_int_custom_property(VERSION))
    return ""


def evaluated_splits(input_dict: Artifacts, configured: Sequence[str] | None) -> list[str]:
    """Returns the splits to evaluate on: None means `eval`, an empty list `test` if it exists, else `eval`."""
    if configured is None:
        return [EVAL_SPLIT]
    examples = input_dict[standard_component_specs.EXAMPLES_KEY]
    existing = [name for one in examples for name in artifact_utils.decode_split_names(one.split_names)]
    return list(configured) or [TEST_SPLIT if TEST_SPLIT in existing else EVAL_SPLIT]


def check_splits(input_dict: Artifacts, splits: Sequence[str]) -> None:
    """Checks that the examples have the splits.

    Raises:
        EvaluationError: a split is missing.
    """
    for examples in input_dict[standard_component_specs.EXAMPLES_KEY]:
        existing = artifact_utils.decode_split_names(examples.split_names)
        for split in splits:
            if split not in existing:
                raise EvaluationError(
                    f"split {split!r}: the examples have only {', '.join(existing)}. Evaluate on one of these, or add "
                    "the split to the corpus."
                )


def check_columns(input_dict: Artifacts, columns: Sequence[str]) -> None:
    """Checks that every slicing column exists, if a schema is given.

    Raises:
        EvaluationError: a column is neither a feature nor derived.
    """
    if schemas := input_dict.get(standard_component_specs.SCHEMA_KEY):
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(schemas)))
        require_columns(columns, [feature.name for feature in schema.feature])


def _without_champion(input_dict: Artifacts) -> Artifacts:
    return {name: artifacts for name, artifacts in input_dict.items() if name != _BASELINE}


def _serving_folder(artifact: Artifact) -> str:
    return str(path_utils.serving_model_path(artifact.uri, path_utils.is_old_model_artifact(artifact)))


def _has_model(artifact: Artifact) -> bool:
    if artifact.has_custom_property(PRESENT) and not artifact.get_int_custom_property(PRESENT):
        return False
    return bool(fileio.exists(os.path.join(_serving_folder(artifact), SAVED_MODEL_FILE)))
