"""Counts of a labelled corpus, batch by batch, for one or two models."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from components.corpus_example_gen.cleaning.written_sentence import WrittenSentence
from components.corpus_example_gen.labelled_data import LabelledSentence
from components.evaluator.counts.custom_metrics import load_metrics
from components.evaluator.counts.slice_counts import SliceCounts, add_counts, compare_models, count_slices
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.delayed_labels.join_account import KeyCount
from components.evaluator.insights.training_labels import TrainingLabels, floor_tags
from components.evaluator.labelled_corpus.changed_sentences import ChangedSentences
from components.evaluator.labelled_corpus.raw_text import tags_of_characters
from components.evaluator.labelled_corpus.result import ModelAccount, RawTextScores
from components.evaluator.labelled_corpus.tagged_text import (
    Answer,
    EvaluatedModel,
    TokenTags,
    tags_of_tokens,
)
from components.evaluator.results.evaluation import Slice
from components.evaluator.results.insights import Insights
from components.evaluator.settings import EvaluatorSettings
from components.keys import SOURCE
from components.text.spans import spans
from components.text.tags import OUTSIDE_LABELS

MODEL, AGAINST = "model", "against"
"""Names of the two models in the counts."""


class CorpusCounts:
    """Counts of the batches so far.

    Attributes:
        total: counts of each slice, on the tokens of the corpus.
        changed: sentences that the two models tag differently.
        gold: gold type -> number of entities.
        sentences: number of sentences.
        tokens: number of their tokens.
        metadata: names of the metadata of all sentences.
        places: key -> `file:line` of the sentences with an error of `MODEL`.
    """

    def __init__(
        self,
        models: Mapping[str, EvaluatedModel],
        slicer: Slicer,
        settings: EvaluatorSettings,
        word_tags: Mapping[str, str] | None = None,
    ) -> None:
        """Starts without counts.

        Args:
            models: `MODEL`, and perhaps `AGAINST`.
            slicer: the slicing columns.
            settings: number of bootstrap replicates and custom metrics.
            word_tags: tags of the floor (`TrainingLabels.word_tags`), if there is training data.
        """
        self._word_tags = word_tags
        self._models, self._slicer, self._replicates = models, slicer, settings.bootstrap
        self._metrics = load_metrics(settings.metrics)
        self._vocabulary = TagVocabulary()
        self._whole = Slicer((), (), ())
        self._raw: dict[Slice, SliceCounts] = {}
        self._with_text = 0
        self._respaced = 0
        self._differing = 0
        self._predicted: dict[str, Counter[str]] = {name: Counter() for name in models}
        self._accounts = {name: {kind: KeyCount() for kind in ("cut", "merged", "missing")} for name in models}
        self.total: dict[Slice, SliceCounts] = {}
        self.changed = ChangedSentences()
        self.gold: Counter[str] = Counter()
        self.sentences = 0
        self.tokens = 0
        self.metadata = set[str]()
        self.places: dict[str, str] = {}

    def add(self, labelled: Sequence[LabelledSentence]) -> None:
        """Tags and counts a batch."""
        written = [WrittenSentence.of(each.sentence) for each in labelled]
        texts, keys = [each.sentence.text for each in labelled], [each.key for each in labelled]
        self.sentences += len(labelled)
        self.tokens += sum(len(each.sentence.tokens) for each in labelled)
        self._with_text += sum(each.known for each in written)
        self._respaced += sum(each.text != text for each, text in zip(written, texts, strict=True))
        for each in labelled:
            self.metadata.update(each.sentence.metadata)
            self.gold.update(span.type for span in spans(each.sentence.tags))
        batches, raw_batches, differing = {}, {}, np.zeros(len(labelled), bool)
        for name, model in self._models.items():
            answers = model.answers(texts, keys)
            tags = [_on_tokens(*each) for each in zip(answers, labelled, strict=True)]
            self._count(name, tags, labelled)
            batch = self._batch(labelled, [each.sentence.tags for each in labelled], tags, texts)
            if self._word_tags is not None:
                floor = self._vocabulary.encode(floor_tags(self._word_tags, texts))
                batch = dataclasses.replace(batch, floor=floor)
            batches[name] = batch
            raw_answers = _raw_answers(model, answers, written, texts, keys)
            raw_tags, of_model = self._on_characters(labelled, written, tags, raw_answers)
            raw_batches[name] = raw_tags
            differing |= of_model
        self._differing += int(differing.sum())
        features = {column: [_values(each, column) for each in labelled] for column in self._slicer.features}
        counted = count_slices(batches, features, self._slicer, self._replicates, MODEL, self._metrics)
        add_counts(self.total, counted)
        add_counts(self._raw, count_slices(raw_batches, {}, self._whole, self._replicates, MODEL))
        tagged = batches[MODEL]
        for row in np.unique(tagged.rows[tagged.gold != tagged.predicted]).tolist():
            self.places[labelled[row].key] = labelled[row].place
        if AGAINST in batches:
            self.changed.add(batches[AGAINST], batches[MODEL])

    @property
    def predicted_types(self) -> set[str]:
        """Entity types that a model has predicted."""
        return set().union(*self._predicted.values())

    def account(self, name: str) -> ModelAccount:
        """Returns how the answers of a model fit the data."""
        model, predicted = self._models[name], self._predicted[name]
        known = set(predicted) if model.types is None else model.types
        kinds = self._accounts[name]
        return ModelAccount(
            name=model.name,
            identity=model.identity,
            unknown_types={kind: count for kind, count in self.gold.most_common() if kind not in known},
            vocabulary_known=model.types is not None,
            unlabelled_types={kind: count for kind, count in predicted.most_common() if kind not in self.gold},
            cut_differently=kinds["cut"],
            merged=kinds["merged"],
            incomplete=kinds["missing"],
        )

    def insights(self, labels: TrainingLabels | None) -> Insights | None:
        """Returns what the errors of `MODEL` teach, with the labels of the training data, if there is any."""
        counts = self.total[Slice()].insights if self.total else None
        if counts is None:
            return None
        if labels is None:
            return counts.insights((), self.places)
        return counts.insights(labels.inconsistent(counts.errors_by_text()), self.places, labels.not_compared)

    def raw_text(self, other: str | None) -> RawTextScores:
        """Returns the end-to-end scores."""
        different = self._respaced or self._differing
        comparison = compare_models(self._raw, (), MODEL, other)[0] if different else None
        return RawTextScores(self._with_text, self._respaced, self._differing, comparison)

    def _count(self, name: str, tags: Sequence[TokenTags], labelled: Sequence[LabelledSentence]) -> None:
        accounts = self._accounts[name]
        for of_sentence, each in zip(tags, labelled, strict=True):
            self._predicted[name].update(span.type for span in spans(of_sentence.tags))
            if of_sentence.cut_differently:
                accounts["cut"].add(each.key)
            if of_sentence.merged:
                accounts["merged"].add(each.key)
            if of_sentence.missing:
                accounts["missing"].add(each.key)

    def _on_characters(
        self,
        labelled: Sequence[LabelledSentence],
        written: Sequence[WrittenSentence],
        tags: Sequence[TokenTags],
        answers: Sequence[Answer],
    ) -> tuple[TaggedBatch, np.ndarray]:
        """Returns the batch of the raw texts, and which sentences the model cuts differently: bool [sentences]."""
        rows: list[TokenTags] = []
        gold: list[tuple[str, ...]] = []
        pieces: list[str] = []
        differing = np.zeros(len(labelled), bool)
        for number, (each, of_text, on_tokens, answer) in enumerate(zip(labelled, written, tags, answers, strict=True)):
            sentence = each.sentence
            if (answer.starts, answer.ends) == (of_text.starts, of_text.ends) and not on_tokens.cut_differently:
                rows.append(TokenTags(answer.tags, answer.scores or (None if answer.tags else ())))
                gold.append(sentence.tags)
                pieces.append(sentence.text)
                continue
            differing[number] = True
            aligned = tags_of_characters(of_text, sentence.tags, answer, each.key)
            rows.append(TokenTags(aligned.predicted, aligned.scores))
            gold.append(aligned.gold)
            pieces.append(" ".join(aligned.tokens))
        return self._batch(labelled, gold, rows, pieces), differing

    def _batch(
        self,
        labelled: Sequence[LabelledSentence],
        gold: Sequence[Sequence[str]],
        tags: Sequence[TokenTags],
        texts: Sequence[str],
    ) -> TaggedBatch:
        keys = [each.key for each in labelled]
        predicted, scores = [each.tags for each in tags], [each.scores for each in tags]
        return TaggedBatch.of(self._vocabulary, keys, texts, gold, predicted, scores)


def _on_tokens(answer: Answer, labelled: LabelledSentence) -> TokenTags:
    tokens = labelled.sentence.tokens
    ends = [end - 1 for end in itertools.accumulate(len(token) + 1 for token in tokens)]
    starts = [end - len(token) for end, token in zip(ends, tokens, strict=True)]
    tags = tags_of_tokens(answer, starts, ends)
    # The outside label of the corpus: two models with different ones do not tag a sentence differently.
    outside = next((tag for tag in labelled.sentence.tags if tag in OUTSIDE_LABELS), None)
    if outside is None:
        return tags
    return dataclasses.replace(tags, tags=tuple(outside if tag in OUTSIDE_LABELS else tag for tag in tags.tags))


def _raw_answers(
    model: EvaluatedModel,
    answers: Sequence[Answer],
    written: Sequence[WrittenSentence],
    texts: Sequence[str],
    keys: Sequence[str],
) -> list[Answer]:
    """Returns the answers to the raw texts; the model tags only those that it has not yet tagged."""
    other = [number for number, text in enumerate(texts) if written[number].text != text]
    raw = list(answers)
    if other:
        tagged = model.answers([written[number].text for number in other], [keys[number] for number in other])
        for number, answer in zip(other, tagged, strict=True):
            raw[number] = answer
    return raw


def _values(labelled: LabelledSentence, column: str) -> list[str]:
    # As in the Examples of the pipeline, which have an empty text for a missing value.
    return [labelled.source if column == SOURCE else labelled.sentence.metadata.get(column, "")]
