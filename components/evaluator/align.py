"""The way back from served tokens to the corpus's tokens, which is what scores are counted on."""

from __future__ import annotations

from collections.abc import Sequence

from components.evaluator.errors import EvaluationError


def to_gold_tokens(tags: Sequence[str], starts: Sequence[int], ends: Sequence[int], n_gold: int) -> list[str]:
    """Picks one predicted tag for each gold token: the tag of its first piece.

    The served model may cut finer than the corpus (`words` makes two tokens of `Delhi.`). The sentence of an Example is
    its gold tokens joined by exactly one space, so a served token that touches the one before is a later piece of the
    same gold token, and every other one begins a gold token.

    Args:
        tags: predicted tag of each served token; may end in padding.
        starts: character offset of each served token's first character, as many as tags. Padding, and only padding, is
            told by `end <= start`: a real token has at least one character.
        ends: character offset after each served token's last character, as many as tags.
        n_gold: number of gold tokens of the sentence.

    Returns:
        `n_gold` tags.

    Raises:
        EvaluationError: the served tokens do not make up `n_gold` gold tokens, the three inputs differ in length, or
            padding stands before a real token. The caller knows the sentence's key, and names it.
    """
    if not len(tags) == len(starts) == len(ends):
        raise EvaluationError(f"the model gave {len(tags)} tags, {len(starts)} starts and {len(ends)} ends")
    picked = []
    end_before = -1
    padded = False
    for tag, start, end in zip(tags, starts, ends, strict=True):
        if end <= start:
            padded = True
            continue
        if padded:
            raise EvaluationError(f"the model gave padding before the token at characters {start} to {end}")
        if start != end_before:
            picked.append(tag)
        end_before = end
    if len(picked) != n_gold:
        raise EvaluationError(
            f"the model's tokens make up {len(picked)} corpus tokens, and there are {n_gold} gold tags"
        )
    return picked
