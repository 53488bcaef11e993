"""Counts of a corpus by split and by type, and the findings that follow from them."""

from __future__ import annotations

import dataclasses
import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from components.common.errors import counted, percent
from components.corpus_example_gen.corpus.layout import listed
from components.corpus_tools.check.finding import Finding, Item, Severity
from components.corpus_tools.check.store import StoredSentence
from components.keys import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from components.text.scripts import script_of
from components.text.tags import similar_type

_FEW, _SOME = 10, 50  # examples of a type in the training data
_LONG = 200  # tokens of a sentence that probably lacks a boundary
_BALANCE = 2.0  # ratio of the shares of a type in two splits
_SURE = 4.0  # standard errors between the two shares
_MOST_SCRIPTS = 100_000  # different tokens whose script is remembered
_RARE_SCRIPT = 0.05  # share of the sentences
_BEYOND_LATIN = "\u0250"
_ORDER = (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT)


@dataclasses.dataclass
class SplitCounts:
    """Counts of one split.

    Attributes:
        tokens: number of tokens.
        entities: entities by type.
        lengths: sentences by number of tokens.
        unlabelled: sentences without entities.
        known: entities that occur in the training data with the same text and type; None for the training data.
    """

    tokens: int = 0
    entities: Counter[str] = dataclasses.field(default_factory=Counter)
    lengths: Counter[int] = dataclasses.field(default_factory=Counter)
    unlabelled: int = 0
    known: int | None = None

    @property
    def sentences(self) -> int:
        """Number of sentences."""
        return self.lengths.total()

    @property
    def longest(self) -> int:
        """Tokens of the longest sentence."""
        return max(self.lengths, default=0)

    def quantile(self, share: float) -> int:
        """Returns the length that a share of the sentences does not exceed.

        Example:
            >>> SplitCounts(lengths=Counter({3: 5, 20: 4, 90: 1})).quantile(0.5)
            3
        """
        rest = share * self.sentences
        for length in sorted(self.lengths):
            rest -= self.lengths[length]
            if rest <= 0:
                return length
        return 0


class CorpusCounts:
    """Counts of a corpus, added sentence by sentence.

    Attributes:
        splits: split -> counts, in the order train, eval, test.
        scripts: sentences by script.
    """

    def __init__(self) -> None:
        """Starts with nothing."""
        self.splits: dict[str, SplitCounts] = {}
        self.scripts: Counter[str] = Counter()
        self._script_of: dict[str, str] = {}
        self._long: list[tuple[int, int]] = []  # (tokens, number of the sentence)
        self._by_script: dict[str, int] = {}  # first sentence of a script

    def add(self, number: int, sentence: StoredSentence, text: str) -> None:
        """Counts a sentence.

        Args:
            number: its number.
            sentence: the sentence.
            text: its tokens, joined by spaces.
        """
        split = self.splits.get(sentence.split)
        if split is None:
            split = self.splits[sentence.split] = SplitCounts()
        length = len(sentence.tokens)
        split.tokens += length
        split.lengths[length] += 1
        if sentence.entities:
            for _, _, entity_type in sentence.entities:
                split.entities[entity_type] += 1
        else:
            split.unlabelled += 1
        if length > _LONG:
            self._long = sorted([*self._long, (length, number)], reverse=True)[:_FEW]
        script = self._script(sentence, text)
        if script:
            self.scripts[script] += 1
            self._by_script.setdefault(script, number)

    def ordered(self) -> dict[str, SplitCounts]:
        """Returns the splits in the order train, eval, test."""
        names = sorted(self.splits, key=lambda name: _ORDER.index(name) if name in _ORDER else -1)
        return {name: self.splits[name] for name in names}

    @property
    def entities(self) -> Counter[str]:
        """Entities of all splits by type."""
        return sum((split.entities for split in self.splits.values()), Counter())

    @property
    def samples(self) -> dict[str, list[int]]:
        """Kind of a finding -> numbers of the sentences that it shows."""
        return {"long_sentence": [number for _, number in self._long], "script": list(self._by_script.values())}

    def findings(
        self,
        places: dict[int, StoredSentence],
        *,
        in_splits: bool,
        unread: Sequence[str] = (),
        named_types: Mapping[str, Iterable[str]] | None = None,
    ) -> Iterator[Finding]:
        """Yields the findings.

        Args:
            places: number -> sentence, of those in `samples`.
            in_splits: whether this is a corpus with splits, which a training needs.
            unread: files that no split takes.
            named_types: setting -> types that the training data must have.
        """
        if in_splits:
            yield from self._missing_splits(unread)
            yield from self._unknown_types(named_types or {})
            yield from self._balance()
        yield from self._without_entities()
        yield from self._few(in_splits)
        yield from self._similar()
        if self._long:
            items = [Item(counted(length, "token"), "", (places[number].place(),), 1) for length, number in self._long]
            total = sum(n for split in self.splits.values() for length, n in split.lengths.items() if length > _LONG)
            title = f"Sentences of more than {_LONG} tokens: {total:,}"
            fix = "Separate the sentences by empty lines; a model sees a window of a long one."
            yield Finding("long_sentence", Severity.WARNING, title, fix, tuple(items), total)
        if len(self.scripts) > 1:
            yield self._script_mix(places)

    def _missing_splits(self, unread: Sequence[str]) -> Iterator[Finding]:
        missing = [name for name in (TRAIN_SPLIT, EVAL_SPLIT) if name not in self.splits]
        if missing:
            fix = "Add the file, or more sentences: a training needs both."
            if unread:
                fix += f" No split takes {listed(unread)}: rename these, or set corpus.splits."
            title = f"No sentence in {' and '.join(missing)}"
            yield Finding("missing_split", Severity.ERROR, title, fix, tuple(map(Item, missing)), len(missing))
        train = self.splits.get(TRAIN_SPLIT)
        if train is not None and not train.entities:
            fix = "Label entities, or check which column holds the tags (corpus.tag_column)."
            yield Finding("no_entity", Severity.ERROR, "No entity in the training data", fix)

    def _unknown_types(self, named: Mapping[str, Iterable[str]]) -> Iterator[Finding]:
        """Yields an error for settings that name a type that the training data lacks, which a training refuses."""
        train = self.splits.get(TRAIN_SPLIT, SplitCounts()).entities
        items = []
        for setting, names in named.items():
            for name in sorted({*names} - {known for known, count in train.items() if count}):
                near = similar_type(name, train)
                items.append(Item(f"{setting}: {name}", f"Did you mean {near}?" if near else "Correct or remove it."))
        if items and train:
            title = f"Types of settings that the training data lacks: {len(items)}"
            yield Finding("unknown_type", Severity.ERROR, title, "Correct the settings.", tuple(items), len(items))

    def _without_entities(self) -> Iterator[Finding]:
        """Yields a warning about splits, or a file, other than the training data."""
        empty = [name for name, split in self.ordered().items() if name != TRAIN_SPLIT and not split.entities]
        if empty:
            fix = "Label entities, or check which column holds the tags (corpus.tag_column)."
            title = f"No entity in {' and '.join(empty)}"
            yield Finding("no_entity", Severity.WARNING, title, fix, tuple(map(Item, empty)), len(empty))

    def _few(self, in_splits: bool) -> Iterator[Finding]:
        split = self.splits.get(TRAIN_SPLIT) if in_splits else None
        train = split.entities if split else self.entities
        names = sorted(self.entities, key=lambda name: (train[name], name))
        few = [Item(name, counted(train[name], "example")) for name in names if train[name] < _FEW]
        examples = "training examples" if in_splits else "examples"
        if few:
            title = f"Types with fewer than {_FEW} {examples}: {len(few)}"
            fix = "Label more of them, merge the type with another one, or drop it (corpus.drop_types)."
            severity = Severity.WARNING if in_splits else Severity.NOTE
            yield Finding("rare_type", severity, title, fix, tuple(few), len(few))
        some = [Item(name, counted(train[name], "example")) for name in names if _FEW <= train[name] < _SOME]
        if some:
            title = f"Types with fewer than {_SOME} {examples}: {len(some)}"
            yield Finding("scarce_type", Severity.NOTE, title, "Label more of them.", tuple(some), len(some))

    def _similar(self) -> Iterator[Finding]:
        entities = self.entities
        groups: dict[str, list[str]] = {}
        for name in sorted(entities):
            folded = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))
            groups.setdefault(folded or name, []).append(name)
        items = []
        for names in (sorted(group, key=lambda name: (-entities[name], name)) for group in groups.values()):
            if len(names) > 1:
                counts = ", ".join(f"{entities[name]:,}" for name in names)
                items.append(Item(", ".join(names), f"{counts} entities"))
        if items:
            fix = "If they are one type, merge them: `ner data merge-types IN OUT --map OTHER=TYPE`."
            title = f"Types whose names differ in case, punctuation or normal form only: {len(items)}"
            yield Finding("similar_type", Severity.WARNING, title, fix, tuple(items), len(items))

    def _balance(self) -> Iterator[Finding]:
        train = self.splits.get(TRAIN_SPLIT, SplitCounts()).entities
        others = {name: split for name, split in self.ordered().items() if name != TRAIN_SPLIT}
        absent = []
        for name in sorted(self.entities):
            if empty := [other for other, split in others.items() if split.entities and not split.entities[name]]:
                absent.append(Item(name, f"none in {' and '.join(empty)}, {train[name]:,} in train"))
        if absent:
            title = f"Types without an example in eval or test: {len(absent)}"
            fix = "Their scores are unknown: move sentences with them there, or label more."
            yield Finding("unscored_type", Severity.WARNING, title, fix, tuple(absent), len(absent))
        uneven = [
            (ratio, Item(name, detail))
            for name in train
            for other, split in others.items()
            for ratio, detail in self._shares(name, train, other, split.entities)
        ]
        if uneven:
            items = tuple(item for _, item in sorted(uneven, key=lambda pair: -pair[0]))
            title = "Types in other shares than in train"
            fix = "Divide the sentences at random, unless the splits differ on purpose (another time, another source)."
            yield Finding("uneven_split", Severity.NOTE, title, fix, items, len(items))

    def _shares(self, name: str, train: Counter[str], other: str, counts: Counter[str]) -> Iterator[tuple[float, str]]:
        """Yields the ratio of two shares, and the observation, if they differ."""
        if not counts[name]:
            return
        sums = train.total(), counts.total()
        one, two = train[name] / sums[0], counts[name] / sums[1]
        common = (train[name] + counts[name]) / sum(sums)
        error = math.sqrt(common * (1 - common) * (1 / sums[0] + 1 / sums[1]))
        ratio = max(one, two) / min(one, two)
        if ratio >= _BALANCE and abs(one - two) > _SURE * error:
            yield ratio, f"{percent(one, 1)} of the entities in train, {percent(two, 1)} in {other}"

    def _script_mix(self, places: dict[int, StoredSentence]) -> Finding:
        total = self.scripts.total()
        items = tuple(
            Item(
                script, f"{counted(count, 'sentence')} ({percent(count / total, 1)})", (places[number].place(),), count
            )
            for script, count in self.scripts.most_common()
            for number in [self._by_script[script]]
        )
        rare = [script for script, count in self.scripts.items() if count < _RARE_SCRIPT * total]
        fix = (
            "Remove sentences of other languages, if the model need not tag them." if rare else "Nothing, if intended."
        )
        title = f"Sentences in several scripts: {len(items)}"
        return Finding("script_mix", Severity.NOTE, title, fix, items, len(items))

    def _script(self, sentence: StoredSentence, text: str) -> str:
        """Returns the script of most tokens with letters; empty without letters."""
        if max(text) < _BEYOND_LATIN:
            return "Latin" if text.upper() != text.lower() else ""
        scripts: Counter[str] = Counter()
        for token in sentence.tokens:
            script = self._script_of.get(token)
            if script is None:
                script = script_of(token)
                if len(self._script_of) < _MOST_SCRIPTS:
                    self._script_of[token] = script
            if script:
                scripts[script] += 1
        return max(scripts, key=scripts.__getitem__, default="")


def type_rows(splits: dict[str, SplitCounts]) -> list[tuple[str, list[int]]]:
    """Returns (type, entities in each split), the most frequent type first."""
    names: Collection[str] = {name for split in splits.values() for name in split.entities}
    rows = [(name, [split.entities[name] for split in splits.values()]) for name in names]
    return sorted(rows, key=lambda row: (-sum(row[1]), row[0]))
