"""Answers of a tagger, and its tags on the tokens of the corpus."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from components.common.errors import quoted
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.delayed_labels.alignment import continuation_tag
from components.evaluator.errors import EvaluationError
from components.text.tags import OUTSIDE, is_valid_tag, split_tag, to_iob2


class TaggedText(Protocol):
    """Answer of a tagger for one sentence, such as `components.serving.TaggedSentence`."""

    @property
    def tags(self) -> Sequence[str]:
        """Tags, one per token."""

    @property
    def scores(self) -> Sequence[float]:
        """Probability of each tag; empty if the tagger returns none."""

    @property
    def starts(self) -> Sequence[int]:
        """Offset of the first character of each token in the sentence."""

    @property
    def ends(self) -> Sequence[int]:
        """Offset after the last character of each token."""


Tag = Callable[[Sequence[str]], Sequence[TaggedText]]
"""Function from sentences to their answers, in order."""


@dataclasses.dataclass(frozen=True)
class EvaluatedModel:
    """A model to evaluate.

    Attributes:
        tag: the tagger.
        name: as the user named it, for errors and the report.
        identity: what the name stands for, label -> text: folder, tree hash, version, address.
        types: entity types that the model can predict; None if unknown.
        training_sentences: the sentences that it was trained on, without spaces; None if unknown.
    """

    tag: Tag
    name: str
    identity: Mapping[str, str] = dataclasses.field(default_factory=dict)
    types: frozenset[str] | None = None
    training_sentences: TextHashes | None = None

    def answers(self, sentences: Sequence[str], keys: Sequence[str]) -> list[Answer]:
        """Tags sentences and checks the answers.

        Args:
            sentences: the texts.
            keys: their keys, for errors.

        Raises:
            EvaluationError: the number of answers or their lengths are wrong, the offsets do not lie in the text, or a
                tag is not one of an entity tagger.
        """
        order = sorted(range(len(sentences)), key=lambda row: len(sentences[row]))  # little padding
        tagged = list(self.tag([sentences[row] for row in order]))
        if len(tagged) != len(sentences):
            raise EvaluationError(
                f"{self.name}: {len(tagged)} answers to {len(sentences)} sentences. Nothing was scored. "
                "Give a tagger that returns one answer per sentence."
            )
        answers = {row: self._answer(one, sentences[row], keys[row]) for row, one in zip(order, tagged, strict=True)}
        return [answers[row] for row in range(len(sentences))]

    def _answer(self, tagged: TaggedText, sentence: str, key: str) -> Answer:
        tags, starts, ends = tuple(tagged.tags), tuple(tagged.starts), tuple(tagged.ends)
        scores = tuple(tagged.scores)
        where = f"{self.name}, sentence with key {quoted(key)}"
        if not len(tags) == len(starts) == len(ends) or len(scores) not in (0, len(tags)):
            raise EvaluationError(
                f"{where}: the answer has {len(tags)} tags, {len(scores)} scores, {len(starts)} starts and {len(ends)} "
                "ends. Nothing was scored. Each token needs one of each."
            )
        if any(end > start for end, start in zip(ends, starts[1:], strict=False)) or not all(
            0 <= start < end <= len(sentence) for start, end in zip(starts, ends, strict=True)
        ):
            raise EvaluationError(
                f"{where}: the offsets of its tokens do not ascend, or do not lie in its {len(sentence)} characters. "
                "Nothing was scored. Offsets must count characters (code points)."
            )
        for tag in set(tags):
            if not is_valid_tag(tag):
                raise EvaluationError(
                    f"{where}: the tag {quoted(tag)}. Nothing was scored. Give a tagger of entities, with tags such as "
                    "B-PER, I-PER and O."
                )
        if any(split_tag(tag)[0] not in ("", "B", "I") for tag in set(tags)):
            tags = tuple(to_iob2(tags))  # taggers of others use BIOES and BILOU
        return Answer(tags, scores, starts, ends)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A `TaggedText` of tuples."""

    tags: tuple[str, ...]
    scores: tuple[float, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TokenTags:
    """Tags of a model on given tokens.

    Attributes:
        tags: one per token.
        scores: one per token; None if the model returns none.
        cut_differently: whether the model's own tokens are others.
        merged: whether one of them holds parts of several tokens.
        missing: tokens that are in none of them; they count as outside.
    """

    tags: tuple[str, ...]
    scores: tuple[float, ...] | None
    cut_differently: bool = False
    merged: bool = False
    missing: int = 0


def tags_of_tokens(answer: Answer, starts: Sequence[int], ends: Sequence[int]) -> TokenTags:
    """Returns the tags of tokens, in the way of the pipeline's Evaluator.

    The tag of the model's token at the first character of a token counts. A model that cuts finer than the corpus is
    scored by the first piece of each token; in one that cuts coarser, a later token continues the entity.

    Args:
        answer: of the model.
        starts: offset of each token.
        ends: offset after each token.

    Example:
        "New Delhi." served as New, Delhi and a period:

        >>> answer = Answer(("B-LOC", "I-LOC", "O"), (), (0, 4, 9), (3, 9, 10))
        >>> tags_of_tokens(answer, (0, 4), (3, 10)).tags
        ('B-LOC', 'I-LOC')
    """
    starts, ends = tuple(starts), tuple(ends)
    if answer.starts == starts and answer.ends == ends:
        return TokenTags(answer.tags, answer.scores or (None if starts else ()))
    tags, scores = [], []
    merged, missing, owner_before = False, 0, -1
    for start in starts:
        owner = bisect.bisect_right(answer.starts, start) - 1
        if owner < 0 or answer.ends[owner] <= start:
            missing += 1
            tags.append(OUTSIDE)
            scores.append(1.0)  # silence claims with certainty that there is nothing
            continue
        merged = merged or owner == owner_before
        tags.append(answer.tags[owner] if answer.starts[owner] == start else continuation_tag(answer.tags[owner]))
        scores.append(answer.scores[owner] if answer.scores else 0.0)
        owner_before = owner
    scored = tuple(scores) if answer.scores or not answer.tags else None
    return TokenTags(tuple(tags), scored, cut_differently=True, merged=merged, missing=missing)
