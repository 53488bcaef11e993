"""The best candidates of a stream of sentences, and a choice among them."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from components.common.iterables import batched
from components.serving.batch_prediction.rows import Row
from components.serving.saved_model_tagger import TaggedSentence
from components.suggestions.text_features import fingerprint, template, text_vectors
from components.suggestions.uncertainty import Uncertainty

_CANDIDATES = 10  # for each suggestion
_LEAST_CANDIDATES = 1_000
_TEMPLATE_SHARE = 20  # at most one in 20 candidates may have the same template
_NEAR = 0.8  # similarity of texts that teach a model the same
_BATCH = 1_024  # labelled sentences


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """A sentence to label.

    Attributes:
        row: of the input.
        tagged: the sentence with the tags of the model.
        uncertainty: of the model, or of both.
    """

    row: Row
    tagged: TaggedSentence
    uncertainty: Uncertainty


@dataclasses.dataclass
class LeftOut:
    """Numbers of sentences that were left out.

    Attributes:
        labelled: like a labelled sentence, except for case, digits, spaces and punctuation.
        repeated: like a better candidate in that sense.
        similar: near duplicates of a labelled sentence or a better candidate.
        empty: without a token.
    """

    labelled: int = 0
    repeated: int = 0
    similar: int = 0
    empty: int = 0


class Ranking:
    """Keeps the most uncertain sentences of a stream, in memory that depends on the number of suggestions only.

    Example: tests/components/suggestions/test_ranking.py.

    Attributes:
        left_out: numbers of sentences that are not suggested.
    """

    def __init__(self, count: int, labelled: Iterable[Sequence[str]] = ()) -> None:
        """Reads the labelled sentences.

        Args:
            count: number of suggestions.
            labelled: tokens of sentences that have labels.
        """
        self._count = count
        self._size = max(_LEAST_CANDIDATES, _CANDIDATES * count)
        self._labelled = {fingerprint(" ".join(tokens)) for tokens in labelled}
        self._candidates: list[Suggestion] = []
        self.left_out = LeftOut()

    def add(self, suggestion: Suggestion) -> None:
        """Adds a sentence, if it has no labels yet."""
        if fingerprint(suggestion.row.text) in self._labelled:
            self.left_out.labelled += 1
            return
        self._candidates.append(suggestion)
        if len(self._candidates) >= 2 * self._size:
            self._candidates = self._best()

    def choose(self, labelled: Iterable[Sequence[str]] = ()) -> list[Suggestion]:
        """Chooses suggestions that are uncertain and unlike each other, the best first.

        Each step takes the candidate with the highest uncertainty x (1 - similarity to the nearest labelled or chosen
        sentence): maximal marginal relevance (Carbonell and Goldstein 1998), as Kim et al. (2006), "MMR-based Active
        Machine Learning for Bio Named Entity Recognition", use it, in the form of a product without a weight to tune.

        Args:
            labelled: tokens of sentences that have labels.
        """
        candidates = self._best()
        if not candidates:
            return []
        vectors = text_vectors([candidate.tagged.tokens for candidate in candidates])  # [candidates, features]
        similarity = np.zeros(len(candidates), np.float32)
        for batch in batched(labelled, _BATCH):
            np.maximum(similarity, (vectors @ text_vectors(batch).T).max(axis=1), out=similarity)
        values = np.array([candidate.uncertainty.value for candidate in candidates])
        free = similarity < _NEAR
        chosen: list[int] = []
        while free.any() and len(chosen) < self._count:
            best = int(np.argmax(np.where(free, values * (1 - similarity), -1)))
            chosen.append(best)
            np.maximum(similarity, vectors @ vectors[best], out=similarity)
            free &= similarity < _NEAR
            free[best] = False
        near = similarity >= _NEAR
        near[chosen] = False
        self.left_out.similar = int(near.sum())
        return [candidates[index] for index in chosen]

    def _best(self) -> list[Suggestion]:
        """Returns the most uncertain candidates, without repeated texts and with few of a template."""
        ordered = sorted(self._candidates, key=lambda each: (-each.uncertainty.value, each.row.number))
        seen = set[int]()
        templates = collections.Counter[int]()
        best: list[Suggestion] = []
        for candidate in ordered:
            mark = fingerprint(candidate.row.text)
            if mark in seen:
                self.left_out.repeated += 1
                continue
            seen.add(mark)
            kind = template(candidate.tagged.tokens)
            if templates[kind] >= self._size // _TEMPLATE_SHARE:
                continue
            templates[kind] += 1
            best.append(candidate)
            if len(best) == self._size:
                break
        return best
