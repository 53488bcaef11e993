"""Generated sample corpora, so that the first run needs no download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from components.common.errors import NerError
from components.common.files import write_atomically
from pipeline.samples.generator import TEMPLATES, GeneratedSentence, Generator

ARTICLES = Generator(
    sizes={"train": 600, "dev": 100, "test": 250},
    topics={topic: 9 if topic == "travel" else 2 for topic in TEMPLATES},
    types={"PER": "NAME", "LOC": "LOCATION", "ORG": "ORGANIZATION", "MISC": "MISC"},
    outside="OUT",
    unseen=0.4,
    messages=0.1,
)
"""A small corpus with the articles' sentences, tag names and file format."""

NEWSWIRE = Generator(
    sizes={"train": 4000, "dev": 500, "test": 1000},
    topics={topic: 1 for topic in TEMPLATES if topic != "travel"},
    types={name: name for name in ("PER", "LOC", "ORG", "MISC")},
    outside="O",
    unseen=0.5,
    messages=0.0,
)
"""A larger corpus in CoNLL format, with document marks."""


def _tsv(split: str, sentences: list[GeneratedSentence]) -> str:
    """Formats sentences as the articles do: the tokens, a tab, the tags."""
    lines = []
    for sentence in sentences:
        tokens, tags = zip(*sentence.rows, strict=True)
        lines += [f"# topic = {sentence.topic}", f"# style = {sentence.style}", f"{' '.join(tokens)}\t{' '.join(tags)}"]
    return "".join(f"{line}\n" for line in lines)


def _conll(split: str, sentences: list[GeneratedSentence]) -> str:
    """Formats sentences with one `token<TAB>tag` row per token, an id, and a mark before each document."""
    blocks = []
    for number, sentence in enumerate(sentences):
        if sentence.starts_document:
            blocks.append("-DOCSTART-\tO\n")
        lines = [f"# id = {split}-{number:05d}", f"# topic = {sentence.topic}", *map("\t".join, sentence.rows)]
        blocks.append("".join(f"{line}\n" for line in lines))
    return "\n".join(blocks)


class SampleKind(NamedTuple):
    """A kind of sample corpus.

    Attributes:
        generator: generator of its sentences.
        extension: extension of its files.
        format: function that formats the sentences of a split.
    """

    generator: Generator
    extension: str
    format: Callable[[str, list[GeneratedSentence]], str]


KINDS = {
    "articles": SampleKind(ARTICLES, "tsv", _tsv),
    "newswire": SampleKind(NEWSWIRE, "conll", _conll),
}
"""The sample corpora by name."""


def write_sample(folder: str | Path, kind: str = "articles", seed: int = 0, overwrite: bool = False) -> list[Path]:
    """Writes a sample corpus to a folder, which is created if necessary.

    Args:
        folder: the folder; other files in it stay unchanged.
        kind: `articles` (950 sentences; NAME, LOCATION, ORGANIZATION, MISC) or `newswire` (5,500 sentences; PER, LOC,
            ORG, MISC).
        seed: equal seeds give equal bytes.
        overwrite: replace files of the same names that have other content.

    Returns:
        The files of the splits train, dev and test.

    Raises:
        NerError: the kind is unknown, the folder is not writable, or it has other files of the same names or splits.
    """
    if kind not in KINDS:
        raise NerError(f"kind {kind!r}: unknown kind of sample corpus. Choose one of {', '.join(KINDS)}.")
    folder = Path(folder)
    sample = KINDS[kind]
    contents = {
        folder / f"{split}.{sample.extension}": sample.format(split, sentences).encode()
        for split, sentences in sample.generator.generate(seed).items()
    }
    try:
        for path, data in contents.items():
            if path.exists() and path.read_bytes() != data and not overwrite:
                raise NerError(f"{path}: the file exists with other content. Choose another folder, or overwrite it.")
            others = sorted({*folder.glob(f"{path.stem}.*")} - {*contents})
            if others:
                raise NerError(f"{others[0]}: the folder holds another corpus. Choose an empty folder.")
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            write_atomically(path, data)
    except OSError as error:
        raise NerError(f"{folder}: cannot write ({error.strerror}). Choose a folder that you may write to.") from error
    return list(contents)
