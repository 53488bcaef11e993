"""Executor of the Exporter."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import logging
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import keys
from components.artifacts import Artifacts, split_files
from components.common.hashing import tree_hash
from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportInvalidError
from components.exporter.settings import ExporterSettings

_EMBEDDED_ROWS = (1, 8)  # of each request that servers ask before others


class Executor(base_executor.BaseExecutor):
    """Reads the artifacts, exports, validates, writes the exported model."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Exports and validates a model.

        Args:
            input_dict: `trained_model`, `transform_graph`, `examples` (raw), and optionally `champion_model`.
            output_dict: `exported_model` receives the SavedModel, `contract.json`, `validation.json`, history and
                settings of the training, and the custom properties `validated` and `signatures` (`components.keys`).
            exec_properties: `settings` (JSON of `ExporterSettings`), `code_version`.

        Raises:
            BreakingChangeError: the new model breaks callers of the champion, and that is not allowed.
            ExportInvalidError: a check failed; the report is next to the model.
            NerError: `exporter.min_score` does not fit the training data.
        """
        from components.exporter.saved_model.embedded_metadata import embed_metadata, embedded_manifest
        from components.exporter.saved_model.exporting import export
        from components.exporter.serving.golden import training_graph_tags
        from components.exporter.validator.fresh_process import limits_set
        from components.exporter.validator.validate import require_valid, validate_export
        from components.trainer.trained_model import TrainedModel

        self._log_startup(input_dict, output_dict, exec_properties)
        settings = ExporterSettings.model_validate_json(exec_properties["settings"])
        trained_model = artifact_utils.get_single_uri(input_dict["trained_model"])
        trained = TrainedModel.load(trained_model)
        transform_graph = artifact_utils.get_single_uri(input_dict["transform_graph"])
        exported = artifact_utils.get_single_instance(output_dict["exported_model"])
        saved_model = path_utils.serving_model_dir(exported.uri)

        contract = export(trained, transform_graph, saved_model, settings)
        _refuse_breaking(input_dict.get("champion_model") or [], contract, settings.allow_breaking_changes)
        Path(exported.uri, keys.CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
        for name in (keys.TRAINED_MODEL_FILE, keys.TRAINER_SETTINGS_FILE):
            fileio.copy(os.path.join(trained_model, name), os.path.join(exported.uri, name), overwrite=True)

        sentences = list(itertools.islice(_sentences(input_dict["examples"]), settings.golden_sentences))
        tags = training_graph_tags(
            trained,
            transform_graph,
            sentences,
            constrained=settings.constrained,
            divide=settings.divide,
            min_scores=contract.min_score,
        )
        golden = [{"sentence": sentence, "tags": row} for sentence, row in zip(sentences, tags, strict=True)]
        with limits_set(**settings.limits.model_dump()):
            answers = _answers(saved_model, contract)
            embed_metadata(saved_model, contract, _provenance(input_dict, exec_properties), answers)
            report = validate_export(
                saved_model,
                contract,
                golden,
                Path(exported.uri, keys.VALIDATION_FILE),
                manifest=embedded_manifest(saved_model),
            )
        require_valid(report)
        logging.info("the exported model passed all %d checks of its contract", len(report.checks))
        exported.set_int_custom_property(keys.VALIDATED, 1)
        exported.set_string_custom_property(keys.SIGNATURES, ", ".join(sorted(contract.signatures)))


def _refuse_breaking(champions: list[types.Artifact], contract: Contract, allowed: bool) -> None:
    """Compares the exported contract; a local run compared the configured one before it began."""
    from components.exporter.contract.contract_changes import require_compatible
    from components.exporter.saved_model.embedded_metadata import embedded_contract

    for champion in champions:
        served = embedded_contract(path_utils.serving_model_dir(champion.uri))
        if served:
            require_compatible(served, contract, allowed=allowed)


def _answers(saved_model: str, contract: Contract) -> list[dict[str, Any]]:
    """Returns requests with the model's answers, for servers; none if it gives none, which the validator explains.

    They ask the default signature only: TensorFlow takes seconds to compile each, and all share tagger and
    vocabularies. The texts are made up: a model must not carry sentences of its corpus to everyone who serves it.
    """
    from components.exporter.validator.reference import reference_answers

    default = {keys.SERVING_DEFAULT: contract.signatures[keys.SERVING_DEFAULT]}
    try:
        return reference_answers(saved_model, dataclasses.replace(contract, signatures=default), batches=_EMBEDDED_ROWS)
    except ExportInvalidError:
        return []


def _provenance(input_dict: Artifacts, exec_properties: dict[str, Any]) -> dict[str, str]:
    """Returns hashes of the inputs, which identify them on any machine."""
    examples = artifact_utils.get_single_instance(input_dict["examples"])
    return {
        "code": exec_properties.get("code_version") or "unknown",
        "corpus": "; ".join(examples.get_string_custom_property("input_fingerprint").splitlines()) or "unknown",
        "trained model": tree_hash(artifact_utils.get_single_uri(input_dict["trained_model"])),
        "transform graph": tree_hash(artifact_utils.get_single_uri(input_dict["transform_graph"])),
    }


def _sentences(examples: list[types.Artifact]) -> Iterator[str]:
    """Yields the raw sentences of the eval split."""
    import tensorflow as tf

    files = split_files(examples, keys.EVAL_SPLIT)
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        yield features[keys.SENTENCE].bytes_list.value[0].decode("utf-8")
