"""Alignment of a prediction and a label to common tokens.

Both are mapped to the characters of the sentence without white space, which do not depend on the tokenization. A label
of tokens is scored on its tokens, as in the pipeline: the tag of the served token at their first character counts. A
label of character spans is scored on the pieces between all boundaries of both sides, so a span is found exactly if
both its boundaries are correct to the character.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Sequence

from components.common.errors import quoted, shortened
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.errors import EvaluationError
from components.text.tags import OUTSIDE, split_tag, to_iob2


@dataclasses.dataclass(frozen=True)
class Alignment:
    """Sentence on common tokens.

    Attributes:
        tokens: the tokens.
        gold: gold tag of each token.
        predicted: predicted tag of each token.
        scores: probability of each predicted tag; None if the prediction has none.
        cut_spans: spans of the label that begin or end inside a served token.
    """

    tokens: tuple[str, ...]
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    scores: tuple[float, ...] | None
    cut_spans: int = 0


def align(prediction: Prediction, label: Label) -> Alignment:
    """Aligns one sentence.

    Raises:
        EvaluationError: the two have different texts; the message names the difference.
    """
    letters = "".join(prediction.tokens)
    served = [0, *itertools.accumulate(map(len, prediction.tokens))]  # start of each token, and the end
    cut_spans = 0
    if label.tags is None:
        _check_text(prediction, label)
        gold = [
            (_letters_before(start, prediction, served), _letters_before(end, prediction, served), kind)
            for start, end, kind in label.entities
        ]
        cuts = sorted({*served, *(cut for start, end, _ in gold for cut in (start, end))})
        gold_tags = _tags_of_spans(gold, cuts)
        edges = {*served}
        cut_spans = sum(not {start, end} <= edges for start, end, _ in gold)
    else:
        cuts = _gold_cuts(prediction, label, letters)
        gold_tags = to_iob2(label.tags)
    owners = [bisect.bisect_right(served, cut) - 1 for cut in cuts[:-1]]  # the served token at each start
    predicted = [
        continuation_tag(prediction.tags[owner]) if served[owner] < cut else prediction.tags[owner]
        for owner, cut in zip(owners, cuts[:-1], strict=True)
    ]
    return Alignment(
        tokens=tuple(letters[start:end] for start, end in itertools.pairwise(cuts)),
        gold=tuple(gold_tags),
        predicted=tuple(predicted),
        scores=None if prediction.scores is None else tuple(prediction.scores[owner] for owner in owners),
        cut_spans=cut_spans,
    )


def _check_text(prediction: Prediction, label: Label) -> None:
    tokens = zip(prediction.tokens, prediction.starts, strict=True)
    if label.text and not all(label.text.startswith(token, start) for token, start in tokens):
        raise _different_texts(label.text, prediction)


def _different_texts(text: str, prediction: Prediction) -> EvaluationError:
    served = quoted(" ".join(prediction.tokens))
    return EvaluationError(f"the text of the label is {quoted(text)}, that of the prediction {served}")


def _gold_cuts(prediction: Prediction, label: Label, letters: str) -> list[int]:
    """Returns the start of each token of the label, and the end."""
    tokens = label.tokens if label.tokens is not None else _words(prediction)
    if label.tags is not None and len(label.tags) != len(tokens):
        raise EvaluationError(f"the label has {len(label.tags)} tags, but the sentence has {len(tokens)} words")
    if "".join(tokens) != letters:
        raise _different_texts(" ".join(tokens), prediction)
    return [0, *itertools.accumulate(map(len, tokens))]


def _words(prediction: Prediction) -> list[str]:
    """Joins served tokens that touch to the words between white space."""
    words: list[str] = []
    previous_end = -1
    for token, start in zip(prediction.tokens, prediction.starts, strict=True):
        if start == previous_end:
            words[-1] += token
        else:
            words.append(token)
        previous_end = start + len(token)
    return words


def _letters_before(offset: int, prediction: Prediction, served: Sequence[int]) -> int:
    """Returns the number of token characters before an offset of the raw sentence.

    Args:
        offset: of a character in the raw sentence.
        prediction: its tokens are in order and do not overlap.
        served: number of token characters before each token.

    Raises:
        EvaluationError: the offset is after the last token.
    """
    index = bisect.bisect_right(prediction.starts, offset) - 1  # the last token that starts there or before
    before = 0 if index < 0 else served[index] + min(offset - prediction.starts[index], len(prediction.tokens[index]))
    if prediction.tokens and offset > prediction.starts[-1] + len(prediction.tokens[-1]):
        end = prediction.starts[-1] + len(prediction.tokens[-1])
        raise EvaluationError(f"the label marks characters up to {offset}, but the last served token ends at {end}")
    return before


def _tags_of_spans(spans: Sequence[tuple[int, int, str]], cuts: Sequence[int]) -> list[str]:
    tags = [OUTSIDE] * (len(cuts) - 1)
    for start, end, kind in spans:
        first, last = bisect.bisect_left(cuts, start), bisect.bisect_left(cuts, end)
        if first == last:
            raise EvaluationError(f"the label marks white space as {shortened(kind)}")
        tags[first:last] = [f"B-{kind}"] + [f"I-{kind}"] * (last - first - 1)
    return tags


def continuation_tag(tag: str) -> str:
    """Returns the tag of a later piece of a token."""
    prefix, kind = split_tag(tag)
    return f"I-{kind}" if prefix else tag
