"""Sentences of a corpus, read as CorpusExampleGen reads them, by the files that keep its splits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

from components.common.errors import counted
from components.common.progress import report_progress
from components.corpus_example_gen.cleaning.documents import FEWEST
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import DOCUMENTS
from components.corpus_example_gen.corpus.layout import (
    ALL,
    applicable_window,
    listed,
    matching,
    split_patterns,
    unread_files,
)
from components.corpus_example_gen.corpus.span_window import span_folders
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import configured_splits
from components.corpus_tools.sentence import AnnotatedSentence
from components.keys import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT

DEV = "dev"
"""Name of the files of the split `eval`."""

_BRAT = ".ann"
_NEW_DOCUMENT = "newdoc id"  # of CoNLL-U
_STEP = 1000  # sentences between two reports of progress


@dataclasses.dataclass(frozen=True)
class Part:
    """Files of a corpus that stay together.

    Attributes:
        name: name of a file without extension, such as `train` or `span-2/dev`.
        files: the files.
        base: the folder to which sources are relative.
    """

    name: str
    files: tuple[Path, ...]
    base: Path

    def sentences(self, settings: CorpusSettings, report: IngestReport | None = None) -> Iterator[AnnotatedSentence]:
        """Yields the sentences of the files.

        Args:
            settings: settings of the corpus.
            report: receives the notes, repairs and counts of all files.

        Raises:
            CorpusError: a file cannot be read.
        """
        for path in self.files:
            source = path.relative_to(self.base).as_posix()
            document = {DOCUMENTS[0]: path.stem} if path.suffix == _BRAT else {}
            own, unnamed = IngestReport(), set[str]()
            for sentence in read_corpus_file(str(path), settings, own, tokenizer=None):
                made = AnnotatedSentence.of_sentence(sentence, source)
                if sentence.document and own.line_kinds and not (document or made.document):
                    if sentence.unit is None:
                        unnamed.add(sentence.document)
                    else:
                        named = {_NEW_DOCUMENT: _document_name(source, sentence.document)}
                        made = dataclasses.replace(made, metadata={**named, **made.metadata})
                yield dataclasses.replace(made, metadata={**document, **made.metadata}) if document else made
            if unnamed:
                number = counted(len(unnamed), "document")
                lost = f"{number} without a name, fewer than {FEWEST}: their bounds are not kept"
                own.note(source, f"{lost}. Name them, as `# newdoc id = ...`")
            if report is not None:
                for field in dataclasses.fields(report):
                    setattr(report, field.name, getattr(IngestReport.merge([report, own]), field.name))


def _document_name(source: str, document: str) -> str:
    """Returns the name of a document, or for its number a name that no other file has.

    Example:
        >>> _document_name("span-2/train.conll", "7"), _document_name("a.conll", "bc/cnn")
        ('span-2/train-7', 'bc/cnn')
    """
    return f"{source.removesuffix(Path(source).suffix)}-{document}" if document.isdecimal() else document


def corpus_parts(path: Path, settings: CorpusSettings) -> list[Part]:
    """Returns the parts of a corpus: its splits, or the files of one that is not divided; each span has its own.

    Args:
        path: a file, or a folder, which needs no training file.
        settings: settings of the corpus; `splits` names the files.

    Raises:
        CorpusError: the path does not exist, or has no corpus.
    """
    if path.is_file():
        return [Part(path.name.removesuffix(".gz").rpartition(".")[0] or path.name, (path,), path.parent)]
    if not path.is_dir():
        raise CorpusError(str(path), None, "no such file or folder", "Give a labelled file, or a corpus folder.")
    spans = span_folders(str(path), [folder.name for folder in path.glob("span-*") if folder.is_dir()])
    if spans and not settings.splits:
        return [
            dataclasses.replace(part, name=f"{span}/{part.name}", base=path)
            for span in spans
            for part in corpus_parts(path / span, settings)
        ]
    parts = []
    window = applicable_window(path, settings.window)
    for split, patterns in split_patterns(path, configured_splits(settings), window, for_training=False).items():
        files = [file for pattern in patterns for file in matching(path, pattern) if file.is_file()]
        if not files:
            raise CorpusError(str(path / patterns[-1]), None, "no file matches", "Check the folder and corpus.splits.")
        if split == ALL and files[0].suffix != _BRAT:
            parts += [dataclasses.replace(corpus_parts(file, settings)[0], base=path) for file in files]
        else:
            name = DEV if split == EVAL_SPLIT else path.name if split == ALL else split
            parts.append(Part(name, tuple(files), path))
    return parts


def splits_of(path: Path, settings: CorpusSettings) -> list[str]:
    """Returns the names of the splits, `train`, `dev` and `test`, that a corpus has already."""
    names = {part.name.rpartition("/")[2] for part in corpus_parts(path, settings)} if path.is_dir() else set[str]()
    return [name for name in (TRAIN_SPLIT, DEV, TEST_SPLIT) if name in names]


def unread_note(path: Path, parts: Iterable[Part]) -> str:
    """Returns a line about the files of a folder that seem to belong to the corpus, and that are in no part.

    Empty if there are none. Example: tests/components/corpus_tools/test_convert.py.
    """
    names = unread_files(path, (file for part in parts for file in part.files)) if path.is_dir() else []
    return f"not read of {path}: {listed(names)} (no split takes them; corpus.splits names files)" if names else ""


def read_corpus(
    path: Path, settings: CorpusSettings, report: IngestReport | None = None
) -> Iterator[AnnotatedSentence]:
    """Yields all sentences of a file or folder; see `corpus_parts` and `Part.sentences`."""
    for part in corpus_parts(path, settings):
        yield from part.sentences(settings, report)


def with_progress(sentences: Iterable[AnnotatedSentence], work: str) -> Iterator[AnnotatedSentence]:
    """Yields sentences, and reports how many there were."""
    for number, sentence in enumerate(sentences, 1):
        if number % _STEP == 0:
            report_progress(work, number, 0)
        yield sentence


def for_tools(settings: CorpusSettings) -> CorpusSettings:
    """Returns the settings without the check that protects a training on raw text, and with whole texts."""
    sentences = "keep" if settings.sentences == "auto" else settings.sentences
    return settings.model_copy(update={"min_raw_text_survival": 0.0, "sentences": sentences})
