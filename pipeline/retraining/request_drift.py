"""Drift of logged requests against the champion's training data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from components.drift_validator.data_profile import DataProfile
from components.drift_validator.request_log import profile_requests
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig

if TYPE_CHECKING:
    from components.drift_validator.drift_report import DriftReport


def request_drift(
    config: PipelineConfig, registry: ModelRegistry, champion: RegisteredVersion, log: Path
) -> DriftReport | None:
    """Compares logged requests with the champion's training data.

    Args:
        config: the whole configuration.
        registry: the model registry; the champion's profile is read there, or downloaded into `work_dir` once if it is
            remote.
        champion: the champion.
        log: the logged requests; see `profile_requests`.

    Returns:
        The drift report; None if the champion was registered without a data profile.

    Raises:
        NerError: the log or the registry cannot be read.
    """
    target = config.fetched_dir / champion.name / f"{champion.version}-trained"
    folder = registry.readable_trained(champion, target)
    profile = DataProfile.read(folder) if folder is not None else None
    if profile is None:
        return None
    requests = profile_requests(log, profile.tokenizer)

    from components.drift_validator.comparison import NamedProfile, compare

    reference = NamedProfile(f"training data of version {champion.version}", profile)
    return compare(reference, NamedProfile(log.name, requests), config.drift, _schema(config), kind="skew")


def _schema(config: PipelineConfig) -> object:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    from components.corpus_example_gen.schema import compose_schema
    from pipeline.run.inputs import SCHEMA

    text = compose_schema(config.schema_path or SCHEMA, config.corpus.metadata)
    return text_format.Parse(text, schema_pb2.Schema())
