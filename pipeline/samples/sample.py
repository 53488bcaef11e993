"""Writes sample corpora, so that a first run needs no download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from components.common.errors import NerError
from components.common.files import write_atomically
from pipeline.samples.articles import articles_files
from pipeline.samples.newswire import newswire_files

KINDS: dict[str, Callable[[int], dict[str, str]]] = {"articles": articles_files, "newswire": newswire_files}
"""The sample corpora by name; each function gives {file name: text} for a seed."""


def write_sample(folder: str | Path, kind: str = "articles", seed: int = 0, overwrite: bool = False) -> list[Path]:
    """Writes a sample corpus into a folder, which is made where it is missing.

    Args:
        folder: where to; other files in it are left alone.
        kind: `articles` (1,200 sentences on who went where) or `newswire` (5,500 sentences, PER, ORG, LOC, MISC).
        seed: the same seed gives the same bytes.
        overwrite: replace files of the same names that hold something else.

    Returns:
        The files, train, dev, test.

    Raises:
        NerError: the kind is unknown, the folder cannot be written, or it holds other files of the same names.
    """
    if kind not in KINDS:
        raise NerError(f"found kind {kind!r} of sample corpus. Choose one of {', '.join(KINDS)}.")
    folder = Path(folder)
    contents = {folder / name: text.encode() for name, text in KINDS[kind](seed).items()}
    try:
        for path, data in contents.items():
            if path.exists() and path.read_bytes() != data and not overwrite:
                raise NerError(f"{path}: holds something else already. Give another folder, or ask to overwrite it.")
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            write_atomically(path, data)
    except OSError as error:
        raise NerError(
            f"{folder}: cannot be written ({error.strerror}). Give a folder that you may write to."
        ) from error
    return list(contents)
