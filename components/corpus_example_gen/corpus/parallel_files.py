"""Texts and their tags in two files with the same lines, such as `seq.in` and `seq.out`; not read, but recognized."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from components.common.files import shell_name
from components.text.tags import OUTSIDE_LABELS, is_valid_tag

_GZ = ".gz"
_SAMPLE = 50  # lines that are compared
_MOST_FILES = 50  # of a folder
_LONGEST = 100_000  # bytes of a line


def is_tags_only(lines: list[str]) -> bool:
    """Returns whether lines hold tags and nothing else, in varying numbers, unlike columns.

    >>> is_tags_only(["B-PER O O", "O O"]), is_tags_only(["Ida left"]), is_tags_only(["O", "B-PER"])
    (True, False, False)
    """
    words = [line.split() for line in lines if line.strip()]
    are_tags = all(word in OUTSIDE_LABELS or is_valid_tag(word) for row in words for word in row)
    return are_tags and len({*map(len, words)}) > 1


def parallel_files(folder: Path) -> tuple[Path, Path] | None:
    """Returns the first file of a folder that holds tags only, behind the file whose lines have as many words.

    Example: tests/components/corpus_example_gen/corpus/test_parallel_files.py.
    """
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    tags, texts = dict[Path, tuple[int, ...]](), dict[tuple[int, ...], Path]()  # numbers of words in the lines
    for path in paths[:_MOST_FILES]:
        lines = list(_head(path))
        lengths = tuple(len(line.split()) for line in lines)
        if is_tags_only(lines):
            tags[path] = lengths
        else:
            texts.setdefault(lengths, path)
    return next(((texts[own], path) for path, own in tags.items() if own in texts), None)


def paste_command(folder: Path, texts: str, tags: str, target: str) -> str:
    """Returns the command that joins two files of a folder to a corpus file of sentences, tabs and tags.

    >>> paste_command(Path(), "a b.in", "a.out", "corpus.tsv")
    "`paste 'a b.in' a.out > corpus.tsv`"
    """
    packed = [name for name in (texts, tags) if name.endswith(_GZ)]
    unpack = f"gunzip -k {' '.join(map(shell_name, packed))} && " if packed else ""
    files = " ".join(shell_name(name.removesuffix(_GZ)) for name in (texts, tags))
    has_cr = any(line.endswith("\r\n") for name in (texts, tags) for line in _head(folder / name))
    unix = r" | tr -d '\r'" if has_cr else ""
    return f"`{unpack}paste {files}{unix} > {target}`"


def _head(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == _GZ else open
    with (
        contextlib.suppress(OSError, EOFError, zlib.error),
        opened(path, "rt", encoding="utf-8", errors="replace", newline="") as file,
    ):
        for _ in range(_SAMPLE):
            line = file.readline(_LONGEST)
            if not line:
                return
            yield line
            if len(line) == _LONGEST:  # such as JSON in one line
                return
