"""A tagger as the settings want it and the transform graph decides it, with whatever was pretrained in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError
from components.model.taggers import build_tagger
from components.trainer.initial.vectors import Vectors, load_vectors
from components.trainer.settings import TrainerSettings
from components.transform.features import (
    CASES,
    PIECE_VOCABULARY,
    SUBWORD_BUCKETS,
    VECTOR_VOCABULARY,
    WORD_VOCABULARY,
)
from components.transform.vector_vocabulary import VectorVocabulary


def new_tagger(
    settings: TrainerSettings, transform: tft.TFTransformOutput, num_tags: int, **kwargs: Any
) -> keras.Model:
    """Builds a tagger whose weights are fresh, but for those that come from a file of vectors or from a checkpoint.

    Args:
        settings: which tagger, and its options.
        transform: the transform graph, which decides the sizes of the vocabularies.
        num_tags: size of the tag vocabulary.
        **kwargs: those of `keras.Model`.

    Raises:
        NerError: the vectors or the checkpoint cannot be read, or do not go with the transform graph.
    """
    options = dict(settings.tagger_options)
    wanted = options.pop("vectors", None)
    sizes: dict[str, Any] = {
        "num_tags": num_tags,
        "vocab_size": transform.vocabulary_size_by_name(WORD_VOCABULARY),
        "num_cases": CASES,
        "num_subwords": SUBWORD_BUCKETS,
        "maxlen": settings.window_size,
        "seed": settings.seed,
    }
    if settings.tagger == "encoder":
        sizes["pieces"] = _lines(transform, PIECE_VOCABULARY)
    if not wanted or not wanted["path"]:
        return build_tagger(settings.tagger, sizes, **options, **kwargs)
    vectors = _vectors(wanted["path"], transform)
    sizes["vectors"] = {
        "ids": len(vectors.row_of),
        "rows": len(vectors.table),
        "dim": vectors.table.shape[1],
        "frozen": wanted["frozen"],
        "rate": wanted["dropout"],
    }
    model = build_tagger(settings.tagger, sizes, **options, **kwargs)
    model.word_vectors.assign(vectors.row_of, vectors.table)
    return model


def _vectors(path: str, transform: tft.TFTransformOutput) -> Vectors:
    file = transform.vocabulary_file_by_name(VECTOR_VOCABULARY)
    own = VectorVocabulary.load(file) if file else VectorVocabulary({})
    words = [word.decode() for word in transform.vocabulary_by_name(WORD_VOCABULARY)]
    vectors = load_vectors(path, own, words)
    logging.info("%s", vectors.coverage)
    return vectors


def _lines(transform: tft.TFTransformOutput, vocabulary: str) -> list[str]:
    file = transform.vocabulary_file_by_name(vocabulary)
    if file is None:
        raise NerError(
            "the examples were transformed for another tagger and hold no word pieces; "
            "run Transform with [trainer -> tagger] encoder, too"
        )
    return Path(file).read_text(encoding="utf-8").split("\n")[:-1]
