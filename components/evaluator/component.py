"""Component specification of the Evaluator."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils

from components.evaluator.counts.custom_metrics import load_metrics, metrics_version
from components.evaluator.executor import FORCE_BLESS_KEY, SETTINGS_KEY, Executor
from components.evaluator.settings import EvaluatorSettings


class _EvaluatorSpec(standard_component_specs.EvaluatorSpec):
    PARAMETERS = {
        SETTINGS_KEY: ExecutionParameter(type=str),
        FORCE_BLESS_KEY: ExecutionParameter(type=str),
        standard_component_specs.EXAMPLE_SPLITS_KEY: ExecutionParameter(type=str),
        "code_version": ExecutionParameter(type=str, optional=True),
        "metrics_version": ExecutionParameter(type=str),  # like code_version, of the user's own metrics
    }


class Evaluator(base_beam_component.BaseBeamComponent):
    """Scores the exported model and the champion on the corpus's tokens, and blesses the model or not.

    It runs the TFX Evaluator with these differences: an extractor of this project counts sentences in batches, with
    slices of single entities and intervals; `evaluator.rules` replace TFMA's thresholds; an empty `baseline_model` (no
    champion yet) is accepted, and one that cannot be evaluated prevents a blessing; results are also written as plain
    values, with the reasons of the decision.

    Component `outputs` contains:

    *   `evaluation`: `ModelEvaluation` with TFMA's files and `scores.json`
        (`components.evaluator.results.evaluation`). Custom properties: the overall metrics by name, `entity_support`
        and `example_count` (floats, of which the metadata store keeps six digits) and `blessed` (int).
    *   `blessing`: `ModelBlessing` with the custom properties of TFX, and `forced` (the reason) if it was forced.

    Example:
        Evaluator(
            examples=examples.outputs["examples"],
            model=exporter.outputs["exported_model"],
            baseline_model=champion.outputs["champion_model"],
            schema=schema.outputs["schema"],
            settings=load_config(None).evaluator,
            example_splits=["test"],
        )
    """

    SPEC_CLASS = _EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        settings: EvaluatorSettings,
        baseline_model: types.BaseChannel | None = None,
        schema: types.BaseChannel | None = None,
        example_splits: list[str] | None = None,
        force_bless: str = "",
        code_version: str | None = None,
    ) -> None:
        """Declares the node.

        Args:
            examples: channel of `Examples`, one per sentence: `key`, `sentence`, `tags` and the slicing features.
            model: channel of the exported `Model`.
            settings: settings of the Evaluator.
            baseline_model: channel of the champion's `Model`; its artifact may be empty.
            schema: channel of `Schema`, to check the slicing columns.
            example_splits: splits to evaluate on; None: `eval`; []: `test` if it exists, else `eval`. The column
                `entity_seen` needs the split `train` too.
            force_bless: reason for blessing the model regardless of the rules; empty: the rules decide.
            code_version: version of the code; a new one invalidates TFX's cache.

        Raises:
            NerError: a function of `evaluator.metrics` cannot be imported.
        """
        load_metrics(settings.metrics)
        spec = _EvaluatorSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            schema=schema,
            settings=settings.model_dump_json(),
            force_bless=force_bless,
            example_splits=json_utils.dumps(example_splits),
            code_version=code_version,
            metrics_version=metrics_version(settings.metrics),
            evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            blessing=types.Channel(type=standard_artifacts.ModelBlessing),
        )
        super().__init__(spec=spec)
