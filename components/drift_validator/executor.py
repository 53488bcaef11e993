"""Executor of the DriftValidator: profiles the Examples and compares them with the champion's training data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import apache_beam as beam
from absl import logging
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.artifacts import Artifacts, tokenizer_of
from components.common.files import write_atomically
from components.common.hashing import tree_hash
from components.drift_validator.comparison import NamedProfile, compare
from components.drift_validator.data_profile import DataProfile
from components.drift_validator.drift_report import DriftReport
from components.drift_validator.errors import DriftError
from components.drift_validator.profiling import ProfileExamples, merge_profiles, newest_span_profile, pack, unpack
from components.drift_validator.settings import DriftSettings
from components.keys import DATA_PROFILE_FILE, DRIFT_REPORT_FILE, DRIFTED, LINEAGE_FILE, PRESENT, TRAINED_FOLDER

EXAMPLES_KEY = "examples"
SCHEMA_KEY = "schema"
CHAMPION_KEY = "champion"
PROFILE_KEY = "profile"
SETTINGS_KEY = "settings"
CODE_VERSION_KEY = "code_version"

_COUNTS = "spans"
# Properties that TFX sets on every artifact; they do not describe the data.
_TFX_PROPERTIES = frozenset(
    {"name", "type_name", "state", "tfx_version", "pipeline_name", "producer_component", "is_external"}
)


class Executor(base_beam_executor.BaseBeamExecutor):
    """Executor of the DriftValidator."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Writes the profile, the lineage of the data, and the drift report.

        Args:
            input_dict: `examples`, `schema` and `champion`.
            output_dict: `profile`.
            exec_properties: `settings` (JSON of `DriftSettings`) and `code_version` (only part of the cache key).

        Raises:
            DriftError: the data drifted and `drift.action` is `stop`.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = DriftSettings.model_validate_json(exec_properties[SETTINGS_KEY])
        output = artifact_utils.get_single_instance(output_dict[PROFILE_KEY])
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY])
        profiles = self._profiles(examples, tokenizer_of(examples), output.uri)
        whole = merge_profiles(profile for _, profile in profiles)
        write_atomically(os.path.join(output.uri, DATA_PROFILE_FILE), whole.to_json())
        lineage = data_lineage(examples, artifact_utils.get_single_uri(input_dict[SCHEMA_KEY]))
        write_atomically(os.path.join(output.uri, LINEAGE_FILE), json.dumps(lineage, ensure_ascii=False, indent=1))
        span, newest = newest_span_profile(profiles)
        data = NamedProfile(span or "the corpus", newest)
        champion_model = artifact_utils.get_single_instance(input_dict[CHAMPION_KEY])
        champion = champion_profile(champion_model)
        if settings.action == "ignore":
            report = DriftReport(not_measured="drift.action is ignore")
        elif champion is None:
            present = champion_model.get_int_custom_property(PRESENT)
            report = DriftReport(not_measured="the champion has no data profile" if present else "there is no champion")
        else:
            schema = _schema(artifact_utils.get_single_uri(input_dict[SCHEMA_KEY]))
            report = compare(NamedProfile("the champion's data", champion), data, settings, schema)
        write_atomically(os.path.join(output.uri, DRIFT_REPORT_FILE), report.to_json())
        output.set_int_custom_property(DRIFTED, int(report.drifted))
        _log(report, data.name)
        if report.drifted and settings.action == "stop":
            raise DriftError(_stop_message(report, data.name))
        gone = sorted({*champion.labels} - {*whole.labels}) if champion is not None else []
        if gone:
            logging.warning("The champion returns types that the new model cannot return: %s", ", ".join(gone))

    def _profiles(self, examples: Artifact, tokenizer: str, folder: str) -> list[tuple[str, DataProfile]]:
        counts = os.path.join(folder, _COUNTS)
        with self._make_beam_pipeline() as pipeline:
            parts = []
            for split in artifact_utils.decode_split_names(examples.split_names):
                pattern = os.path.join(artifact_utils.get_split_uri([examples], split), "*")
                parts.append(
                    pipeline
                    | f"Read[{split}]" >> beam.io.ReadFromTFRecord(pattern)
                    | f"Profile[{split}]" >> ProfileExamples(split, tokenizer)
                )
            lines = parts | "Splits" >> beam.Flatten() | "Pack" >> beam.Map(pack)
            # Results pass through a file because a remote Beam runner returns nothing.
            _ = lines | "Write" >> beam.io.WriteToText(counts, num_shards=1)
        [file] = fileio.glob(f"{counts}-*")
        with fileio.open(file) as lines_file:
            profiles = [unpack(line) for line in lines_file]
        fileio.remove(file)
        return profiles


def data_lineage(examples: Artifact, schema: str) -> dict[str, str]:
    """Returns the lineage tags of the data: the properties of the examples as `data.<name>`, and `schema_hash`."""
    entry = examples.mlmd_artifact
    tags = {}
    for key, value in [*entry.properties.items(), *entry.custom_properties.items()]:
        kind = value.WhichOneof("value")
        if key not in _TFX_PROPERTIES and kind in ("int_value", "double_value", "string_value"):
            tags[f"data.{key}"] = str(getattr(value, kind))
    # A hash identifies the schema on any machine, a path does not.
    return {**{key: text for key, text in tags.items() if text}, "schema_hash": tree_hash(schema)}


def champion_profile(champion: Artifact) -> DataProfile | None:
    """Returns the profile of the champion's training data; None if it is missing or of another version."""
    if not champion.get_int_custom_property(PRESENT):
        return None
    profile = DataProfile.read(Path(champion.uri, TRAINED_FOLDER))
    if profile is None:
        logging.warning("Drift is not measured: the champion was registered without a data profile.")
    return profile


def _schema(uri: str) -> Any:
    [file] = fileio.glob(os.path.join(uri, "*.pbtxt"))
    with fileio.open(file) as text:
        return text_format.Parse(text.read(), schema_pb2.Schema())


def _log(report: DriftReport, name: str) -> None:
    for drift in report.drifts:
        (logging.warning if drift.exceeded else logging.info)("Drift of %s: %s", name, drift)
    (logging.warning if report.exceeded else logging.info)("%s", report.verdict)


def _stop_message(report: DriftReport, name: str) -> str:
    lines = "\n".join(f"  {drift}" for drift in report.exceeded)
    return (
        f"{name}: differs from the champion's training data, so no model was trained on it.\n{lines}\n"
        "Correct the data. If it is correct, accept it once with --set drift.action=warn, or raise the limits in the "
        "section `drift`."
    )
