"""Writer of brat: a text (`x.txt`) and its annotations (`x.ann`) for each document, a sentence a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from components.corpus_tools.sentence import DOCUMENTS, AnnotatedSentence
from components.corpus_tools.writers.spans import as_text
from components.corpus_tools.writers.writer import Writer

_SENTENCES = 100  # of a document, if the corpus names none
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 60


class BratWriter(Writer):
    """Writes a folder for each part, and `annotation.conf` with the types, without which brat does not show them."""

    name = "brat"
    title = "brat (text and annotations)"
    extension = ""

    def __init__(self, suggestions: str = "") -> None:
        """Starts a corpus."""
        super().__init__(suggestions)
        self._types: dict[str, None] = {}

    def write(self, sentences: Iterable[AnnotatedSentence], path: Path) -> None:
        """Writes one part."""
        path.mkdir(parents=True, exist_ok=True)
        for number, (document, group) in enumerate(_documents(sentences), 1):
            name = f"{number:05}"
            if document:
                name += f"-{_UNSAFE.sub('_', document)[:_LONGEST_NAME]}"
            text, annotations = self._document(group)
            (path / f"{name}.txt").write_bytes(text.encode())
            (path / f"{name}.ann").write_bytes(annotations.encode())

    def finish(self, folder: Path, files: list[Path]) -> None:
        """Writes the configuration of the annotation."""
        del files
        entities = "".join(f"{name}\n" for name in sorted(self._types))
        (folder / "annotation.conf").write_text(
            f"[entities]\n{entities}\n[relations]\n\n[events]\n\n[attributes]\n", encoding="utf-8"
        )

    def _document(self, sentences: Iterable[AnnotatedSentence]) -> tuple[str, str]:
        texts: list[str] = []
        annotations: list[str] = []
        begin = 0
        for sentence in sentences:
            self._count_lost(sentence)
            line = as_text(self, sentence).with_flat_text()
            self.lose("line ends and tabs of texts", sentence.is_raw and line.is_raw and line.text != sentence.text)
            for entity in line.entities:
                surface = line.text[entity.start : entity.end]
                self._types[entity.label] = None
                place = f"{entity.label} {begin + entity.start} {begin + entity.end}"
                annotations.append(f"T{len(annotations) + 1}\t{place}\t{surface}\n")
            texts.append(f"{line.text}\n")
            begin += len(texts[-1])
        return "".join(texts), "".join(annotations)

    def _count_lost(self, sentence: AnnotatedSentence) -> None:
        self.lose_scores(sentence)
        self.lose("ids", sentence.key)
        self.lose("metadata", set(sentence.metadata) - set(DOCUMENTS))


def _documents(sentences: Iterable[AnnotatedSentence]) -> Iterator[tuple[str | None, list[AnnotatedSentence]]]:
    """Yields the documents in order; sentences without a document are divided into groups."""
    for (document, _), group in groupby(sentences, key=lambda sentence: (sentence.document, sentence.source)):
        pending: list[AnnotatedSentence] = []
        for sentence in group:
            pending.append(sentence)
            if document is None and len(pending) == _SENTENCES:
                yield None, pending
                pending = []
        if pending:
            yield document, pending
