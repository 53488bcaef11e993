"""Entity counts of logits at several outside biases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from components.text.entity_scores import Scores
from components.text.tags import split_tag
from components.trainer.scoring.biased_decoder import BiasedDecoder

# Added to the logits of outside tags; a bias of -4 multiplies the odds of an entity by e ** 4 = 55.
OUTSIDE_BIASES = tuple(0.0 - number / 2 for number in range(9))
_UNSEEN = "B-[UNSEEN]"
# On 23 entities the F1 of two biases differs by ten points by chance: the usual bias is the better guess.
_DOUBT = 3.0


def usual_bias(entities: int) -> float:
    """Returns the outside bias that is usually best after training on so many entities.

    Fitted to the best biases of eleven trainings on 50 to 688 entities (docs/training.md): the more entities a tagger
    has seen, the surer it is of those that it finds.

    Example:
        >>> [round(usual_bias(entities), 1) for entities in (10, 50, 200, 1000, 100000)]
        [-4.0, -3.3, -2.2, -0.9, -0.5]
    """
    return min(max(0.81 * math.log(max(entities, 1)) - 6.5, OUTSIDE_BIASES[-1]), -0.5)


class EntityCounter:
    """Counts correct, predicted and labelled entities at each of `OUTSIDE_BIASES`.

    Likelihood and F1 have different best thresholds: F1 is highest when a tagger predicts every entity that is likelier
    than half of the F1 that it can reach (Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1
    Measure"), far below one half on a hard corpus.

    The counts are those of `components.text.spans.spans` on the sequences of constrained Viterbi decoding, and the
    tests compare the two. Whole batches are counted at once, because `components.text.entity_scores`, with an object
    for each entity, would take longer than the training.

    Attributes:
        counts: int64 [biases, 3]: correct, predicted and labelled entities. Counts of parts of a split can be added.

    Example:
        >>> counter = EntityCounter(["[PAD]", "O", "B-PER", "I-PER"], usual=-2.0)
        >>> counter.add(np.array([[[-9.0, 0.0, 2.0, 0.0], [-9.0, 3.0, 0.0, 0.0]]]), np.array([[2, 1]]))
        >>> bias, scores = counter.best()
        >>> bias, scores.f1
        (-2.0, 1.0)
    """

    def __init__(self, tags: Sequence[str], usual: float) -> None:
        """Starts with zero counts.

        Args:
            tags: tag vocabulary in the order of the logits, `[PAD]` first.
            usual: bias that `best` prefers if few entities are counted (`usual_bias`).
        """
        self._usual = usual
        # A tag that is not in the training split has id -1, the last one: its entities can only be missed.
        parts = [split_tag(tag) for tag in (*tags, _UNSEEN)]
        types = sorted({kind for prefix, kind in parts if prefix in ("B", "I")})
        # Entity type of each tag, -1 for none.
        self._types = np.array([types.index(kind) if prefix in ("B", "I") else -1 for prefix, kind in parts])
        self._begins = np.array([prefix == "B" for prefix, _ in parts])
        self._decoder = BiasedDecoder(tags)
        self.counts = np.zeros((len(OUTSIDE_BIASES), 3), np.int64)

    def add(self, logits: np.ndarray, gold: np.ndarray) -> None:
        """Counts a batch.

        Args:
            logits: float [rows, tokens, tags].
            gold: int [rows, tokens]: 0 at padding, -1 for a tag that is not in the training split.
        """
        real = gold != 0
        if not real.any():
            return
        labelled = self._spans(gold, real)
        for row, path in zip(self.counts, self._decoder.decode(logits, real, OUTSIDE_BIASES), strict=True):
            predicted = self._spans(path, real)
            row += len(np.intersect1d(labelled, predicted, assume_unique=True)), len(predicted), len(labelled)

    def best(self) -> tuple[float, Scores]:
        """Returns the bias with the highest F1 and its scores.

        F1 is lowered by three times the squared distance to the usual bias over the number of labelled entities, so
        that few entities do not choose an unusual bias by chance, and no entities choose the usual one.
        """
        scores = [Scores.of(*row) for row in self.counts.tolist()]
        doubt = _DOUBT / max(self.counts[0, 2], 1)
        best = max(range(len(scores)), key=lambda n: scores[n].f1 - doubt * (OUTSIDE_BIASES[n] - self._usual) ** 2)
        return OUTSIDE_BIASES[best], scores[best]

    def _spans(self, ids: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Returns a number for each entity, int64 [entities]: equal for equal row, first and last token, and type."""
        types = np.where(real, self._types[ids], -1)  # [rows, tokens]
        continues = np.zeros_like(real)
        continues[:, 1:] = ~self._begins[ids[:, 1:]] & (types[:, 1:] == types[:, :-1])
        inside = types >= 0
        ends = inside.copy()
        ends[:, :-1] &= ~(continues & inside)[:, 1:]
        first, last = np.flatnonzero(inside & ~continues), np.flatnonzero(ends)  # as many, in the same order
        return (first * ids.shape[1] + last - first) * (self._types.max() + 1) + types.ravel()[first]
