"""Which spans of a corpus a run reads: the newest one, or a window of the newest ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.corpus_example_gen.errors import CorpusError

_SPAN_FOLDER = re.compile(r"span-([0-9]+)")


def span_folders(folder: str, names: Iterable[str]) -> list[str]:
    """Picks the span folders out of the names in a corpus folder, oldest first.

    Args:
        folder: the corpus, for the error's text.
        names: of the folders in it.

    Raises:
        CorpusError: a name begins like a span's and is none, or two name the same span.
    """
    found: dict[int, str] = {}
    for name in sorted(name for name in names if name.startswith("span-")):
        if not _SPAN_FOLDER.fullmatch(name):
            raise CorpusError(
                f"{folder}/{name}", None, "is no span", "Name span folders span-<number>, such as span-3."
            )
        if (same := found.setdefault(span_number(name), name)) != name:
            raise CorpusError(f"{folder}/{name}", None, f"is the same span as {same}", "Keep one of them.")
    return [name for _, name in sorted(found.items())]


def span_number(name: str) -> int:
    """The number of a span folder, `span-003` -> 3."""
    return int(name.removeprefix("span-"))


@dataclass(frozen=True)
class SpanWindow:
    """The spans of a run.

    A rolling window slides over the spans that are there: with a size of 3 and the spans 1, 2, 4 and 5, a run on span 5
    reads 2, 4 and 5.

    Attributes:
        newest: number of the newest span to read; None for the newest there is.
        size: how many spans are read, as far as there are so many.
    """

    newest: int | None = None
    size: int = 1

    def chosen(self, folder: str, spans: Sequence[str]) -> list[str]:
        """The folders to read, oldest first.

        Args:
            folder: the corpus, for the error's text.
            spans: its span folders, oldest first; not empty.

        Raises:
            CorpusError: the newest span is not there.
        """
        if self.newest is None:
            return list(spans[-self.size :])
        numbers = [span_number(name) for name in spans]
        if self.newest not in numbers:
            there = ", ".join(map(str, numbers))
            raise CorpusError(folder, None, f"has no span {self.newest}, only {there}", "Correct [corpus -> span].")
        return list(spans[: numbers.index(self.newest) + 1][-self.size :])

    def patterns(self, folder: str, pattern: str, spans: Sequence[str]) -> list[str]:
        """Spreads a file pattern of one span over the window that ends with it.

        Args:
            folder: the corpus, for the error's text.
            pattern: relative to it, in a span folder: `span-5/train.conll`.
            spans: its span folders, oldest first.

        Returns:
            The pattern for each span of the window, oldest first.

        Raises:
            CorpusError: the pattern is not in a span folder, and a window of several was asked for.
        """
        if self.size == 1:
            return [pattern]
        own, slash, rest = pattern.partition("/")
        if not slash or own not in spans:
            fix = "Lay the corpus out in span-<number> folders, or set [corpus -> span_window] to 1."
            raise CorpusError(folder, None, f"has no span folder for the pattern {pattern}", fix)
        window = SpanWindow(span_number(own), self.size)
        return [f"{name}/{rest}" for name in window.chosen(folder, spans)]
