"""Component specification of the DriftValidator."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataProfileArtifact
from components.drift_validator.executor import (
    CHAMPION_KEY,
    CODE_VERSION_KEY,
    EXAMPLES_KEY,
    PROFILE_KEY,
    SCHEMA_KEY,
    SETTINGS_KEY,
    Executor,
)
from components.drift_validator.settings import DriftSettings


class _DriftValidatorSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        SETTINGS_KEY: ExecutionParameter(type=str),
        CODE_VERSION_KEY: ExecutionParameter(type=str),
    }
    INPUTS = {
        EXAMPLES_KEY: ChannelParameter(type=standard_artifacts.Examples),
        SCHEMA_KEY: ChannelParameter(type=standard_artifacts.Schema),
        CHAMPION_KEY: ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {PROFILE_KEY: ChannelParameter(type=DataProfileArtifact)}


class DriftValidator(base_beam_component.BaseBeamComponent):
    """Profiles the data and compares it with the champion's training data.

    In a window of several spans the profile covers all spans, and only the newest one is compared.

    Component `outputs` contains:

    *   `profile`: `DataProfile`, a folder with `data_profile.json`, which the RegistryPusher stores with the model for
        the comparisons of later runs, `drift.json` (`DriftReport`), which the Reporter shows, and `lineage.json`, the
        registry's tags about examples and schema. Custom property `drifted` (int 0/1).

    Example:
        DriftValidator(
            examples=example_gen.outputs["examples"],
            schema=schema.outputs["schema"],
            champion=champion.outputs["champion_trained_model"],
            settings=load_config(None).drift,
        )
    """

    SPEC_CLASS = _DriftValidatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        schema: types.BaseChannel,
        champion: types.BaseChannel,
        settings: DriftSettings,
        code_version: str = "",
    ) -> None:
        """Declares the node.

        Args:
            examples: channel of the `Examples`.
            schema: channel of the `Schema`; the `drift_comparator` of a metadata column overrides `settings.columns`.
            champion: channel of ChampionSource's `champion_trained_model`; without a profile in it, drift is not
                measured.
            settings: limits, and the action if one is exceeded.
            code_version: version of the code; a new one invalidates TFX's cache.
        """
        spec = _DriftValidatorSpec(
            examples=examples,
            schema=schema,
            champion=champion,
            # The log of requests does not affect this node, so its path is not part of the cache key.
            settings=settings.model_copy(update={"requests": None}).model_dump_json(),
            code_version=code_version,
            profile=types.Channel(type=DataProfileArtifact),
        )
        super().__init__(spec=spec)
