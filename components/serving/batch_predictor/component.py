"""Component specification of BatchPredictor."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Predictions, Rows
from components.registry.names import CHAMPION
from components.serving.batch_predictor import executor


class _BatchPredictorSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        executor.REGISTRY_URI_KEY: ExecutionParameter(type=str),
        executor.MODEL_NAME_KEY: ExecutionParameter(type=str),
        **{name: ExecutionParameter(type=str, optional=True) for name in executor.PARAMETERS},
    }
    INPUTS = {executor.ROWS_KEY: ChannelParameter(type=Rows)}
    OUTPUTS = {executor.PREDICTIONS_KEY: ChannelParameter(type=Predictions)}


class BatchPredictor(base_component.BaseComponent):
    """Tags the rows of a file with a registered model, as `ner predict --input` does.

    Component `outputs` contains:

    *   `predictions`: `Predictions`, a folder with the tagged rows, `errors.jsonl` and `result.json`. Custom
        properties: `rows`, `bad_rows` and `version` (int), `tree_hash`.

    tests/pipeline/kubeflow/compile/test_batch.py shows it at work.
    """

    SPEC_CLASS = _BatchPredictorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        rows: types.BaseChannel,
        registry_uri: str,
        model_name: str,
        parameters: dict[str, RuntimeParameter | str],
    ) -> None:
        """Builds the spec.

        Args:
            rows: the input.
            registry_uri: see `MlflowStore`.
            model_name: name of the registered model.
            parameters: values of `executor.PARAMETERS`.
        """
        spec = _BatchPredictorSpec(
            rows=rows,
            registry_uri=registry_uri,
            model_name=model_name,
            predictions=types.Channel(type=Predictions),
            **{executor.VERSION_KEY: CHAMPION, **parameters},
        )
        super().__init__(spec=spec)
