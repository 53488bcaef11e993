"""Base of the writers."""

from __future__ import annotations

import abc
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from components.corpus_tools.sentence import AnnotatedSentence


class Writer(abc.ABC):
    """Writer of the parts of one corpus in one format.

    A writer keeps texts, ids, metadata and scores where its format has room, and counts what it leaves out.

    Attributes:
        name: value of `--to`.
        title: name for people.
        extension: extension of its files; empty if a part is a folder.
        dev: name of the part with development data.
        suggestions: name of the model that made the entities; empty if people did.
        lost: number of sentences of which something is left out, by kind of loss.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    extension: str
    dev: ClassVar[str] = "dev"

    def __init__(self, suggestions: str = "") -> None:
        """Starts a corpus."""
        self.suggestions = suggestions
        self.lost: Counter[str] = Counter()

    @abc.abstractmethod
    def write(self, sentences: Iterable[AnnotatedSentence], path: Path) -> None:
        """Writes one part.

        Args:
            sentences: its sentences.
            path: a new file; a new folder if `extension` is empty.
        """

    def finish(self, folder: Path, files: list[Path]) -> None:
        """Writes the files that describe a folder with parts.

        Args:
            folder: the folder.
            files: the parts in it.
        """
        del folder, files

    def lose(self, what: str, value: object = True) -> None:
        """Counts a sentence that loses something, if the value is not empty."""
        if value:
            self.lost[what] += 1

    def lose_scores(self, sentence: AnnotatedSentence) -> None:
        """Counts a sentence whose entities have scores, which the format does not hold."""
        self.lose("scores", any(entity.score is not None for entity in sentence.entities))


class RecordWriter(Writer):
    """Writes one JSON object a sentence, each on a line."""

    extension = "jsonl"
    opening = separator = closing = ""

    @abc.abstractmethod
    def record(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence; `number` counts from 1."""

    def write(self, sentences: Iterable[AnnotatedSentence], path: Path) -> None:
        """Writes one part."""
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(self.opening)
            for number, sentence in enumerate(sentences, 1):
                line = json.dumps(self.record(sentence, number), ensure_ascii=False)
                file.write(f"{self.separator if number > 1 else ''}{line}\n")
            file.write(self.closing)
