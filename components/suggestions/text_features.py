"""Features that tell how alike two texts are."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

_NO_LETTERS = re.compile(r"[\W_]+")
_DIGIT = re.compile(r"\d")
_SIZE = 512  # of a vector; unrelated texts have a similarity of about 0.04 by chance


def fingerprint(text: str) -> int:
    """Returns a number that texts share if they differ in case, digits, spaces and punctuation only.

    Example:
        >>> fingerprint("Flight 714 to Rome") == fingerprint("flight 203, to Rome!")
        True
    """
    letters = _NO_LETTERS.sub("", _normalized(text))
    return int.from_bytes(hashlib.blake2b((letters or text).encode("utf-8", "replace"), digest_size=8).digest(), "big")


def template(tokens: Sequence[str]) -> int:
    """Returns a number that texts share with a probability equal to the share of their common trigrams (MinHash).

    Example:
        >>> template(["Order", "12", "was", "sent"]) == template(["order", "99", "was", "sent"])
        True
    """
    words = _words(tokens)
    return min(map(_hash, _ngrams(words, 3))) if len(words) > 2 else _hash(" ".join(words))


def text_vectors(texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Returns a vector of length 1 for each tokenized text, of its words and pairs of words; zero if it has no words.

    Example:
        >>> vectors = text_vectors([["in", "Rome"], ["In", "Oslo"], ["It", "rains"]])
        >>> [round(float(value), 2) for value in vectors @ vectors[0]]
        [1.0, 0.33, 0.0]
    """
    vectors = np.zeros((len(texts), _SIZE), np.float32)  # [texts, features]
    for vector, tokens in zip(vectors, texts, strict=True):
        words = _words(tokens)
        for feature in {_hash(each) for each in (*words, *_ngrams(words, 2))}:
            vector[feature % _SIZE] += 1 if feature & 0x80000000 else -1  # features that share a place do not add up
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def _words(tokens: Iterable[str]) -> list[str]:
    return [word for token in tokens if any(map(str.isalnum, word := _normalized(token)))]


def _normalized(text: str) -> str:
    return _DIGIT.sub("0", text.casefold())


def _ngrams(words: Sequence[str], size: int) -> list[str]:
    return [" ".join(words[begin : begin + size]) for begin in range(len(words) - size + 1)]


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))
