"""Hashes of the entities and sentences of the training data, so that seen ones are known.

They take eight bytes each, and hold no personal data.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence

import numpy as np

from components.common.errors import percent
from components.evaluator.errors import EvaluationError


class TextHashes:
    """Set of texts, kept as hashes; case-sensitive.

    Example:
        >>> known = TextHashes.of(["Paris", "New Delhi"])
        >>> known.contain(["New Delhi", "Delhi"])
        array([ True, False])
    """

    def __init__(self, hashes: np.ndarray) -> None:
        """Stores hashes: uint64, in any order."""
        self.hashes = np.unique(hashes.astype(np.uint64))

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextHashes:
        """Returns the set of the given texts."""
        return cls(text_hashes(texts))

    def contain(self, texts: Iterable[str]) -> np.ndarray:
        """Returns True for each text in the set: bool [texts]."""
        return np.isin(text_hashes(texts), self.hashes, assume_unique=False)

    def to_bytes(self) -> bytes:
        """Returns the set in NumPy's file format."""
        file = io.BytesIO()
        np.save(file, self.hashes, allow_pickle=False)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> TextHashes:
        """Reads the output of `to_bytes`.

        Args:
            content: content of the file.
            name: name of the file, for errors.

        Raises:
            EvaluationError: the content has another format.
        """
        try:
            hashes = np.load(io.BytesIO(content), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise EvaluationError(f"{name}: not a list of hashes ({error}). Run the Evaluator again.") from error
        if hashes.dtype != np.uint64 or hashes.ndim != 1:
            raise EvaluationError(
                f"{name}: contains {hashes.dtype} of shape {hashes.shape}, not uint64 hashes. Run the Evaluator again."
            )
        return cls(hashes)


def text_hashes(texts: Iterable[str]) -> np.ndarray:
    """Returns a hash of each text: uint64 [texts]."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), np.uint64)


def training_overlap(count: int, sentences: int, model: str) -> str:
    """Describes how many of the evaluated sentences a model was trained on.

    Example:
        >>> training_overlap(3, 12, "the champion")
        '3 of 12 sentences (25 %) are in the training data of the champion'
    """
    return f"{count:,} of {sentences:,} sentences ({percent(count / sentences, 0)}) are in the training data of {model}"


def sentence_text(tokens: Sequence[str]) -> str:
    """Returns the text of a sentence to hash: without spaces, so that other tokens of the same text are equal."""
    return "".join(tokens)
