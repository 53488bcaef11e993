"""The account of what reading a corpus took in, gave out, mended and left out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from components.corpus_example_gen.corpus_error import CorpusError

_EXAMPLES = 20


@dataclass
class Report:
    """Counts of one file, or of many when merged.

    "In" is what the files held, "out" is what was emitted, and every difference has a count of its own: `check` proves
    that nothing was lost in silence.

    Attributes:
        files: the files read, in order.
        files_skipped: files of which nothing could be read (they are in `files` too).
        documents: document boundaries seen.
        sentences_in, sentences_out: sentences held and emitted.
        sentences_dropped: sentences of which no token was left (a repair).
        sentences_skipped: sentences left out because of an error.
        tokens_in, tokens_out: tokens held and emitted.
        tokens_added: pieces that came from splitting tokens at white space, beyond the first of each.
        tokens_dropped: tokens dropped because they were empty.
        tokens_skipped: tokens of skipped sentences.
        entities_in, entities_out: entities held and emitted, by type.
        entities_dropped: entities that went with dropped types and dropped tokens, by type.
        entities_skipped: entities of skipped sentences, by type.
        repairs: number of repairs by kind.
        repair_examples: the first repairs, `file:line: what`.
        skipped: everything left out because of an error, `file:line: what`.
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
    repairs: Counter[str] = field(default_factory=Counter)
    repair_examples: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def repair(self, kind: str, path: str, line: int, what: str) -> None:
        """Counts one repair and lists it while the list is short."""
        self.repairs[kind] += 1
        if len(self.repair_examples) < _EXAMPLES:
            self.repair_examples.append(f"{path}:{line}: {what}")

    def skip_sentence(self, error: CorpusError, tokens: int, entities: Mapping[str, int]) -> None:
        """Counts and lists a sentence that is left out because of an error."""
        self.sentences_skipped += 1
        self.tokens_skipped += tokens
        self.entities_skipped.update(entities)
        self.skipped.append(str(error))

    def skip_file(self, error: CorpusError) -> None:
        """Counts and lists a file that is left out because of an error."""
        self.files_skipped += 1
        self.skipped.append(str(error))

    @property
    def repaired(self) -> int:
        """The number of repairs of all kinds."""
        return self.repairs.total()

    @property
    def left_out(self) -> int:
        """The number of sentences and of whole files left out because of errors."""
        return self.sentences_skipped + self.files_skipped

    def check(self) -> None:
        """Proves that everything that came in went out or is accounted for.

        Raises:
            RuntimeError: it does not add up, which is a defect of ours and no fault of the corpus.
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
        for name, (held, accounted) in sums.items():
            if held != accounted:
                raise RuntimeError(f"{', '.join(self.files)}: {held} {name} came in, {accounted} are accounted for")

    @classmethod
    def merge(cls, reports: Iterable[Report]) -> Report:
        """Returns the sum of several reports; they themselves stay as they are."""
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
        """Returns the report as JSON; lists (not counts) are cut to `longest_list` when that is given."""
        values: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            values[part.name] = value[:longest_list] if isinstance(value, list) else value
        return json.dumps(values, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Reads what `to_json` gave."""
        values = json.loads(text)
        counters = {name: Counter(value) for name, value in values.items() if isinstance(value, dict)}
        return cls(**{**values, **counters})

    def summary(self) -> str:
        """Returns one readable line: in and out, entities by type, repairs and what was left out."""
        parts = [
            f"{name} {held} in, {out} out"
            for name, held, out in (
                ("sentences", self.sentences_in, self.sentences_out),
                ("tokens", self.tokens_in, self.tokens_out),
                ("entities", self.entities_in.total(), self.entities_out.total()),
            )
        ]
        parts.append(f"by type {_listed(self.entities_out)}")
        if self.documents:
            parts.append(f"documents {self.documents}")
        if self.repairs:
            parts.append(f"repaired {_listed(self.repairs)}")
        if self.left_out:
            parts.append(f"skipped {self.sentences_skipped} sentences, {self.files_skipped} files")
        return "; ".join(parts)


def _listed(counts: Counter[str]) -> str:
    """Returns `LOC 2, PER 1`, sorted by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "none"
