"""Asks an exported model for the tags of a batch of Examples."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.evaluator.counts.tag_vocabulary import TagVocabulary
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


_CHUNK = 64
"""Sentences asked for at once. Measured: with 256 a batch that is sorted by length takes 40 % more, with 16 as well."""


class Predictor:
    """One model, asked through the signature that takes serialized Examples."""

    def __init__(self, model: Any, signature: str, name: str, vocabulary: TagVocabulary) -> None:
        """Takes what `tf.saved_model.load` gave.

        Args:
            model: the loaded SavedModel; kept, because a signature alone loses its variables.
            signature: name of the signature.
            name: what errors call the model.
            vocabulary: learns the tags that the model gives.
        """
        self._model = model
        self._signature = model.signatures[signature]
        (self._input,) = self._signature.structured_input_signature[1]
        self._name = name
        self._vocabulary = vocabulary

    def predict(
        self, examples: Sequence[bytes], lengths: np.ndarray, key: Callable[[int], str]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Tags a batch.

        Args:
            examples: serialized `tf.Example`s.
            lengths: int64 [examples], numbers of gold tokens.
            key: the key of an example, for errors.

        Returns:
            int32 [tokens], ids of the predicted tags of the gold tokens, example after example; float32 [tokens], their
            scores, or None where the model gives none.

        Raises:
            EvaluationError: the model's tokens do not fit the gold tokens of an example.
        """
        total, offsets = int(lengths.sum()), np.cumsum(lengths) - lengths
        tags, scores = np.zeros(total, np.int32), np.zeros(total, np.float32)
        scored = True
        # Sentences of one length waste nothing on padding; the size of an example tells its length well enough.
        order = np.argsort([len(example) for example in examples], kind="stable")
        for begin in range(0, len(order), _CHUNK):
            rows = order[begin : begin + _CHUNK]
            outputs = self._signature(**{self._input: tf.constant([examples[row] for row in rows])})
            places = _ranges(offsets[rows], lengths[rows])
            first = self._first_pieces(outputs, lengths[rows], functools.partial(_key_of, key, rows))
            tags[places] = self._vocabulary.encode(outputs["tags"].numpy()[first].tolist())
            scored = scored and "scores" in outputs
            if scored:
                scores[places] = outputs["scores"].numpy()[first]
        return tags, scores if scored else None

    def _first_pieces(self, outputs: dict[str, Any], lengths: np.ndarray, key: Callable[[int], str]) -> np.ndarray:
        shapes = {name: tuple(outputs[name].shape) for name in ("tags", "starts", "ends", "scores") if name in outputs}
        if len(set(shapes.values())) != 1:
            raise EvaluationError(f"{self._name} gave outputs of different shapes: {shapes}; export it again")
        return first_pieces(
            outputs["starts"].numpy(),
            outputs["ends"].numpy(),
            lengths,
            lambda row: f"{self._name}, sentence with key {key(row)!r}",
        )


def _key_of(key: Callable[[int], str], rows: np.ndarray, row: int) -> str:
    return key(int(rows[row]))


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Concatenates start, start + 1, … of each length: int64 [sum of lengths]."""
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
