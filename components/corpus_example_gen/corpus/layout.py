"""Splits of a corpus folder, detected from the names of its files."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from components.common.files import office_remedy_by_name, packed_by_name
from components.common.hashing import file_hash
from components.corpus_example_gen.corpus.parallel_files import parallel_files, paste_command
from components.corpus_example_gen.corpus.span_window import SpanWindow, span_folders, span_number
from components.corpus_example_gen.errors import CorpusError
from components.keys import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT

NEWEST = SpanWindow()
"""Window with the newest span only."""

SPLIT_STEMS = {
    TRAIN_SPLIT: ("train", "training"),
    EVAL_SPLIT: ("dev", "devel", "development", "valid", "val", "validation", "eval", "testa"),
    TEST_SPLIT: ("test", "testb"),
}
"""File stems by split."""

EXTENSIONS = (
    *("conll", "conllu", "conllup", "gold_conll", "v4_gold_conll", "iob", "iob2", "bio", "bioes", "tsv", "csv", "txt"),
    *("jsonl", "json", "manifest", "ann", "spacy", "parquet", "arrow"),
)
"""Extensions of corpus files, in any case; `.gz` may follow. Files such as `eng.train` have the split as extension."""

NAME_FILES = ("dataset_infos.json", "dataset_info.json", "label_names.json")
"""Files of a data set that name its labels."""

ALL = "all"
"""Name of the single input split of a folder whose files are split by hash."""

_DOCUMENTATION = re.compile(r"(?i)(readme|licen[cs]e|notice|copying|changes|changelog|citation|authors|credits)\b.*")
_GENERIC = ("txt", "json")  # a README.txt next to corpus files of another kind is not part of the corpus
_PLACEHOLDER = re.compile(r"\{[A-Z:0-9]+\}")
_WILDCARD = re.compile(r"[*?\[\]{}]")
_IN_SPAN = re.compile(r"^span-\{SPAN(:[0-9]+)?\}/")
_EXPECTED = "Expected train, dev and test files (train.conll, dev.tsv, test.jsonl.gz, …), or files of one kind."
_RENAME = "Give a folder, or a file whose name has none of * ? [ ] { }."
_GZ = ".gz"
_SHOWN = 5  # files in an error
_DEEPEST = 3  # folders between a corpus, or the folder of a split, and its files
_MOST_FOLDERS = 1000  # in which unread files are looked for
_NO_CORPUS = (*NAME_FILES, "dataset_dict.json", "state.json")
_CARD = "README.md"  # describes a data set of Hugging Face
_DATA = "data"  # folder of the files in repositories of Hugging Face
_SHARD = re.compile(r"(?P<stem>.+)-[0-9]{5}-of-[0-9]{5}")
_AZURE = b"CustomEntityRecognition"
_SEPARATOR = re.compile(r"[-_.\s]")
# Finds `train` in wiki-train1, trainset and train_en.
_STEM_WORD = re.compile(r"([^\W\d_]+?)(?:set|data|file|split)?(?![^\W\d_])")


def folder_and_splits(
    path: str | Path, splits: Sequence[tuple[str, str]] | None = None
) -> tuple[Path, Sequence[tuple[str, str]] | None]:
    """Returns the folder of a corpus and its configured splits.

    A file is the only split of its folder. A path that does not exist is returned unchanged.

    Args:
        path: a folder or a file.
        splits: configured (split, pattern) pairs; None if file names decide.

    Raises:
        CorpusError: the path is neither a folder nor a file whose name is a pattern of itself, or a file does not go
            with the configured splits.
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        return path, splits
    if not path.is_file() or _WILDCARD.search(path.name):
        raise CorpusError(str(path), None, "neither a folder nor a file with a plain name", _RENAME)
    own = [(TRAIN_SPLIT, path.name)]
    if splits and list(splits) != own:
        problem = "is a file, and corpus.splits names the files of a folder"
        raise CorpusError(str(path), None, problem, "Give the folder, or set corpus.splits to null.")
    return path.parent, own


def is_single_file(splits: Sequence[tuple[str, str]] | None) -> bool:
    """Returns whether the configured splits are those of a corpus that is one file; see `folder_and_splits`.

    Example:
        >>> is_single_file([("train", "a.conll")]), is_single_file([("train", "*.conll")]), is_single_file(None)
        (True, False, False)
    """
    patterns = dict(splits or ())
    return set(patterns) == {TRAIN_SPLIT} and not re.search(rf"{_WILDCARD.pattern}|/", patterns[TRAIN_SPLIT])


def find_splits(folder: str | Path, window: SpanWindow = NEWEST) -> list[tuple[str, str]]:
    """Returns the splits of a corpus folder as (split, file pattern relative to the folder).

    The first rule that applies counts: a folder with `span-<N>` folders has patterns with `{SPAN}`, by the layout of
    the newest span to read; files or folders named after splits have the existing splits of `train`, `eval` and `test`;
    so have files whose names end in a split, one for each (`en_ewt-ud-train.iob2`); a folder with nothing but `data`
    has those of `data`; other corpus files of one kind have the single split `all`. The files of a split's folder lie
    in it, or in folders below; of each of these, the first depth with files counts. A single split of any name is later
    split by hash. For a file, see `folder_and_splits`.

    Example: tests/components/corpus_example_gen/corpus/test_layout.py.

    Raises:
        CorpusError: the folder is missing, has no corpus, or is ambiguous.
    """
    folder, of_file = folder_and_splits(folder)
    if of_file:
        return list(of_file)
    if not folder.is_dir():
        fix = f"Give a labelled file, or the folder of a corpus. {_EXPECTED}"
        raise CorpusError(str(folder), None, "no such file or folder", fix)
    spans = _spans(folder)
    if not spans:
        return _splits(folder)
    newest = folder / window.chosen(str(folder), spans)[-1]
    return [(name, f"span-{_span_spec(spans)}/{pattern}") for name, pattern in _splits(newest)]


def split_patterns(
    folder: str | Path,
    splits: Sequence[tuple[str, str]] | None = None,
    window: SpanWindow = NEWEST,
    *,
    for_training: bool = True,
) -> dict[str, list[str]]:
    """Returns split -> file patterns relative to the folder, those of the newest span last.

    Each span of a window is read in the format of its files.

    Args:
        folder: the corpus; that of a file with its splits, see `folder_and_splits`.
        splits: configured (split, pattern) pairs; None takes the splits of `find_splits`. A placeholder other than
            `span-{SPAN}` at the start matches anything.
        window: spans to read.
        for_training: whether a folder (without spans) must have a training file.

    Raises:
        CorpusError: see `find_splits`, a span of the window has files that no split would read, or spans are
            configured and the corpus has none.
    """
    folder = Path(folder)
    spans = _spans(folder) if folder.is_dir() else []
    if folder.is_dir() and not spans:
        require_spans(folder, splits or (), window)
    if splits is None and folder.is_dir() and not spans and not for_training:
        return _grouped(_splits(folder, for_training=False))
    if splits is None:
        find_splits(folder, window)
        return _patterns_by_span(folder, window.chosen(str(folder), spans)) if spans else _grouped(_splits(folder))
    chosen = window.chosen(str(folder), spans) if spans else []
    patterns = {}
    for split, pattern in splits:
        rest = _IN_SPAN.sub("", pattern)
        if rest != pattern and chosen:
            patterns[split] = [f"{span}/{rest}" for span in chosen]
        else:
            patterns[split] = [_PLACEHOLDER.sub("*", pattern)]
    for span in chosen if all(_IN_SPAN.match(pattern) for _, pattern in splits) else ():
        own = [one for of_split in patterns.values() for one in of_split if one.startswith(f"{span}/")]
        if not any(path for one in own for path in matching(folder, one)):
            fix = "Correct corpus.splits, or set corpus.span_window to leave the span out."
            raise CorpusError(str(folder / span), None, "no file matches corpus.splits", fix)
    return patterns


def require_files(folder: str | Path, splits: Sequence[tuple[str, str]] | None, window: SpanWindow) -> None:
    """Checks that the corpus has the spans and files that the configuration names.

    Args:
        folder: the corpus, or a file.
        splits: see `split_patterns`.
        window: spans to read.

    Raises:
        CorpusError: see `split_patterns`, or no file matches the pattern of a split.
    """
    folder, splits = folder_and_splits(folder, splits)
    require_spans(folder, splits or find_splits(folder, window), window)
    for patterns in split_patterns(folder, splits, window).values():
        if not matching(folder, patterns[-1]):
            raise no_file_matches(folder / patterns[-1])


def require_spans(folder: str | Path, splits: Sequence[tuple[str, str]], window: SpanWindow) -> None:
    """Checks that the splits of a corpus are in spans if the configuration names some.

    Raises:
        CorpusError: they are not.
    """
    if window != NEWEST and not any("{" in pattern for _, pattern in splits):
        problem = "corpus.span or corpus.span_window is set, but the corpus has no span-<N> folders"
        fix = "Remove the setting, or move the files to span folders."
        raise CorpusError(str(folder), None, problem, fix)


def applicable_window(folder: str | Path, window: SpanWindow) -> SpanWindow:
    """Returns the window for a folder that need not be the corpus of a training: without spans, none is selected."""
    return NEWEST if newest_span(folder) is None else window


def no_file_matches(pattern: str | Path) -> CorpusError:
    """Returns the error for a pattern of a split without files."""
    fix = "Check the folder and corpus.splits; the path itself must not contain the wildcards * ? [ ]."
    return CorpusError(str(pattern), None, "no file matches", fix)


def matching(folder: str | Path, pattern: str) -> list[Path]:
    """Returns the files and folders that match a pattern of a split, sorted.

    `**` stands for any number of folders, without hidden ones.

    Args:
        folder: the corpus, a local folder.
        pattern: relative to it.
    """
    paths = sorted(Path(folder).glob(pattern))
    if "**" not in pattern:
        return paths
    return [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def matched_files(
    folder: str | Path, splits: Sequence[tuple[str, str]] | None = None, window: SpanWindow = NEWEST
) -> list[Path]:
    """Returns the files of a corpus, or a file, and their companions, sorted; see `split_patterns`."""
    folder, splits = folder_and_splits(folder, splits)
    patterns = [pattern for own in split_patterns(folder, splits, window).values() for pattern in own]
    files = {path for pattern in patterns for path in matching(folder, pattern)}
    return sorted(files | {other for path in files if path.is_file() for other in companions(path)})


def unread_files(folder: str | Path, read: Iterable[str | Path]) -> list[str]:
    """Returns the files in a corpus folder and its subfolders that seem to belong to it, and that no split takes.

    A file belongs to the corpus if it has the extension of a corpus file or begins with the name of a split; README,
    LICENSE and the like do not. In a folder from which no file is read, `.txt` and `.json` do only if files of this
    kind are read. Other spans and hidden folders are left out.

    Example: tests/components/corpus_example_gen/corpus/test_layout.py.

    Args:
        folder: the corpus.
        read: the files of its splits, below the folder.

    Returns:
        Names relative to the folder, those of the outer folders first.
    """
    folder, taken = Path(folder), {Path(path) for path in read}
    kinds = {_kind(path.name) for path in taken}
    parents = {folder, *(path.parent for path in taken)}
    taken |= {other for path in taken for other in companions(path)}
    unread: list[Path] = []
    other_spans = {folder / span for span in _spans(folder)}.difference(*(path.parents for path in taken))
    for parent in _folders(folder, other_spans):
        for path in sorted(parent.iterdir()):
            loose = _kind(path.name) in _GENERIC and _kind(path.name) not in kinds and parent not in parents
            if path not in taken and not loose and path.is_file() and _belongs(path.name):
                unread.append(path)
    also = {other for path in unread for other in companions(path)}
    return [path.relative_to(folder).as_posix() for path in unread if path not in also]


def listed(names: Sequence[str]) -> str:
    """Returns the first names of a list, and the number of the others.

    Example:
        >>> listed(["a", "b"]), listed(list("abcdefg"))
        ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def corpus_fingerprint(
    folder: str | Path,
    splits: Sequence[tuple[str, str]] | None = None,
    window: SpanWindow = NEWEST,
    *,
    hashes: Mapping[str, str] | None = None,
) -> str:
    """Returns the SHA-256 (hexadecimal) of the relative names and the contents of the matched files.

    Args:
        folder: the corpus, or a file.
        splits: see `split_patterns`.
        window: spans to read.
        hashes: relative name -> SHA-256 of files that were read already; the others are read.

    Raises:
        CorpusError: see `split_patterns`.
    """
    digest = hashlib.sha256()
    folder, splits = folder_and_splits(folder, splits)
    for path in matched_files(folder, splits, window):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{(hashes or {}).get(name) or file_hash(path)}\n".encode())
    return digest.hexdigest()


def newest_span(folder: str | Path) -> int | None:
    """Returns the number of the newest span, or None if the corpus has no spans.

    Raises:
        CorpusError: the name of a folder starts with `span-` but is not valid.
    """
    spans = _spans(Path(folder))
    return span_number(spans[-1]) if spans else None


def _spans(folder: Path) -> list[str]:
    """Returns the names of the span folders, oldest first."""
    return span_folders(str(folder), (path.name for path in folder.glob("span-*") if path.is_dir()))


def _patterns_by_span(folder: Path, chosen: Sequence[str]) -> dict[str, list[str]]:
    """Returns split -> patterns of the chosen spans, by the layout of each.

    A span may lack a split of the newest span. A split that only an older span has would be lost, and a single split,
    which is divided by hash, does not go with published ones.
    """
    newest = [name for name, _ in _splits(folder / chosen[-1])]
    patterns: dict[str, list[str]] = {name: [] for name in newest}
    for span in chosen:
        own = _splits(folder / span)
        names = [name for name, _ in own]
        if len(newest) == 1 and len(own) == 1:
            names = newest
        if surplus := [name for name in names if name not in newest]:
            problem = f"has the split {', '.join(surplus)}, but the newest span, {chosen[-1]}, has {', '.join(newest)}"
            fix = "Give all spans of the window files for the same splits, or set corpus.span_window to 1."
            raise CorpusError(str(folder / span), None, problem, fix)
        for name, (_, pattern) in zip(names, own, strict=True):
            patterns[name].append(f"{span}/{pattern}")
    return patterns


def _grouped(splits: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [pattern] for name, pattern in splits}


def _span_spec(names: list[str]) -> str:
    """Returns TFX's placeholder, with a width if the numbers are padded with zeros."""
    numbers = [name.removeprefix("span-") for name in names]
    if not any(number.startswith("0") and number != "0" for number in numbers):
        return "{SPAN}"
    widths = {len(number) for number in numbers}
    if len(widths) > 1:
        fix = "Pad all span numbers with zeros to the same width, or none."
        raise CorpusError(names[0], None, f"found span numbers of different widths ({', '.join(numbers)})", fix)
    return f"{{SPAN:{widths.pop()}}}"


def _splits(folder: Path, *, for_training: bool = True) -> list[tuple[str, str]]:
    """Returns the (split, pattern) pairs of one folder, without spans."""
    files = _corpus_files(folder)
    splits: list[tuple[str, str]] = []
    for split, stems in SPLIT_STEMS.items():
        named = dict.fromkeys(_pattern_of(name) for name, (stem, _) in files.items() if stem.lower() in stems)
        if len(named) > 1:
            problem = f"has {len(named)} files for the split {split}: {', '.join(named)}"
            raise CorpusError(str(folder), None, problem, "Keep one of them, or set corpus.splits.")
        splits += [(split, name) for name in named]
    if not splits:
        splits = _splits_in_folders(folder) or _splits_at_end(files)
    if not splits and not files and (folder / _DATA).is_dir():
        return [(name, f"{_DATA}/{pattern}") for name, pattern in _splits(folder / _DATA, for_training=for_training)]
    if not splits:
        return [(ALL, _pattern_of_all(folder, files))]
    if splits[0][0] != TRAIN_SPLIT and for_training:
        problem = f"has {', '.join(name for _, name in splits)} but no training file"
        if unread := unread_files(folder, [path for _, pattern in splits for path in matching(folder, pattern)]):
            problem += f"; no split takes {listed(unread)}"
        raise CorpusError(str(folder), None, problem, f"Add train.<extension>. {_EXPECTED}")
    return splits


def _splits_in_folders(folder: Path) -> list[tuple[str, str]]:
    """Returns the (split, pattern) pairs of subfolders that are named after splits and have corpus files."""
    splits = []
    for split, stems in SPLIT_STEMS.items():
        folders = [path for path in _subfolders(folder) if path.name.lower() in stems]
        named = {path.name: pattern for path in folders if (pattern := _pattern_below(path))}
        if len(named) > 1:
            problem = f"has {len(named)} folders for the split {split}: {', '.join(named)}"
            raise CorpusError(str(folder), None, problem, "Keep one of them, or set corpus.splits.")
        splits += [(split, f"{name}/{pattern}") for name, pattern in named.items()]
    return splits


def _pattern_below(folder: Path) -> str:
    """Returns the pattern of the corpus files in the folder of a split, or in its subfolders.

    In each subfolder the first depth with files counts. If the depths differ and no pattern takes just these files,
    the pattern is that of the first depth. Empty if there are none.
    """
    level, first, pattern = [folder], 0, ""
    paths: set[Path] = set()
    for depth in range(_DEEPEST):
        files = {each: _corpus_files(each) for each in level}
        paths |= {each / name for each, own in files.items() for name in own}
        if paths and not pattern:
            names = {name: parts for own in files.values() for name, parts in own.items()}
            first, pattern = depth, _pattern_of_all(folder, names)
        level = [inner for each, own in files.items() if not own for inner in _subfolders(each)]
    at_first, deep = "*/" * first + pattern, "*/" * (first - 1) + f"**/{pattern}"
    are_mixed = first and paths != {*matching(folder, at_first)}
    return deep if are_mixed and paths == {*matching(folder, deep)} else at_first


def _splits_at_end(files: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Returns the (split, pattern) pairs of files whose names end in a split: `en_ewt-ud-train.iob2`, `a.dev.conll`.

    Empty unless there is a training file, another one, and one for each split.
    """
    by_split = {
        split: {_pattern_of(name) for name, (stem, _) in files.items() if _SEPARATOR.split(stem.lower())[-1] in stems}
        for split, stems in SPLIT_STEMS.items()
    }
    return _one_each(by_split)


def _one_each(by_split: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Returns (split, pattern) pairs of splits with one pattern each, `train` among several; else none."""
    splits = [(split, pattern) for split, patterns in by_split.items() for pattern in patterns]
    return splits if by_split[TRAIN_SPLIT] and len(dict(splits)) == len(splits) > 1 else []


def _subfolders(folder: Path) -> list[Path]:
    """Returns the folders in a folder, without hidden ones."""
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _folders(folder: Path, without: Collection[Path]) -> Iterator[Path]:
    """Yields a folder and those below it, outer ones first, each once; links are followed."""
    level, seen = [folder], {os.path.realpath(folder)}
    while level and len(seen) <= _MOST_FOLDERS:
        yield from level
        outer, level = level, []
        for path in (inner for each in outer for inner in _subfolders(each)):
            real = os.path.realpath(path)
            if path not in without and real not in seen and os.access(path, os.R_OK | os.X_OK):
                seen.add(real)
                level.append(path)


def _inner_corpora(folder: Path) -> list[Path]:
    """Returns the folders with corpus files below a folder without any, of the first depth that has one."""
    level = [folder]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _subfolders(each)]
        if corpora := [each for each in level if _spans(each) or _corpus_files(each) or _splits_in_folders(each)]:
            return corpora
    return []


def _corpus_files(folder: Path) -> dict[str, tuple[str, str]]:
    """Returns {file name: (stem, extension)} of the corpus files; the extension includes `.gz`.

    Raises:
        CorpusError: the name of a corpus file stands for none, such as a link without a target.
    """
    files, also = {}, set[str]()
    split_names = {stem for stems in SPLIT_STEMS.values() for stem in stems}
    for path in sorted(folder.iterdir()):
        stem, dot, extension = _without_gz(path.name).rpartition(".")
        if path.is_dir() or not (stem and dot) or path.name.startswith(".") or path.name in _NO_CORPUS:
            continue
        kind = extension.lower()
        if kind in (*split_names, *EXTENSIONS) and not path.is_file():
            problem = "a link whose target does not exist" if path.is_symlink() else "not a plain file"
            raise CorpusError(str(path), None, problem, "Restore the file, or remove this name from the folder.")
        if kind in split_names:  # eng.train
            files[path.name] = (kind, extension)
        elif kind in EXTENSIONS:
            shard = _SHARD.fullmatch(stem)
            files[path.name] = (shard["stem"] if shard else stem, path.name[len(stem) + 1 :])
            also.update(other.name for other in companions(path))
    own = {name: parts for name, parts in files.items() if name not in also}
    return own if any(_kind(name) not in _GENERIC or not _is_documentation(name) for name in own) else {}


def _parallel_files(folder: Path) -> tuple[Path, Path] | None:
    """Returns the first file of texts and of their tags in a folder, or in its folders."""
    return next((pair for each in (folder, *_subfolders(folder)) if (pair := parallel_files(each))), None)


def companions(path: Path) -> list[Path]:
    """Returns the files that the reader of a file reads, too: texts, and names of labels.

    Args:
        path: a corpus file: annotations of brat, labels of Azure, or records that may have numbered labels.
    """
    if path.suffix == ".ann":
        return [text] if (text := path.with_suffix(".txt")).is_file() else []
    if path.suffix == ".json" and path.is_file():
        with path.open("rb") as file:
            if _AZURE in file.read(4096):
                return sorted(path.parent.glob("*.txt"))
    if path.suffix in (".json", ".jsonl", ".parquet", ".arrow"):
        return [file for file in label_name_files(path) if file != path]
    return []


def label_name_files(path: Path) -> list[Path]:
    """Returns the files that may name the labels of a data file: next to it, or above `data` and folders of splits."""
    folders = [path.parent]
    if path.parent.name in (_DATA, *(stem for stems in SPLIT_STEMS.values() for stem in stems)):
        folders.append(path.parent.parent)
    files = [file for folder in folders for name in NAME_FILES if (file := folder / name).is_file()]
    cards = [folder / _CARD for folder in folders if (folder / _CARD).is_file()]
    return files + [card for card in cards if b"class_label" in card.read_bytes()]


def _pattern_of(name: str) -> str:
    """Returns the pattern of a file and, if it is a shard, of the others."""
    stem, _, extension = _without_gz(name).rpartition(".")
    shard = _SHARD.fullmatch(stem)
    return f"{shard['stem']}-*-of-*{name[len(stem) :]}" if shard and extension else name


def _without_gz(name: str) -> str:
    return name[: -len(_GZ)] if name.lower().endswith(_GZ) else name


def _kind(name: str) -> str:
    """Returns the extension of a file without `.gz`, in lower case.

    >>> _kind("Train.JSONL.gz"), _kind("eng.testa"), _kind("LICENSE")
    ('jsonl', 'testa', '')
    """
    return _without_gz(name).rpartition(".")[2].lower() if "." in name else ""


def _belongs(name: str) -> bool:
    """Returns whether a file seems to belong to a corpus, by its name."""
    stems = {stem for own in SPLIT_STEMS.values() for stem in own}
    if packed := packed_by_name(name):
        name = name[: -len(packed.suffix)]
    named = _kind(name) in (*EXTENSIONS, *stems) or _SEPARATOR.split(name.lower())[0] in stems
    return named and not name.startswith(".") and name not in _NO_CORPUS and not _is_documentation(name)


def _is_documentation(name: str) -> bool:
    return bool(_DOCUMENTATION.fullmatch(name))


def _pattern_of_all(folder: Path, files: dict[str, tuple[str, str]]) -> str:
    """Returns the pattern of files that are not named after splits."""
    kinds = {extension for _, extension in files.values()}
    chosen = {kind for kind in kinds if _without_gz(kind).lower() not in _GENERIC} or kinds
    pair = parallel_files(folder) if files else _parallel_files(folder)
    if pair and (not files or files.get(pair[1].name, ("", ""))[1] in chosen):
        texts, tags = (str(path.relative_to(folder)) for path in pair)
        problem = f"has {'no corpus file, but ' if not files else ''}texts in {texts} and their tags in {tags}"
        command = paste_command(folder, texts, tags, joined_name(tags))
        raise CorpusError(str(folder), None, problem, f"Join the files of each split, in this folder: {command}.")
    splits = {name: own for name, (stem, _) in files.items() if (own := _splits_in_name(stem))}
    if any(TRAIN_SPLIT in own for own in splits.values()) and any(own - {TRAIN_SPLIT} for own in splits.values()):
        # Shuffling a published test set into the training data would invalidate all later scores.
        problem = f"has files that seem to be splits but have longer names: {listed(list(splits))}"
        fix = "Rename them to train, dev and test, or set corpus.splits"
        by_split = {split: {_pattern_of(name) for name in splits if split in splits[name]} for split in SPLIT_STEMS}
        if (ready := _one_each(by_split)) and not any(_WILDCARD.search(name) for name in splits):
            fix += f": --set 'corpus.splits={json.dumps(dict(ready), ensure_ascii=False)}'"
        raise CorpusError(str(folder), None, problem, f"{fix}.")
    if not chosen:
        entries = [path for path in folder.iterdir() if not _is_documentation(path.name)]
        others = sorted(path.name if path.is_file() else f"{path.name}/" for path in entries)
        problem = f"has no corpus file{', only ' + ', '.join(others[:_SHOWN]) if others else ''}"
        fix = f"{_EXPECTED} Extensions: {', '.join(EXTENSIONS)}."
        packed = [path for path in entries if path.is_file() and packed_by_name(path.name)]
        if packed and (form := packed_by_name(packed[0].name)):
            fix = form.fix(packed[0].name)
        elif office := next(filter(None, (office_remedy_by_name(path.name) for path in sorted(entries))), ""):
            fix = office
        elif inner := _inner_corpora(folder):
            fix = f"Give {'the folder' if len(inner) == 1 else 'one of the folders'} {listed([*map(str, inner)])}."
        raise CorpusError(str(folder), None, problem, fix)
    if len(chosen) > 1:
        problem = f"has files of several kinds ({', '.join(sorted(chosen))}) and none named train"
        raise CorpusError(str(folder), None, problem, _EXPECTED)
    return f"*.{chosen.pop()}"


def joined_name(tags: str) -> str:
    """Returns a name for the corpus file of texts and their tags, after the split in the name of the tags, if any.

    >>> joined_name("dev/seq.out"), joined_name("train.labels.txt"), joined_name("labels.txt")
    ('dev.tsv', 'train.tsv', 'corpus.tsv')
    """
    stems = {stem for own in SPLIT_STEMS.values() for stem in own}
    return f"{next((word for word in _STEM_WORD.findall(tags.lower()) if word in stems), 'corpus')}.tsv"


def _splits_in_name(stem: str) -> set[str]:
    """Returns the splits that the words of a file's stem name.

    >>> _splits_in_name("Train_data"), _splits_in_name("wiki-test2"), _splits_in_name("trainer")
    ({'train'}, {'test'}, set())
    """
    words = set(_STEM_WORD.findall(stem.lower()))
    return {split for split, stems in SPLIT_STEMS.items() if words & set(stems)}
