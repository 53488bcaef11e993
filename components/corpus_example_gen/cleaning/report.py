"""Counts of what ingestion read, emitted, repaired and skipped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from components.common.errors import counted, percent
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.text.tags import similar_type

_EXAMPLES = 20
_LONGEST_EXAMPLE = 200
# Repairs that are part of a format or that the settings ask for.
_UNLIMITED = frozenset(
    {
        "dropped_type",
        "extra_row",
        "marks_at_span",
        "overlapping_span",
        "repeated_span",
        "stripped_tag",
        "stripped_token",
    }
)
# In a small file, one or two sentences exceed every share.
_FEW_SENTENCES, _FEW_REPAIRS = 3, 10
# Beginnings of notes that name the format of a file.
_FORMATS = (
    "read as a header", "read as CSV", "read as JSON lines", "read as an export", "read as CoNLL-2012",
    "read cells that are quoted", "read spans such as", "read each row as a span", "read labels inside",
    "read tags at the words",
)  # fmt: skip
_REMEDIES = {
    "discontinuous_span": "Mark each entity as one span: a token has one tag, and an entity has no gap.",
    "empty_sentence": "Check which column holds the tokens (corpus.token_column).",
    "empty_token": "Check which column holds the tokens (corpus.token_column).",
    "inside_begins": "Check that the sentence boundaries are where the tags expect them, and correct the tags.",
    "outside_prefix": "Write O for tokens outside entities.",
    "several_tags": "Keep the tags of one annotator.",
    "space_row": "If these lines end sentences, remove their spaces; otherwise remove the lines.",
    "split_token": "Check the separator and the token column (corpus.token_column): a token has no white space.",
    "trimmed_span": "Check the offsets of the spans.",
    "word_cut_at_span": "Move the spans to the edges of words: the model tags whole words of raw text.",
}


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
        lines: lines of the files; in files without lines (arrays, Parquet, spaCy, brat) their records.
        line_kinds: lines by kind: `token`, `sentence` (TSV), `record`, `rejected`, `unlabelled` and `repeated`
            (records), `boundary`, `comment`, `document_mark`, `header`, `space_row`, `extra_row`, and `unread` in a
            file that was skipped.
        left_out: parts of records that are not entities, such as `relations`, by kind.
        documents: document boundaries; of formats without them the documents that records name.
        texts_divided: texts of several sentences that were divided.
        sentences_in, sentences_out: sentences read and emitted; a text is one until it is divided.
        sentences_added: additional sentences from dividing texts.
        sentences_dropped: sentences with no token left after cleaning (a repair).
        sentences_skipped: sentences skipped because of an error.
        tokens_in, tokens_out: tokens read and emitted.
        tokens_added: additional tokens from splitting tokens at white space.
        tokens_dropped: empty tokens that were dropped.
        tokens_cut, tokens_joined: additional tokens from cutting words of scripts without spaces into characters, and
            tokens that belong to the character before them there.
        tokens_skipped: tokens of skipped sentences.
        entities_in, entities_out: entities read and emitted, by type.
        entities_dropped: entities lost with dropped types and dropped tokens, by type.
        entities_skipped: entities of skipped sentences, by type.
        spans, spans_lost: labelled spans, and those that the tokenizer does not cut out of raw text.
        repairs: number of repairs by kind.
        sentences_repaired: number of sentences that each kind of repair touched.
        examples: the first repairs of each kind, `file:line: description`.
        notes: readings of whole files that differ from the usual one, `file: description`.
        files_ignored: files in the corpus folder that belong to no split.
        skipped: all errors that were skipped, `file:line: description`.
    """

    files: list[str] = field(default_factory=list)
    files_skipped: int = 0
    lines: int = 0
    line_kinds: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    texts_divided: int = 0
    sentences_in: int = 0
    sentences_added: int = 0
    sentences_out: int = 0
    sentences_dropped: int = 0
    sentences_skipped: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_added: int = 0
    tokens_dropped: int = 0
    tokens_cut: int = 0
    tokens_joined: int = 0
    tokens_skipped: int = 0
    entities_in: Counter[str] = field(default_factory=Counter)
    entities_out: Counter[str] = field(default_factory=Counter)
    entities_dropped: Counter[str] = field(default_factory=Counter)
    entities_skipped: Counter[str] = field(default_factory=Counter)
    spans: int = 0
    spans_lost: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    sentences_repaired: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files_ignored: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Starts without a repaired sentence."""
        self._last_repaired: dict[str, int] = {}

    def repair(self, kind: str, path: str, line: int, description: str, sentence: int | None = None) -> None:
        """Counts a repair, and lists the first ones.

        Args:
            kind: kind of the repair.
            path: the file.
            line: 1-based line.
            description: what was read as what.
            sentence: number of the sentence; None for the current one.
        """
        self.repairs[kind] += 1
        sentence = self.sentences_in if sentence is None else sentence
        if self._last_repaired.get(kind) != sentence:
            self._last_repaired[kind] = sentence
            self.sentences_repaired[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < _EXAMPLES:
            examples.append(f"{path}:{line}: {description[:_LONGEST_EXAMPLE]}")

    def add_repairs(self, other: IngestReport) -> None:
        """Adds the repairs of another report, of kinds that this one lacks."""
        self.repairs.update(other.repairs)
        self.sentences_repaired.update(other.sentences_repaired)
        self.examples.update(other.examples)

    def leave_out(self, counts: Mapping[str, int]) -> None:
        """Counts parts of a record that are left out because they are not entities."""
        self.left_out.update({kind: count for kind, count in counts.items() if count})

    def drop_entity(self, kind: str, path: str, line: int, span: str, label: str) -> None:
        """Counts an entity that its reader drops, as a repair."""
        self.entities_in[label] += 1
        self.entities_dropped[label] += 1
        # The cleaner counts the sentence after its reader is done.
        self.repair(kind, path, line, f"dropped span {span}", self.sentences_in + 1)

    @property
    def repair_examples(self) -> list[str]:
        """The first repairs of all kinds."""
        return [example for kind in sorted(self.examples) for example in self.examples[kind]]

    def exceeds(self, kind: str, limit: float) -> bool:
        """Returns whether a kind of repair touched more than a share of the sentences; see `check_repairs`."""
        touched = self.sentences_repaired[kind]
        few = touched < _FEW_SENTENCES and self.repairs[kind] < _FEW_REPAIRS
        return not (kind in _UNLIMITED or few or touched <= limit * (self.sentences_in + self.sentences_added))

    def check_repairs(self, limit: float) -> None:
        """Checks that no kind of repair touched more than a share of the sentences.

        A repair of a few places is a service; of many it is a sign that the file is read in the wrong way. Up to two
        sentences with fewer than ten repairs pass in a file of any size.

        Args:
            limit: the largest share (`corpus.max_repaired`).

        Raises:
            CorpusReadingError: a kind of repair is above the limit; the error shows three examples.
        """
        for kind, touched in sorted(self.sentences_repaired.items()):
            if not self.exceeds(kind, limit):
                continue
            where = self.files[0] if len(self.files) == 1 else f"{len(self.files)} files"
            total = self.sentences_in + self.sentences_added
            share = percent(touched / max(total, 1), 0)
            raise CorpusReadingError(
                where,
                None,
                f"the repair {kind} touched {touched:,} of {total:,} sentences ({share}), more than "
                f"corpus.max_repaired ({100 * limit:g} %). First: {'; '.join(self.examples[kind][:3])}",
                f"{_REMEDIES.get(kind, 'Correct the corpus.')} If all of them are read as intended, raise the limit.",
            )

    def note(self, path: str, description: str) -> None:
        """Lists a reading of a whole file that differs from the usual one, once."""
        note = f"{path}: {description}"
        if note not in self.notes:
            self.notes.append(note)

    def notes_by_kind(self) -> tuple[list[str], list[str]]:
        """Returns the notes that name the format of a file, and those about unusual readings.

        Example:
            >>> IngestReport(notes=["a.csv: read as CSV with the separator ','"]).notes_by_kind()
            (["a.csv: read as CSV with the separator ','"], [])
        """
        formats = [note for note in self.notes if note.partition(": ")[2].startswith(_FORMATS)]
        return formats, [note for note in self.notes if note not in formats]

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
            "lines": (self.lines, self.line_kinds.total()),
            "sentences": (
                self.sentences_in + self.sentences_added,
                self.sentences_out + self.sentences_dropped + self.sentences_skipped,
            ),
            "tokens": (
                self.tokens_in + self.tokens_added + self.tokens_cut,
                self.tokens_out + self.tokens_dropped + self.tokens_joined + self.tokens_skipped,
            ),
        }
        for name in set(self.entities_in) | set(self.entities_out):
            out = self.entities_out[name] + self.entities_dropped[name] + self.entities_skipped[name]
            sums[f"entities of type {name}"] = (self.entities_in[name], out)
        for name, (read, accounted) in sums.items():
            if read != accounted:
                raise RuntimeError(f"{', '.join(self.files)}: {read} {name} in, but {accounted} accounted for")

    def absent_types(self, names: Iterable[str]) -> dict[str, str]:
        """Returns the types of a setting that no sentence read has, such as those of `corpus.drop_types`.

        Example:
            >>> IngestReport(entities_in=Counter(LOC=3)).absent_types(["LOC", "LOCC"])
            {'LOCC': 'Did you mean LOC?'}

        Returns:
            Type -> remedy.
        """
        known = [name for name, count in self.entities_in.items() if count]
        near = {name: similar_type(name, known) for name in names if name not in known}
        return {name: f"Did you mean {like}?" if like else "Correct or remove it." for name, like in near.items()}

    @classmethod
    def merge(cls, reports: Iterable[IngestReport]) -> IngestReport:
        """Returns the sum of several reports, which stay unchanged."""
        total = cls()
        for report in reports:
            for part in fields(cls):
                mine, theirs = getattr(total, part.name), getattr(report, part.name)
                if isinstance(mine, Counter):
                    mine.update(theirs)
                elif isinstance(mine, dict):
                    for kind, examples in theirs.items():
                        mine[kind] = (mine.get(kind, []) + examples)[:_EXAMPLES]
                else:
                    setattr(total, part.name, mine + theirs)
        return total

    def to_json(self, longest_list: int | None = None) -> str:
        """Returns the report as JSON, with lists (not counts) truncated to `longest_list` items if given."""
        values: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "examples":
                value = {kind: examples[:longest_list] for kind, examples in value.items()}
            values[part.name] = value[:longest_list] if isinstance(value, list) else value
        return json.dumps(values, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> IngestReport:
        """Parses the output of `to_json`."""
        values = json.loads(text)
        known = {part.name: values[part.name] for part in fields(cls) if part.name in values}
        counters = {name: Counter(v) for name, v in known.items() if isinstance(v, dict) and name != "examples"}
        return cls(**{**known, **counters})

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
        if self.tokens_cut or self.tokens_joined:
            parts.append(f"cut into characters: {self.tokens_cut} tokens more, {self.tokens_joined} joined")
        if self.lines:
            parts.append(f"lines {self.lines} ({_format_counts(self.line_kinds)})")
        if self.left_out:
            parts.append(f"left out {_format_counts(self.left_out)}")
        if self.documents:
            parts.append(f"documents {self.documents}")
        if self.texts_divided:
            made = self.texts_divided + self.sentences_added
            parts.append(f"divided {counted(self.texts_divided, 'text')} into {made} sentences")
        if self.repairs:
            parts.append(f"repaired {_format_counts(self.repairs)}")
        if self.total_skipped:
            parts.append(
                f"skipped {counted(self.sentences_skipped, 'sentence')}, {counted(self.files_skipped, 'file')}"
            )
        return "; ".join(parts)


def without_entities(report: IngestReport, corpus: str) -> CorpusError:
    """Returns the error about a training split without entities.

    Args:
        report: counts of the whole corpus.
        corpus: its path.
    """
    problem = "in the training split, no sentence has an entity"
    dropped = report.entities_dropped.total() + report.entities_skipped.total()
    if dropped:
        problem += f" ({dropped} entities of the corpus are dropped or skipped)"
    return CorpusError(corpus, None, problem, "Label entities, or check the tag column (corpus.tag_column).")


def _format_counts(counts: Counter[str]) -> str:
    """Formats counts as `LOC 2, PER 1`, sorted by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "none"
