"""Labelled files among the inputs: tokens with tags, or texts with labels inside."""

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
_FEWEST_INSIDE = 0.2  # share of the lines with a label around an entity
_COLUMNS = re.compile(r"[\t ,;]+")
_TAGGED_WORD = re.compile(r"[^/|_]\S*[/|_](?P<tag>[^\s/|_]+)")
# HTML has names in lower case or of one or two letters, or these; a link in Markdown has a dot, slash or sharp.
_OF_DOCUMENTS = (
    "BODY|BUTTON|CAPTION|CENTER|CODE|DIV|DOC|DOCID|DOCNO|FONT|FORM|HEAD|HEADLINE|HTML|LABEL|OPTION|PRE|SCRIPT|SMALL|SPAN"
    "|STRONG|STYLE|SUB|SUP|TABLE|TEXT|TITLE"
)
_LABEL_INSIDE = re.compile(
    rf"<(?!(?:{_OF_DOCUMENTS})[\s>])"
    r"(?P<name>[A-Z][A-Z_-]{2,20})(?:\s[^<>]{0,200})?>[^<>]+</(?P=name)>|<START:[^<>\s]{1,99}> ?[^<>]+<END>"
    r"|(?<!!)\[[^\[\]]{1,200}\](?:\([A-Za-z_]{1,40}\)|\{\"entity\")"
)


def is_labelled(lines: Iterable[str]) -> bool:
    r"""Returns whether the first lines are those of a labelled file: a token and its tag, or tokens, a tab, their tags.

    So are lines whose words have tags (`Joe/B-PER`), have their tags below them, or have labels around entities. Empty
    lines and comments do not count.

    Example:
        >>> is_labelled(["Joe\tB-PER", "Biden\tI-PER", "left\tO", ""]), is_labelled(["He flew a B-2 .", "He left ."])
        (True, False)
        >>> is_labelled(["Joe left\tB-PER O", "Oslo won .\tB-LOC O O"])
        True
        >>> is_labelled(["<PER>Joe</PER> left", "<PER>Ida</PER> won"]), is_labelled(["<b>Joe</b> left", "See [1](a.b)"])
        (True, False)
    """
    rows = [
        line.strip()
        for line in itertools.islice(lines, _LINES)
        if line.strip() and not line.startswith(("#", "-DOCSTART-"))
    ]
    inside = sum(_LABEL_INSIDE.search(row) is not None for row in rows)
    if inside >= max(_FEWEST, _FEWEST_INSIDE * len(rows)):
        return True
    return any(_have_tags([tags_of(row) for row in rows]) for tags_of in (_tags, _tags_at_words)) or (
        len(rows) > 1 and _have_tags([_tags_below(*pair) for pair in zip(rows[::2], rows[1::2], strict=False)])
    )


def _have_tags(tags: list[list[str]]) -> bool:
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


def _tags_at_words(line: str) -> list[str]:
    """Returns the tags of a line such as `Joe/B-PER left/O`; empty if a word has none."""
    matches = [_TAGGED_WORD.fullmatch(word) for word in line.split()]
    tags = [match["tag"] for match in matches if match]
    return tags if len(tags) == len(matches) and all(map(is_valid_tag, tags)) else []


def _tags_below(line: str, below: str) -> list[str]:
    """Returns the words of a line if all are tags, one for each word of the line above."""
    tags = below.split()
    return tags if len(tags) == len(line.split()) and all(map(is_valid_tag, tags)) else []
