"""TFX's Transform with the tokenizer of the examples, and for a warm start with the vocabularies of the champion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.components.transform import executor
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import artifact_utils, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter

from components.artifacts import Artifacts, earlier_model_folder, tokenizer_of
from components.transform.bounded_vocabularies import bounded_vocabularies
from components.transform.settings import TransformSettings

_EARLIER = "earlier"


class Executor(executor.Executor):
    """TFX's executor, with the `tokenizer` of the examples in the settings and the folder of earlier vocabularies."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Transforms the examples.

        Args:
            input_dict: those of TFX's executor; `examples` is the output of CorpusExampleGen. Optionally `earlier`.
            output_dict: those of TFX's executor.
            exec_properties: those of TFX's executor; `custom_config` has the arguments of `preprocessing_fn`.
        """
        examples = artifact_utils.get_single_instance(input_dict[standard_component_specs.EXAMPLES_KEY])
        config = json.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        settings = TransformSettings.model_validate(config["settings"])
        chosen = settings.model_copy(update={"tokenizer": tokenizer_of(examples)})
        config["settings"] = chosen.model_dump(mode="json")
        if folder := earlier_model_folder(input_dict.get(_EARLIER) or []):
            config[_EARLIER] = folder
        inputs = {name: artifacts for name, artifacts in input_dict.items() if name != _EARLIER}
        properties = {**exec_properties, standard_component_specs.CUSTOM_CONFIG_KEY: json.dumps(config)}
        with bounded_vocabularies():
            super().Do(inputs, output_dict, properties)


class _TransformSpec(standard_component_specs.TransformSpec):
    INPUTS = {
        **standard_component_specs.TransformSpec.INPUTS,
        _EARLIER: ChannelParameter(type=standard_artifacts.Model, optional=True),
    }


class Transform(base_beam_component.BaseBeamComponent):
    """TFX's component with this executor, and without statistics and analyzer cache, which no node reads.

    Additional input: `earlier`, the output `champion_trained_model` of ChampionSource. Words and tags of that model
    keep their ids, and new ones follow. Otherwise a warm start would lose the words and entity types that a new span
    does not contain.

    Example: `pipeline.create`.
    """

    SPEC_CLASS = _TransformSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        schema: types.BaseChannel,
        preprocessing_fn: str,
        custom_config: Mapping[str, Any],
        earlier: types.BaseChannel | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            examples: channel of `Examples`, the output of CorpusExampleGen.
            schema: channel of `Schema`.
            preprocessing_fn: dotted path of the function.
            custom_config: its second argument.
            earlier: channel of `Model` with earlier vocabularies; an empty artifact adds nothing.
        """
        transformed = types.Channel(type=standard_artifacts.Examples)
        transformed.matching_channel_name = "examples"
        spec = _TransformSpec(
            examples=examples,
            schema=schema,
            earlier=earlier,
            preprocessing_fn=preprocessing_fn,
            custom_config=json.dumps(dict(custom_config)),
            disable_statistics=1,
            force_tf_compat_v1=0,
            transform_graph=types.Channel(type=standard_artifacts.TransformGraph),
            transformed_examples=transformed,
        )
        super().__init__(spec=spec)
