"""TFX's Transform with the tokenizer that CorpusExampleGen chose for the examples."""

from __future__ import annotations

import json
from typing import Any

from tfx import components
from tfx.components.transform import executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils, standard_component_specs
from tfx.types.artifact import Artifact

from components.artifacts import tokenizer_of
from components.transform.settings import TransformSettings


class Executor(executor.Executor):
    """TFX's executor, with the `tokenizer` of the examples in the settings."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Transforms the examples.

        Args:
            input_dict: those of TFX's executor; `examples` is the output of CorpusExampleGen.
            output_dict: those of TFX's executor.
            exec_properties: those of TFX's executor; `custom_config` has the arguments of `preprocessing_fn`.
        """
        examples = artifact_utils.get_single_instance(input_dict[standard_component_specs.EXAMPLES_KEY])
        config = json.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        settings = TransformSettings.model_validate_json(config["settings"])
        chosen = settings.model_copy(update={"tokenizer": tokenizer_of(examples)})
        config = json.dumps({**config, "settings": chosen.model_dump_json()})
        super().Do(input_dict, output_dict, {**exec_properties, standard_component_specs.CUSTOM_CONFIG_KEY: config})


class Transform(components.Transform):
    """TFX's component with this executor.

    Example: `pipeline.create`.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
