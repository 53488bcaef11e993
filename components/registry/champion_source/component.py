"""Component specification of ChampionSource."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.registry.champion_source import executor
from components.registry.names import CHAMPION


class _ChampionSourceSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        executor.REGISTRY_URI_KEY: ExecutionParameter(type=str),
        executor.MODEL_NAME_KEY: ExecutionParameter(type=str),
        executor.VERSION_KEY: ExecutionParameter(type=str),
        # Only parts of the cache key.
        "content": ExecutionParameter(type=str, optional=True),
        "code_version": ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {
        executor.CHAMPION_KEY: ChannelParameter(type=standard_artifacts.Model),
        executor.TRAINED_KEY: ChannelParameter(type=standard_artifacts.Model),
    }


class ChampionSource(base_component.BaseComponent):
    """Downloads the model that a run is compared with from the registry.

    It replaces a TFX Resolver, because Kubeflow runs only TFX's own resolvers.

    TFX's cache identifies a node by its parameters. With `version="champion"` a run would get the cached champion of an
    earlier run although the registry has a new one. So a local runner resolves the champion to its number before the
    run (`ModelRegistry.baseline`). Use "champion" for runs without a cache.

    Component `outputs` contains:

    *   `champion_model`: `Model` with the registered SavedModel in `Format-Serving`; empty if there is no champion yet.
        Custom properties: `present` (int 0/1), and if present `version` (int) and `tree_hash`.
    *   `champion_trained_model`: `Model` with the trained model of the same version and its vocabularies in the folder
        `trained`, for a warm start; empty if there is no champion, or it has none. Custom properties: `present`,
        `version`.

    Example:
        ChampionSource(registry_uri="sqlite:////data/registry/mlflow.db", model_name="ner", version="3")
    """

    SPEC_CLASS = _ChampionSourceSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        registry_uri: str,
        model_name: str,
        version: str | RuntimeParameter = CHAMPION,
        content: str | RuntimeParameter = "",
        code_version: str = "",
    ) -> None:
        """Builds the spec.

        Args:
            registry_uri: see `MlflowStore`; a local path should be absolute.
            model_name: name of the registered model.
            version: a version number as text, "champion", or "none" for empty artifacts.
            content: hashes of the version's files; a new registry at the same address begins with 1 again.
            code_version: version of the code; a new one invalidates TFX's cache.
        """
        spec = _ChampionSourceSpec(
            registry_uri=registry_uri,
            model_name=model_name,
            version=version,
            content=content,
            code_version=code_version,
            champion_model=types.Channel(type=standard_artifacts.Model),
            champion_trained_model=types.Channel(type=standard_artifacts.Model),
        )
        super().__init__(spec=spec)
