"""Unlabelled texts of a training with a teacher: their file, and their words."""

from __future__ import annotations

import functools
import gzip
import json
from collections import Counter
from collections.abc import Iterator

from components.common.errors import NerError
from components.common.iterables import forget_rare
from components.text.folding import fold
from components.text.words import OFFSETS

_MOST_COUNTED = 2_000_000  # distinct words in memory, 200 MB


def read_texts(path: str) -> Iterator[str]:
    """Yields the texts of a gzipped file with one JSON string a line.

    Raises:
        NerError: the file has another form.

    Example: tests/pipeline/test_unlabelled.py.
    """
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                text = json.loads(line)
            except ValueError:
                text = None
            if not isinstance(text, str):
                raise NerError(f"{path}:{number}: is not a JSON string. Delete the file; the next run writes it again.")
            yield text


@functools.lru_cache(maxsize=2)  # tracing a graph calls it several times
def frequent_words(
    path: str, tokenizer: str, min_count: int, most: int, version: str = "", *, folded: bool = True
) -> tuple[str, ...]:
    """Returns the frequent words of unlabelled texts, the most frequent first, equally frequent ones as in the texts.

    Args:
        path: see `read_texts`.
        tokenizer: name of the tokenizer, as in `words.OFFSETS`.
        min_count: least frequency of a word.
        most: maximum number of words.
        version: content of the file; only part of the cache key.
        folded: whether to fold case and digits.

    Example: tests/pipeline/test_unlabelled.py.
    """
    offsets, counts = OFFSETS[tokenizer], Counter[str]()
    for text in read_texts(path):
        words = (text[start:end] for start, end in offsets(text))
        counts.update(map(fold, words) if folded else words)
        forget_rare(counts, _MOST_COUNTED)
    return tuple(word for word, count in counts.most_common(most) if count >= min_count)
