"""Model of `ner evaluate --data` and `ner suggest`: by reference, or behind a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from components.common.errors import NerError
from components.common.hashing import tree_hash
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.labelled_corpus.tagged_text import EvaluatedModel
from components.keys import TRAINING_SENTENCES_FILE
from components.registry.model_registry import ModelRegistry
from configs.spec import PipelineConfig
from pipeline.registry_view.model_reference import resolve_model

if TYPE_CHECKING:
    from components.serving import SavedModelTagger


def evaluated_model(reference: str | None, config: PipelineConfig) -> EvaluatedModel:
    """Loads the model that a reference names, or connects to the server that serves it.

    Args:
        reference: a text of `MODEL_FORMS`, or the address of a served model (`http://…/v1/models/NAME`); None is the
            champion of the configuration.
        config: names the registry.

    Raises:
        NerError: the model does not exist or may not be loaded, the server does not answer, or it is not a tagger.
    """
    from components.serving import RestTagger
    from components.serving.known_types import known_types

    tagger, name = chosen_tagger(reference, config)
    if isinstance(tagger, RestTagger):
        version = tagger.version or "chosen by the server for each request"
        return EvaluatedModel(tagger.tag, name, {"address": tagger.url, "version": version})
    folder = Path(tagger.folder)
    identity = {"folder": str(folder), "tree hash": tree_hash(folder)}
    sentences = _training_sentences(identity["tree hash"], config)
    return EvaluatedModel(tagger.tag, name, identity, known_types(folder), sentences)


def _training_sentences(model_hash: str, config: PipelineConfig) -> TextHashes | None:
    """Returns the sentences that a registered model was trained on; None if the registry does not know them."""
    registry = ModelRegistry(config.registry_uri)
    try:
        if registry.database is not None and not registry.database.is_file():
            return None
        version = next((each for each in registry.versions(config.name) if each.tree_hash == model_hash), None)
        content = registry.trained_file(version, TRAINING_SENTENCES_FILE) if version else None
    except NerError:  # a model in a folder needs no registry
        return None
    return None if content is None else TextHashes.from_bytes(content, TRAINING_SENTENCES_FILE)


def chosen_tagger(reference: str | None, config: PipelineConfig) -> tuple[SavedModelTagger, str]:
    """Returns the tagger that `evaluated_model` evaluates, and its name.

    Raises:
        NerError: as there.
    """
    from components.serving import RestTagger, SavedModelTagger

    if reference is not None and reference.startswith(("http://", "https://")):
        return RestTagger(reference), reference
    return SavedModelTagger(resolve_model(reference, config)), reference or f"champion of {config.name}"
