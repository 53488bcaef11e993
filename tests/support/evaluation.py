"""Batches, slicers and settings for tests of the Evaluator."""

from __future__ import annotations

from typing import Any

from components.evaluator.settings import EvaluatorSettings
from configs.loading import load_config


def evaluator_settings(**changes: Any) -> EvaluatorSettings:
    """Returns the settings of configs/base.yaml with changes."""
    return EvaluatorSettings.model_validate({**load_config(None).evaluator.model_dump(), **changes})


def make_slicer(*columns: str, **changes: Any) -> Any:
    """Returns a `Slicer` with the ranges of configs/base.yaml and changes."""
    from components.evaluator.counts.slicing import Slicer

    return Slicer(**{"columns": columns, "sentence_length": (5, 10, 20, 40), "entity_length": (1, 2, 3), **changes})


def make_batch(
    gold: Any, predicted: Any, scores: Any = None, texts: Any = None, keys: Any = None, vocabulary: Any = None
) -> Any:
    """Returns a `TaggedBatch`; `gold` and `predicted` are lists of lists of tags, `scores` of numbers."""
    import numpy as np

    from components.evaluator.counts.tag_vocabulary import TagVocabulary
    from components.evaluator.counts.tagged_batch import TaggedBatch

    vocabulary = vocabulary or TagVocabulary()
    return TaggedBatch(
        vocabulary=vocabulary,
        keys=keys or [f"key-{number}" for number in range(len(gold))],
        texts=texts or [" ".join(f"t{number}" for number in range(len(tags))) for tags in gold],
        lengths=np.array([len(tags) for tags in gold], np.int64),
        gold=vocabulary.encode([tag for tags in gold for tag in tags]),
        predicted=vocabulary.encode([tag for tags in predicted for tag in tags]),
        scores=None if scores is None else np.array([score for row in scores for score in row], np.float64),
    )
