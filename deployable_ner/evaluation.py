"""Scores of a tagger on labelled data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from components.common.errors import NerError, quoted
from components.common.hashing import tree_hash
from components.evaluator import CorpusEvaluation, CorpusOptions, EvaluatedModel, evaluate_corpus
from components.evaluator.labelled_corpus.tagged_text import Answer
from deployable_ner.tagger import TaggedText, Tagger, setting_list

__all__ = ["CorpusEvaluation", "evaluate"]

TagTexts = Callable[[Iterable[str]], Iterable[TaggedText]]
"""Function from texts to their results, in order."""


def evaluate(
    tagger: Tagger | TagTexts,
    path: str | os.PathLike[str],
    *,
    against: Tagger | TagTexts | None = None,
    split: str | None = None,
    config: str | os.PathLike[str] | None = None,
    settings: Sequence[str] = (),
) -> CorpusEvaluation:
    r"""Scores a tagger on labelled data, as `ner evaluate --data` does (docs/evaluation.md).

    Args:
        tagger: from `load`, or your own function from texts to `TaggedText` with tokens.
        path: a labelled file, or a corpus folder.
        against: a second tagger to compare with.
        split: `train`, `eval`, `test` or `all`; None: `test` if the folder has it, else `eval`, else everything.
        config: YAML profile: how to read the data (`corpus`), slices, intervals and rules (`evaluator`).
        settings: changes of single settings, such as `corpus.scheme=io`.

    Raises:
        TypeError: a tagger is neither from `load` nor a function.
        NerError: the data cannot be read, or the answers are not those of a tagger.

    Example:
        >>> from deployable_ner import load
        >>> data = getfixture("tmp_path") / "new.conll"
        >>> _ = data.write_text("Joe B-NAME\nvisited O\nParis B-LOCATION\n")
        >>> result = evaluate(load(getfixture("tiny_model")), data)
        >>> scores = result.evaluation.overall.candidate
        >>> scores.entities.micro.f1.value, scores.nervaluate["partial"].f1.value, result.passed
        (1.0, 1.0, True)
    """
    from components.corpus_example_gen import LabelledData
    from configs.loading import load_config

    for model, name in ((tagger, "the tagger"), (against, "the other tagger")):
        if model is not None and not callable(model):
            hint = f"load({model!r})" if isinstance(model, str | os.PathLike) else 'load("models:/ner@champion")'
            raise TypeError(f"{name}: must be a Tagger or a function, got {quoted(model)}. Give {hint}.")
    loaded = load_config(None if config is None else Path(config), setting_list(settings))
    return evaluate_corpus(
        LabelledData(Path(path), loaded.corpus, split, loaded.transform.tokenizer),
        _model(tagger, "the tagger"),
        CorpusOptions(loaded.evaluator),
        None if against is None else _model(against, "the other tagger"),
    )


def _answer(tagged: TaggedText, name: str) -> Answer:
    try:
        return Answer(
            tags=tuple(token.tag for token in tagged.tokens),
            scores=tuple(token.score for token in tagged.tokens if token.score is not None),
            starts=tuple(token.start for token in tagged.tokens),
            ends=tuple(token.end for token in tagged.tokens),
        )
    except (AttributeError, TypeError) as error:
        raise NerError(
            f"{name}: it returned a {type(tagged).__name__} for a text ({error}). Return a TaggedText, or an object "
            "with tokens that have tag, start, end and score (docs/python.md)."
        ) from error


def _model(tagger: Tagger | TagTexts, name: str) -> EvaluatedModel:
    tag: TagTexts = tagger.tag if isinstance(tagger, Tagger) else tagger

    def answers(texts: Sequence[str]) -> list[Answer]:
        return [_answer(tagged, name) for tagged in tag(texts)]

    if not isinstance(tagger, Tagger):
        return EvaluatedModel(answers, name)
    from components.serving.known_types import known_types

    identity = {"folder": str(tagger.folder), "tree hash": tree_hash(tagger.folder)}
    return EvaluatedModel(answers, str(tagger.folder), identity, known_types(tagger.folder))
