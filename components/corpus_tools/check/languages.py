"""Languages of a corpus, named by py3langid if it is installed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from components.common.errors import counted, percent
from components.common.extras import has_extra
from components.corpus_tools.check.finding import Finding, Item, Severity
from components.corpus_tools.check.store import StoredSentence

EXTRA = "languages"
_MOST = 500  # texts in the sample; naming the language of one takes about a millisecond
_LEAST_BYTES = 80  # of a text: shorter ones are mostly names, whose language is a guess
_RARE = 0.02  # share of the sample below which a language is as likely an error of the identifier


class Languages:
    """Languages of a random sample of the longer texts.

    Attributes:
        sampled: number of texts in the sample, after `finish`.
        counts: texts of the sample by language, as a code of ISO 639-1; empty without the extra `languages`. Codes of
            less than 2 % of the sample are one, `other`.
    """

    def __init__(self) -> None:
        """Starts with nothing."""
        self.sampled, self.counts = 0, Counter[str]()
        self._random, self._seen = random.Random(0), 0
        self._sample: list[tuple[int, str]] = []  # number of the sentence, its text
        self._first: dict[str, int] = {}  # first sentence of a language

    def add(self, number: int, text: str) -> None:
        """Samples a sentence (Vitter 1985, "Random Sampling with a Reservoir", algorithm R).

        Args:
            number: its number.
            text: its tokens, joined by spaces.
        """
        if len(text) < _LEAST_BYTES and (text.isascii() or len(text.encode()) < _LEAST_BYTES):
            return
        self._seen += 1
        if len(self._sample) < _MOST:
            self._sample.append((number, text))
        elif (place := int(self._random.random() * self._seen)) < _MOST:
            self._sample[place] = (number, text)

    def finish(self) -> list[int]:
        """Names the languages; returns the numbers of the sentences that the finding shows."""
        if not has_extra(EXTRA) or not self._sample:
            return []
        import py3langid  # loads its model, in half a second

        self.sampled = len(self._sample)
        named = [(py3langid.classify(text)[0], number) for number, text in sorted(self._sample)]
        counts = Counter(language for language, _ in named)
        for language, number in named:
            name = language if counts[language] >= _RARE * self.sampled else "other"
            self.counts[name] += 1
            self._first.setdefault(name, number)
        return list(self._first.values())

    def findings(self, sentences: dict[int, StoredSentence]) -> Iterator[Finding]:
        """Yields the finding, if there are several languages; `sentences` has those that `finish` returned."""
        if len(self.counts.keys() - {"other"}) < 2:
            return
        items = tuple(
            Item(
                language,
                f"{counted(count, 'text')} ({percent(count / self.sampled, 1)})",
                (sentences[self._first[language]].place(),),
                count,
            )
            for language, count in self.counts.most_common()
        )
        title = f"Texts in several languages: {len(items)}, of {counted(self.sampled, 'sampled text')}"
        fix = "Remove texts that the model need not tag. Close languages, such as Danish and Norwegian, are confused."
        yield Finding("language_mix", Severity.NOTE, title, fix, items, len(items))
