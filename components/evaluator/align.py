"""The way back from served tokens to the corpus's tokens, which is what scores are counted on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from components.evaluator.errors import EvaluationError


def first_pieces(starts: np.ndarray, ends: np.ndarray, n_gold: np.ndarray, name: Callable[[int], str]) -> np.ndarray:
    """Finds the served token that speaks for each gold token: the first of its pieces.

    The served model may cut finer than the corpus (`words` makes two tokens of `Delhi.`). The sentence of an Example is
    its gold tokens joined by exactly one space, so a served token that touches the one before is a later piece of the
    same gold token, and every other one begins a gold token.

    Args:
        starts: int [sentences, columns], character offset of each served token's first character.
        ends: int [sentences, columns], offset after its last character. Padding, and only padding, is told by
            `end <= start`: a real token has at least one character.
        n_gold: int [sentences], number of gold tokens.
        name: says in words which sentence a row is.

    Returns:
        bool [sentences, columns], with `n_gold` columns true in each row.

    Raises:
        EvaluationError: in some row the served tokens do not make up `n_gold` gold tokens, or padding stands before a
            real token.
    """
    if starts.shape != ends.shape or starts.ndim != 2:
        raise EvaluationError(f"the model gave starts of the shape {starts.shape} and ends of the shape {ends.shape}")
    real = ends > starts
    holes = np.argwhere(real[:, 1:] & ~real[:, :-1])
    if len(holes):
        row, column = holes[0]
        place = f"characters {starts[row, column + 1]} to {ends[row, column + 1]}"
        raise EvaluationError(f"{name(row)}: the model gave padding before the token at {place}")
    before = np.concatenate([np.full((len(ends), 1), -1, ends.dtype), ends[:, :-1]], axis=1)
    first = real & (starts != before)
    found = first.sum(axis=1)
    wrong = np.flatnonzero(found != n_gold)
    if len(wrong):
        row = wrong[0]
        raise EvaluationError(
            f"{name(row)}: the model's tokens make up {found[row]} corpus tokens, and there are {n_gold[row]} gold "
            "tags; its `sentence` must be its tokens joined by one space, and the model must keep every token. Nothing "
            "was scored."
        )
    return first
