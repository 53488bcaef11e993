"""Sentences of one split of a corpus, read as CorpusExampleGen reads them, without TFX and Beam."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.corpus_example_gen.corpus.layout import (
    ALL,
    applicable_window,
    matching,
    newest_span,
    no_file_matches,
    split_patterns,
    unread_files,
)
from components.corpus_example_gen.corpus.span_window import span_number
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.example import KeyMaker
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.corpus_text import read_file
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import (
    HASH_BUCKETS,
    configured_splits,
    holds_out_eval,
    labelled_digest,
    sentence_digest,
    split_of,
)
from components.corpus_example_gen.tokenizer_choice import AUTO, choose_tokenizer
from components.keys import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT

SPLITS = (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT, ALL)
"""Names of splits; `all` is the whole corpus."""

_ORDER = (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT)


@dataclasses.dataclass(frozen=True)
class LabelledSentence:
    """A sentence with the key and the source of its `tf.Example`.

    Attributes:
        key: unique in the corpus.
        source: its file, relative to the corpus folder.
        sentence: tokens, tags and metadata.
    """

    key: str
    source: str
    sentence: Sentence

    @property
    def place(self) -> str:
        """Returns `file:line` of the sentence."""
        return f"{self.source}:{self.sentence.line}"


class LabelledData:
    """One split of a corpus folder, or one file.

    tests/components/corpus_example_gen/test_labelled_data.py compares it with CorpusExampleGen.

    Attributes:
        path: the folder or file.
        split: name of the split; `all` for a file, and for a folder with one split of which no part was asked for.
        undivided: whether the corpus has one split, which a training divides by hash.
        without_spans: whether `corpus.span` or `corpus.span_window` is set and does not apply: the folder has no spans.
        report: counts of the files read; complete after `sentences`.
        hashes: source -> SHA-256 of the files read.
    """

    def __init__(self, path: Path, settings: CorpusSettings, split: str | None = None, tokenizer: str = AUTO) -> None:
        """Finds the files.

        Args:
            path: a file, or a corpus folder, which needs no training file.
            settings: settings of the corpus.
            split: name of `SPLITS`; None: `test` if the folder has it, else `eval`, and everything of a corpus with
                one split.
            tokenizer: `transform.tokenizer`; the training has chosen the same one for the same files.

        Raises:
            CorpusError: the path does not exist, has no corpus, or lacks the split.
        """
        window = applicable_window(path, settings.window) if path.is_dir() else settings.window
        self.without_spans = window != settings.window
        settings = settings.model_copy(update={"span": window.newest, "span_window": window.size})
        # Scores on raw text tell what this limit protects a training from.
        update = {"path": path, "min_raw_text_survival": 0.0}
        self.path, self._settings = path, settings.model_copy(update=update)
        self.report, self.hashes = IngestReport(), dict[str, str]()
        if path.is_file():
            self._base, self._files = path.parent, {ALL: [path]}
        elif path.is_dir():
            self._base, self._files = path, files_by_split(path, settings)
        else:
            raise CorpusError(str(path), None, "no such file or folder", "Give a labelled file, or a corpus folder.")
        self.undivided = path.is_dir() and len(self._files) == 1 and set(self._files) <= {ALL, TRAIN_SPLIT}
        self.split = self._chosen(split)
        training = self._files.get(TRAIN_SPLIT) or [path for files in self._files.values() for path in files]
        self._tokenizer = choose_tokenizer(tokenizer, [*map(str, training)], settings, read_file)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that exist, `all` last."""
        names = set(self._files)
        if self.undivided:
            names |= set(HASH_BUCKETS)
        elif holds_out_eval(names):
            names.add(EVAL_SPLIT)
        return (*(name for name in _ORDER if name in names), ALL)

    @property
    def absent_types(self) -> dict[str, str]:
        """Types of `corpus.drop_types` that no sentence read has, with a remedy; complete after `sentences`."""
        return self.report.absent_types(self._settings.drop_types)

    @property
    def files_ignored(self) -> list[str]:
        """Files of the folder that seem to belong to the corpus and that no split takes, relative to it."""
        files = (path for of_split in self._files.values() for path in of_split)
        return unread_files(self._base, files) if self.path.is_dir() else []

    def sentences(self) -> Iterator[LabelledSentence]:
        """Yields the sentences of the split, and fills in `report` and `hashes`.

        Raises:
            CorpusError: a file cannot be read; see `read_corpus_file`.
        """
        self.report, self.hashes = IngestReport(), {}
        reports: list[IngestReport] = []
        repeated, newest = self._of_later_splits(), self._newest_spans()
        for labelled in self._read(self.split, reports, self.hashes):
            if sentence_digest(labelled.sentence.text.encode()) in repeated:
                continue
            if not newest or newest[_digest(labelled)] == _span(labelled):
                yield labelled
        self.report = IngestReport.merge(reports)
        self.report.check_repairs(self._settings.max_repaired)

    def training_sentences(self) -> Iterator[LabelledSentence] | None:
        """Returns the sentences of the training split; None if the corpus has none apart from this split."""
        if self.split in (TRAIN_SPLIT, ALL) or TRAIN_SPLIT not in self.splits:
            return None
        return LabelledData(self.path, self._settings, TRAIN_SPLIT, self._tokenizer).sentences()

    def _chosen(self, split: str | None) -> str:
        if split is None:
            held_out = [name for name in (TEST_SPLIT, EVAL_SPLIT) if name in self.splits]
            return ALL if self.undivided or not held_out else held_out[0]
        if split not in self.splits:
            problem = f"no split {quoted(split)}, only {', '.join(self.splits)}"
            raise CorpusError(str(self.path), None, problem, "Give one of these, or name the files in corpus.splits.")
        return split

    def _of_later_splits(self) -> set[bytes]:
        """Returns the digests of the sentences that CorpusExampleGen takes out of this split as duplicates."""
        if not self._removes:
            return set()
        later = [name for name in _ORDER[_ORDER.index(self.split) + 1 :] if name in self.splits]
        read = (labelled.sentence for name in later for labelled in self._read(name, [], {}))
        return {sentence_digest(sentence.text.encode()) for sentence in read}

    def _newest_spans(self) -> dict[bytes, int]:
        """Returns the newest span of each eval or test sentence with its tags; empty if older copies stay."""
        if not self._removes or self._settings.span_window == 1 or self.split == TRAIN_SPLIT:
            return {}
        newest: dict[bytes, int] = {}
        for labelled in self._read(self.split, [], {}):
            newest[_digest(labelled)] = max(_span(labelled), newest.get(_digest(labelled), 0))
        return newest

    @property
    def _removes(self) -> bool:
        in_spans = self.path.is_dir() and newest_span(self.path) is not None
        action = self._settings.duplicates or ("remove" if in_spans else "keep")
        return action == "remove" and self.split != ALL

    def _read(self, split: str, reports: list[IngestReport], hashes: dict[str, str]) -> Iterator[LabelledSentence]:
        """Yields the sentences of a split, duplicates included."""
        for name, files in self._files.items():
            if split in (ALL, name) or self.undivided or (split == EVAL_SPLIT and self._holds_out):
                for path in files:
                    for labelled in self._sentences(path, reports, hashes):
                        if split == ALL or self._split_of(name, labelled.sentence) == split:
                            yield labelled

    @property
    def _holds_out(self) -> bool:
        return holds_out_eval(self._files)

    def _split_of(self, name: str, sentence: Sentence) -> str:
        """Returns the split of a sentence from the files of a split."""
        return split_of(name, sentence.division_key, undivided=self.undivided, holds_out=self._holds_out)

    def _sentences(self, path: Path, reports: list[IngestReport], hashes: dict[str, str]) -> Iterator[LabelledSentence]:
        """Yields the sentences of a file."""
        source = path.relative_to(self._base).as_posix()
        keys, report = KeyMaker(source), IngestReport()
        content = read_file(str(path))
        for sentence in read_corpus_file(str(path), self._settings, report, content, self._tokenizer):
            yield LabelledSentence(keys.make(sentence), source, sentence)
        reports.append(report)
        hashes[source] = content.sha256()


def _digest(labelled: LabelledSentence) -> bytes:
    sentence = labelled.sentence
    return labelled_digest(sentence.text.encode(), [tag.encode() for tag in sentence.tags])


def _span(labelled: LabelledSentence) -> int:
    return span_number(labelled.source.partition("/")[0])


def files_by_split(folder: Path, settings: CorpusSettings) -> dict[str, list[Path]]:
    """Returns split -> files, in the order of the patterns.

    Raises:
        CorpusError: the folder has no corpus, or a split has no file.
    """
    patterns = split_patterns(folder, configured_splits(settings), settings.window, for_training=False)
    files = {
        name: [path for pattern in own for path in matching(folder, pattern) if path.is_file()]
        for name, own in patterns.items()
    }
    for name, of_split in files.items():
        if not of_split:
            raise no_file_matches(folder / patterns[name][-1])
    return files
