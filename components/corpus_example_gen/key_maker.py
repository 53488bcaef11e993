"""Keys of examples: unique, and the same at every reading."""

from __future__ import annotations

import hashlib
from collections import Counter

from components.corpus_example_gen.cleaning.sentence import Sentence


class KeyMaker:
    """Makes the keys of one file's sentences.

    The key is the given id, or the first 16 hexadecimal digits of the sentence's SHA-256 and how often the same
    sentence came before in the file: inserting a sentence changes no other sentence's key. The source stands before
    both, so keys are unique in a corpus.
    """

    def __init__(self, source: str) -> None:
        """Begins a file, named relative to the corpus folder."""
        self._source = source
        self._seen: Counter[str] = Counter()
        self._keys: set[str] = set()

    def make(self, sentence: Sentence) -> str:
        """Returns the key, such as `train.conll:3fa9c1d2e4b5a697-0`.

        Raises:
            RuntimeError: the key is taken, which the reader has to prevent.
        """
        name = sentence.key
        if name is None:
            digest = hashlib.sha256(sentence.text.encode()).hexdigest()[:16]
            name = f"{digest}-{self._seen[digest]}"
            self._seen[digest] += 1
        key = f"{self._source}:{name}"
        if key in self._keys:
            raise RuntimeError(f"{self._source}:{sentence.line}: key {key!r} is used twice")
        self._keys.add(key)
        return key
