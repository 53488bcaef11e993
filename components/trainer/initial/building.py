"""Construction of the tagger from settings and transform graph, with pretrained parts in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError
from components.common.hashing import content_version
from components.model.taggers import build_tagger
from components.trainer.initial.vectors import Vectors, load_vectors
from components.trainer.settings import TrainerSettings
from components.transform.clusters import size_of
from components.transform.features import (
    CASES,
    CLUSTER_WORDS,
    GAZETTEER,
    PIECE_VOCABULARY,
    SUBWORD_BUCKETS,
    VECTOR_VOCABULARY,
    WORD_VOCABULARY,
)
from components.transform.vector_vocabulary import VectorVocabulary


def new_tagger(settings: TrainerSettings, transform: tft.TFTransformOutput, num_tags: int) -> keras.Model:
    """Builds the tagger with fresh weights, except for pretrained vectors and a pretrained encoder.

    Call it in the scope of the strategy that trains the tagger.

    Args:
        settings: tagger, its options and its precision.
        transform: transform graph, which determines the sizes of the vocabularies.
        num_tags: size of the tag vocabulary.

    Raises:
        NerError: vectors or encoder cannot be read, or do not match the transform graph.
    """
    options = dict(settings.tagger_options)
    precision = {"dtype": "mixed_bfloat16"} if settings.precision == "bfloat16" else {}
    vector_options = options.pop("vectors", None)
    sizes: dict[str, Any] = {
        "num_tags": num_tags,
        "vocab_size": len(transform.vocabulary_by_name(WORD_VOCABULARY)),
        "num_cases": CASES,
        "num_subwords": SUBWORD_BUCKETS,
        "maxlen": settings.window_size,
        "seed": settings.seed,
    }
    features = transform.transformed_feature_spec()
    sizes["gazetteers"] = sorted(name.removeprefix(GAZETTEER) for name in features if name.startswith(GAZETTEER))
    sizes["clusters"] = _clusters(transform)
    if settings.tagger == "encoder":
        sizes["pieces"] = _pieces(transform)
        options.pop("max_pieces")  # only the transform graph depends on it
    if not vector_options or not vector_options["path"]:
        return build_tagger(settings.tagger, sizes, **options, **precision)
    vectors = _vectors(vector_options["path"], transform)
    sizes["vectors"] = {
        "ids": len(vectors.row_of),
        "rows": len(vectors.table),
        "dim": vectors.table.shape[1],
        "frozen": vector_options["frozen"],
        "rate": vector_options["dropout"],
        "version": content_version(vector_options["path"])[:8],
    }
    model = build_tagger(settings.tagger, sizes, **options, **precision)
    model.word_vectors.assign(vectors.row_of, vectors.table)
    return model


def _clusters(transform: tft.TFTransformOutput) -> dict[str, Any] | None:
    """Returns the argument `clusters` of a tagger."""
    file = transform.vocabulary_file_by_name(CLUSTER_WORDS)
    if file is None:
        return None
    with open(file, encoding="utf-8", newline="\n") as lines:
        ids, columns = size_of(lines)
    return {"ids": ids, "columns": columns, "version": content_version(file)[:8]}


def _vectors(path: str, transform: tft.TFTransformOutput) -> Vectors:
    file = transform.vocabulary_file_by_name(VECTOR_VOCABULARY)
    own = VectorVocabulary.load(file) if file else VectorVocabulary({})
    words = [word.decode() for word in transform.vocabulary_by_name(WORD_VOCABULARY)]
    vectors = load_vectors(path, own, words)
    logging.info("%s", vectors.coverage)
    return vectors


def _pieces(transform: tft.TFTransformOutput) -> list[str]:
    """Returns the word pieces by id."""
    file = transform.vocabulary_file_by_name(PIECE_VOCABULARY)
    if file is None:
        raise NerError(
            "trainer.tagger: the examples were transformed for another tagger and hold no word pieces. "
            "Run Transform with trainer.tagger=encoder as well."
        )
    return Path(file).read_text(encoding="utf-8").split("\n")[:-1]
