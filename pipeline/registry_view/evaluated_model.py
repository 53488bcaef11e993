"""Model of `ner evaluate --data`: by reference, or behind a server."""

from __future__ import annotations

from components.common.hashing import tree_hash
from components.evaluator.labelled_corpus.tagged_text import EvaluatedModel
from configs.spec import PipelineConfig
from pipeline.registry_view.model_reference import resolve_model


def evaluated_model(reference: str | None, config: PipelineConfig) -> EvaluatedModel:
    """Loads the model that a reference names, or connects to the server that serves it.

    Args:
        reference: a text of `MODEL_FORMS`, or the address of a served model (`http://…/v1/models/NAME`); None is the
            champion of the configuration.
        config: names the registry.

    Raises:
        NerError: the model does not exist or may not be loaded, the server does not answer, or it is not a tagger.
    """
    from components.serving import RestTagger, SavedModelTagger
    from components.serving.known_types import known_types

    if reference is not None and reference.startswith(("http://", "https://")):
        served = RestTagger(reference)
        version = served.version or "chosen by the server for each request"
        return EvaluatedModel(served.tag, reference, {"address": served.url, "version": version})
    folder = resolve_model(reference, config)
    tagger = SavedModelTagger(folder)
    name = f"champion of {config.name}" if reference is None else reference
    identity = {"folder": str(folder), "tree hash": tree_hash(folder)}
    return EvaluatedModel(tagger.tag, name, identity, known_types(folder))
