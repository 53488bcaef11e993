"""Result of an evaluation on a labelled corpus: scores with the identity of the data and the models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from components.evaluator.delayed_labels.join_account import KeyCount
from components.evaluator.labelled_corpus.changed_sentences import ChangedSentences
from components.evaluator.results.evaluation import LARGE_GAP, Comparison, Evaluation
from components.evaluator.results.scores_file import result_json


@dataclasses.dataclass(frozen=True)
class DataIdentity:
    """The evaluated sentences.

    Attributes:
        path: the folder or file, as the user named it.
        split: name of the split; `all` for everything.
        files: source -> SHA-256 of the files read.
        sentences: number of evaluated sentences.
        tokens: number of their tokens.
        entities: entity type -> number of gold entities, the most frequent first.
        repairs: kind of repair -> number of repairs made while reading.
        skipped: sentences and files left out because of errors, as `file:line: problem`.
        notes: readings of files that differ from the usual one, as `file: description`.
    """

    path: str
    split: str
    files: Mapping[str, str]
    sentences: int
    tokens: int
    entities: Mapping[str, int]
    repairs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ModelAccount:
    """One model and how its answers fit the data.

    Attributes:
        name: as the user named it.
        identity: what the name stands for, label -> text.
        unknown_types: gold type that the model cannot predict -> number of gold entities, which are all missed. Without
            the vocabulary of the model: gold types that it never predicted.
        vocabulary_known: whether `unknown_types` follows from the model's vocabulary of tags.
        unlabelled_types: type that only the model has -> number of predicted entities, which are all wrong.
        cut_differently: sentences that the model cuts into other tokens than the corpus.
        merged: those of them in which a token of the model holds parts of several tokens of the corpus.
        incomplete: sentences of which the model left out tokens; these count as outside entities.
    """

    name: str
    identity: Mapping[str, str]
    unknown_types: Mapping[str, int]
    vocabulary_known: bool
    unlabelled_types: Mapping[str, int]
    cut_differently: KeyCount
    merged: KeyCount
    incomplete: KeyCount


@dataclasses.dataclass(frozen=True)
class RawTextScores:
    """End-to-end scores: text as people write it, and entities that are correct to the character.

    Attributes:
        with_text: sentences whose raw text the corpus has (JSON lines; comments `# text = …`) or whose script has no
            spaces. The tokens of the others, joined by spaces, are the text.
        respaced: sentences whose raw text is not the tokens joined by spaces, on which a model may give other tags.
        differing: sentences whose raw text the model cuts into other tokens than the corpus has.
        comparison: the scores on all sentences; None if the model gets the same text and cuts it as the corpus is,
            because they equal those on the corpus's tokens.
    """

    with_text: int
    respaced: int
    differing: int
    comparison: Comparison | None


@dataclasses.dataclass(frozen=True)
class CorpusEvaluation:
    """Evaluation of a model, and perhaps a second one, on labelled data.

    Attributes:
        evaluation: scores on the corpus's tokens, in the form of the Evaluator's `scores.json`; `champion` is the
            second model.
        data: the sentences.
        model: the model.
        against: the second model, if any.
        raw_text: end-to-end scores.
        changed: sentences that the two models tag differently.
        notes: remarks, such as a slicing column that was left out.
    """

    evaluation: Evaluation
    data: DataIdentity
    model: ModelAccount
    against: ModelAccount | None
    raw_text: RawTextScores
    changed: ChangedSentences | None = None
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True if the rules are met: at least one passed, and none failed."""
        return self.evaluation.blessing.blessed

    def remarks(self) -> list[str]:
        """Returns what the user should know next to the scores, one sentence each."""
        remarks = list(self.notes)
        served, of_tokens = self.raw_text.comparison, self.evaluation.overall
        if served is not None and of_tokens is not None:
            tokens, raw = (each.candidate.entities.micro.f1.or_zero() for each in (of_tokens, served))
            if tokens - raw > LARGE_GAP:
                gap = f"an entity F1 that is {tokens - raw:.3f} below the one on the corpus's tokens"
                remarks.append(f"callers, who send raw text, get {gap}")
        for account in filter(None, (self.model, self.against)):
            remarks += _remarks_on(account, self.data.path)
        if self.data.skipped:
            remarks.append(f"{len(self.data.skipped)} sentences or files could not be read and are in no score")
        return remarks

    def to_json(self) -> str:
        """Returns the result as JSON, with a newline at the end."""
        return result_json(self)


def _remarks_on(account: ModelAccount, path: str) -> list[str]:
    remarks = []
    if account.unknown_types:
        verb = "cannot predict" if account.vocabulary_known else "never predicted"
        advice = "corpus.drop_types leaves types out"
        if account.unlabelled_types:
            names = ",".join(f"{name}=NEW" for name in account.unknown_types)
            advice = (
                "if the model has other names for these types, rename those of the data: "
                f"`ner data merge-types {path} OUT --map {names}`, each NEW being the name of the model; {advice}"
            )
        remarks.append(
            f"{account.name} {verb} {_counts(account.unknown_types)} of the data; these entities count as missed "
            f"({advice})"
        )
    if account.unlabelled_types:
        remarks.append(
            f"{account.name} predicted {_counts(account.unlabelled_types)}, which the data does not label; these "
            "entities count as wrong"
        )
    if account.merged.count:
        remarks.append(f"{account.name} joins tokens of the corpus in sentences: {account.merged}")
    if account.incomplete.count:
        remarks.append(
            f"{account.name} left out tokens, which count as outside entities, in sentences: {account.incomplete}"
        )
    return remarks


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())
