"""Uncertainty of a model, or of two models, about the tags of a sentence."""

from __future__ import annotations

import dataclasses

from components.common.errors import NerError
from components.serving.saved_model_tagger import TaggedSentence


@dataclasses.dataclass(frozen=True)
class Uncertainty:
    """Uncertainty about a sentence.

    Attributes:
        value: 0 (sure) to 1: 1 - `TaggedSentence.confidence`.
        disagreement: share of the tokens that a second model tags differently; None without a second model.
    """

    value: float
    disagreement: float | None = None


def uncertainty(tagged: TaggedSentence, other: TaggedSentence | None = None) -> Uncertainty | None:
    """Returns the uncertainty about a sentence; None if it has no token.

    Two models are a committee (Seung et al. 1992; Dagan and Engelson 1995): the probability of a tag is the mean of
    both, in which a model that prefers another tag gives the first one at most the rest of the probability.

    Args:
        tagged: the sentence, tagged by the model.
        other: the same sentence, tagged by the second model.

    Raises:
        NerError: there is one model, and it returns no scores.

    Example:
        >>> first = TaggedSentence("in Rome", ("in", "Rome"), ("O", "B-LOC"), (1.0, 1.0), (0, 3), (2, 7))
        >>> second = dataclasses.replace(first, tags=("O", "O"))
        >>> uncertainty(first), uncertainty(first, second)
        (Uncertainty(value=0.0, disagreement=None), Uncertainty(value=0.387..., disagreement=0.5))
    """
    if not tagged.tags:
        return None
    if other is None:
        if tagged.confidence is None:
            raise NerError(
                "the model returns no scores, from which the uncertainty is computed. Export it with "
                "exporter.outputs=[tokens, scores, offsets], or compare it with a second one: --against MODEL."
            )
        return Uncertainty(1 - tagged.confidence)
    seen = {start: position for position, start in enumerate(other.starts)}
    scores, different = [], 0
    for position, (start, tag) in enumerate(zip(tagged.starts, tagged.tags, strict=True)):
        score = tagged.scores[position] if tagged.scores else 1.0
        match = seen.get(start)  # None: the second model cuts other tokens, so it does not support the tag
        rival = other.scores[match] if match is not None and other.scores else 1.0
        if match is None or other.tags[match] != tag:
            different += 1
            rival = 1 - rival
        scores.append((score + rival) / 2)
    confidence = dataclasses.replace(tagged, scores=tuple(scores)).confidence or 0.0
    return Uncertainty(1 - confidence, different / len(tagged.tags))
