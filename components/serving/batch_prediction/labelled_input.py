"""Labelled files among the inputs: their lines are tokens with tags, not texts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from components.text.tags import is_valid_tag, split_tag

USE_OF_LABELLED = (
    "`ner evaluate --data` scores a model on a labelled file; `ner data convert IN OUT.jsonl` makes rows of it, for "
    "--text text"
)
"""Commands for labelled files, for errors."""

_LINES = 200  # that decide
_FEWEST = 2
_MOST_OTHERS = 0.2  # share of the lines without a tag
_COLUMNS = re.compile(r"[\t ,;]+")


def is_labelled(lines: Iterable[str]) -> bool:
    r"""Returns whether the first lines are those of a labelled file: a token and its tag, or tokens, a tab, their tags.

    Empty lines and comments do not count.

    Example:
        >>> is_labelled(["Joe\tB-PER", "Biden\tI-PER", "left\tO", ""]), is_labelled(["He flew a B-2 .", "He left ."])
        (True, False)
        >>> is_labelled(["Joe left\tB-PER O", "Oslo won .\tB-LOC O O"])
        True
    """
    tags = [
        _tags(line.strip())
        for line in itertools.islice(lines, _LINES)
        if line.strip() and not line.startswith(("#", "-DOCSTART-"))
    ]
    labelled = [own for own in tags if own]
    entity = any(split_tag(tag)[0] for own in labelled for tag in own)
    return entity and len(labelled) >= max(_FEWEST, (1 - _MOST_OTHERS) * len(tags))


def _tags(line: str) -> list[str]:
    """Returns the tags of a line; empty if its end is not a tag, or not one for each token."""
    tokens, tab, end = line.rpartition("\t")
    tags = end.split()
    if not (tab and len(tags) == len(tokens.split())):
        tags = _COLUMNS.split(line)[1:][-1:]
    return tags if all(map(is_valid_tag, tags)) else []
