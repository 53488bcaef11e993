"""Finds the splits of a corpus folder by the names of its files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from components.corpus_example_gen.corpus.span_window import SpanWindow, span_folders, span_number
from components.corpus_example_gen.errors import CorpusError

NEWEST = SpanWindow()
"""The newest span alone."""

SPLIT_STEMS = {
    "train": ("train",),
    "eval": ("dev", "valid", "validation", "eval", "testa"),
    "test": ("test", "testb"),
}
"""The names that a split's file may have, by split."""

EXTENSIONS = ("conll", "conllu", "iob", "iob2", "bio", "bioes", "tsv", "txt", "jsonl", "json")
"""Extensions of corpus files; each may be followed by `.gz`."""

ALL = "all"
"""The name of the one input split of a folder whose files have to be split by hash."""

_GENERIC = ("txt", "json")  # a README.txt beside corpus files of another kind is no corpus
_PLACEHOLDER = re.compile(r"\{[A-Z:0-9]+\}")
_EXPECTED = "Expected are train, dev and test files (train.conll, dev.tsv, test.jsonl.gz, …), or files of one kind."
_STEM_SUFFIX = re.compile(r".*[-_.](?P<name>[a-z]+)")


def find_splits(folder: str | Path, window: SpanWindow = NEWEST) -> list[tuple[str, str]]:
    """Returns the splits of a corpus folder as (split, file pattern relative to the folder).

    In this order: a folder with `span-<N>` folders gives patterns with `{SPAN}`, as the newest that is read is laid
    out; files named after splits give `train`, `eval`, `test` as far as they are there; other corpus files of one kind
    give the one split `all`. One split, whatever its name, is meant to be split by hash.

    Raises:
        CorpusError: the folder is missing or holds no corpus, or its files can be understood in two ways.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CorpusError(str(folder), None, "is no folder", f"Give the folder of a corpus. {_EXPECTED}")
    spans = _spans(folder)
    if not spans:
        return _splits(folder)
    newest = folder / window.chosen(str(folder), spans)[-1]
    return [(name, f"span-{_span_spec(spans)}/{pattern}") for name, pattern in _splits(newest)]


def matched_files(
    folder: str | Path, splits: Sequence[tuple[str, str]] | None = None, window: SpanWindow = NEWEST
) -> list[Path]:
    """Returns the files of a corpus, sorted.

    Args:
        folder: the corpus.
        splits: (split, pattern) pairs, `{SPAN}` and the like standing for anything; None: what `find_splits` finds, of
            the spans that are read where there are spans.
        window: the spans that are read.

    Raises:
        CorpusError: as `find_splits`.
    """
    folder = Path(folder)
    if splits is not None:
        return sorted({path for _, pattern in splits for path in folder.glob(_PLACEHOLDER.sub("*", pattern))})
    find_splits(folder, window)
    spans = _spans(folder)
    bases = [folder / name for name in window.chosen(str(folder), spans)] if spans else [folder]
    patterns = [pattern for _, pattern in _splits(bases[-1])]
    return sorted({path for base in bases for pattern in patterns for path in base.glob(pattern)})


def corpus_fingerprint(
    folder: str | Path, splits: Sequence[tuple[str, str]] | None = None, window: SpanWindow = NEWEST
) -> str:
    """Returns the SHA-256 (hexadecimal) of the names, relative to the folder, and contents of the matched files.

    Args:
        folder: the corpus.
        splits: as in `matched_files`.
        window: the spans that are read.

    Raises:
        CorpusError: as `find_splits`.
    """
    digest = hashlib.sha256()
    for path in matched_files(folder, splits, window):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def newest_span(folder: str | Path) -> int | None:
    """Returns the number of the newest span; None: the corpus has no spans.

    Raises:
        CorpusError: a folder is named like a span and is none.
    """
    spans = _spans(Path(folder))
    return span_number(spans[-1]) if spans else None


def _spans(folder: Path) -> list[str]:
    """Returns the names of the span folders, oldest first."""
    return span_folders(str(folder), (path.name for path in folder.glob("span-*") if path.is_dir()))


def _span_spec(names: list[str]) -> str:
    """Returns TFX's placeholder: with a width where numbers are padded with zeros."""
    numbers = [name.removeprefix("span-") for name in names]
    if not any(number.startswith("0") and number != "0" for number in numbers):
        return "{SPAN}"
    widths = {len(number) for number in numbers}
    if len(widths) > 1:
        fix = "Pad all span numbers with zeros to one width, or none."
        raise CorpusError(names[0], None, f"found span numbers of different widths ({', '.join(numbers)})", fix)
    return f"{{SPAN:{widths.pop()}}}"


def _splits(folder: Path) -> list[tuple[str, str]]:
    """Returns the (split, pattern) of one folder without looking for spans."""
    files = _corpus_files(folder)
    splits = []
    for split, stems in SPLIT_STEMS.items():
        named = [name for name, (stem, _) in files.items() if stem in stems]
        if len(named) > 1:
            found = f"holds {len(named)} files for the split {split}: {', '.join(named)}"
            raise CorpusError(str(folder), None, found, "Keep one of them, or name the splits in [corpus -> splits].")
        splits += [(split, name) for name in named]
    if not splits:
        return [(ALL, _pattern_of_all(folder, files))]
    if splits[0][0] != "train":
        found = f"holds {', '.join(name for _, name in splits)} and no training file"
        raise CorpusError(str(folder), None, found, f"Add train.<extension>. {_EXPECTED}")
    return splits


def _corpus_files(folder: Path) -> dict[str, tuple[str, str]]:
    """Returns {file name: (stem, extension)} of the files with a corpus extension, `.gz` counted to the extension."""
    files = {}
    for path in sorted(folder.iterdir()):
        stem, dot, extension = path.name.removesuffix(".gz").rpartition(".")
        if path.is_file() and stem and dot and not path.name.startswith(".") and extension in EXTENSIONS:
            files[path.name] = (stem, path.name[len(stem) + 1 :])
    return files


def _pattern_of_all(folder: Path, files: dict[str, tuple[str, str]]) -> str:
    """Returns the one pattern of files whose names say no split."""
    suffixes = {match["name"] for stem, _ in files.values() if (match := _STEM_SUFFIX.fullmatch(stem.lower()))}
    if "train" in suffixes and suffixes & {*SPLIT_STEMS["eval"], *SPLIT_STEMS["test"]}:
        # Shuffling a published test set into the training data would spoil every score that follows.
        found = f"holds files that seem to be splits but have longer names: {', '.join(files)}"
        fix = "Rename them to train, dev and test, or name the splits in [corpus -> splits]."
        raise CorpusError(str(folder), None, found, fix)
    kinds = {extension for _, extension in files.values()}
    specific = {kind for kind in kinds if kind.removesuffix(".gz") not in _GENERIC}
    chosen = specific or kinds
    if not chosen:
        raise CorpusError(str(folder), None, "holds no corpus file", _EXPECTED)
    if len(chosen) > 1:
        found = f"holds files of several kinds ({', '.join(sorted(chosen))}) and none named train"
        raise CorpusError(str(folder), None, found, _EXPECTED)
    return f"*.{chosen.pop()}"
