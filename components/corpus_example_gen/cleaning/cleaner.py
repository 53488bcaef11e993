"""Cleaning of sentences: tagging schemes to IOB2, repairs, and counts of everything.

No library fits: the readers of other projects either assume a clean corpus or drop what they do not understand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.labels import LabelError, Labels, find_spelling, prefixed_labels
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import CONTINUES, OUTSIDE, OUTSIDE_LABELS, split_tag, to_iob2
from components.text.words import whitespace_offsets


class Cleaner:
    """Cleans the sentences of one file and counts in its report.

    Example: tests/components/corpus_example_gen/cleaning/test_cleaner.py.

    Attributes:
        path: the file, for the report and the errors.
        settings: settings of the corpus.
        report: receives the counts.
        labels: meaning of the labels.
    """

    def __init__(self, path: str, settings: CorpusSettings, report: IngestReport, labels: Labels | None = None) -> None:
        """Starts a file; without `labels`, every label has the usual spelling."""
        self.path, self.settings, self.report = path, settings, report
        self.labels = Labels({}, settings) if labels is None else labels
        self._types: dict[str, int] = {}  # first line of each type
        self._outside = OUTSIDE
        self._begun = 0
        # An I- tag begins entities regularly in IO and IOB1, and by mistake in other schemes. Only the end of the file
        # tells which.
        self._begun_inside = IngestReport()

    def clean(self, raw: RawSentence) -> Sentence | None:
        """Returns the clean sentence, or None if no token is left or if it is skipped because of an error.

        Raises:
            CorpusError: the sentence has an error, and `settings.on_error` is `fail`.
        """
        report = self.report
        report.sentences_in += 1
        report.tokens_in += len(raw.tokens)
        try:
            if raw.error is not None:
                raise raw.error
            tags = self._read_tags(raw)
        except CorpusError as error:
            if self.settings.on_error == "fail" or isinstance(error, CorpusReadingError):
                raise
            entities = _count_entities(to_iob2(raw.tags))
            report.entities_in.update(entities)
            report.skip_sentence(error, len(raw.tokens), entities)
            return None
        return self._emit(raw, tags)

    def finish(self) -> None:
        """Ends the file: counts its I- tags that begin entities as repairs unless they are its scheme.

        Raises:
            CorpusReadingError: the types of the file have prefixes.
        """
        if self._begun_inside.repaired <= self._begun:
            self.report.add_repairs(self._begun_inside)
        types = dict.fromkeys(self._types, 1)
        spelling = find_spelling(types)
        if self.labels.bare or (spelling and not spelling.separator and not {"B", "I"} <= types.keys()):
            return
        for name in prefixed_labels(types):
            problem = f"found the type {quoted(name)}, which has a tag's prefix"
            fix = "Write types without prefixes, such as PER."
            raise CorpusReadingError(self.path, self._types[name], problem, fix)

    def _read_tags(self, raw: RawSentence) -> list[str]:
        """Returns the IOB2 tags of the tokens as written, with dropped types outside."""
        raw_tags = self._one_annotator(raw)
        self._outside = next((tag for tag in raw_tags if tag in OUTSIDE_LABELS), self._outside)
        raw_tags = [self._repair_outside(tag, line) for tag, line in zip(raw_tags, raw.lines, strict=True)]
        tags = to_iob2(raw_tags)
        self._note_begins(raw_tags, tags, raw)
        self.report.entities_in.update(_count_entities(tags))
        return self._drop_types(tags, raw)

    def _one_annotator(self, raw: RawSentence) -> list[str]:
        """Selects one of several comma-joined tags: the one that the next token continues, else the first."""
        choices = [self._alternatives(tag, line) for tag, line in zip(raw.tags, raw.lines, strict=True)]
        tags: list[str] = []
        for i, alternatives in enumerate(choices):
            tags.append(alternatives[0])
            if len(alternatives) == 1:
                continue
            behind = _types(tags[i - 1 : i])
            ahead = _types(tag for tag in (choices[i + 1] if i + 1 < len(choices) else []) if tag[:1] in CONTINUES)
            continuing = [tag for tag in alternatives if tag[:1] in CONTINUES and _types([tag]) & behind]
            continued = [tag for tag in alternatives if _types([tag]) & ahead]
            tags[i] = [*continued, *continuing, *alternatives][0]
            several, token = shortened(",".join(alternatives)), quoted(raw.tokens[i])
            description = f"read {several} on token {token} as {shortened(tags[i])}"
            self.report.repair("several_tags", self.path, raw.lines[i], description)
        return tags

    def _alternatives(self, tag: str, line: int) -> list[str]:
        """Returns the tags of a label: several if it joins them by commas."""
        try:
            return self.labels.read(tag)
        except LabelError as error:
            kind = CorpusReadingError if error.whole_file else CorpusError
            raise kind(self.path, line, error.problem, error.fix) from error

    def _repair_outside(self, tag: str, line: int) -> str:
        if tag in OUTSIDE_LABELS or split_tag(tag)[0]:
            return tag
        self.report.repair("outside_prefix", self.path, line, f"read tag {shortened(tag)} as {self._outside}")
        return self._outside

    def _note_begins(self, raw_tags: list[str], tags: list[str], raw: RawSentence) -> None:
        for i, (before, after) in enumerate(zip(raw_tags, tags, strict=True)):
            if not after.startswith("B-"):
                continue
            self._types.setdefault(after[2:], raw.lines[i])
            if before[0] in CONTINUES:
                token = quoted(raw.tokens[i])
                description = (
                    f"read {shortened(before)} on token {token}, which continues no entity, as {shortened(after)}"
                )
                sentence = self.report.sentences_in
                self._begun_inside.repair("inside_begins", self.path, raw.lines[i], description, sentence)
            else:
                self._begun += 1

    def _drop_types(self, tags: list[str], raw: RawSentence) -> list[str]:
        kept = []
        for tag, line in zip(tags, raw.lines, strict=True):
            prefix, entity_type = split_tag(tag)
            if prefix and entity_type in self.settings.drop_types:
                if prefix == "B":
                    self.report.entities_dropped[entity_type] += 1
                    self.report.repair("dropped_type", self.path, line, f"read {shortened(tag)} as outside")
                tag = self._outside
            kept.append(tag)
        return kept

    def _emit(self, raw: RawSentence, raw_tags: list[str]) -> Sentence | None:
        """Repairs the tokens together with their tags."""
        tokens: list[str] = []
        tags: list[str] = []
        lines: list[int] = []
        lost = ""  # type of the entity whose first tokens were dropped
        for i, token in enumerate(raw.tokens):
            pieces = self._pieces(token, raw.lines[i])
            prefix, entity_type = split_tag(raw_tags[i])
            if lost and prefix != "I":
                self.report.entities_dropped[lost] += 1
                lost = ""
            if not pieces:
                lost = entity_type if prefix == "B" else lost
                continue
            tokens += pieces
            lines += [raw.lines[i]] * len(pieces)
            first = f"B-{lost}" if lost else raw_tags[i]
            tags += [first] + [f"I-{entity_type}" if prefix else first] * (len(pieces) - 1)
            lost = ""
        if lost:
            self.report.entities_dropped[lost] += 1
        return self._finish_sentence(raw, tokens, tags, lines)

    def _pieces(self, token: str, line: int) -> list[str]:
        """Returns the parts of a token between white space, and counts the repair."""
        # str.split cuts at all White_Space and at four more control characters: a token that it leaves whole is clean.
        if token.split() == [token]:
            return [token]
        pieces = [token[start:end] for start, end in whitespace_offsets(token)]
        report = self.report
        if pieces == [token]:
            return pieces
        if not pieces:
            report.tokens_dropped += 1
            report.repair("empty_token", self.path, line, f"dropped empty token {quoted(token)}")
        elif len(pieces) == 1:
            report.repair("stripped_token", self.path, line, f"read token {quoted(token)} as {quoted(pieces[0])}")
        else:
            report.tokens_added += len(pieces) - 1
            report.repair("split_token", self.path, line, f"read token {quoted(token)} as {len(pieces)} tokens")
        return pieces

    def _finish_sentence(
        self, raw: RawSentence, tokens: list[str], tags: list[str], lines: list[int]
    ) -> Sentence | None:
        report = self.report
        if not tokens:
            report.sentences_dropped += 1
            report.repair("empty_sentence", self.path, raw.line, "dropped a sentence without tokens")
            return None
        report.sentences_out += 1
        report.tokens_out += len(tokens)
        report.entities_out.update(_count_entities(tags))
        return Sentence(tuple(tokens), tuple(tags), raw.key, raw.metadata, raw.line, raw.text, tuple(lines))


def _count_entities(tags: list[str]) -> Counter[str]:
    """Counts the entities of IOB2 tags by type."""
    return Counter(tag[2:] for tag in tags if tag.startswith("B-"))


def _types(tags: Iterable[str]) -> set[str]:
    """Returns the entity types that tags name."""
    return {split_tag(tag)[1] for tag in tags} - {""}
