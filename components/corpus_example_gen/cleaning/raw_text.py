"""Share of the labelled spans that the tokenizer of the served model cuts out of raw text.

Training sees the tokens of the corpus, joined by spaces. A caller sends text as people write it: in Chinese, Japanese,
Thai, Lao, Khmer or Burmese without spaces, and a tokenizer for words then returns whole clauses. Scores on the corpus
do not show it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from components.common.errors import counted, percent, quoted
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError, InsideWordError, InsideWordsError
from components.corpus_example_gen.settings import CorpusSettings
from components.text.scripts import has_hangul, is_unspaced, join_as_written, script_of
from components.text.sentences import ABBREVIATIONS, CLOSING, ENDS, NUMBERED, OPENING, UNSPACED_ENDS
from components.text.spans import spans
from components.text.words import OFFSETS, SYLLABLES, WHITESPACE, WORDS

_FEW = 3  # spans; fewer lost ones say nothing about a file in a script with spaces
_SHOWN = 40  # characters of an example
_INSIDE_WORD = "a span ends inside a word"
_CUT = "word_cut_at_span"

_PUNCTUATION = ",;:，；：、،؛" + ENDS.replace(".", "") + UNSPACED_ENDS
_CLOSING = CLOSING.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")  # may be a genitive
_ORDINAL = re.compile("[0-9]+|[IVXLC]+")
_PUNCTUATED = 5, 0.02  # entities, and share of all; at most 0.4 % in files of six published corpora

EDGES = "The model tags whole words of raw text. Move the spans to the edges of words."
"""Remedy for labels that end inside words."""


def ends_with_punctuation(tokens: Sequence[str], start: int, end: int) -> bool:
    """Returns whether an entity ends with punctuation that belongs to the sentence.

    Example:
        >>> tokens = 'Ida met Bo, then Apple Inc. and U.S. officials (Max) in "old Rome".'.split()
        >>> [tokens[at] for at in range(len(tokens)) if ends_with_punctuation(tokens, at, at + 1)]
        ['Bo,', 'Rome".']
        >>> [ends_with_punctuation(text.split(), 1, 3) for text in ("in Conn . , said", "in Rome .", "by Paul II .")]
        [False, True, False]

    Args:
        tokens: tokens of a sentence.
        start: index of the first token of the entity.
        end: index after the last one.
    """
    last, following = tokens[end - 1], tokens[end] if end < len(tokens) else ""
    if last == "." and following and (following[0].islower() or not following[0].isalnum()):
        return False  # no sentence ends there: Stamford, Conn., said
    if last == "." or (last.endswith(".") and end == len(tokens)):
        word = last[:-1] or (tokens[end - 2] if end - start > 1 else "")
        # Dots of abbreviations, initials and ordinals belong to them.
        is_short = "." in word or len(word) == 1 or bool(_ORDINAL.fullmatch(word))
        return bool(word) and not (is_short or word.lower() in ABBREVIATIONS + NUMBERED or word.lower().endswith("str"))
    word = last.rstrip(_PUNCTUATION)
    if word != last:
        return bool(word) or end - start > 1
    return last[0] not in OPENING and last.rstrip(_CLOSING) not in ("", last)


def punctuation_is_labelled(count: int, entities: int) -> bool:
    """Returns whether so many entities that end with punctuation are a mistake of the labels."""
    least, share = _PUNCTUATED
    return count >= least and count > share * entities


class RawTextCheck:
    """Counts the labelled spans of one file that raw text keeps, and stops the run if they are too few.

    Example:
        >>> check = RawTextCheck("train.conll", "words", 0.9)
        >>> check.add(RawSentence(1), Sentence(("李", "磊", "来", "了"), ("B-PER", "I-PER", "O", "O")))
        >>> (check.spans, check.lost)
        (1, 1)

    Attributes:
        spans: labelled spans.
        lost: those whose edges the tokenizer does not find in raw text.
        punctuated: those that end with punctuation.
    """

    def __init__(self, path: str, tokenizer: str, least: float) -> None:
        """Starts a file.

        Args:
            path: the file, for the error.
            tokenizer: its name, as in the graph (`transform.tokenizer`).
            least: least share of spans that raw text keeps (`corpus.min_raw_text_survival`).
        """
        self.path, self.tokenizer, self.least = path, tokenizer, least
        self.spans = self.lost = self.punctuated = 0
        self._punctuated: tuple[int, str] | None = None  # line and text of the first one
        self._example: tuple[int, str, str, str] | None = None  # line, script, text, detail

    def add(self, raw: RawSentence, sentence: Sentence | None) -> None:
        """Counts one sentence, before and after cleaning; `sentence` is None if it was left out."""
        if sentence is None:
            # Elsewhere a span inside a word is a mistake of its record, which is an error or skipped.
            if is_unspaced(raw.text or ""):
                self._count(raw.line, raw.lost_spans, raw.lost_spans, raw.text or "", _INSIDE_WORD)
            return
        total = sum(tag.startswith("B-") for tag in sentence.tags)
        if not total:
            return
        self._count_punctuation(sentence)
        if raw.text is None:
            text, starts = self._as_written(sentence.tokens)
        elif self.tokenizer != WHITESPACE:  # the reader has cut the text with the same tokenizer
            self._count(raw.line, total, min(raw.lost_spans, total), raw.text, _INSIDE_WORD)
            return
        else:
            text, starts = raw.text, _starts(raw.text, sentence.tokens)
        if starts is None:
            self.spans += total
            return
        pieces = OFFSETS[self.tokenizer](text)
        begins, ends = {start for start, _ in pieces}, {end for _, end in pieces}
        lost = sum(
            starts[span.start] not in begins or starts[span.end - 1] + len(sentence.tokens[span.end - 1]) not in ends
            for span in spans(sentence.tags)
        )
        problem = f"{len(pieces)} token{'s' * (len(pieces) != 1)} of it, the corpus has {len(sentence.tokens)}"
        self._count(sentence.line, total, lost, text, problem)

    def finish(self, report: IngestReport) -> None:
        """Ends the file, and reports the counts.

        Raises:
            CorpusReadingError: raw text keeps fewer spans than the limit.
        """
        report.spans += self.spans
        report.spans_lost += self.lost
        if self._punctuated and punctuation_is_labelled(self.punctuated, self.spans):
            line, text = self._punctuated
            report.note(
                f"{self.path}:{line}",
                f"{self.punctuated:,} of {self.spans:,} entities end with punctuation, such as {quoted(text, _SHOWN)}; "
                "the model will take it for a part of the names. Label names without it, as tokens apart",
            )
        if not self._example or self.spans - self.lost >= self.least * self.spans:
            return
        line, script, text, detail = self._example
        if self.lost < _FEW and self.tokenizer != WHITESPACE and not is_unspaced(text):
            return
        share = percent((self.spans - self.lost) / self.spans, 0)
        cause = "labels end inside words" if detail == _INSIDE_WORD else "raw text is not cut as the corpus is"
        problem = (
            f"{cause}: the tokenizer {self.tokenizer} keeps {self.spans - self.lost:,} of "
            f"{self.spans:,} labelled spans ({share}; least {100 * self.least:g} %). For example {text}"
            f"{f' in the script {script}' if script else ''}"
        )
        if detail and detail != _INSIDE_WORD:
            problem = f"{problem}: {detail}"
        advice = self._advice(text)
        raise (CorpusReadingError if advice else InsideWordsError)(self.path, line, problem, advice or EDGES)

    def _advice(self, text: str) -> str:
        """Returns the remedy for the tokenizer; "" if the labels are at fault."""
        if is_unspaced(text) and self.tokenizer in (WORDS, WHITESPACE):
            return (
                "The model would tag raw text in this script wrongly, although it scores well. Set transform.tokenizer "
                "to characters; or, if callers send tokens, separated by spaces, set corpus.min_raw_text_survival to 0."
            )
        if self.tokenizer != SYLLABLES and has_hangul(text):
            return (
                "Set transform.tokenizer to syllables; or move the spans to the edges of words, or lower "
                "corpus.min_raw_text_survival."
            )
        if self.tokenizer == WHITESPACE:
            return (
                "Set transform.tokenizer to words; or, if callers send tokens, separated by spaces, "
                "corpus.min_raw_text_survival to 0."
            )
        return ""

    def _as_written(self, tokens: Sequence[str]) -> tuple[str, list[int] | None]:
        """Returns the natural text and the starts of the tokens in it; None if spaces separate all tokens."""
        joined = " ".join(tokens)
        if not is_unspaced(joined):
            return joined, None
        text, starts = join_as_written(tokens)
        return text, None if len(text) == len(joined) else starts

    def _count_punctuation(self, sentence: Sentence) -> None:
        for span in spans(sentence.tags):
            if ends_with_punctuation(sentence.tokens, span.start, span.end):
                self.punctuated += 1
                self._punctuated = self._punctuated or (sentence.line, " ".join(sentence.tokens[span.start : span.end]))

    def _count(self, line: int, total: int, lost: int, text: str, detail: str) -> None:
        self.spans += total
        self.lost += lost
        if lost and self._example is None:
            self._example = line, script_of(text), quoted(text, _SHOWN), detail


def _starts(text: str, tokens: Sequence[str]) -> list[int]:
    starts, position = [], 0
    for token in tokens:
        position = text.index(token, position)
        starts.append(position)
        position += len(token)
    return starts


def with_all_settings(error: CorpusError, lenient: IngestReport, settings: CorpusSettings) -> CorpusError:
    """Returns the error about labels inside words with their number, and all settings with which the file is read.

    Args:
        error: the first such error of the file.
        lenient: report of a reading of the whole file without limits.
        settings: settings of the corpus.
    """
    skipped = sum("inside the word" in text for text in lenient.skipped)
    cut = lenient.sentences_repaired[_CUT]
    kept = lenient.sentences_in - lenient.sentences_skipped
    if skipped + cut < 2 and isinstance(error, InsideWordError):
        return error
    problem = (
        f"{error.problem}; labels begin or end inside words in {skipped + cut:,} of {lenient.sentences_in:,} sentences"
    )
    changes = {"corpus.on_error=skip": bool(lenient.sentences_skipped)}
    lost, spans = lenient.spans_lost, lenient.spans
    changes["corpus.min_raw_text_survival=0"] = lost >= _FEW and spans - lost < settings.min_raw_text_survival * spans
    changes["corpus.max_repaired=1"] = lenient.exceeds(_CUT, settings.max_repaired)
    needed = " ".join(f"--set {change}" for change, is_needed in changes.items() if is_needed)
    fix = f"{error.fix} `ner data check` lists all of them."
    if needed and kept:
        effects = [f"leaves out {counted(lenient.sentences_skipped, 'sentence')}"] * bool(lenient.sentences_skipped)
        effects += [f"trains on parts of words in {counted(cut, 'sentence')}; serving tags whole words"] * bool(cut)
        together = " together" if needed.count("--set") > 1 else ""
        fix = f"{fix} To train without changing the file, use `{needed}`{together}, which {' and '.join(effects)}."
    return type(error)(error.path, error.line, problem, fix)
