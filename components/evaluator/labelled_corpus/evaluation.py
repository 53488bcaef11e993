"""Evaluation of a tagger on labelled sentences, with the counts, slices and rules of the Evaluator."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping

from components.common.errors import quoted
from components.common.iterables import batched
from components.common.progress import report_progress
from components.corpus_example_gen.labelled_data import LabelledData
from components.evaluator.blessing.blessing import decide
from components.evaluator.blessing.rule import BlessingRule, require_known_types
from components.evaluator.counts.slice_counts import compare_models
from components.evaluator.counts.slicing import DERIVED, ENTITY_SEEN, Slicer
from components.evaluator.counts.text_hashes import TextHashes, sentence_text, training_overlap
from components.evaluator.errors import EvaluationError
from components.evaluator.insights.training_labels import TrainingLabels, TrainingSentence
from components.evaluator.labelled_corpus.corpus_counts import AGAINST, MODEL, CorpusCounts
from components.evaluator.labelled_corpus.result import CorpusEvaluation, DataIdentity
from components.evaluator.labelled_corpus.tagged_text import EvaluatedModel
from components.evaluator.results.evaluation import Evaluation
from components.evaluator.settings import EvaluatorSettings
from components.keys import SOURCE

_BATCH = 1000
_MOST_FILES = 5  # in a note
_OTHER_MODEL = "the other model"


@dataclasses.dataclass(frozen=True)
class CorpusOptions:
    """Options of an evaluation on a labelled corpus.

    Attributes:
        settings: section `evaluator` of the configuration: slices, intervals, metrics, rules.
        columns: further slicing columns: metadata of the sentences.
        thresholds: further rules.
        training_entities: for the column `entity_seen`; None: those of the training split of the corpus. Without one
            the column is left out, and a note says so.
    """

    settings: EvaluatorSettings
    columns: tuple[str, ...] = ()
    thresholds: tuple[BlessingRule, ...] = ()
    training_entities: TextHashes | None = None


def evaluate_corpus(
    data: LabelledData, model: EvaluatedModel, options: CorpusOptions, against: EvaluatedModel | None = None
) -> CorpusEvaluation:
    """Tags the sentences of a corpus and scores the tags as the Evaluator of the pipeline does.

    The model gets the tokens of the corpus, joined by spaces. On the data and the model of a run the scores are those
    of the run. A second measure sends raw text, where the corpus has it or its script is written without spaces.

    Memory holds the files, a batch of answers, and the counts of each slice.

    tests/components/evaluator/labelled_corpus/test_evaluation.py shows an evaluation.

    Args:
        data: the sentences.
        model: the model.
        options: slices, intervals and rules.
        against: a second model to compare with.

    Raises:
        NerError: the data cannot be read or has no labels, a slicing column does not exist, or a model does not answer
            like a tagger.
    """
    models = {MODEL: model} | ({} if against is None else {AGAINST: against})
    labels = _training_labels(data)
    slicer, notes = _slicer(data, options, labels)
    run = CorpusCounts(models, slicer, options.settings, labels.word_tags() if labels else None)
    trained_on = dict.fromkeys(models, 0)
    for batch in batched(data.sentences(), _BATCH):
        run.add(batch)
        for key, each in models.items():
            if each.training_sentences is not None:
                texts = [sentence_text(labelled.sentence.tokens) for labelled in batch]
                trained_on[key] += int(each.training_sentences.contain(texts).sum())
        report_progress("tagging sentences", run.sentences, 0)
    if not run.sentences:
        raise EvaluationError(f"{data.path}: the split {data.split} has no sentence. Give another split, or data.")
    named = (rule.column for rule in options.thresholds if rule.column)
    _check_columns(dict.fromkeys([*options.columns, *named]), run, data)
    of_models = [model.types for model in models.values()]
    known = {*run.gold, *run.predicted_types, *itertools.chain.from_iterable(types or () for types in of_models)}
    require_known_types(options.thresholds, known, is_complete=None not in of_models)
    notes += [*_training_notes(models, trained_on, run.sentences), *_data_notes(data, run)]
    report_progress("computing scores", 0, 0)
    other = None if against is None else AGAINST
    overall, slices, errors = compare_models(run.total, slicer.columns, MODEL, other)
    rules = (*options.settings.blessing_rules, *options.thresholds)
    evaluation = Evaluation(
        overall=overall,
        slices=slices,
        blessing=decide(overall, slices, rules, baseline=_OTHER_MODEL),
        errors=tuple(dataclasses.replace(error, place=run.places.get(error.key, "")) for error in errors),
        splits=(data.split,),
        bootstrap=options.settings.bootstrap,
        insights=run.insights(labels),
    )
    return CorpusEvaluation(
        evaluation=evaluation,
        data=_identity(data, run),
        model=run.account(MODEL),
        against=None if against is None else run.account(AGAINST),
        raw_text=run.raw_text(other),
        changed=run.changed if against is not None else None,
        notes=tuple(notes),
    )


def _slicer(data: LabelledData, options: CorpusOptions, labels: TrainingLabels | None) -> tuple[Slicer, list[str]]:
    settings, notes = options.settings, []
    columns = [*settings.columns, *options.columns, *(rule.column for rule in options.thresholds if rule.column)]
    known = options.training_entities
    if ENTITY_SEEN in columns and known is None:
        known = labels.entities if labels else None
        if known is None:
            columns = [column for column in columns if column != ENTITY_SEEN]
            notes.append(
                f"the slices of {ENTITY_SEEN} are left out, because the data has no training split; "
                "--training-entities takes the file of an evaluation"
            )
        else:
            notes.append(f"{ENTITY_SEEN} compares with the training split of {data.path}")
    return Slicer(tuple(dict.fromkeys(columns)), settings.sentence_length, settings.entity_length, known), notes


def _training_labels(data: LabelledData) -> TrainingLabels | None:
    sentences = data.training_sentences()
    if sentences is None:
        return None
    return TrainingLabels(TrainingSentence(each.sentence.tokens, each.sentence.tags, each.place) for each in sentences)


def _training_notes(
    models: Mapping[str, EvaluatedModel], trained_on: Mapping[str, int], sentences: int
) -> Iterator[str]:
    """Yields notes on models that were trained on some of the sentences; their numbers are `trained_on`."""
    for key, count in trained_on.items():
        if count:
            overlap = training_overlap(count, sentences, f"the model {models[key].name}")
            yield f"{overlap}, so the scores on them are too high. Give sentences that it was not trained on"


def _data_notes(data: LabelledData, run: CorpusCounts) -> Iterator[str]:
    """Yields notes on data that is not what a user may expect."""
    if not run.gold:
        yield "the data has no entity, so precision and recall say nothing"
    if data.undivided and data.split == "all":
        yield (
            f"all {run.sentences:,} sentences are scored; a run on this corpus trains on most of them, --split test "
            "scores those that it holds out"
        )
    if data.without_spans:
        yield f"{data.path} has no span-<N> folders, so corpus.span and corpus.span_window do not apply"
    for name, fix in data.absent_types.items():
        yield f"corpus.drop_types: no sentence of the data has an entity of type {quoted(name)}. {fix}"
    if ignored := data.files_ignored:
        names = ", ".join([*ignored[:_MOST_FILES], *["…"] * (len(ignored) > _MOST_FILES)])
        yield f"no split takes these files of {data.path}, which are in no score (corpus.splits): {names}"


def _check_columns(columns: Iterable[str], run: CorpusCounts, data: LabelledData) -> None:
    for column in columns:
        if {cut.value for cut in run.total if cut.column == column} == {""}:
            known = [*sorted({*run.metadata, SOURCE}), *DERIVED]
            fix = f"Use {' or '.join(difflib.get_close_matches(column, known, 3) or [', '.join(known)])}."
            raise EvaluationError(f"{data.path}: no sentence has the metadata {column!r} to slice by. {fix}")


def _identity(data: LabelledData, run: CorpusCounts) -> DataIdentity:
    report = data.report
    return DataIdentity(
        path=str(data.path),
        split=data.split,
        files=dict(data.hashes),
        sentences=run.sentences,
        tokens=run.tokens,
        entities=dict(run.gold.most_common()),
        repairs=dict(sorted(report.repairs.items())),
        skipped=tuple(report.skipped),
        notes=tuple(report.notes),
    )
