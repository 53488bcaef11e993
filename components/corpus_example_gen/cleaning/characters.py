"""Tokens of a corpus in scripts without spaces, cut as the tokenizer of the served model cuts raw text."""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.text.scripts import is_separate, join_as_written
from components.text.tags import OUTSIDE_LABELS
from components.text.words import OFFSETS, SYLLABLES


def as_characters(sentence: Sentence, tokenizer: str, report: IngestReport) -> Sentence:
    """Cuts the words of a sentence into characters, and carries their labels: B-X to B-X I-X I-X.

    Letters that are separate tokens in the corpus, such as a Thai vowel, join the character that they belong to.
    A sentence without such a script stays as it is.

    Args:
        sentence: a clean sentence, whose tokens the report has counted.
        tokenizer: `characters` or `syllables`.
        report: receives the changed counts.

    Example:
        >>> cut = as_characters(Sentence(("王伟", "来", "了"), ("B-PER", "O", "O")), "characters", IngestReport())
        >>> cut.tokens, cut.tags
        (('王', '伟', '来', '了'), ('B-PER', 'I-PER', 'O', 'O'))
    """
    hangul = tokenizer == SYLLABLES
    if not any(is_separate(char, hangul) for token in sentence.tokens for char in token):
        return sentence
    text, starts = join_as_written(sentence.tokens)
    pieces = OFFSETS[tokenizer](text)
    begins = [start for start, _ in pieces]
    if begins == starts:
        return sentence
    # The token that each piece begins in, and the one after those that it holds.
    owners = [bisect_right(starts, start) - 1 for start, _ in pieces]
    nexts = [bisect_left(starts, end) for _, end in pieces]
    tags: list[str] = []
    for begin, first, after in zip(begins, owners, nexts, strict=True):
        # A token that joins another one may begin an entity.
        tag = next((tag for tag in sentence.tags[first:after] if tag not in OUTSIDE_LABELS), sentence.tags[first])
        if tag[:2] == "B-" and tag == sentence.tags[first] and begin > starts[first]:
            tag = f"I-{tag[2:]}"
        if tag[:2] == "I-" and (not tags or tags[-1] not in (tag, f"B-{tag[2:]}")):
            tag = f"B-{tag[2:]}"
        tags.append(tag)
    _count(report, sentence.tags, tags, starts, begins)
    return dataclasses.replace(
        sentence,
        tokens=tuple(text[start:end] for start, end in pieces),
        tags=tuple(tags),
        lines=tuple(sentence.lines[owner] for owner in owners) if sentence.lines else (),
    )


def _count(
    report: IngestReport, before: Sequence[str], after: Sequence[str], starts: Sequence[int], begins: Sequence[int]
) -> None:
    report.tokens_cut += len({*begins} - {*starts})
    report.tokens_joined += len({*starts} - {*begins})
    report.tokens_out += len(begins) - len(starts)
    lost = Counter(tag[2:] for tag in before if tag[:2] == "B-")
    lost.subtract(tag[2:] for tag in after if tag[:2] == "B-")
    for name in filter(lost.get, lost):
        report.entities_dropped[name] += lost[name]
        report.entities_out[name] -= lost[name]
