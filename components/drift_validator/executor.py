"""Counts examples and compares the counts with the champion's."""

from __future__ import annotations

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

from components.drift_validator.comparison import compare
from components.drift_validator.data_profile import FILE_NAME, DataProfile
from components.drift_validator.drift_report import FILE_NAME as REPORT_FILE
from components.drift_validator.drift_report import DriftReport
from components.drift_validator.drift_thresholds import IGNORE, STOP, DriftThresholds
from components.drift_validator.errors import DriftError
from components.drift_validator.profiling import ProfileExamples, merged, newest_span_profile, pack, unpack

EXAMPLES_KEY = "examples"
SCHEMA_KEY = "schema"
CHAMPION_KEY = "champion"
PROFILE_KEY = "profile"
THRESHOLDS_KEY = "thresholds"
TOKENIZER_KEY = "tokenizer"
CODE_VERSION_KEY = "code_version"

_TRAINED = "trained"  # the folder in ChampionSource's output
_COUNTS = "spans"


class Executor(base_beam_executor.BaseBeamExecutor):
    """The executor of DriftValidator."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the profile and the comparison.

        Args:
            input_dict: `examples`, `schema` and `champion`.
            output_dict: `profile`.
            exec_properties: `thresholds` (JSON of `DriftThresholds`), `tokenizer`, and `code_version`, which nobody
                reads.

        Raises:
            DriftError: the data lies too far from the champion's, and that is to stop the run.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        thresholds = DriftThresholds.from_json(exec_properties[THRESHOLDS_KEY])
        output = artifact_utils.get_single_instance(output_dict[PROFILE_KEY])
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY])
        profiles = self._profiles(examples, exec_properties[TOKENIZER_KEY], output.uri)
        _write(output.uri, FILE_NAME, merged(profile for _, profile in profiles).to_json())
        report, name = DriftReport(), ""
        earlier = champion_profile(artifact_utils.get_single_instance(input_dict[CHAMPION_KEY]))
        if earlier is not None and thresholds.action != IGNORE:
            name, newest = newest_span_profile(profiles)
            schema = _schema(artifact_utils.get_single_uri(input_dict[SCHEMA_KEY]))
            report = compare(earlier, newest, thresholds, ("the champion's data", name or "the corpus"), schema)
        _write(output.uri, REPORT_FILE, report.to_json())
        output.set_int_custom_property("drifted", int(report.drifted))
        _tell(report, name or "the corpus", thresholds)

    def _profiles(self, examples: Artifact, tokenizer: str, folder: str) -> list[tuple[str, DataProfile]]:
        counts = os.path.join(folder, _COUNTS)
        with self._make_beam_pipeline() as pipeline:
            found = []
            for split in artifact_utils.decode_split_names(examples.split_names):
                pattern = os.path.join(artifact_utils.get_split_uri([examples], split), "*")
                found.append(
                    pipeline
                    | f"Read[{split}]" >> beam.io.ReadFromTFRecord(pattern)
                    | f"Profile[{split}]" >> ProfileExamples(split, tokenizer)
                )
            lines = found | "Splits" >> beam.Flatten() | "Pack" >> beam.Map(pack)
            # Through a file: a Beam runner on other machines hands nothing back.
            _ = lines | "Write" >> beam.io.WriteToText(counts, num_shards=1)
        [file] = fileio.glob(f"{counts}-*")
        with fileio.open(file) as lines_file:
            profiles = [unpack(line) for line in lines_file]
        fileio.remove(file)
        return profiles


def champion_profile(champion: Artifact) -> DataProfile | None:
    """The profile of the data that the champion was trained on; None if there is none, or one of another version."""
    if not champion.get_int_custom_property("present"):
        return None
    profile = DataProfile.read(Path(champion.uri, _TRAINED))
    if profile is None:
        logging.warning("drift is not measured: the champion was registered without a profile of its data")
    return profile


def _schema(uri: str) -> Any:
    [file] = fileio.glob(os.path.join(uri, "*.pbtxt"))
    with fileio.open(file) as text:
        return text_format.Parse(text.read(), schema_pb2.Schema())


def _write(folder: str, name: str, text: str) -> None:
    with fileio.open(os.path.join(folder, name), "w") as file:
        file.write(text)


def _tell(report: DriftReport, name: str, thresholds: DriftThresholds) -> None:
    for drift in report.drifts:
        (logging.warning if drift.exceeded else logging.info)("drift of %s: %s", name, drift)
    if report.exceeded and not report.enough:
        few = min(report.sentences)
        logging.warning("too few sentences (%d) for the limits of drift to count ([drift -> min_sentences])", few)
    if report.drifted and thresholds.action == STOP:
        lines = "\n".join(f"  {drift}" for drift in report.exceeded)
        raise DriftError(
            f"{name} differs from the data that the champion was trained on; nothing was trained on it.\n{lines}\n"
            "Mend the data; or, where it is right, let it pass once with --set drift.action=warn, or raise the limits "
            "in [drift]."
        )
