"""The teacher: a trained tagger that gives each token of a text a distribution over tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from components.text.transitions import marginals, outside_tags, transitions
from components.trainer.data.window_table import WindowPool
from components.trainer.scoring.biased_decoder import BiasedDecoder
from components.trainer.teacher.graph_archive import extracted_graph
from components.trainer.trained_model import TrainedModel
from components.transform.features import ENDS, STARTS, TAG_IDS
from components.transform.transform_graph import TransformGraph

_BATCH = 64


class SoftLabels(NamedTuple):
    """Distributions over tags for the tokens of a text.

    Attributes:
        starts: int64 [tokens], code points.
        ends: int64 [tokens].
        probabilities: float32 [tokens, tags], in the order of the teacher's tags.
        score: least score of a token, as serving gives it: the calibrated probability of the chosen tag.
    """

    starts: np.ndarray
    ends: np.ndarray
    probabilities: np.ndarray
    score: float = 1.0


class Teacher:
    """A trained model with its transform graph.

    The distributions are those of the tags among the valid IOB2 sequences, for which `ConstrainedCrfLoss` is exact.

    Example: tests/components/trainer/teacher/test_soft_labels.py.

    Attributes:
        tags: tag vocabulary.
    """

    def __init__(self, trained: TrainedModel, transform: TransformGraph) -> None:
        """Stores the parts."""
        self.tags = trained.tags
        self._transform, self._most = transform, trained.windows.size
        self._transitions, self._outside = transitions(trained.tags), outside_tags(trained.tags)
        self._decoder, self._outside_bias = BiasedDecoder(trained.tags), trained.outside_bias
        self._calibration = trained.calibration
        model = trained.model
        self._run: Any = tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)

    @classmethod
    def load(cls, folder: str) -> Teacher:
        """Loads the trained model of a registered version.

        Args:
            folder: output `trained_model` of the Trainer, as the registry stores it.

        Raises:
            NerError: it holds no transform graph, as those of older versions of the code.
        """
        with extracted_graph(folder) as graph:
            return cls(TrainedModel.load(folder), TransformGraph(graph))

    def soft_labels(self, texts: Sequence[str]) -> list[SoftLabels | None]:
        """Returns the distributions for some hundred texts; None for a text longer than a window of the teacher."""
        lengths, columns = self._transform.token_columns(texts)
        begins = np.cumsum(lengths) - lengths
        starts, ends = columns.pop(STARTS), columns.pop(ENDS)
        probabilities, scores = np.zeros((len(starts), len(self.tags)), np.float32), np.ones(len(lengths))
        pool = WindowPool(lengths, {**columns, TAG_IDS: np.ones(len(starts), np.int64)})
        order = np.argsort(lengths, kind="stable")
        order = order[(lengths[order] > 0) & (lengths[order] <= self._most)]
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            batch = pool.batch(rows)
            logits, real = self._run(batch.features).numpy(), batch.tags > 0
            answers = marginals(logits, real, *self._transitions)
            scores[rows] = self._least_scores(logits, real)
            for number, row in enumerate(rows):
                probabilities[begins[row] : begins[row] + lengths[row]] = answers[number, : lengths[row]]
        return [
            SoftLabels(starts[begin:end], ends[begin:end], probabilities[begin:end], score)
            if end - begin <= self._most
            else None
            for begin, end, score in zip(begins, begins + lengths, scores.tolist(), strict=True)
        ]

    def _least_scores(self, logits: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Returns the least score of each row; see `SoftLabels`."""
        [chosen] = self._decoder.decode(logits, real, (self._outside_bias,))
        calibrated = marginals(self._calibration.logits(logits, self._outside), real, *self._transitions)
        scores = np.take_along_axis(calibrated, chosen[..., None], -1)[..., 0]
        return np.where(real, scores, 1.0).min(-1)
