"""Writer of columns (CoNLL): a token, a tab and its IOB2 tag a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from components.corpus_tools.sentence import TEXT, AnnotatedSentence
from components.corpus_tools.writers.writer import Writer

_KEY = "sent_id"
_RESERVED = (_KEY, "id", TEXT)
_DOCUMENT = "newdoc"


class ColumnsWriter(Writer):
    """Writes two columns; comments before a sentence hold its id, metadata and text, as in CoNLL-U."""

    name = "conll"
    title = "columns (CoNLL)"
    extension = "conll"

    def write(self, sentences: Iterable[AnnotatedSentence], path: Path) -> None:
        """Writes one part."""
        document: tuple[str, str] | None = None
        with path.open("x", encoding="utf-8", newline="\n") as file:
            for sentence in sentences:
                self.lose_scores(sentence)
                kept = self._kept(sentence)
                own = next((item for item in kept.items() if _is_document(item[0])), None)
                if own != document:
                    file.write(f"# {own[0]} = {own[1]}\n" if own else f"# {_DOCUMENT}\n")
                    document = own
                file.writelines(f"# {name} = {value}\n" for name, value in self._comments(sentence, kept))
                rows = zip(sentence.words, sentence.tags, strict=True)
                file.write("".join(f"{word}\t{tag}\n" for word, tag in rows) + "\n")

    def _kept(self, sentence: AnnotatedSentence) -> dict[str, str]:
        """Returns the metadata that comments hold."""
        kept = {name: value for name, value in sentence.metadata.items() if _is_name(name) and _fits(value)}
        self.lose("metadata", len(kept) < len(sentence.metadata) or sum(map(_is_document, kept)) > 1)
        return kept

    def _comments(self, sentence: AnnotatedSentence, kept: dict[str, str]) -> Iterator[tuple[str, str]]:
        if sentence.key and _fits(sentence.key):
            yield _KEY, sentence.key
        else:
            self.lose("ids", sentence.key)
        yield from ((name, value) for name, value in kept.items() if not _is_document(name))
        if sentence.is_raw and sentence.text != " ".join(sentence.words):
            text = sentence.with_flat_text().text.strip()
            self.lose("line ends, tabs and outer spaces of texts", text != sentence.text)
            yield TEXT, text


def _is_name(name: str) -> bool:
    return _fits(name) and name.strip("#") == name and "=" not in name and name not in ("", *_RESERVED)


def _is_document(name: str) -> bool:
    return name.split(None, 1)[:1] == [_DOCUMENT]


def _fits(value: str) -> bool:
    """Returns whether a comment holds a value: one line, without tabs and outer spaces."""
    return value.strip() == value and not set(value) & set("\t\n\r")
