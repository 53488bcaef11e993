"""The Evaluator's contract."""

from __future__ import annotations

from collections.abc import Sequence

from tensorflow_model_analysis.proto.config_pb2 import EvalConfig
from tfx import types
from tfx.components.evaluator.component import Evaluator as TfxEvaluator
from tfx.dsl.components.base import executor_spec
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils

from components.evaluator.blessing.rule import Rule, rules_to_json
from components.evaluator.executor import FORCE_BLESS_KEY, RULES_KEY, Executor


class _EvaluatorSpec(standard_component_specs.EvaluatorSpec):
    # TFX looks for a cached result by a node's parameters and inputs, and so would not see that our metric changed.
    PARAMETERS = {
        **standard_component_specs.EvaluatorSpec.PARAMETERS,
        RULES_KEY: ExecutionParameter(type=str, optional=True),
        FORCE_BLESS_KEY: ExecutionParameter(type=str, optional=True),
        "code_version": ExecutionParameter(type=str, optional=True),
    }


class Evaluator(TfxEvaluator):
    """Scores the exported model on the corpus's tokens, beside the champion, and blesses it, or not.

    The TFX Evaluator with these differences: sentences are counted in batches by an extractor of ours, with slices of
    single entities and intervals; `rules` decide instead of TFMA's thresholds; a `baseline_model` that is empty (no
    champion yet) counts as none, and one that cannot be evaluated stands in the way of a blessing; the results are also
    given as plain values; a model that is not blessed is told why in words.

    Component `outputs` contains:

    *   `evaluation`: `ModelEvaluation` with TFMA's files and `scores.json`
        (`components.evaluator.results.evaluation`); custom properties `entity_f1`, `entity_precision`,
        `entity_recall`, `entity_support`, `entity_macro_f1`, `strict_f1`,
        `boundary_f1`, `type_f1`, `token_accuracy`, `calibration_error`, `example_count` (floats, of which the metadata
        store keeps six digits; `scores.json` has them all) and `blessed` (int).
    *   `blessing`: `ModelBlessing` with the custom properties that TFX sets, and `forced` (text) when somebody had to.

    Example:
        Evaluator(
            examples=examples.outputs["examples"],
            model=exporter.outputs["exported_model"],
            baseline_model=champion.outputs["champion"],
            schema=schema.outputs["schema"],
            eval_config=eval_config(EvaluationSettings(slices=("source", "entity_seen"))),
            rules=[Rule("entity_f1", min=0.6, max_regression=0.01)],
            example_splits=["test"],
        )
    """

    SPEC_CLASS = _EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        eval_config: EvalConfig,
        rules: Sequence[Rule] = (),
        baseline_model: types.BaseChannel | None = None,
        schema: types.BaseChannel | None = None,
        example_splits: list[str] | None = None,
        force_bless: str = "",
        code_version: str | None = None,
    ) -> None:
        """Declares the node.

        Args:
            examples: channel of `Examples`, one a sentence: `key`, `sentence`, `tags` and what is sliced by.
            model: channel of the exported `Model`.
            eval_config: metric, slices and bootstrap, from `components.evaluator.eval_config`.
            rules: what the model must reach; without any rule it is not blessed.
            baseline_model: channel of the champion's `Model`; may be empty, and its artifact may be.
            schema: channel of `Schema`; with it, names of slices are checked.
            example_splits: splits to evaluate on; `eval` when not given; with an empty list `test` if there is one and
                otherwise `eval`. Where entities are sliced by whether they were seen in training, the examples must
                have the split `train`, too.
            force_bless: reason for blessing the model whatever the rules say; empty for letting them decide.
            code_version: version of the metric's code; another one makes TFX evaluate anew instead of using its cache.
        """
        spec = _EvaluatorSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            schema=schema,
            eval_config=eval_config,
            rules=rules_to_json(rules),
            force_bless=force_bless,
            example_splits=json_utils.dumps(example_splits),
            code_version=code_version,
            evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            blessing=types.Channel(type=standard_artifacts.ModelBlessing),
        )
        # Past TfxEvaluator's own constructor, which can only build its own spec.
        super(TfxEvaluator, self).__init__(spec=spec)
