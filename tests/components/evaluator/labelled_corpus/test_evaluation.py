"""Evaluation of a tagger, a plain function here, on labelled files."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from contextlib import nullcontext

import pytest
from support.evaluation import evaluator_settings
from support.settings import corpus_settings

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.labelled_data import LabelledData
from components.evaluator.blessing.rule import BlessingRule
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.errors import EvaluationError
from components.evaluator.labelled_corpus.evaluation import CorpusOptions, evaluate_corpus
from components.evaluator.labelled_corpus.tagged_text import EvaluatedModel
from components.text.words import whitespace_offsets, word_offsets


@dataclasses.dataclass
class Tagged:
    tags: tuple
    scores: tuple
    starts: tuple
    ends: tuple


def tagger(known, cut=whitespace_offsets):
    """Returns a function that tags words by a table; other words are outside."""

    def tag(sentences):
        answers = []
        for sentence in sentences:
            offsets = cut(sentence)
            tags = tuple(known.get(sentence[start:end], "O") for start, end in offsets)
            starts, ends = (tuple(offset[side] for offset in offsets) for side in (0, 1))
            answers.append(Tagged(tags, (0.9,) * len(tags), starts, ends))
        return answers

    return tag


RIGHT = {"Ann": "B-PER", "Lee": "I-PER", "Kyiv": "B-LOC"}
ROWS = ["Ann B-PER", "Lee I-PER", "left O", "", "Kyiv B-LOC", "", "Bo B-PER", "saw O", "Kyiv B-LOC", ""]


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "test.conll").write_text("\n".join(ROWS))
    return tmp_path


def evaluate(path, model, against=None, **changes):
    corpus = corpus_settings(**{name: changes.pop(name) for name in ("span", "drop_types") if name in changes})
    settings = evaluator_settings(**{"slices": ["source", "case"], "bootstrap": 20, **changes})
    models = [each if isinstance(each, EvaluatedModel) else EvaluatedModel(each, name)
              for each, name in ((model, "this"), (against, "that")) if each is not None]  # fmt: skip
    return evaluate_corpus(LabelledData(path, corpus), models[0], CorpusOptions(settings), *models[1:])


def micro(comparison):
    scores = comparison.candidate.entities.micro
    return scores.precision.value, scores.recall.value, scores.support


def test_scores_slices_and_identity_of_a_corpus(corpus):
    result = evaluate(corpus, tagger(RIGHT))
    assert micro(result.evaluation.overall) == (1, 3 / 4, 4)
    assert [part.slice.name for part in result.evaluation.slices] == ["source=test.conll", "case=mixed"]
    assert (result.data.sentences, result.data.tokens, result.data.split) == (3, 7, "test")
    assert result.data.entities == {"PER": 2, "LOC": 2}
    assert set(result.data.files) == {"test.conll"}
    assert result.passed
    assert result.raw_text.comparison is None  # every text is the tokens joined by spaces, and cut as the corpus is
    document = json.loads(result.to_json())
    assert document["evaluation"]["overall"]["candidate"]["entities"]["micro"]["recall"]["value"] == 0.75
    assert set(document["evaluation"]["overall"]["candidate"]["nervaluate"]) == {"strict", "exact", "partial", "type"}


def test_files_that_no_split_takes_are_named(corpus):
    assert not any("no split takes" in remark for remark in evaluate(corpus, tagger(RIGHT)).remarks())
    for name in ("test-own.jsonl", "README.txt"):
        (corpus / name).write_text("")
    (remark,) = [remark for remark in evaluate(corpus, tagger(RIGHT)).remarks() if "no split takes" in remark]
    assert remark.endswith("in no score (corpus.splits): test-own.jsonl")
    alone = evaluate(corpus / "test.conll", tagger(RIGHT))
    assert not any("no split takes" in remark for remark in alone.remarks())


def test_sentences_that_a_model_was_trained_on_are_counted(corpus):
    test = [each.sentence.tokens for each in LabelledData(corpus, corpus_settings()).sentences()]
    known = TextHashes.of(["".join(test[0]), "".join(test[2]), "other"])
    model = EvaluatedModel(tagger(RIGHT), "this", training_sentences=known)
    (remark,) = [remark for remark in evaluate(corpus, model).remarks() if "training data of" in remark]
    assert remark.startswith(
        "2 of 3 sentences (67 %) are in the training data of the model this, so the scores on them are too"
    )
    for sentences in (None, TextHashes.of(["other"])):
        model = EvaluatedModel(tagger(RIGHT), "this", training_sentences=sentences)
        assert not any("training data of" in remark for remark in evaluate(corpus, model).remarks())


def test_settings_of_the_corpus_that_do_not_fit_the_data_are_named(corpus):
    result = evaluate(corpus, tagger(RIGHT), span=3, drop_types=["LOC", "PERS"])
    assert result.data.entities == {"PER": 2}
    assert [remark for remark in result.remarks() if "corpus." in remark] == [
        f"{corpus} has no span-<N> folders, so corpus.span and corpus.span_window do not apply",
        "corpus.drop_types: no sentence of the data has an entity of type 'PERS'. Did you mean PER?",
    ]


def test_second_model_is_compared_sentence_by_sentence(corpus):
    result = evaluate(corpus, tagger({**RIGHT, "Bo": "B-PER", "Lee": "O"}), tagger(RIGHT))
    change = result.evaluation.overall.changes["entity_recall"]
    assert change.value == 0
    assert change.low is not None
    changed = result.changed
    assert (changed.fixed, changed.broken, changed.changed) == (1, 1, 0)
    (broken,) = changed.of("broken")
    assert (broken.tokens, broken.start, broken.end) == (("Ann", "Lee", "left"), 1, 2)
    assert [(span.start, span.end) for span in broken.before] == [(0, 2)]
    assert [(span.start, span.end) for span in broken.after] == [(0, 1)]
    regressions = [rule.text for rule in result.evaluation.blessing.rules if rule.rule == "max_regression"]
    assert "against the other model" in regressions[0]


def test_rules_and_thresholds_decide(corpus):
    assert not evaluate(corpus, tagger(RIGHT), min_f1=0.9).passed
    threshold = BlessingRule(metric="partial_f1", bound=0.9, min_support=1)
    options = CorpusOptions(evaluator_settings(slices=[], bootstrap=0), thresholds=(threshold,))
    result = evaluate_corpus(LabelledData(corpus, corpus_settings()), EvaluatedModel(tagger(RIGHT), "this"), options)
    assert [rule.metric for rule in result.evaluation.blessing.rules if rule.state == "failed"] == ["partial_f1"]


@pytest.mark.parametrize(
    ("rule", "types", "problem"),
    [
        ({"metric": "entity_f1/LCO"}, {"LOC"}, r"entity_f1/LCO: neither model nor data have .* 'LCO'. Use 'LOC'"),
        ({"metric": "entity_recall/X"}, {"LOC", "TOOL"}, r"type 'X'. Use 'LOC' or 'PER' or 'TOOL'"),
        ({"metric": "entity_f1/LOCS"}, None, "Use 'LOC'"),
        ({"metric": "entity_f1/TOOL"}, {"TOOL"}, None),
        ({"metric": "entity_f1/OTHER"}, None, None),  # a server does not name its types
        ({"metric": "entity_f1", "slice": "soruce=x"}, None, r"no sentence has the metadata 'soruce' .* Use source\."),
        ({"metric": "entity_f1", "slice": "q"}, None, "Use source, "),
        ({"metric": "entity_f1", "slice": "source=x"}, None, None),
    ],
)
def test_a_threshold_on_a_type_or_column_that_does_not_exist_is_an_error(corpus, rule, types, problem):
    options = CorpusOptions(
        evaluator_settings(slices=[], bootstrap=0), thresholds=(BlessingRule(bound=0.1, min_support=1, **rule),)
    )
    model = EvaluatedModel(tagger(RIGHT), "this", types=None if types is None else frozenset(types))
    with nullcontext() if problem is None else pytest.raises(EvaluationError, match=problem):
        evaluate_corpus(LabelledData(corpus, corpus_settings()), model, options)


def test_types_that_only_one_side_knows_are_counted_and_named(corpus):
    known = EvaluatedModel(tagger({**RIGHT, "saw": "B-TOOL"}), "this", types=frozenset({"LOC", "TOOL"}))
    result = evaluate(corpus, known)
    assert (result.model.unknown_types, result.model.vocabulary_known) == ({"PER": 2}, True)
    assert result.model.unlabelled_types == {"TOOL": 1}
    assert any(" OUT --map PER=NEW`" in remark for remark in result.remarks())
    assert any("this cannot predict PER (2) of the data" in remark for remark in result.remarks())
    unknown = evaluate(corpus, tagger({"Kyiv": "B-LOC"}))
    assert any("this never predicted PER (2)" in remark for remark in unknown.remarks())


def test_raw_text_is_scored_to_the_character(tmp_path):
    """The corpus has the period in the token; the model cuts it off, and people write no space."""
    (tmp_path / "a.conll").write_text("in O\nDr. B-PER\nLee I-PER\n\nKyiv B-LOC\n")
    result = evaluate(tmp_path / "a.conll", tagger({"Dr": "B-PER", **RIGHT}, word_offsets))
    assert result.model.cut_differently.count == 1
    assert micro(result.evaluation.overall) == (1, 1, 2)  # the first piece of `Dr.` counts
    assert result.raw_text.differing == 1
    assert micro(result.raw_text.comparison) == (1 / 3, 1 / 2, 2)  # Dr, Lee and Kyiv


def test_raw_text_of_the_corpus_is_what_the_model_gets(tmp_path):
    seen = []

    def tag(sentences):
        seen.extend(sentences)
        return tagger(RIGHT, word_offsets)(sentences)

    record = {"text": "Kyiv's  mayor", "entities": [[0, 4, "LOC"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    result = evaluate(tmp_path / "a.jsonl", tag)
    assert seen == ["Kyiv 's mayor", "Kyiv's  mayor"]
    assert (result.raw_text.with_text, result.raw_text.respaced, result.raw_text.differing) == (1, 1, 0)
    assert micro(result.raw_text.comparison) == micro(result.evaluation.overall)
    assert not any("raw text" in remark for remark in result.remarks())
    (tmp_path / "b.conll").write_text("# text = Kyiv's mayor\nKyiv B-LOC\n's O\nmayor O\n")
    evaluate(tmp_path / "b.conll", tag)
    assert seen[-1] == "Kyiv's mayor"


def test_a_model_that_sees_spaces_has_other_end_to_end_scores(tmp_path):
    def tag(sentences):
        return tagger(RIGHT if " 's" in sentences[0] else {}, word_offsets)(sentences)

    record = {"text": "Kyiv's mayor", "entities": [[0, 4, "LOC"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    result = evaluate(tmp_path / "a.jsonl", tag)
    assert micro(result.evaluation.overall) == (1, 1, 1)
    assert micro(result.raw_text.comparison)[1:] == (0, 1)
    assert any("get an entity F1 that is 1.000 below the one on the corpus's tokens" in r for r in result.remarks())


def test_tokens_that_a_model_joins_or_leaves_out_are_counted(tmp_path):
    (tmp_path / "a.conll").write_text("New B-LOC\nYork I-LOC\nand O\nKyiv B-LOC\n")
    joined = Tagged(("B-LOC",), (), (0,), (8,))
    result = evaluate(tmp_path / "a.conll", lambda sentences: [joined])
    assert (result.model.merged.count, result.model.incomplete.count) == (1, 1)
    assert micro(result.evaluation.overall) == (1, 1 / 2, 2)
    assert micro(result.raw_text.comparison) == (1, 1 / 2, 2)
    assert any("left out tokens" in remark for remark in result.remarks())


def test_tags_of_other_schemes_and_outside_labels_are_read(tmp_path):
    (tmp_path / "a.conll").write_text("Ann B-PER\nLee I-PER\nleft OUT\n")
    result = evaluate(tmp_path / "a.conll", tagger({"Ann": "B-PER", "Lee": "E-PER"}))
    assert micro(result.evaluation.overall) == (1, 1, 1)
    assert result.evaluation.overall.candidate.token_accuracy.value == 1


def test_entity_seen_compares_with_the_training_split_or_is_left_out(corpus):
    result = evaluate(corpus, tagger(RIGHT), slices=["entity_seen"])
    assert result.evaluation.slices == ()
    assert any("entity_seen are left out" in note for note in result.notes)
    (corpus / "train.conll").write_text("Ann B-PER\nLee I-PER\n\n" * 3)
    result = evaluate(corpus, tagger(RIGHT), slices=["entity_seen"])
    assert {part.slice.value: micro(part)[2] for part in result.evaluation.slices} == {"seen": 1, "unseen": 3}


ANSWERS = {
    "too few answers": ([], "this: 0 answers to 1 sentences. Nothing was scored."),
    "lengths": ([Tagged(("O", "O"), (), (0,), (4,))], "the answer has 2 tags, 0 scores, 1 starts and 1 ends."),
    "offsets behind the end": ([Tagged(("O",), (), (0,), (9,))], "do not lie in its 4 characters"),
    "overlap": ([Tagged(("O", "O"), (), (0, 1), (3, 4))], "the offsets of its tokens do not ascend"),
    "no tagger of entities": ([Tagged(("NN",), (), (0,), (4,))], "the tag 'NN'. Nothing was scored."),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_no_tagger_are_errors_that_name_the_sentence(tmp_path, name):
    (tmp_path / "a.conll").write_text("Kyiv B-LOC\n")
    answers, text = ANSWERS[name]
    with pytest.raises(EvaluationError) as error:
        evaluate(tmp_path / "a.conll", lambda sentences: answers)
    assert text in str(error.value)
    assert name == "too few answers" or "sentence with key 'a.conll:" in str(error.value)


def test_files_without_labels_and_unknown_columns_are_errors(corpus, tmp_path):
    (tmp_path / "plain.conll").write_text("Ann\nleft\n\n")
    with pytest.raises(CorpusError, match=r"plain\.conll"):
        evaluate(tmp_path / "plain.conll", tagger(RIGHT))
    options = CorpusOptions(evaluator_settings(slices=[], bootstrap=0), columns=("genre",))
    with pytest.raises(EvaluationError, match="no sentence has the metadata 'genre' to slice by"):
        evaluate_corpus(
            LabelledData(tmp_path / "test.conll", corpus_settings()), EvaluatedModel(tagger(RIGHT), "this"), options
        )


def test_data_without_entities_is_scored_but_passes_no_rule(tmp_path):
    (tmp_path / "a.conll").write_text("it O\nrains O\n")
    result = evaluate(tmp_path / "a.conll", tagger(RIGHT))
    assert any("no entity" in note for note in result.notes)
    assert not result.passed


def test_evaluating_needs_neither_tensorflow_nor_tfx():
    code = (
        "import sys, components.evaluator.labelled_corpus.evaluation, components.reporter.page.page, "
        "pipeline.cli.evaluate; "
        "print([m for m in ('tensorflow', 'tfx', 'apache_beam', 'keras') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
