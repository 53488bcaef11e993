"""Output of the tools: written under a temporary name, read back, and put in its place."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from components.common.errors import NerError, quoted
from components.common.files import fsync_tree, incoming_folder, is_special
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_tools.reading import DEV, Part, with_progress
from components.corpus_tools.sentence import AnnotatedSentence
from components.corpus_tools.writers.formats import make_writer
from components.corpus_tools.writers.writer import Writer

STREAM = Path("-")
"""Standard output."""

_NEUTRAL = {
    "format": "auto", "token_column": None, "tag_column": None, "scheme": "auto", "offsets": "auto",
    "outside": None, "overlaps": "refuse", "drop_types": (), "max_repaired": 0.0, "on_error": "fail",
    "min_raw_text_survival": 0.0, "sentences": "keep",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Output:
    """Place and format of the output.

    Attributes:
        path: a file, a folder, or `STREAM`.
        format: a name of `writers.formats.FORMATS`.
        force: whether files may replace existing ones.
        suggestions: name of the model that made the entities; empty if people did.
    """

    path: Path
    format: str
    force: bool = False
    suggestions: str = ""

    def check(self, inputs: Iterable[Path]) -> None:
        """Checks the place before any work.

        Raises:
            NerError: the output would replace or join an input, or would replace something without `force`.
        """
        if self.path == STREAM or is_special(self.path):
            return
        if self.path.suffix == ".gz":
            raise NerError(f"{self.path}: compressed files are not written. Leave out .gz, and call gzip afterwards.")
        target = self.path.resolve()
        for path in inputs:
            source = path.resolve()
            if target == source or source in target.parents or target in source.parents:
                raise NerError(f"{self.path}: is, holds or lies in the input {path}. Give a path outside of it.")
        if self.path.is_dir() and not self.force and any(self.path.iterdir()):
            raise NerError(f"{self.path}: the folder is not empty. Give a new folder, or replace files with --force.")
        if self.path.is_file() and not self.force:
            raise NerError(f"{self.path}: the file exists. Give another name, or replace it with --force.")


@dataclasses.dataclass
class Written:
    """Account of an output.

    Attributes:
        title: the format, for people.
        counts: file -> number of sentences.
        lost: number of sentences of which something is left out, by kind of loss.
        recut: number of sentences that a reader of the output cuts into other tokens.
        labels: number of entities by type.
        notes: advice for readers of the output.
    """

    title: str
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    lost: Counter[str] = dataclasses.field(default_factory=Counter)
    recut: int = 0
    labels: Counter[str] = dataclasses.field(default_factory=Counter)
    notes: list[str] = dataclasses.field(default_factory=list)

    def losses(self) -> str:
        """Returns one line about what the output does not hold; empty if it holds everything."""
        parts = [f"{what}: {count:,}" for what, count in sorted(self.lost.items())]
        if self.recut:
            parts.append(f"tokens, which readers of this format cut themselves: {self.recut:,}")
        return f"not kept (number of sentences): {'; '.join(parts)}" if parts else ""


def write_corpus(
    sentences: Iterable[AnnotatedSentence], output: Output, settings: CorpusSettings | None = None
) -> Written:
    """Writes sentences to one file (for brat a folder of documents), whole or not at all.

    Example: tests/components/corpus_tools/test_writing.py.

    Args:
        sentences: the sentences.
        output: place and format.
        settings: settings of a corpus, to read the output back and compare it; None: it is not read back.

    Raises:
        NerError: see `Output.check`; or the output reads back as something else.
        OSError: the place cannot be written.
    """
    return _write({None: sentences}, output, settings)


def write_parts(
    parts: Mapping[str, Iterable[AnnotatedSentence]], output: Output, settings: CorpusSettings | None = None
) -> Written:
    """Writes a folder with a file for each part, such as train, dev and test; see `write_corpus`."""
    if output.path == STREAM:
        raise NerError("-: several files do not fit one stream. Give a folder.")
    return _write(dict(parts.items()), output, settings)


def _write(
    parts: Mapping[str | None, Iterable[AnnotatedSentence]], output: Output, settings: CorpusSettings | None
) -> Written:
    output.check([])
    alone = None in parts
    writer = make_writer(output.format, output.path, alone=alone, suggestions=output.suggestions)
    in_folder = not alone or not writer.extension
    if in_folder and (output.path == STREAM or output.path.is_file()):
        raise NerError(f"{output.path}: the output is a folder with several files. Give the name of a folder.")
    if not in_folder and output.path.is_dir():
        fix = f"Give the name of a file, such as corpus.{writer.extension}."
        raise NerError(f"{output.path}: is a folder, but the output is one file. {fix}")
    to_stream = output.path == STREAM or is_special(output.path)
    written = Written(writer.title)
    with incoming_folder(_neighbour(output.path, to_stream)) as folder:
        files: list[Path] = []
        memories: list[_Memory] = []
        for name, sentences in parts.items():
            files.append(folder / _file_name(name, output.path, writer))
            files[-1].parent.mkdir(parents=True, exist_ok=True)
            memories.append(_Memory(written.labels))
            unique = _with_unique_ids(with_progress(sentences, "sentences written"), writer)
            writer.write(memories[-1].watch(unique), files[-1])
        if in_folder:
            writer.finish(folder, files)
        for path, memory in zip(files, memories, strict=True):
            shown = path.relative_to(folder).as_posix() if not alone else str(output.path)
            written.counts[shown] = len(memory.contents)
            if settings is not None and memory.contents and not output.suggestions:
                own = settings.model_copy(update=_NEUTRAL)
                try:
                    written.recut += memory.compare(path, own, f"{output.path} ({writer.title})")
                except _UnclearOffsetsError:
                    own = own.model_copy(update={"offsets": "characters"})
                    written.recut += memory.compare(path, own, f"{output.path} ({writer.title})")
                    written.notes.append(f"{shown}: to read it, set corpus.offsets to characters; no text decides it")
        written.lost = writer.lost
        if to_stream:
            _copy(files[0], output.path)
        else:
            fsync_tree(folder)
            _place(folder if in_folder else files[0], output.path)
    return written


def _neighbour(path: Path, to_stream: bool) -> Path:
    if to_stream:
        return Path(tempfile.gettempdir(), "output")
    return path.absolute()


def _file_name(name: str | None, path: Path, writer: Writer) -> str:
    if name is None:
        if not writer.extension:
            return "."
        return f"{path.stem or 'corpus'}.{writer.extension}" if path == STREAM else path.name
    folder, slash, stem = name.rpartition("/")
    stem = writer.dev if stem == DEV else stem
    return f"{folder}{slash}{stem}" + (f".{writer.extension}" if writer.extension else "")


def _with_unique_ids(sentences: Iterable[AnnotatedSentence], writer: Writer) -> Iterator[AnnotatedSentence]:
    """Yields sentences, without an id that an earlier one of the file has."""
    keys = set[str]()
    for sentence in sentences:
        if sentence.key in keys:
            writer.lose("ids")
            yield dataclasses.replace(sentence, key=None)
            continue
        if sentence.key is not None:
            keys.add(sentence.key)
        yield sentence


class _UnclearOffsetsError(Exception):
    """Nothing in a file decides whether its offsets count characters or UTF-16 units."""


class _Memory:
    """Hashes of the sentences of one part, in order: their content, and their tokens."""

    def __init__(self, labels: Counter[str]) -> None:
        self.contents, self.tokens = array("q"), array("q")
        self._labels = labels

    def watch(self, sentences: Iterable[AnnotatedSentence]) -> Iterator[AnnotatedSentence]:
        """Yields the sentences, and remembers them."""
        for sentence in sentences:
            self.contents.append(hash(sentence.content))
            self.tokens.append(hash(sentence.words))
            self._labels.update(entity.label for entity in sentence.entities)
            yield sentence

    def compare(self, path: Path, settings: CorpusSettings, shown: str) -> int:
        """Reads a part back, and returns the number of sentences with other tokens.

        Raises:
            NerError: a sentence has another text or other entities, or the number of sentences differs.
        """
        fix = "Nothing was written. Use another format; JSON lines (--to jsonl) hold any text."
        files = tuple(sorted(path.glob("*.ann"))) if path.is_dir() else (path,)
        number = recut = 0
        try:
            for sentence in Part("", files, path.parent).sentences(settings):
                if number == len(self.contents) or hash(sentence.content) != self.contents[number]:
                    problem = f"sentence {number + 1} reads back as {quoted(sentence.text)}"
                    raise NerError(f"{shown}: {problem} with {len(sentence.entities)} entities, which differs. {fix}")
                recut += hash(sentence.words) != self.tokens[number]
                number += 1
        except CorpusError as error:
            if settings.offsets == "auto" and "corpus.offsets" in error.fix:
                raise _UnclearOffsetsError from error
            raise NerError(f"{shown}: cannot be read back ({error.problem}). {fix}") from error
        if number < len(self.contents):
            raise NerError(f"{shown}: {len(self.contents) - number:,} sentences do not read back. {fix}")
        return recut


def _copy(path: Path, target: Path) -> None:
    if target == STREAM:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with path.open("rb") as file, target.open("wb") as out:
            shutil.copyfileobj(file, out)


def _place(source: Path, target: Path) -> None:
    """Renames a file or folder to its target; in a folder with other files, each replaces the file of the same name."""
    if source.is_file():
        os.replace(source, target)
        return
    if not target.exists() or not any(target.iterdir()):
        os.replace(source, target)
        return
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
