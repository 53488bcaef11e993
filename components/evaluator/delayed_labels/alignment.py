"""Brings a prediction and a label to common tokens.

Both are laid over the sentence's characters without white space, where no way of cutting and no blank makes a
difference. A label of tokens is scored on its tokens, as in the pipeline: the served token on its first character
speaks for it. A label of character spans is scored on the pieces between all cuts of both sides, so that a span is
found exactly when both its ends are right to the character.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Sequence

from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.errors import EvaluationError
from components.text.tags import OUTSIDE, split_tag, to_iob2


@dataclasses.dataclass(frozen=True)
class Alignment:
    """A sentence on common tokens.

    Attributes:
        tokens: its tokens.
        gold: gold tag of each.
        predicted: predicted tag of each.
        scores: probability of the predicted tag; None where the prediction has none.
    """

    tokens: tuple[str, ...]
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    scores: tuple[float, ...] | None


def align(prediction: Prediction, label: Label) -> Alignment:
    """Aligns one sentence.

    Raises:
        EvaluationError: the two are not about the same text; the text says in what they differ.
    """
    letters = "".join(prediction.tokens)
    served = [0, *itertools.accumulate(map(len, prediction.tokens))]  # where tokens begin, and the end
    if label.tags is None:
        gold = [(_letter(start, prediction), _letter(end, prediction), kind) for start, end, kind in label.entities]
        cuts = sorted({*served, *(cut for start, end, _ in gold for cut in (start, end))})
        gold_tags = _tags_of_spans(gold, cuts)
    else:
        cuts = _gold_cuts(prediction, label, letters)
        gold_tags = to_iob2(label.tags)
    owners = [bisect.bisect_right(served, cut) - 1 for cut in cuts[:-1]]  # the served token on each first character
    predicted = [
        _continued(prediction.tags[owner]) if served[owner] < cut else prediction.tags[owner]
        for owner, cut in zip(owners, cuts[:-1], strict=True)
    ]
    return Alignment(
        tokens=tuple(letters[start:end] for start, end in itertools.pairwise(cuts)),
        gold=tuple(gold_tags),
        predicted=tuple(predicted),
        scores=None if prediction.scores is None else tuple(prediction.scores[owner] for owner in owners),
    )


def _gold_cuts(prediction: Prediction, label: Label, letters: str) -> list[int]:
    """Where the label's tokens begin, and the end."""
    tokens = label.tokens if label.tokens is not None else _words(prediction)
    if label.tags is not None and len(label.tags) != len(tokens):
        raise EvaluationError(f"the label has {len(label.tags)} tags, and the sentence {len(tokens)} words")
    if "".join(tokens) != letters:
        raise EvaluationError(f"the label is about {_shown(tokens)}, the prediction about {_shown(prediction.tokens)}")
    return [0, *itertools.accumulate(map(len, tokens))]


def _words(prediction: Prediction) -> list[str]:
    """Served tokens that touch, put together: what stands between white space."""
    words: list[str] = []
    end_before = -1
    for token, start in zip(prediction.tokens, prediction.starts, strict=True):
        if start == end_before:
            words[-1] += token
        else:
            words.append(token)
        end_before = start + len(token)
    return words


def _letter(offset: int, prediction: Prediction) -> int:
    """How many characters of tokens stand before an offset of the raw sentence."""
    before = 0
    for token, start in zip(prediction.tokens, prediction.starts, strict=True):
        before += min(max(offset - start, 0), len(token))
    if prediction.tokens and offset > prediction.starts[-1] + len(prediction.tokens[-1]):
        end = prediction.starts[-1] + len(prediction.tokens[-1])
        raise EvaluationError(f"the label marks characters up to {offset}, and the last served token ends at {end}")
    return before


def _tags_of_spans(spans: Sequence[tuple[int, int, str]], cuts: Sequence[int]) -> list[str]:
    tags = [OUTSIDE] * (len(cuts) - 1)
    for start, end, kind in spans:
        first, last = bisect.bisect_left(cuts, start), bisect.bisect_left(cuts, end)
        if first == last:
            raise EvaluationError(f"the label marks white space as {kind}")
        tags[first:last] = [f"B-{kind}"] + [f"I-{kind}"] * (last - first - 1)
    return tags


def _continued(tag: str) -> str:
    """The tag of a later piece of a token."""
    prefix, kind = split_tag(tag)
    return f"I-{kind}" if prefix else tag


def _shown(tokens: Sequence[str]) -> str:
    text = " ".join(tokens)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
