"""Unlabelled texts for a training with a teacher, gathered into one file."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from absl import logging

from components.common.dotted_path import package_hash
from components.common.errors import NerError, counted
from components.common.files import fsync_path, incoming_folder
from components.common.hashing import content_version
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_tools.reading import for_tools, read_corpus
from components.keys import TEXT_NAMES
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import TEXT, Fields
from components.serving.batch_prediction.rows import BadRow, Row, parse
from components.serving.batch_prediction.sources import Source, encoding_remedy, text_fields_of
from components.text.sentences import sentence_offsets

_LONG = 400  # characters of a text that is divided into sentences; serving counts 100 tokens, and tokenizes for it
_READERS = (
    "components.corpus_example_gen", "components.corpus_tools", "components.serving.batch_prediction",
    "components.text", "pipeline.unlabelled",
)  # fmt: skip


def gather_texts(
    names: Sequence[str],
    settings: CorpusSettings,
    folder: Path,
    where: str = "trainer.unlabelled",
    *,
    labelled: Path | None = None,
) -> Path:
    """Writes all texts into one file (`components.text.unlabelled`), unless it exists for these contents.

    Files with a field of a usual name (`TEXT_NAMES`) are read row by row, as `ner predict` reads them; all others as a
    corpus. Long texts are divided into sentences, and repeated texts are left out. Warnings count unreadable rows and
    sentences of the labelled corpus, on which scores would otherwise be those of a tagger that has seen them.

    Args:
        names: files and folders.
        settings: settings of a corpus, for files in its formats.
        folder: folder of the file.
        where: the setting or option that names the files, for errors.
        labelled: corpus whose sentences are left out.

    Returns:
        The file, whose name follows from the contents.

    Raises:
        NerError: a file cannot be read, or there is no text.

    Example: tests/pipeline/test_unlabelled.py.
    """
    sources = [Path(name).expanduser() for name in names]
    for source in sources:
        if not source.exists():
            raise NerError(f"{where}: {source} does not exist. Give files or folders of texts.")
    parts = [
        *(content_version(str(path)) for path in filter(None, (*sources, labelled))),
        settings.model_dump_json(exclude={"path"}),
    ]
    parts.append(package_hash(*_READERS))
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    file = folder / f"{digest}.jsonl.gz"
    if file.is_file():
        file.touch()  # `ner clean` keeps the files of the newest runs
    else:
        with incoming_folder(file) as incoming:
            temporary = incoming / file.name
            with gzip.GzipFile(temporary, "wb", mtime=0) as output:
                texts = (text for source in sources for text in _texts(source, settings, where))
                known = _sentences(labelled, settings) if labelled else set[bytes]()
                if not _write(output, texts, known, where):
                    others = " that the labelled corpus does not have" if known else ""
                    raise NerError(f"{where}: the files have no text{others}. Give files with texts.")
            fsync_path(temporary)
            os.replace(temporary, file)
    return file


def _write(output: gzip.GzipFile, texts: Iterable[str], labelled: set[bytes], where: str) -> int:
    """Writes each text once, without those that are labelled; returns their number."""
    seen, left_out = set[bytes](), set[bytes]()
    for text in _parts(texts):
        # A text with a labelled sentence is written without it.
        is_mixed = bool(labelled) and not labelled.isdisjoint(map(_digest, _divided(text)))
        for part in _divided(text) if is_mixed else [text]:
            digest = _digest(part)
            if digest in labelled:
                left_out.add(digest)
            elif digest not in seen:
                seen.add(digest)
                output.write(json.dumps(part).encode() + b"\n")
    if left_out:
        sentences = counted(len(left_out), "sentence")
        logging.warning("%s: %s left out that the labelled corpus has, whose scores they would raise", where, sentences)
    return len(seen)


def _sentences(corpus: Path, settings: CorpusSettings) -> set[bytes]:
    """Returns hashes of the texts of a labelled corpus and of their sentences."""
    texts = (sentence.text for sentence in read_corpus(corpus, for_tools(settings)))
    return {_digest(part) for text in texts for part in (text, *_divided(text))}


def _parts(texts: Iterable[str]) -> Iterator[str]:
    """Yields the texts, the sentences of long ones."""
    for text in texts:
        yield from _divided(text) if len(text) > _LONG else filter(None, [text.strip()])


def _divided(text: str) -> Iterator[str]:
    return filter(None, (text[start:end].strip() for start, end in sentence_offsets(text)))


def _digest(text: str) -> bytes:
    """Returns a hash without spaces, so that tokens and raw text are equal."""
    return hashlib.blake2b("".join(text.split()).encode("utf-8", "replace"), digest_size=8).digest()


def _texts(path: Path, settings: CorpusSettings, where: str) -> Iterator[str]:
    """Yields the texts of a file or folder."""
    fields = _fields(path)
    try:
        if fields is None:
            yield from (sentence.text for sentence in read_corpus(path, for_tools(settings)))
        else:
            yield from (row.text for row in _rows(path, fields))
    except NerError as error:
        fix = "" if fields else " Or give rows with a field `text` or `sentence`."
        raise NerError(f"{where}: {str(error).removeprefix('--input ')}{fix}") from error


def _fields(path: Path) -> Fields | None:
    """Returns the field of the texts of a file of rows; None for a corpus, whose reader also names errors."""
    for fields in map(Fields, text_fields_of(str(path)) or [TEXT_NAMES[0]]):
        try:
            source = Source(str(path), fields)
            if source.kind == TEXT or isinstance(next(_parsed(source, fields), None), Row):
                return fields
        except BatchError:
            continue
    return None


def _rows(path: Path, fields: Fields) -> Iterator[Row]:
    """Yields the readable rows, and logs a warning that counts the others.

    Raises:
        BatchError: the file is not UTF-8, and no row is.
    """
    count, bad, first = 0, 0, ""
    for row in _parsed(Source(str(path), fields), fields):
        count += 1
        if isinstance(row, BadRow):
            bad, first = bad + 1, first or f"{path}:{row.number}: {row.reason}"
        else:
            yield row
    fix = encoding_remedy(str(path), first)
    if fix and bad == count:
        raise BatchError(f"{first}. No row can be read. {fix}")
    if bad:
        rows = counted(bad, "unreadable row")
        logging.warning("%s: %s left out, the first is %s.%s", path, rows, first, f" {fix}" if fix else "")


def _parsed(source: Source, fields: Fields) -> Iterator[Row | BadRow]:
    for chunk in source.chunks():
        yield from parse(source.kind, chunk.payload, fields, source.header, source.quoting)
