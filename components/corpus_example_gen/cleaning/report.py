"""Counts of what ingestion read, emitted, repaired and skipped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from components.corpus_example_gen.errors import CorpusError

_EXAMPLES = 20


@dataclass
class IngestReport:
    """Counts of one file, or of several merged files.

    "In" counts the content of the files, "out" the emitted content. Every difference has its own count, so `check` can
    prove that nothing was lost silently.

    Example:
        >>> report = IngestReport(sentences_in=2, sentences_out=1)
        >>> report.check()
        Traceback (most recent call last):
        RuntimeError: : 2 sentences in, but 1 accounted for
        >>> report.sentences_skipped = 1
        >>> report.check()

    Attributes:
        files: the files read, in order.
        files_skipped: unreadable files (also listed in `files`).
        documents: document boundaries.
        sentences_in, sentences_out: sentences read and emitted.
        sentences_dropped: sentences with no token left after cleaning (a repair).
        sentences_skipped: sentences skipped because of an error.
        tokens_in, tokens_out: tokens read and emitted.
        tokens_added: additional tokens from splitting tokens at white space.
        tokens_dropped: empty tokens that were dropped.
        tokens_skipped: tokens of skipped sentences.
        entities_in, entities_out: entities read and emitted, by type.
        entities_dropped: entities lost with dropped types and dropped tokens, by type.
        entities_skipped: entities of skipped sentences, by type.
        spans, spans_lost: labelled spans, and those that the tokenizer does not cut out of raw text.
        repairs: number of repairs by kind.
        repair_examples: the first repairs, `file:line: description`.
        notes: readings of whole files that differ from the usual one, `file: description`.
        skipped: all errors that were skipped, `file:line: description`.
    """

    files: list[str] = field(default_factory=list)
    files_skipped: int = 0
    documents: int = 0
    sentences_in: int = 0
    sentences_out: int = 0
    sentences_dropped: int = 0
    sentences_skipped: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_added: int = 0
    tokens_dropped: int = 0
    tokens_skipped: int = 0
    entities_in: Counter[str] = field(default_factory=Counter)
    entities_out: Counter[str] = field(default_factory=Counter)
    entities_dropped: Counter[str] = field(default_factory=Counter)
    entities_skipped: Counter[str] = field(default_factory=Counter)
    spans: int = 0
    spans_lost: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    repair_examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def repair(self, kind: str, path: str, line: int, description: str) -> None:
        """Counts a repair, and lists the first ones."""
        self.repairs[kind] += 1
        if len(self.repair_examples) < _EXAMPLES:
            self.repair_examples.append(f"{path}:{line}: {description}")

    def note(self, path: str, description: str) -> None:
        """Lists a reading of a whole file that differs from the usual one, once."""
        note = f"{path}: {description}"
        if note not in self.notes:
            self.notes.append(note)

    def skip_sentence(self, error: CorpusError, tokens: int, entities: Mapping[str, int]) -> None:
        """Counts and lists a sentence that is skipped because of an error."""
        self.sentences_skipped += 1
        self.tokens_skipped += tokens
        self.entities_skipped.update(entities)
        self.skipped.append(str(error))

    def skip_file(self, error: CorpusError) -> None:
        """Counts and lists a file that is skipped because of an error."""
        self.files_skipped += 1
        self.skipped.append(str(error))

    @property
    def repaired(self) -> int:
        """Number of repairs of all kinds."""
        return self.repairs.total()

    @property
    def total_skipped(self) -> int:
        """Number of sentences and whole files skipped because of errors."""
        return self.sentences_skipped + self.files_skipped

    def check(self) -> None:
        """Checks that all sentences, tokens and entities are either emitted or accounted for.

        Raises:
            RuntimeError: the counts do not add up. This is a defect of the readers, not of the corpus.
        """
        sums = {
            "sentences": (
                self.sentences_in,
                self.sentences_out + self.sentences_dropped + self.sentences_skipped,
            ),
            "tokens": (
                self.tokens_in + self.tokens_added,
                self.tokens_out + self.tokens_dropped + self.tokens_skipped,
            ),
        }
        for name in set(self.entities_in) | set(self.entities_out):
            out = self.entities_out[name] + self.entities_dropped[name] + self.entities_skipped[name]
            sums[f"entities of type {name}"] = (self.entities_in[name], out)
        for name, (read, accounted) in sums.items():
            if read != accounted:
                raise RuntimeError(f"{', '.join(self.files)}: {read} {name} in, but {accounted} accounted for")

    @classmethod
    def merge(cls, reports: Iterable[IngestReport]) -> IngestReport:
        """Returns the sum of several reports, which stay unchanged."""
        total = cls()
        for report in reports:
            for part in fields(cls):
                mine, theirs = getattr(total, part.name), getattr(report, part.name)
                if isinstance(mine, Counter):
                    mine.update(theirs)
                else:
                    setattr(total, part.name, mine + theirs)
        del total.repair_examples[_EXAMPLES:]
        return total

    def to_json(self, longest_list: int | None = None) -> str:
        """Returns the report as JSON, with lists (not counts) truncated to `longest_list` items if given."""
        values: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            values[part.name] = value[:longest_list] if isinstance(value, list) else value
        return json.dumps(values, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> IngestReport:
        """Parses the output of `to_json`."""
        values = json.loads(text)
        counters = {name: Counter(value) for name, value in values.items() if isinstance(value, dict)}
        return cls(**{**values, **counters})

    def summary(self) -> str:
        """Returns one line with the counts in and out, entities by type, repairs and skipped sentences."""
        parts = [
            f"{name} {read} in, {out} out"
            for name, read, out in (
                ("sentences", self.sentences_in, self.sentences_out),
                ("tokens", self.tokens_in, self.tokens_out),
                ("entities", self.entities_in.total(), self.entities_out.total()),
            )
        ]
        parts.append(f"by type {_format_counts(self.entities_out)}")
        if self.spans_lost:
            parts.append(f"lost in raw text {self.spans_lost} of {self.spans} spans")
        if self.documents:
            parts.append(f"documents {self.documents}")
        if self.repairs:
            parts.append(f"repaired {_format_counts(self.repairs)}")
        if self.total_skipped:
            parts.append(f"skipped {self.sentences_skipped} sentences, {self.files_skipped} files")
        return "; ".join(parts)


def _format_counts(counts: Counter[str]) -> str:
    """Formats counts as `LOC 2, PER 1`, sorted by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "none"
