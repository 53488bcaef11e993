"""Predictions of an exported model for a batch of Examples."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.common.errors import quoted
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.errors import EvaluationError
from components.evaluator.labelled_corpus.tagged_text import Answer


def first_pieces(starts: np.ndarray, ends: np.ndarray, n_gold: np.ndarray, name: Callable[[int], str]) -> np.ndarray:
    """Finds the served token whose tag counts for each gold token: the first of its pieces.

    The served model can tokenize finer than the corpus (`words` splits `Delhi.` in two). The sentence of an Example is
    its gold tokens joined by one space, so a served token that touches the one before is a later piece of the same gold
    token, and every other one begins a gold token.

    Args:
        starts: int [sentences, columns], character offset of each served token's first character.
        ends: int [sentences, columns], offset after its last character. Padding, and only padding, has `end <= start`.
        n_gold: int [sentences], number of gold tokens.
        name: describes the sentence of a row, for errors.

    Returns:
        bool [sentences, columns], with `n_gold` columns true in each row.

    Raises:
        EvaluationError: the served tokens of a row do not match `n_gold` gold tokens, or padding precedes a token.

    Example:
        "New Delhi." served as New, Delhi and a period:

        >>> first_pieces(np.array([[0, 4, 9]]), np.array([[3, 9, 10]]), np.array([2]), str)
        array([[ True,  True, False]])
    """
    real = ends > starts
    holes = np.argwhere(real[:, 1:] & ~real[:, :-1])
    if len(holes):
        row, column = holes[0]
        span = f"characters {starts[row, column + 1]} to {ends[row, column + 1]}"
        raise EvaluationError(f"{name(row)}: the model returned padding before the token at {span}. Export it again.")
    before = np.concatenate([np.full((len(ends), 1), -1, ends.dtype), ends[:, :-1]], axis=1)
    first = real & (starts != before)
    counts = first.sum(axis=1)  # [sentences]
    wrong = np.flatnonzero(counts != n_gold)
    if len(wrong):
        row = wrong[0]
        raise EvaluationError(
            f"{name(row)}: the served tokens form {counts[row]} corpus tokens, but there are {n_gold[row]} gold tags. "
            "The feature `sentence` must be the tokens joined by one space, and the model must return every token. "
            "Nothing was scored."
        )
    return first


_CHUNK = 64
"""Sentences per call. Measured: 256 and 16 both take 40 % longer on a batch sorted by length."""

_CHUNK_BYTES = 1 << 18
"""Bytes per call, all examples padded to the longest."""


class Predictor:
    """Model that is called through the signature for serialized Examples."""

    def __init__(self, model: Any, signature: str, name: str, vocabulary: TagVocabulary) -> None:
        """Wraps the result of `tf.saved_model.load`.

        Args:
            model: the loaded SavedModel; kept, because a signature alone loses its variables.
            signature: name of the signature.
            name: name of the model in errors.
            vocabulary: receives the tags of the model.
        """
        self._model = model
        self._signature = model.signatures[signature]
        (self._input,) = self._signature.structured_input_signature[1]
        self._name = name
        self._vocabulary = vocabulary

    def predict(
        self, examples: Sequence[bytes], lengths: np.ndarray, key: Callable[[int], str]
    ) -> tuple[np.ndarray, np.ndarray | None, dict[int, Answer]]:
        """Tags a batch.

        Args:
            examples: serialized `tf.Example`s.
            lengths: int64 [examples], numbers of gold tokens.
            key: returns the key of an example, for errors.

        Returns:
            int32 [tokens], ids of the predicted tags of the gold tokens, example after example; float32 [tokens], their
            scores, or None if the model returns none; and the answers by row that cut a gold token into several tokens.

        Raises:
            EvaluationError: the served tokens do not match the gold tokens of an example.
        """
        finer: dict[int, Answer] = {}
        total, offsets = int(lengths.sum()), np.cumsum(lengths) - lengths
        tags, scores = np.zeros(total, np.int32), np.zeros(total, np.float32)
        scored = True
        # Sentences of similar length need little padding; the size of an example approximates its length.
        order = np.argsort([len(example) for example in examples], kind="stable")
        for rows in _chunks(order, [len(example) for example in examples]):
            outputs = self._outputs([examples[row] for row in rows], functools.partial(_key_of, key, rows))
            positions = _ranges(offsets[rows], lengths[rows])
            first = self._first_pieces(outputs, lengths[rows], functools.partial(_key_of, key, rows))
            pieces = (outputs["ends"].numpy() > outputs["starts"].numpy()).sum(axis=1)
            for at in np.flatnonzero(pieces > lengths[rows]).tolist():
                finer[int(rows[at])] = _answer(outputs, at)
            tags[positions] = self._vocabulary.encode(outputs["tags"].numpy()[first].tolist())
            scored = scored and "scores" in outputs
            if scored:
                scores[positions] = outputs["scores"].numpy()[first]
        return tags, scores if scored else None, finer

    def answers(self, examples: Sequence[bytes], key: Callable[[int], str]) -> list[Answer]:
        """Tags examples whose gold tokens are not known, and returns the model's own tokens.

        Args:
            examples: serialized `tf.Example`s.
            key: returns the key of an example, for errors.
        """
        answers: dict[int, Answer] = {}
        order = np.argsort([len(example) for example in examples], kind="stable")
        for rows in _chunks(order, [len(example) for example in examples]):
            outputs = self._outputs([examples[row] for row in rows], functools.partial(_key_of, key, rows))
            answers.update((int(row), _answer(outputs, at)) for at, row in enumerate(rows))
        return [answers[row] for row in range(len(examples))]

    def _outputs(self, examples: Sequence[bytes], key: Callable[[int], str]) -> dict[str, Any]:
        try:
            return dict(self._signature(**{self._input: tf.constant(examples)}))
        except tf.errors.InvalidArgumentError as error:
            keys = ", ".join(quoted(key(row)) for row in range(min(len(examples), 3)))
            reason = next((line for line in str(error).splitlines() if "assertion failed" in line), str(error))
            raise EvaluationError(
                f"{self._name}: refuses the sentences with keys {keys}: {reason}. Shorten or remove these sentences."
            ) from error

    def _first_pieces(self, outputs: dict[str, Any], lengths: np.ndarray, key: Callable[[int], str]) -> np.ndarray:
        shapes = {name: tuple(outputs[name].shape) for name in ("tags", "starts", "ends", "scores") if name in outputs}
        if len(set(shapes.values())) != 1 or len(shapes["tags"]) != 2:
            raise EvaluationError(
                f"{self._name}: returned outputs of shapes {shapes}, not [sentences, tokens] each. Export it again."
            )
        return first_pieces(
            outputs["starts"].numpy(),
            outputs["ends"].numpy(),
            lengths,
            lambda row: f"{self._name}, sentence with key {key(row)!r}",
        )


def _answer(outputs: Mapping[str, Any], row: int) -> Answer:
    starts, ends = (outputs[name].numpy()[row] for name in ("starts", "ends"))
    real = ends > starts
    tags = [tag.decode("utf-8", "replace") for tag in outputs["tags"].numpy()[row][real].tolist()]
    return Answer(tuple(tags), (), tuple(starts[real].tolist()), tuple(ends[real].tolist()))


def _chunks(order: np.ndarray, sizes: Sequence[int]) -> Iterator[np.ndarray]:
    """Yields rows in this order, fewer at once if they are long: an exported model limits the size of a request."""
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and end - begin < _CHUNK and sizes[order[end]] * (end + 1 - begin) <= _CHUNK_BYTES:
            end += 1
        yield order[begin:end]
        begin = end


def _key_of(key: Callable[[int], str], rows: np.ndarray, row: int) -> str:
    return key(int(rows[row]))


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Concatenates the ranges start, start + 1, … of the given lengths: int64 [sum of lengths]."""
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
