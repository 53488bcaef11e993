"""Runs the TFX Evaluator on our extractor, decides, and says in words, properties and a small file what came of it."""

from __future__ import annotations

import os
import re
import traceback
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto.config_pb2 import EvalConfig
from tfx.components.evaluator import executor as tfx_executor
from tfx.components.util import tfxio_utils
from tfx.types import artifact_utils, standard_component_specs
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, json_utils, proto_utils

from components.common.files import write_atomically
from components.evaluator import inputs as inputs_module
from components.evaluator.blessing.blessing import decide
from components.evaluator.blessing.rule import rules_from_json
from components.evaluator.counts.slicing import ENTITY_SEEN
from components.evaluator.errors import EvaluationError
from components.evaluator.eval_config import settings_of, with_training_entities
from components.evaluator.outputs import log_decision, note_blessing, note_scores
from components.evaluator.results.evaluation import Evaluation
from components.evaluator.results.scores import write_evaluation
from components.evaluator.tfma.entity_metrics import comparisons
from components.evaluator.tfma.find_training_entities import FindTrainingEntities

RULES_KEY = "rules"
FORCE_BLESS_KEY = "force_bless"

TRAINING_ENTITIES_FILE = "training_entities.npy"
"""Name of the list of training entities, inside the evaluation artifact."""

_TRAIN = "train"
_EXTRACTORS = "components.evaluator.tfma.extractor.extractors"

# Beam gives a worker's exception back as a cause, or from another process only as the text of its traceback.
_RAISED_IN_BEAM = re.compile(r"\bEvaluationError: (.+?)(?: \[while running .*)?$", re.MULTILINE)


class Executor(tfx_executor.Executor):
    """The TFX Evaluator's executor, with an optional champion, rules of our own and readable results."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates the model, and the champion where there is one, on the same examples.

        Args:
            input_dict: as for the TFX Evaluator: `examples`, `model`, and optionally `baseline_model` and `schema`. A
                baseline that holds no SavedModel, or says `present` = 0, counts as none.
            output_dict: `evaluation`, which gets TFMA's files, `scores.json`, where entities are sliced by whether they
                were seen in training `training_entities.npy`, and the overall scores as custom properties (floats, and
                `blessed` as int); `blessing`, as by TFX.
            exec_properties: as for the TFX Evaluator; `rules` (JSON), and `force_bless`, the reason for blessing the
                model whatever the rules say.

        Raises:
            EvaluationError: a split or slice that is asked for does not exist, the model lacks what the evaluation
                needs, or a sentence's predictions do not fit its gold tags.
        """
        config = EvalConfig()
        proto_utils.json_to_proto(exec_properties[standard_component_specs.EVAL_CONFIG_KEY], config)
        splits = _splits(exec_properties, input_dict)
        inputs, obstacles = inputs_module.without_incomparable_champion(
            inputs_module.without_absent_champion(input_dict), config
        )
        inputs_module.check_splits(inputs, splits)
        inputs_module.check_slices(inputs, config)
        evaluation = artifact_utils.get_single_instance(output_dict[standard_component_specs.EVALUATION_KEY])
        config = self._with_training_entities(config, inputs, evaluation.uri)
        self._run(config, inputs, output_dict, exec_properties)
        settings = settings_of(config)
        overall, slices, errors = comparisons(tfma.load_metrics(evaluation.uri), settings.slices)
        rules = rules_from_json(exec_properties.get(RULES_KEY) or "[]")
        decision = decide(overall, slices, rules, obstacles, exec_properties.get(FORCE_BLESS_KEY) or "")
        version = inputs_module.champion_version(input_dict)
        result = Evaluation(overall, slices, decision, errors, tuple(splits), version, settings.bootstrap)
        write_evaluation(evaluation.uri, result)
        note_scores(evaluation, result)
        blessing = artifact_utils.get_single_instance(output_dict[standard_component_specs.BLESSING_KEY])
        note_blessing(blessing, decision, inputs, exec_properties)
        log_decision(result)

    def _run(
        self,
        config: EvalConfig,
        inputs: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """TFX's own part: reads the examples, loads the models, runs TFMA and writes its files."""
        properties = {
            **exec_properties,
            standard_component_specs.EVAL_CONFIG_KEY: proto_utils.proto_to_json(config),
            "custom_extractors": _EXTRACTORS,
        }
        try:
            super().Do(inputs, output_dict, properties)
        except Exception as error:
            messages = _RAISED_IN_BEAM.findall("".join(traceback.format_exception(error)))
            if messages:  # the last one in a traceback was raised last, and names the sentence
                raise EvaluationError(messages[-1]) from error
            raise

    def _with_training_entities(self, config: EvalConfig, inputs: dict[str, list[Artifact]], folder: str) -> EvalConfig:
        """Writes the list of training entities, where the slices need it."""
        if ENTITY_SEEN not in settings_of(config).slices:
            return config
        inputs_module.check_splits(inputs, [_TRAIN])
        examples = inputs[standard_component_specs.EXAMPLES_KEY]
        schema = inputs_module.read_schema(inputs)
        tfxio = tfxio_utils.get_tfxio_factory_from_artifact(
            examples, ["Evaluator"], schema, raw_record_column_name=tfma.constants.ARROW_INPUT_COLUMN
        )
        files = [io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, _TRAIN)]
        path = os.path.join(folder, TRAINING_ENTITIES_FILE)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "ReadTrainingExamples" >> tfxio(files).BeamSource()
                | "FindTrainingEntities" >> FindTrainingEntities()
                | "WriteTrainingEntities" >> beam.Map(lambda entities: write_atomically(path, entities.to_bytes()))
            )
        return with_training_entities(config, path)


def _splits(exec_properties: dict[str, Any], input_dict: dict[str, list[Artifact]]) -> list[str]:
    asked = json_utils.loads(exec_properties.get(standard_component_specs.EXAMPLE_SPLITS_KEY) or "null")
    if asked is None:
        return ["eval"]
    examples = input_dict[standard_component_specs.EXAMPLES_KEY]
    there = [name for one in examples for name in artifact_utils.decode_split_names(one.split_names)]
    return asked or ["test" if "test" in there else "eval"]
