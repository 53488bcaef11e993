"""Corpora to measure on, read by the project's readers, so that every system gets the same sentences."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import find_splits
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.corpus_text import read_file
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.tokenizer_choice import choose_tokenizer
from configs.loading import load_config

_SPLITS = ("train", "eval", "test")


@dataclasses.dataclass(frozen=True)
class LabelledSentence:
    """Tokens and their IOB2 tags.

    Attributes:
        tokens: tokens of the corpus, without white space.
        tags: one for each token.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """The raw sentence that a system gets: the tokens joined by spaces."""
        return " ".join(self.tokens)


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The three splits of a corpus.

    Attributes:
        name: name of its folder.
        train: sentences to train on.
        dev: sentences to choose the best state by.
        test: sentences to compare systems on.
        digest: hash of all sentences, 16 hexadecimal digits.
    """

    name: str
    train: tuple[LabelledSentence, ...]
    dev: tuple[LabelledSentence, ...]
    test: tuple[LabelledSentence, ...]
    digest: str


def load_corpus(folder: Path) -> Corpus:
    """Reads the train, dev and test files of a folder.

    Raises:
        NerError: the folder is not a corpus, or lacks one of the three splits.
    """
    patterns = dict(find_splits(folder))
    missing = [split for split in _SPLITS if split not in patterns]
    if missing:
        raise NerError(
            f"{folder}: no file for {', '.join(missing)}. Add train, dev and test files, so that all systems use the "
            "same splits."
        )
    settings = load_config(None).corpus
    # Text without spaces is cut into characters, as in `ner run`.
    tokenizer = choose_tokenizer("auto", [str(folder / patterns[_SPLITS[0]])], settings, read_file)
    train, dev, test = (_read(folder / patterns[split], settings, tokenizer) for split in _SPLITS)
    return Corpus(folder.resolve().name, train, dev, test, _digest((train, dev, test)))


def part_of(sentences: Sequence[LabelledSentence], count: int, seed: int = 0) -> list[LabelledSentence]:
    """Returns random sentences of a split; all of them, in order, if `count` is 0 or larger than the split.

    Example:
        >>> one = LabelledSentence(("a",), ("O",))
        >>> len(part_of([one] * 9, 4, seed=0)), len(part_of([one] * 9, 0, seed=0))
        (4, 9)
    """
    if not count or count >= len(sentences):
        return list(sentences)
    return random.Random(seed).sample(list(sentences), count)


def corpus_folders(data: Iterable[Path]) -> list[Path]:
    """Lists corpus folders, sorted by name.

    Args:
        data: corpus folders, or folders of corpus folders.

    Raises:
        NerError: there is none, or two have the same name.
    """
    folders = [folder for path in data for folder in _corpora(path)]
    names = [folder.resolve().name for folder in folders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise NerError(f"--data: two corpora are called {', '.join(twice)}. Rename one folder.")
    return sorted(folders, key=lambda folder: folder.resolve().name)


def _corpora(path: Path) -> list[Path]:
    if not path.is_dir():
        raise NerError(f"--data {path}: not a folder. Name a corpus folder, or a folder of them.")
    if _has_train_file(path):
        return [path]
    inside = [folder for folder in path.iterdir() if folder.is_dir() and _has_train_file(folder)]
    if not inside:
        raise NerError(f"--data {path}: no train file, such as train.conll, in it or in a folder in it. Add one.")
    return inside


def _has_train_file(folder: Path) -> bool:
    return any(path.is_file() for path in folder.glob("train.*"))


def _read(path: Path, settings: CorpusSettings, tokenizer: str) -> tuple[LabelledSentence, ...]:
    sentences = read_corpus_file(str(path), settings, tokenizer=tokenizer)
    return tuple(LabelledSentence(sentence.tokens, sentence.tags) for sentence in sentences)


def _digest(splits: Iterable[tuple[LabelledSentence, ...]]) -> str:
    digest = hashlib.sha256()
    for split in splits:
        for sentence in split:
            digest.update(f"{sentence.text}\0{' '.join(sentence.tags)}\n".encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]
