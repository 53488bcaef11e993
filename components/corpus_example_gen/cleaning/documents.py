"""Sentences of documents: division of long texts, names of documents, and what stays together in a split."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.digest_map import DigestMap, text_digest
from components.corpus_example_gen.settings import CorpusSettings
from components.text.sentences import LONG, first_tokens, sentence_offsets

FEWEST = 30
"""Documents of a file (brat: of a folder) that a run divides by documents: of fewer, a split may get none."""

_MOST_WAITING = 50_000  # sentences until a file has shown `FEWEST` documents
_TEXT_COMMENT = "text"  # `# text = …` of CoNLL-U


class Documents:
    """Divides the texts of one file, and finds the document of each sentence.

    Example: tests/components/corpus_example_gen/cleaning/test_documents.py.
    """

    def __init__(self, settings: CorpusSettings, report: IngestReport, *, count: int | None, counts: bool) -> None:
        """Starts a file.

        Args:
            settings: `sentences` and `documents` of the corpus.
            report: receives the number of texts that were divided and of sentences made.
            count: number of documents in the folder, if each file is one; None: the file has any number.
            counts: whether to count documents; the readers of some formats do.
        """
        self._settings, self._report, self._count, self._counts = settings, report, count, counts
        self._document: str | int | None = None
        self._unit: str | None = None
        self._keys = DigestMap()

    def sentences(self, raw: RawSentence, sentence: Sentence) -> list[Sentence]:
        """Returns the sentences of a clean text, each with its document.

        Args:
            raw: the text as its reader returned it.
            sentence: the same, clean.
        """
        parts = self._divided(sentence)
        document, unit = raw.document, self._unit
        if document is None and len(parts) > 1:
            document, unit = sentence.key or sentence.line, sentence.key or _digest(sentence)
            self._report.documents += self._counts
        elif document is None:
            unit = None
        elif document != self._document:
            self._document = document
            self._report.documents += self._counts
            # The number of a document changes if another one is inserted before it; its first sentence does not.
            unit = self._unit = document if isinstance(document, str) else _digest(sentence)
        if document is None:
            return parts
        return [dataclasses.replace(part, document=str(document), unit=unit) for part in parts]

    def settled(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        """Yields the sentences, without `unit` if documents do not stay together."""
        sentences = iter(sentences)
        waiting, units = list[Sentence](), set[str | None]()
        together = self._settings.documents == "together"
        if self._settings.documents == "auto" and self._count is not None:
            together = self._count >= FEWEST
        elif self._settings.documents == "auto":
            for sentence in sentences:
                if sentence.unit is None and not waiting:
                    yield sentence
                    continue
                waiting.append(sentence)
                units.add(sentence.unit)
                together = len(units - {None}) >= FEWEST
                if together or len(waiting) == _MOST_WAITING:
                    break
        for sentence in itertools.chain(waiting, sentences):
            yield sentence if together or sentence.unit is None else dataclasses.replace(sentence, unit=None)

    def _divided(self, sentence: Sentence) -> list[Sentence]:
        """Returns the sentences of a text, never divided inside an entity; itself if it stays whole."""
        mode, text = self._settings.sentences, sentence.raw_text
        if mode == "keep" or (mode == "auto" and (text is None or len(sentence.tokens) <= LONG)):
            return [sentence]
        offsets = None if text is None else _located(text, sentence.tokens)
        if text is None or offsets is None:
            firsts: Sequence[int] = first_tokens(sentence.tokens)
        else:
            starts = [start for start, _ in offsets]
            firsts = [bisect_left(starts, start) for start, _ in sentence_offsets(text)]
        cuts = [0, *sorted({i for i in firsts if 0 < i < len(sentence.tags) and not sentence.tags[i].startswith("I-")})]
        if len(cuts) == 1:
            return [sentence]
        self._report.texts_divided += 1
        self._report.sentences_added += len(cuts) - 1
        self._report.sentences_out += len(cuts) - 1
        metadata = {name: value for name, value in sentence.metadata.items() if name != _TEXT_COMMENT}
        parts = []
        for number, (first, end) in enumerate(zip(cuts, [*cuts[1:], len(sentence.tokens)], strict=True), 1):
            part = None if text is None or offsets is None else text[offsets[first][0] : offsets[end - 1][1]]
            parts.append(
                Sentence(
                    sentence.tokens[first:end],
                    sentence.tags[first:end],
                    self._key(sentence.key, number),
                    metadata,
                    sentence.lines[first] if sentence.lines else sentence.line,
                    part,
                    sentence.lines[first:end],
                )
            )
        return parts

    def _key(self, key: str | None, number: int) -> str | None:
        """Returns the key of a part, which no other part has."""
        if key is None:
            return None
        made = f"{key}#{number}"
        while self._keys.count(text_digest(made)):
            made += "~"
        return made


def _located(text: str, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """Returns the offsets of tokens in their text; None if one is not in it."""
    offsets, position = [], 0
    for token in tokens:
        start = text.find(token, position)
        if start < 0:
            return None
        position = start + len(token)
        offsets.append((start, position))
    return offsets


def _digest(sentence: Sentence) -> str:
    return hashlib.sha256(sentence.text.encode()).hexdigest()[:16]
