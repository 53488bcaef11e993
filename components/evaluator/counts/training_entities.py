"""Which entities the training examples hold, so that seen and unseen ones can be scored apart.

Only hashes of the entities' texts are kept: eight bytes each however long they are, and nobody's name.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable

import numpy as np

from components.evaluator.errors import EvaluationError


class TrainingEntities:
    """The texts of entities, whatever their types; upper and lower case differ.

    Example:
        >>> known = TrainingEntities.of(["Paris", "New Delhi"])
        >>> known.contain(["New Delhi", "Delhi"])
        array([ True, False])
    """

    def __init__(self, hashes: np.ndarray) -> None:
        """Takes hashes: uint64, in any order."""
        self.hashes = np.unique(hashes.astype(np.uint64))

    @classmethod
    def of(cls, texts: Iterable[str]) -> TrainingEntities:
        """Those of the given texts."""
        return cls(entity_hashes(texts))

    def contain(self, texts: Iterable[str]) -> np.ndarray:
        """Which of the texts are among them: bool [texts]."""
        return np.isin(entity_hashes(texts), self.hashes, assume_unique=False)

    def to_bytes(self) -> bytes:
        """The content of a file: NumPy's own format."""
        file = io.BytesIO()
        np.save(file, self.hashes, allow_pickle=False)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> TrainingEntities:
        """Reads what `to_bytes` returned.

        Args:
            content: of the file.
            name: of the file, for errors.

        Raises:
            EvaluationError: it is something else.
        """
        try:
            hashes = np.load(io.BytesIO(content), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise EvaluationError(
                f"{name}: is no list of training entities ({error}); run the Evaluator again"
            ) from error
        if hashes.dtype != np.uint64 or hashes.ndim != 1:
            raise EvaluationError(
                f"{name}: holds {hashes.dtype} of the shape {hashes.shape} instead of a list of uint64; "
                "run the Evaluator again"
            )
        return cls(hashes)


def entity_hashes(texts: Iterable[str]) -> np.ndarray:
    """A hash for each text: uint64 [texts]."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), np.uint64)
