"""Unlabelled texts for a training with a teacher, gathered into one file."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.common.dotted_path import package_hash
from components.common.errors import NerError, quoted
from components.common.files import fsync_path, incoming_folder
from components.common.hashing import content_version
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_tools.reading import for_tools, read_corpus
from components.text.sentences import sentence_offsets

_TEXT_FIELDS = ("text", "sentence")
_LONG = 400  # characters of a text that is divided into sentences; serving counts 100 tokens, and tokenizes for it


def gather_texts(names: Sequence[str], settings: CorpusSettings, folder: Path) -> Path:
    """Writes all texts into one file (`components.text.unlabelled`), unless it exists for these contents.

    Long texts are divided into sentences, and repeated texts are left out. Files are streamed, except for those of
    corpora.

    Args:
        names: values of `trainer.unlabelled`.
        settings: settings of a corpus, for files in its formats.
        folder: folder of the file.

    Returns:
        The file, whose name follows from the contents.

    Raises:
        NerError: a file cannot be read, or there is no text.

    Example: tests/components/corpus_tools/test_unlabelled.py.
    """
    sources = [Path(name).expanduser() for name in names]
    for source in sources:
        if not source.exists():
            raise NerError(f"trainer.unlabelled: {source} does not exist. Give files or folders of texts.")
    parts = [*(content_version(str(source)) for source in sources), settings.model_dump_json(exclude={"path"})]
    parts.append(package_hash("components.corpus_example_gen", "components.corpus_tools", "components.text"))
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    file = folder / f"{digest}.jsonl.gz"
    if not file.is_file():
        with incoming_folder(folder) as incoming:
            temporary = incoming / file.name
            with gzip.GzipFile(temporary, "wb", mtime=0) as output:
                if not _write(output, sources, settings):
                    raise NerError("trainer.unlabelled: the files have no text. Give files with texts.")
            fsync_path(temporary)
            os.replace(temporary, file)
    return file


def _write(output: gzip.GzipFile, sources: list[Path], settings: CorpusSettings) -> int:
    seen = set[bytes]()
    for source in sources:
        for text in _texts(source, settings):
            for start, end in sentence_offsets(text) if len(text) > _LONG else [(0, len(text))]:
                part = text[start:end].strip()
                digest = hashlib.blake2b(part.encode("utf-8", "replace"), digest_size=8).digest()
                if part and digest not in seen:
                    seen.add(digest)
                    output.write(json.dumps(part).encode() + b"\n")
    return len(seen)


def _texts(source: Path, settings: CorpusSettings) -> Iterator[str]:
    """Yields the texts of a file or folder; files of lines are streamed."""
    kind = Path(source.name.removesuffix(".gz")).suffix
    if source.is_file() and kind == ".txt":
        yield from (line for _, line in _lines(source))
    elif source.is_file() and kind == ".jsonl" and _has_plain_rows(source):
        for number, line in _lines(source):
            text = _text_of(line)
            if text is None:
                fields = " or ".join(f"`{name}`" for name in _TEXT_FIELDS)
                raise NerError(
                    f"trainer.unlabelled: {source}:{number}: is neither a JSON string nor an object with {fields}: "
                    f"{quoted(line)}. Correct the row."
                )
            yield text
    else:
        for sentence in read_corpus(source, for_tools(settings)):
            yield sentence.text


def _has_plain_rows(source: Path) -> bool:
    """Tells whether the first row is a text; rows of a corpus in another form are read as a corpus."""
    return any(_text_of(line) is not None for _, line in [next(_lines(source), (0, ""))])


def _text_of(line: str) -> str | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if isinstance(row, dict):
        row = next((row[name] for name in _TEXT_FIELDS if name in row), None)
    return row if isinstance(row, str) else None


def _lines(source: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with (
            gzip.open(source, "rt", encoding="utf-8-sig")
            if source.suffix == ".gz"
            else source.open(encoding="utf-8-sig") as lines
        ):
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line.strip()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise NerError(
            f"trainer.unlabelled: {source}:{number + 1}: cannot be read ({error}). Give text in UTF-8."
        ) from error
