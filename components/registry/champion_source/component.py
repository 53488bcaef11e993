"""The contract of ChampionSource."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.registry.champion_source.executor import (
    CHAMPION_KEY,
    MODEL_NAME_KEY,
    REGISTRY_URI_KEY,
    TRAINED_KEY,
    VERSION_KEY,
    Executor,
)
from components.registry.names import CHAMPION


class _ChampionSourceSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        REGISTRY_URI_KEY: ExecutionParameter(type=str),
        MODEL_NAME_KEY: ExecutionParameter(type=str),
        VERSION_KEY: ExecutionParameter(type=str),
    }
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {
        CHAMPION_KEY: ChannelParameter(type=standard_artifacts.Model),
        TRAINED_KEY: ChannelParameter(type=standard_artifacts.Model),
    }


class ChampionSource(base_component.BaseComponent):
    """Brings the model that a run is compared with out of the registry into the run.

    No TFX Resolver, because Kubeflow cannot run one of our own.

    TFX's cache knows a node by its parameters. With `version="champion"` a run would be given the cached champion of an
    earlier run although the registry has moved on; so a runner resolves the champion to its number before the run
    (`components.registry.champions.resolve_baseline`) and passes that. "champion" is for runs without a cache.

    Component `outputs` contains:

    *   `champion`: `Model` with the SavedModel in `Format-Serving`, byte for byte as it was registered, and in `card`
        its model card, if it has one; an empty folder when there is no champion yet. Custom properties: `present` (int
        0/1), and when present `version` (int) and `tree_hash` (text).
    *   `trained`: `Model` with the same version's weights as they were trained and their vocabularies, for a warm
        start; empty when there is no champion, or it was registered without them. Custom properties `present` and
        `version` as above.

    Example:
        ChampionSource(registry_uri="sqlite:////data/registry/mlflow.db", model_name="ner", version="3")
    """

    SPEC_CLASS = _ChampionSourceSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, registry_uri: str, model_name: str, version: str = CHAMPION) -> None:
        """Declares the node.

        Args:
            registry_uri: See `components.registry.store.model_registry.ModelRegistry`; a local path should be absolute.
            model_name: Name of the registered model.
            version: A version number as text, "champion", or "none" for an empty artifact.
        """
        spec = _ChampionSourceSpec(
            registry_uri=registry_uri,
            model_name=model_name,
            version=version,
            champion=types.Channel(type=standard_artifacts.Model),
            trained=types.Channel(type=standard_artifacts.Model),
        )
        super().__init__(spec=spec)
