"""Entity precision, recall and F1 of a tagger's logits, at several thresholds at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.text.entity_scores import Scores
from components.text.tags import split_tag
from components.text.transitions import constrained_viterbi, transitions

# Added to the logits of outside tags; a bias of -4 multiplies the odds of an entity by e ** 4 = 55.
OUTSIDE_BIASES = tuple(0.0 - number / 2 for number in range(9))
_UNSEEN = "B-[UNSEEN]"


class EntityCounter:
    """Counts entities found, predicted and labelled, with each of `OUTSIDE_BIASES`.

    Likelihood and F1 do not want the same threshold: F1 is highest when a tagger names whatever is likelier than half
    of the F1 that it can reach (Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"), far
    below one half on a hard corpus.

    What is counted is what `components.text.spans.spans` reads in the best legal sequences. Whole batches at once,
    because `components.text.entity_scores` with its objects for single entities takes longer than the training does;
    the tests compare the two.

    Attributes:
        counts: int64 [biases, 3]: entities found, predicted, and labelled. Those of parts of a split can be added.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        """Starts with nothing counted.

        Args:
            tags: tag vocabulary in the order of the logits, `[PAD]` first.
        """
        # A tag that training never saw has id -1, the last one: it can only be missed.
        parts = [split_tag(tag) for tag in (*tags, _UNSEEN)]
        types = sorted({kind for prefix, kind in parts if prefix in ("B", "I")})
        # Entity type of each tag, -1 for none.
        self._types = np.array([types.index(kind) if prefix in ("B", "I") else -1 for prefix, kind in parts])
        self._begins = np.array([prefix == "B" for prefix, _ in parts])
        self._outside = outside_tags(tags)
        self._inside = np.array([bool(prefix) for prefix, _ in parts[:-1]])
        self._start, self._step = transitions(tags)
        self.counts = np.zeros((len(OUTSIDE_BIASES), 3), np.int64)

    def add(self, logits: np.ndarray, gold: np.ndarray) -> None:
        """Counts a batch.

        Args:
            logits: float [rows, tokens, tags].
            gold: int [rows, tokens]: 0 at padding, -1 for a tag that training never saw.
        """
        real = gold != 0
        if not real.any():
            return
        labelled = self._spans(gold, real)
        for row, best in zip(self.counts, self.decode(logits, real), strict=True):
            predicted = self._spans(best, real)
            row += len(np.intersect1d(labelled, predicted, assume_unique=True)), len(predicted), len(labelled)

    def best(self) -> tuple[float, Scores]:
        """Returns the bias with the highest F1, the one nearest zero of equals, and its scores."""
        scores = [_scores(*row) for row in self.counts.tolist()]
        place = max(range(len(OUTSIDE_BIASES)), key=lambda number: scores[number].f1)
        return OUTSIDE_BIASES[place], scores[place]

    def decode(self, logits: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Finds the best legal sequences: int [biases, rows, tokens]; what stands at padding means nothing."""
        outside, inside = (np.flatnonzero(chosen) for chosen in (self._outside, self._inside))
        # One bias on all outside logits changes which is better, outside or inside, and nothing within the two.
        if not len(outside):
            outside = np.array([0])  # [PAD], impossible: a corpus without an outside token predicts none
        best_outside, best_inside = (ids[logits[..., ids].argmax(-1)] for ids in (outside, inside))
        lead = logits[..., outside].max(-1) - logits[..., inside].max(-1)  # [rows, tokens]
        biases = np.array(OUTSIDE_BIASES, np.float32)[:, None, None]
        best = np.where(lead >= -biases, best_outside, best_inside)  # [biases, rows, tokens]
        number, row = np.nonzero(self._is_illegal(best, real))
        if len(row):
            biased = logits[row] + biases[number] * self._outside  # [illegal rows, tokens, tags]
            best[number, row] = constrained_viterbi(biased, real[row], self._start, self._step)
        return best

    def _is_illegal(self, paths: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Bool [biases, rows]."""
        steps = (self._step[paths[..., :-1], paths[..., 1:]] != 0) & real[:, 1:]
        return steps.any(-1) | (self._start[paths[..., 0]] != 0) & real[:, 0]

    def _spans(self, ids: np.ndarray, real: np.ndarray) -> np.ndarray:
        """A number for each entity, int64 [entities]: two are equal when row, first and last token and type are."""
        types = np.where(real, self._types[ids], -1)  # [rows, tokens]
        goes_on = np.zeros_like(real)
        goes_on[:, 1:] = ~self._begins[ids[:, 1:]] & (types[:, 1:] == types[:, :-1])
        named = types >= 0
        ends = named.copy()
        ends[:, :-1] &= ~(goes_on & named)[:, 1:]
        first, last = np.flatnonzero(named & ~goes_on), np.flatnonzero(ends)  # as many, in the same order
        return (first * ids.shape[1] + last - first) * (self._types.max() + 1) + types.ravel()[first]


def outside_tags(tags: Sequence[str]) -> np.ndarray:
    """Returns float32 [tags], 1 at the labels that name no entity (padding, which is never predicted, aside)."""
    return np.array([position > 0 and not split_tag(tag)[0] for position, tag in enumerate(tags)], np.float32)


def _scores(found: int, predicted: int, labelled: int) -> Scores:
    return Scores(
        precision=found / predicted if predicted else 0.0,
        recall=found / labelled if labelled else 0.0,
        f1=2 * found / (predicted + labelled) if predicted + labelled else 0.0,
        support=labelled,
    )
