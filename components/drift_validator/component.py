"""The contract of DriftValidator."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataProfileArtifact
from components.drift_validator.drift_thresholds import DriftThresholds
from components.drift_validator.executor import (
    CHAMPION_KEY,
    CODE_VERSION_KEY,
    EXAMPLES_KEY,
    PROFILE_KEY,
    SCHEMA_KEY,
    THRESHOLDS_KEY,
    TOKENIZER_KEY,
    Executor,
)


class _DriftGateSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        THRESHOLDS_KEY: ExecutionParameter(type=str),
        TOKENIZER_KEY: ExecutionParameter(type=str),
        CODE_VERSION_KEY: ExecutionParameter(type=str),
    }
    INPUTS = {
        EXAMPLES_KEY: ChannelParameter(type=standard_artifacts.Examples),
        SCHEMA_KEY: ChannelParameter(type=standard_artifacts.Schema),
        CHAMPION_KEY: ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {PROFILE_KEY: ChannelParameter(type=DataProfileArtifact)}


class DriftValidator(base_beam_component.BaseBeamComponent):
    """Counts what the data is made of, and holds it against the data that the champion was trained on.

    With a window of several spans the newest one is compared, and all of them are counted.

    Component `outputs` contains:

    *   `profile`: `DataProfile`, a folder with `data_profile.json`, which the RegistryPusher stores with the model so
        that later runs have something to compare with, and `drift.json`. Custom property `drifted` (int 0/1).

    Example:
        DriftValidator(
            examples=example_gen.outputs["examples"],
            schema=schema.outputs["schema"],
            champion=champion.outputs["trained"],
            thresholds=DriftThresholds("warn", 200, 0.25, 0.2, 0.25, 0.15),
        )
    """

    SPEC_CLASS = _DriftGateSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        schema: types.BaseChannel,
        champion: types.BaseChannel,
        thresholds: DriftThresholds,
        tokenizer: str = "words",
        code_version: str = "",
    ) -> None:
        """Declares the node.

        Args:
            examples: Channel of the `Examples`.
            schema: Channel of the `Schema`; a `drift_comparator` of a metadata column goes before
                `thresholds.columns`.
            champion: ChampionSource's `trained`; an empty one, or one without a profile, is compared with nothing.
            thresholds: How far the data may lie from the champion's, and what happens if it lies farther.
            tokenizer: How sentences are cut: `words` or `whitespace`.
            code_version: Part of the cache key, so that changed code counts anew.
        """
        spec = _DriftGateSpec(
            examples=examples,
            schema=schema,
            champion=champion,
            thresholds=thresholds.to_json(),
            tokenizer=tokenizer,
            code_version=code_version,
            profile=types.Channel(type=DataProfileArtifact),
        )
        super().__init__(spec=spec)
