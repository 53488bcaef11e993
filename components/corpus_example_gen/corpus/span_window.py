"""Window of the newest spans of a corpus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.common.errors import NerError
from components.corpus_example_gen.errors import CorpusError
from components.keys import NEWEST_SPAN

_SPAN_FOLDER = re.compile(r"span-([0-9]+)")


def span_folders(folder: str, names: Iterable[str]) -> list[str]:
    """Returns the names of span folders among the names in a corpus folder, oldest first.

    Args:
        folder: the corpus, for errors.
        names: names of the folders in it.

    Raises:
        CorpusError: a name starts with `span-` but is not valid, or two names have the same number.
    """
    spans: dict[int, str] = {}
    for name in sorted(name for name in names if name.startswith("span-")):
        if not _SPAN_FOLDER.fullmatch(name):
            raise CorpusError(
                f"{folder}/{name}", None, "not a span", "Name span folders span-<number>, such as span-3."
            )
        if (same := spans.setdefault(span_number(name), name)) != name:
            raise CorpusError(f"{folder}/{name}", None, f"has the same number as {same}", "Keep one of them.")
    return [name for _, name in sorted(spans.items())]


def span_number(name: str) -> int:
    """Returns the number of a span folder: 3 for `span-003`."""
    return int(name.removeprefix("span-"))


def requested_span(text: str) -> int | None:
    """Returns the number of a run parameter `span`; None for `newest`.

    Raises:
        NerError: it is neither a number nor `newest`.
    """
    if text == NEWEST_SPAN:
        return None
    if not text.isdecimal():
        raise NerError(f"span: got {text!r}. Give the number of a span-<number> folder, or {NEWEST_SPAN!r}.")
    return int(text)


def span_of(folder: str, pattern: str) -> int:
    """Returns the number of the span that a file pattern reads: 5 for `span-5/train.conll`.

    Args:
        folder: the corpus, for errors.
        pattern: file pattern relative to it.

    Raises:
        CorpusError: the pattern is not in a span folder.
    """
    name, slash, _ = pattern.partition("/")
    if not slash or not _SPAN_FOLDER.fullmatch(name):
        fix = "Move the files to span-<number> folders, or set corpus.span_window to 1."
        raise CorpusError(folder, None, f"has no span folder for the pattern {pattern}", fix)
    return span_number(name)


@dataclass(frozen=True)
class SpanWindow:
    """Rolling window over the existing spans.

    Example:
        >>> SpanWindow(size=3).chosen("corpus", ["span-1", "span-2", "span-4", "span-5"])
        ['span-2', 'span-4', 'span-5']

    Attributes:
        newest: number of the newest span to read; None for the newest existing span.
        size: number of spans to read, or fewer if fewer exist.
    """

    newest: int | None = None
    size: int = 1

    def chosen(self, folder: str, spans: Sequence[str]) -> list[str]:
        """Returns the folders to read, oldest first.

        Args:
            folder: the corpus, for errors.
            spans: its span folders, oldest first; not empty.

        Raises:
            CorpusError: the newest span does not exist.
        """
        if self.newest is None:
            return list(spans[-self.size :])
        numbers = [span_number(name) for name in spans]
        if self.newest not in numbers:
            existing = ", ".join(map(str, numbers))
            raise CorpusError(folder, None, f"has no span {self.newest}, only {existing}", "Correct corpus.span.")
        return list(spans[: numbers.index(self.newest) + 1][-self.size :])
