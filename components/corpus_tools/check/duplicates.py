"""Sentences that occur several times, within a split, in two splits, or with different labels."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator

import numpy as np

from components.common.errors import counted, percent, shortened
from components.corpus_tools.check.finding import Finding, Item, Severity
from components.corpus_tools.check.store import StoredSentence, labelled_place
from components.text.scripts import join_as_written

_MOST = 1000  # groups of a finding
_PLACES = 5
_MANY = 0.2  # share of repeated sentences of a split
_SHORT = 5  # tokens; people write shorter sentences again and again


class Duplicates:
    """Groups of equal sentences: 19 bytes for each sentence, in hashes of 64 bits.

    Attributes:
        across: (first split, second split) -> sentences of the first one that the second one has.
        within: split -> sentences that repeat an earlier one of the split.
    """

    def __init__(self) -> None:
        """Starts with nothing."""
        self._texts, self._labels = array("q"), array("q")
        self._splits, self._lengths = array("B"), array("H")
        self._names: dict[str, int] = {}
        self._groups: dict[str, list[list[int]]] = {}
        self._totals: Counter[str] = Counter()
        self.across: Counter[tuple[str, str]] = Counter()
        self.within: Counter[str] = Counter()

    def add(self, sentence: StoredSentence, text: str) -> None:
        """Adds a sentence, with its tokens joined by spaces."""
        number = self._names.setdefault(sentence.split, len(self._names))
        digest = hash(text)
        self._texts.append(digest)
        self._labels.append(hash((digest, sentence.entities)))
        self._splits.append(number)
        self._lengths.append(min(len(sentence.tokens), 0xFFFF))

    def group(self) -> dict[str, list[int]]:
        """Groups the sentences, and returns kind of a finding -> numbers of the sentences that it shows."""
        if not self._texts:
            return {}
        texts, labels = np.frombuffer(self._texts, np.int64), np.frombuffer(self._labels, np.int64)
        splits, lengths = np.frombuffer(self._splits, np.uint8), np.frombuffer(self._lengths, np.uint16)
        order = np.argsort(texts, kind="stable")
        edges = np.flatnonzero(np.diff(texts[order])) + 1
        starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(order)]])
        repeated = np.flatnonzero(ends - starts > 1)
        # The longest sentences first: nobody writes them twice by chance.
        repeated = repeated[np.argsort(-lengths[order[starts[repeated]]].astype(np.int64), kind="stable")]
        names = list(self._names)
        for at in repeated:
            members = order[starts[at] : ends[at]]
            counts = Counter(splits[members].tolist())
            for split, count in counts.items():
                self.within[names[split]] += count - 1
                for other in counts.keys() - {split}:
                    self.across[names[split], names[other]] += count
            if (labels[members] != labels[members[0]]).any():
                _, firsts = np.unique(labels[members], return_index=True)
                self._keep("contradiction", members[np.sort(firsts)])
            if len(counts) > 1:
                _, firsts = np.unique(splits[members], return_index=True)
                self._keep("leak", members[np.sort(firsts)])
            elif lengths[members[0]] >= _SHORT:
                self._keep("repeat", members)
        return {kind: [number for group in groups for number in group] for kind, groups in self._groups.items()}

    def findings(self, sentences: dict[int, StoredSentence], sizes: dict[str, int], removed: bool) -> Iterator[Finding]:
        """Yields the findings.

        Args:
            sentences: number -> sentence, of those that `group` returned.
            sizes: split -> number of its sentences.
            removed: whether a training removes sentences that a later split has.
        """
        if groups := self._groups.get("contradiction"):
            items = tuple(_contradiction([sentences[number] for number in group]) for group in groups)
            fix = "Decide on one labelling of each sentence."
            total = self._totals["contradiction"]
            title = f"Same sentence, different labels: {counted(total, 'sentence')}"
            yield Finding("contradiction", Severity.WARNING, title, fix, items, total)
        if groups := self._groups.get("leak"):
            items = tuple(_item([sentences[number] for number in group]) for group in groups)
            pairs = [
                f"{self.across[pair]:,} of {sizes[pair[0]]:,} in {pair[0]} are in {pair[1]}"
                for pair in (("test", "train"), ("eval", "train"), ("test", "eval"))
                if self.across[pair]
            ]
            severity = Severity.NOTE if removed else Severity.WARNING
            fix = "They make scores too good: set corpus.duplicates to remove, or remove them from one split."
            if removed:
                fix = "Nothing: a training removes them (corpus.duplicates)."
            total = self._totals["leak"]
            title = f"Sentences in several splits: {'; '.join(pairs)}"
            yield Finding("leak", severity, title, fix, items, total)
        if groups := self._groups.get("repeat"):
            items = tuple(_item([sentences[number] for number in group]) for group in groups)
            shares = {name: self.within[name] / sizes[name] for name in self.within if self.within[name]}
            severity = Severity.WARNING if max(shares.values()) > _MANY else Severity.NOTE
            parts = ", ".join(
                f"{self.within[name]:,} ({percent(share, 1)}) in {name}" for name, share in shares.items()
            )
            fix = "Remove them if an export was added twice; otherwise they show how often people write them."
            total = self._totals["repeat"]
            title = f"Repeated sentences: {parts}"
            yield Finding("repeat", severity, title, fix, items, total)

    def _keep(self, kind: str, members: np.ndarray) -> None:
        self._totals[kind] += 1
        groups = self._groups.setdefault(kind, [])
        if len(groups) < _MOST:
            groups.append([int(number) for number in members[:_PLACES]])


def _item(group: list[StoredSentence]) -> Item:
    text = shortened(join_as_written(group[0].tokens)[0], 60)
    return Item(text, counted(len(group[0].tokens), "token"), tuple(one.place() for one in group), len(group))


def _contradiction(group: list[StoredSentence]) -> Item:
    """Returns the case of one sentence, with the first entity that differs."""
    times = Counter(entity for one in group for entity in set(one.entities))
    differing = sorted(entity for entity, count in times.items() if count < len(group))
    start = differing[0][0]
    end = max(last for first, last, _ in differing if first == start)
    places = tuple(labelled_place(one, start, end) for one in group)
    labels = " or ".join(dict.fromkeys(place.label for place in places))
    return Item(join_as_written(group[0].tokens[start:end])[0], labels, places, len(places))
