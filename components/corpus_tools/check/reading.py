"""Reading of a corpus for a check: the readers, splits and cleaning of CorpusExampleGen, one file at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from components.common.errors import counted, shortened
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.corpus_example_gen.corpus.layout import ALL, unread_files
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.file_content import FileContent
from components.corpus_example_gen.labelled_data import files_by_split
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
from components.corpus_example_gen.readers.corpus_text import read_file
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import holds_out_eval, split_of
from components.corpus_example_gen.tokenizer_choice import choose_tokenizer
from components.corpus_tools.check.finding import Finding, Item, Place, Severity
from components.keys import TRAIN_SPLIT

_MOST_ITEMS = 1000  # skipped sentences
_LARGE = 10_000_000  # bytes of a file that takes seconds


class CorpusFiles:
    """The files of a corpus folder by split, or a single file.

    Attributes:
        base: the folder.
        files: split -> files.
        undivided: whether a training divides the corpus by hash.
        holds_out: whether a training takes `eval` out of `train`.
        unread: files that seem to belong to the corpus and that no split takes.
        report: counts of the files that were read.
        tokenizer: tokenizer of a training.
    """

    def __init__(self, path: Path, settings: CorpusSettings, tokenizer: str) -> None:
        """Finds the files.

        Args:
            path: corpus folder, or file.
            settings: settings of the corpus.
            tokenizer: `transform.tokenizer`; `auto` chooses one by the training split.

        Raises:
            CorpusError: the path does not exist, or the folder has no corpus.
        """
        if not path.exists():
            raise CorpusError(str(path), None, "no such file or folder", "Give a labelled file, or a corpus folder.")
        self.is_folder = path.is_dir()
        self.base = path if self.is_folder else path.parent
        self.files = files_by_split(path, settings) if self.is_folder else {ALL: [path]}
        self.undivided = self.is_folder and len(self.files) == 1 and set(self.files) <= {ALL, TRAIN_SPLIT}
        self.holds_out = holds_out_eval(list(self.files))
        taken = (file for files in self.files.values() for file in files)
        self.unread = unread_files(self.base, taken) if self.is_folder else []
        self.report = IngestReport()
        self._errors: list[CorpusError] = []
        training = self.files.get(TRAIN_SPLIT) or [file for files in self.files.values() for file in files]
        self.tokenizer = choose_tokenizer(tokenizer, [*map(str, training)], settings, _content)
        # Skipping shows all errors of a file instead of the first one.
        self._settings = settings.model_copy(update={"on_error": "skip"})
        self._stops = settings.on_error == "fail"

    def read(self, announce: Callable[[str], None]) -> Iterator[tuple[str, str, Sentence]]:
        """Yields (split, file, sentence), and completes `report`.

        Args:
            announce: receives the name of each large file before it is read.
        """
        reports = []
        for name, files in self.files.items():
            for path in files:
                source, report = path.relative_to(self.base).as_posix(), IngestReport()
                if path.stat().st_size > _LARGE:
                    announce(source)
                try:
                    for sentence in read_corpus_file(str(path), self._settings, report, tokenizer=self.tokenizer):
                        yield self._split(name, sentence), source, sentence
                except CorpusError as error:
                    self._errors.append(error)
                except OSError as error:
                    problem = f"cannot read the file ({error.strerror})"
                    self._errors.append(CorpusError(str(path), None, problem, "Check its permissions."))
                reports.append(report)
        self.report = IngestReport.merge(reports)

    def findings(self) -> Iterator[Finding]:
        """Yields the errors, skipped sentences, repairs, unread files and types; after `read`."""
        yield from self._error_findings()
        yield from self._repairs()
        formats, unusual = self.report.notes_by_kind()
        for kind, notes, title, fix in (
            ("format", formats, "Formats of files", "The section corpus has settings for other readings."),
            ("reading", unusual, "Files read in an unusual way", "Check that this is the meaning."),
        ):
            if notes:
                items = tuple(Item(*_parts(note, self.base)) for note in notes)
                yield Finding(kind, Severity.NOTE, f"{title}: {len(items)}", fix, items, len(items))
        if self.report.left_out:
            items = tuple(Item(kind, counted(count, "part")) for kind, count in sorted(self.report.left_out.items()))
            fix = "Nothing, if the model need not learn them."
            yield Finding("left_out", Severity.NOTE, "Parts of records that are not entities", fix, items, len(items))
        if absent := self.report.absent_types(self._settings.drop_types):
            items = tuple(Item(name, remedy) for name, remedy in absent.items())
            title = f"Types of corpus.drop_types that no sentence has: {len(items)}"
            yield Finding("unknown_type", Severity.WARNING, title, "Correct the setting.", items, len(items))
        if self.unread:
            fix = "Rename them to train, dev or test, name them in corpus.splits, or move them away."
            items = tuple(Item(name, "no split takes it", (Place(name, None),), 1) for name in self.unread)
            title = f"Files that nobody reads: {len(items)}"
            yield Finding("unread_file", Severity.WARNING, title, fix, items, len(items))

    def _error_findings(self) -> Iterator[Finding]:
        if self._errors:
            items = []
            for error in self._errors:
                place = Place(_relative(error.path, self.base), error.line)
                items.append(Item(str(place), f"{error.problem}. {error.fix}", (place,), 1))
            title = f"Files that a training refuses: {len(items)}"
            yield Finding(
                "refused_file", Severity.ERROR, title, "Each line names its remedy.", tuple(items), len(items)
            )
        if not self.report.skipped:
            return
        items = [Item(*_parts(text, self.base)) for text in self.report.skipped[:_MOST_ITEMS]]
        severity = Severity.ERROR if self._stops else Severity.WARNING
        fix = (
            "Correct these lines, or leave them out with corpus.on_error=skip."
            if self._stops
            else "corpus.on_error: skip leaves them out. Correct these lines."
        )
        title = f"Sentences and files with an error: {self.report.total_skipped:,}"
        yield Finding("unreadable", severity, title, fix, tuple(items), len(self.report.skipped))

    def _repairs(self) -> Iterator[Finding]:
        items = []
        for kind, count in self.report.repairs.most_common():
            examples = self.report.examples.get(kind, [])
            parts = [_parts(example, self.base) for example in examples]
            items.append(Item(kind, parts[0][1] if parts else "", tuple(place for *_, (place,), _ in parts), count))
        dropped = self.report.entities_dropped.total()
        if items:
            severity = Severity.WARNING if dropped else Severity.NOTE
            lost = f"; {counted(dropped, 'entity', 'entities')} dropped" if dropped else ""
            title = f"Repairs by cleaning: {self.report.repaired:,}{lost}"
            fix = "Check that each is as intended; correct the corpus where it is not."
            yield Finding("repair", severity, title, fix, tuple(items), len(items))

    def _split(self, name: str, sentence: Sentence) -> str:
        if not (self.undivided or self.holds_out):
            return name
        return split_of(name, sentence.division_key, undivided=self.undivided, holds_out=self.holds_out)


def _content(path: str) -> FileContent:
    try:
        return read_file(path)
    except CorpusError:
        return FileContent([])  # `read` reports it


def _parts(text: str, base: Path) -> tuple[str, str, tuple[Place], int]:
    """Returns the parts of an item of a message `path:line: description` or `path: description`."""
    where, _, description = text.partition(": ")
    path, _, line = where.rpartition(":")
    place = (
        Place(_relative(path, base), int(line)) if path and line.isdecimal() else Place(_relative(where, base), None)
    )
    return str(place), shortened(description, 300), (place,), 1


def _relative(path: str, base: Path) -> str:
    return path.removeprefix(f"{base}/")
