"""From a sentence as written to a clean one: schemes to IOB2, repairs, and the count of everything.

No library served: the readers of other projects either take a corpus as clean or drop what they do not understand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.read_options import ReadOptions
from components.text.tags import OUTSIDE, OUTSIDE_LABELS, is_legal_tag, split_tag, to_iob2
from components.text.words import whitespace_offsets

_INSIDE = frozenset("IMEL")


class Cleaner:
    """Cleans the sentences of one file and keeps its report.

    Attributes:
        path: the file, for the report and the errors.
        options: how the corpus is read.
        report: what is counted into.
    """

    def __init__(self, path: str, options: ReadOptions, report: IngestReport) -> None:
        """Begins a file."""
        self.path, self.options, self.report = path, options, report
        self._outside = OUTSIDE
        self._begun = 0
        # In IO and IOB1 an I- begins entities by rule, elsewhere it is a fault: known at the end of the file only.
        self._begun_inside: list[tuple[int, str]] = []

    def clean(self, raw: RawSentence) -> Sentence | None:
        """Returns the clean sentence, or None when no token is left or when it is skipped because of an error.

        Raises:
            CorpusError: the sentence holds an error, and the options say that errors stop the reading.
        """
        report = self.report
        report.sentences_in += 1
        report.tokens_in += len(raw.tokens)
        tags = None
        if raw.error is None and self.options.labelled:
            try:
                tags = self._read_tags(raw)
            except CorpusError as error:
                raw.error = error
        if raw.error is not None:
            self._refuse(raw, raw.error)
            return None
        return self._emit(raw, tags)

    def finish(self) -> None:
        """Ends the file: decides whether its I- tags that begin entities were its scheme or faults."""
        if len(self._begun_inside) > self._begun:
            return
        for line, what in self._begun_inside:
            self.report.repair("inside_begins", self.path, line, what)

    def _refuse(self, raw: RawSentence, error: CorpusError) -> None:
        if self.options.on_error == "fail":
            raise error
        entities = _count_entities(to_iob2(raw.tags or []))
        self.report.entities_in.update(entities)
        self.report.skip_sentence(error, len(raw.tokens), entities)

    def _read_tags(self, raw: RawSentence) -> list[str]:
        """Returns the IOB2 tags of the tokens as written, dropped types already outside."""
        raw_tags = self._one_annotator(raw)
        for tag, line in zip(raw_tags, raw.lines, strict=True):
            if not is_legal_tag(tag):
                raise self._illegal(tag, line)
        self._outside = next((tag for tag in raw_tags if tag in OUTSIDE_LABELS), self._outside)
        raw_tags = [self._mend_outside(tag, line) for tag, line in zip(raw_tags, raw.lines, strict=True)]
        tags = to_iob2(raw_tags)
        self._note_begins(raw_tags, tags, raw)
        self.report.entities_in.update(_count_entities(tags))
        return self._drop_types(tags, raw)

    def _one_annotator(self, raw: RawSentence) -> list[str]:
        """Chooses one of several comma-joined tags: the one that the next token continues, else the first."""
        choices = [self._alternatives(tag, line) for tag, line in zip(raw.tags or [], raw.lines, strict=True)]
        tags: list[str] = []
        for i, alternatives in enumerate(choices):
            tags.append(alternatives[0])
            if len(alternatives) == 1:
                continue
            behind = _types(tags[i - 1 : i])
            ahead = _types(tag for tag in (choices[i + 1] if i + 1 < len(choices) else []) if tag[:1] in _INSIDE)
            continuing = [tag for tag in alternatives if tag[:1] in _INSIDE and _types([tag]) & behind]
            continued = [tag for tag in alternatives if _types([tag]) & ahead]
            tags[i] = [*continued, *continuing, *alternatives][0]
            what = f"{','.join(alternatives)} on token {raw.tokens[i]!r} read as {tags[i]}"
            self.report.repair("several_tags", self.path, raw.lines[i], what)
        return tags

    def _alternatives(self, tag: str, line: int) -> list[str]:
        """Returns the comma-joined alternatives; a comma inside a type (`B-PER,LOC`) joins nothing."""
        parts = tag.split(",")
        if self.options.scheme == "io":
            return [self._add_prefix(part, line) for part in (parts if all(parts) else [tag])]
        return parts if all(map(is_legal_tag, parts)) else [tag]

    def _add_prefix(self, tag: str, line: int) -> str:
        if tag in OUTSIDE_LABELS or not tag:
            return tag
        if tag.startswith(("B-", "I-")):
            raise CorpusError(
                self.path,
                line,
                f"found tag {tag!r}, which has a prefix, under scheme io",
                "Set [corpus -> scheme] to auto.",
            )
        return f"I-{tag}"

    def _illegal(self, tag: str, line: int) -> CorpusError:
        return CorpusError(
            self.path,
            line,
            f"found {tag!r} where a tag such as B-PER, I-PER or O belongs",
            "Is this the right tag column ([corpus -> tag_column])? "
            "For bare types such as PERSON set [corpus -> scheme] to io.",
        )

    def _mend_outside(self, tag: str, line: int) -> str:
        if tag in OUTSIDE_LABELS or split_tag(tag)[0]:
            return tag
        self.report.repair("outside_prefix", self.path, line, f"tag {tag} read as {self._outside}")
        return self._outside

    def _note_begins(self, raw_tags: list[str], tags: list[str], raw: RawSentence) -> None:
        for i, (before, after) in enumerate(zip(raw_tags, tags, strict=True)):
            if not after.startswith("B-"):
                continue
            if before[0] in _INSIDE:
                what = f"{before} on token {raw.tokens[i]!r} continues nothing, read as {after}"
                self._begun_inside.append((raw.lines[i], what))
            else:
                self._begun += 1

    def _drop_types(self, tags: list[str], raw: RawSentence) -> list[str]:
        kept = []
        for tag, line in zip(tags, raw.lines, strict=True):
            prefix, entity_type = split_tag(tag)
            if prefix and entity_type in self.options.drop_types:
                if prefix == "B":
                    self.report.entities_dropped[entity_type] += 1
                    self.report.repair("dropped_type", self.path, line, f"entity of type {entity_type} read as outside")
                tag = self._outside
            kept.append(tag)
        return kept

    def _emit(self, raw: RawSentence, raw_tags: list[str] | None) -> Sentence | None:
        """Repairs the tokens and takes their tags along."""
        tokens: list[str] = []
        tags: list[str] = []
        lost = ""  # type of the entity whose first tokens were dropped
        for i, token in enumerate(raw.tokens):
            pieces = self._pieces(token, raw.lines[i])
            prefix, entity_type = split_tag(raw_tags[i]) if raw_tags else ("", "")
            if lost and prefix != "I":
                self.report.entities_dropped[lost] += 1
                lost = ""
            if not pieces:
                lost = entity_type if prefix == "B" else lost
                continue
            tokens += pieces
            if raw_tags is not None:
                first = f"B-{lost}" if lost else raw_tags[i]
                tags += [first] + [f"I-{entity_type}" if prefix else first] * (len(pieces) - 1)
            lost = ""
        if lost:
            self.report.entities_dropped[lost] += 1
        return self._finished(raw, tokens, tags if raw_tags is not None else None)

    def _pieces(self, token: str, line: int) -> list[str]:
        """Returns the parts of a token between white space, counting the repair."""
        # str.split cuts at all White_Space and at four control characters more: what it leaves whole is clean.
        if token.split() == [token]:
            return [token]
        pieces = [token[start:end] for start, end in whitespace_offsets(token)]
        report = self.report
        if pieces == [token]:
            return pieces
        if not pieces:
            report.tokens_dropped += 1
            report.repair("empty_token", self.path, line, f"empty token {token!r} dropped")
        elif len(pieces) == 1:
            report.repair("stripped_token", self.path, line, f"token {token!r} read as {pieces[0]!r}")
        else:
            report.tokens_added += len(pieces) - 1
            report.repair("split_token", self.path, line, f"token {token!r} read as {len(pieces)} tokens")
        return pieces

    def _finished(self, raw: RawSentence, tokens: list[str], tags: list[str] | None) -> Sentence | None:
        report = self.report
        if not tokens:
            report.sentences_dropped += 1
            report.repair("empty_sentence", self.path, raw.line, "sentence without any token dropped")
            return None
        report.sentences_out += 1
        report.tokens_out += len(tokens)
        report.entities_out.update(_count_entities(tags or []))
        return Sentence(tuple(tokens), None if tags is None else tuple(tags), raw.key, raw.metadata, raw.line)


def _count_entities(tags: list[str]) -> Counter[str]:
    """Counts the entities of IOB2 tags by type."""
    return Counter(tag[2:] for tag in tags if tag.startswith("B-"))


def _types(tags: Iterable[str]) -> set[str]:
    """Returns the entity types that tags name."""
    return {split_tag(tag)[1] for tag in tags} - {""}
