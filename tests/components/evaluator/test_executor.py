"""The Evaluator's executor on SavedModels with TFMA, against seqeval."""

from __future__ import annotations

import itertools
import random
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.evaluation import evaluator_settings
from support.lazy import LazyModule

from components.evaluator.counts.slicing import range_name
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Slice
from components.evaluator.results.scores_file import read_evaluation
from components.text.spans import spans

tf = LazyModule("tensorflow")
artifact_utils = LazyModule("tfx.types.artifact_utils")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

NOT_PACKAGED = "--sdk_container_image=none"  # keeps TFX from packaging itself for Beam, which takes seconds
SCHEMA = 'feature {{ name: "{}" type: BYTES }}\n'
TAGS = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-creative-work"]


def canned_model(rows):
    """Returns a module that gives each sentence, by its key, fixed tags, scores and offsets."""

    class CannedModel(tf.Module):
        def __init__(self):
            super().__init__()
            keys = [row["key"] for row in rows]
            self.tables = [
                tf.lookup.StaticHashTable(
                    tf.lookup.KeyValueTensorInitializer(keys, [" ".join(map(str, row[name])) for row in rows]), ""
                )
                for name in ("tags", "starts", "ends", "scores")
            ]

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serving_examples(self, examples):
            keys = tf.io.parse_example(examples, {"key": tf.io.FixedLenFeature([1], tf.string)})["key"]
            tags, starts, ends, scores = (tf.strings.split(table.lookup(keys[:, 0])) for table in self.tables)
            return {
                "key": keys,
                "tags": tags.to_tensor("[PAD]"),
                "starts": tf.strings.to_number(starts, tf.int32).to_tensor(),
                "ends": tf.strings.to_number(ends, tf.int32).to_tensor(),
                "scores": tf.strings.to_number(scores, tf.float32).to_tensor(),
            }

    return CannedModel()


def make_sentence(index, dice):
    """Returns a sentence of gold tokens, some of which the model splits into several pieces."""
    pieces = [
        [dice.choice(["Ann", "Delhi", "été", "漢字", "x"]) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
        for _ in range(dice.randint(1, 25))
    ]
    tokens = ["".join(of_token) for of_token in pieces]
    source = "a.conll" if index % 3 else "b.conll"
    return {
        "key": f"key-{index}",
        "pieces": pieces,
        "sentence": " ".join(tokens),
        "source": source,
        "gold": [dice.choice(TAGS) for _ in tokens],
    }


def predict(sentence, error_rate, dice):
    """Returns noisy tags of the gold tokens, as a model with a finer tokenization serves them."""
    per_token = [tag if dice.random() > error_rate else dice.choice(TAGS) for tag in sentence["gold"]]
    row = {"key": sentence["key"], "per_token": per_token, "tags": [], "starts": [], "ends": [], "scores": []}
    at = 0
    for tag, of_token in zip(per_token, sentence["pieces"], strict=True):
        for number, piece in enumerate(of_token):
            row["tags"].append(dice.choice(TAGS) if number else tag)
            row["starts"].append(at)
            row["scores"].append(round(dice.random(), 3))
            at += len(piece)
            row["ends"].append(at)
        at += 1
    return row


def write_examples(folder, split, sentences):
    path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for sentence in sentences:
            values = {name: [sentence[name]] for name in ("key", "sentence", "source")} | {"tags": sentence["gold"]}
            features = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in each]))
                for name, each in values.items()
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def save_model(folder, rows, signature="serving_examples"):
    module = canned_model(rows)
    tf.saved_model.save(module, str(folder / "Format-Serving"), {signature: module.serving_examples})
    return rows


def artifact(artifact_type, path):
    made = artifact_type()
    made.uri = str(path)
    return made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Returns sixty sentences and models: good, bad, bad only in b.conll, one that loses a token, and others."""
    folder = tmp_path_factory.mktemp("evaluator")
    dice = random.Random(7)
    sentences = [make_sentence(index, dice) for index in range(60)]
    write_examples(folder / "examples", "eval", sentences)
    write_examples(folder / "examples", "empty", [])
    write_examples(folder / "examples", "train", sentences[:9])
    good = save_model(folder / "good", [predict(sentence, 0.1, dice) for sentence in sentences])
    bad = save_model(folder / "bad", [predict(sentence, 0.4, dice) for sentence in sentences])
    renamed = {"O": "OUT"}
    save_model(folder / "out", [{**row, "tags": [renamed.get(tag, tag) for tag in row["tags"]]} for row in good])
    save_model(folder / "old", bad, signature="predict")
    bad_in_b = [row if s["source"] == "a.conll" else worse for s, row, worse in zip(sentences, good, bad, strict=True)]
    save_model(folder / "bad_in_b", bad_in_b)
    lost = [dict(row) for row in good]
    lost[41]["ends"] = [*lost[41]["ends"][:-1], lost[41]["starts"][-1]]
    save_model(folder / "lost", lost)
    (folder / "absent").mkdir()
    (folder / "schema").mkdir()
    names = ("key", "sentence", "source", "tags")
    (folder / "schema" / "schema.pbtxt").write_text("".join(map(SCHEMA.format, names)))
    return SimpleNamespace(folder=folder, sentences=sentences, good=good, bad=bad)


@pytest.fixture
def evaluate(corpus, tmp_path):
    """Runs the executor; returns the evaluation and blessing artifacts."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

    from components.evaluator.executor import Executor

    numbers = itertools.count()

    def run(model, champion=None, *, split="eval", slices=("source",), force_bless="", beam=(), **changes):
        examples = artifact(standard_artifacts.Examples, corpus.folder / "examples")
        examples.split_names = artifact_utils.encode_split_names(["eval", "empty", "train"])
        examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
        inputs = {"examples": [examples], "model": [artifact(standard_artifacts.Model, corpus.folder / model)]}
        inputs["schema"] = [artifact(standard_artifacts.Schema, corpus.folder / "schema")]
        if champion is not None:
            inputs["baseline_model"] = [champion]
        folder = tmp_path / str(next(numbers))
        evaluation = artifact(standard_artifacts.ModelEvaluation, folder / "evaluation")
        blessing = artifact(standard_artifacts.ModelBlessing, folder / "blessing")
        settings = {"slices": slices, "bootstrap": 20, "min_f1": 0.5, "max_regression": 0.01, "min_support": 1}
        properties = {
            "settings": evaluator_settings(**settings | changes).model_dump_json(),
            "force_bless": force_bless,
            "example_splits": f'["{split}"]',
        }
        context = BaseBeamExecutor.Context(
            beam_pipeline_args=[*beam, NOT_PACKAGED], tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        Executor(context).Do(inputs, {"evaluation": [evaluation], "blessing": [blessing]}, properties)
        return evaluation, blessing

    def champion_of(name):
        return artifact(standard_artifacts.Model, corpus.folder / name)

    run.champion = champion_of
    return run


def by_seqeval(sentences, rows):
    from seqeval.metrics import accuracy_score, classification_report

    gold = [sentence["gold"] for sentence in sentences]
    predicted = [row["per_token"] for row in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    report = {name: {key.removesuffix("-score"): value for key, value in of.items()} for name, of in report.items()}
    micro, macro = report.pop("micro avg"), report.pop("macro avg")
    del report["weighted avg"]
    return micro, macro["f1"], accuracy_score(gold, predicted), report


def plain(scores):
    return {name: getattr(scores, name).value for name in ("precision", "recall", "f1")} | {"support": scores.support}


def assert_equal_scores(scores, sentences, rows):
    micro, macro_f1, accuracy, report = by_seqeval(sentences, rows)
    assert plain(scores.entities.micro) == pytest.approx(micro, abs=1e-9)
    assert scores.entities.macro.f1.value == pytest.approx(macro_f1, abs=1e-9)
    assert scores.token_accuracy.value == pytest.approx(accuracy, abs=1e-9)
    assert (scores.sentences, scores.tokens) == (len(sentences), sum(len(s["gold"]) for s in sentences))
    assert scores.entities.per_type.keys() == report.keys()
    for entity_type, of_type in report.items():
        assert plain(scores.entities.per_type[entity_type]) == pytest.approx(of_type, abs=1e-9)


def test_end_to_end_scores_are_those_of_equal_character_spans(evaluate, corpus):
    overall = read_evaluation(evaluate("good")[0].uri).overall
    both = []
    for sentence, row in zip(corpus.sentences, corpus.good, strict=True):
        ends = list(itertools.accumulate(len("".join(of_token)) + 1 for of_token in sentence["pieces"]))
        starts = [0, *ends]
        gold = {(starts[span.start], ends[span.end - 1] - 1, span.type) for span in spans(sentence["gold"])}
        predicted = {(row["starts"][s.start], row["ends"][s.end - 1], s.type) for s in spans(row["tags"])}
        both.append((gold, predicted))
    correct, gold, predicted = (
        sum(map(len, each)) for each in ((g & p for g, p in both), (g for g, _ in both), (p for _, p in both))
    )
    micro = overall.end_to_end.entities.micro
    assert (micro.precision.value, micro.recall.value) == pytest.approx((correct / predicted, correct / gold))
    assert overall.end_to_end.sentences == sum(any(len(p) > 1 for p in s["pieces"]) for s in corpus.sentences)
    assert overall.end_to_end.lost == 0
    assert micro.f1.value < overall.candidate.entities.micro.f1.value


def test_training_sentences_are_written_as_hashes_without_their_spaces(evaluate, corpus):
    evaluation, _ = evaluate("good")
    content = Path(evaluation.uri, "training_sentences.npy").read_bytes()
    letters = [sentence["sentence"].replace(" ", "") for sentence in corpus.sentences]
    assert all(TextHashes.from_bytes(content, "").contain(letters[:9]))
    assert len(TextHashes.from_bytes(content, "").hashes) == 9


@pytest.mark.parametrize(("known", "noted"), [(15, True), (0, False)])
def test_a_champion_that_was_trained_on_the_sentences_is_noted(evaluate, corpus, tmp_path, known, noted):
    champion = evaluate.champion("good")
    shutil.copytree(champion.uri, tmp_path / "champion")
    champion.uri = str(tmp_path / "champion")
    letters = [sentence["sentence"].replace(" ", "") for sentence in corpus.sentences]
    (tmp_path / "champion" / "training_sentences.npy").write_bytes(TextHashes.of([*letters[:known], "x"]).to_bytes())
    evaluation, _ = evaluate("good", champion)
    notes = read_evaluation(evaluation.uri).blessing.notes
    # Two of the sentences are equal.
    text = "16 of 60 sentences (27 %) are in the training data of the champion"
    assert [text in note for note in notes] == [True] * noted


def test_scores_equal_seqeval_and_the_model_is_blessed(evaluate, corpus):
    evaluation, blessing = evaluate("good", slices=["source", "sentence_length", "case"])
    result = read_evaluation(evaluation.uri)
    candidate = result.overall.candidate
    assert_equal_scores(candidate, corpus.sentences, corpus.good)
    assert candidate.entities.per_type.keys() == {"PER", "LOC", "creative-work"}
    assert [each.slice.column for each in result.slices] == sorted(
        (each.slice.column for each in result.slices), key=["source", "sentence_length", "case"].index
    )
    named = {each.slice: each.candidate for each in result.slices}
    assert {cut.value for cut in named if cut.column == "source"} == {"a.conll", "b.conll"}
    for cut, scores in named.items():
        if cut.column == "source":
            chosen = [i for i, sentence in enumerate(corpus.sentences) if sentence["source"] == cut.value]
        elif cut.column == "sentence_length":
            lengths = [range_name(len(sentence["gold"]), (5, 10, 20, 40)) for sentence in corpus.sentences]
            chosen = [i for i, name in enumerate(lengths) if name == cut.value]
        else:
            continue
        assert_equal_scores(scores, [corpus.sentences[i] for i in chosen], [corpus.good[i] for i in chosen])
    assert (result.overall.champion, result.overall.changes, result.champion_version) == (None, {}, "")
    assert (result.splits, result.bootstrap) == (("eval",), 20)
    assert result.blessing.blessed
    f1 = candidate.entities.micro.f1
    assert f1.low < f1.value < f1.high
    assert candidate.calibration is not None
    assert len(result.errors) == 20
    for name, value in candidate.metrics().items():
        if "/" not in name:
            assert evaluation.get_float_custom_property(name) == value.value
    assert evaluation.get_float_custom_property("example_count") == 60
    assert evaluation.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_string_custom_property("current_model") == str(corpus.folder / "good")
    assert (Path(blessing.uri) / "BLESSED").exists()


def test_entities_are_sliced_individually(evaluate, corpus):
    evaluation, _ = evaluate("good", slices=["entity_length", "entity_seen"])
    slices = {each.slice: each.candidate.entities.micro for each in read_evaluation(evaluation.uri).slices}

    def entities(rows, tags):
        for sentence, row in zip(corpus.sentences, rows, strict=True):
            tokens = sentence["sentence"].split(" ")
            for span in spans(row[tags]):
                yield sentence["key"], span, " ".join(tokens[span.start : span.end])

    gold = {(key, span): text for key, span, text in entities(corpus.sentences, "gold")}
    predicted = {(key, span): text for key, span, text in entities(corpus.good, "per_token")}
    known = {text for key, span, text in entities(corpus.sentences, "gold") if int(key.removeprefix("key-")) < 9}
    assert known

    def assert_slice(cut, inside):
        ours = {entity for entity, text in predicted.items() if inside(entity, text)}
        theirs = {entity for entity, text in gold.items() if inside(entity, text)}
        expected = (len(ours & theirs) / len(ours), len(ours & theirs) / len(theirs), len(theirs), len(ours))
        scores = slices.pop(cut)
        assert (scores.precision.value, scores.recall.value, scores.support, scores.predicted) == expected

    assert_slice(Slice("entity_seen", "seen", "entity"), lambda _, text: text in known)
    assert_slice(Slice("entity_seen", "unseen", "entity"), lambda _, text: text not in known)
    for length in (1, 2, 3):
        assert_slice(Slice("entity_length", str(length), "entity"), lambda e, _, n=length: e[1].end - e[1].start == n)
    assert {cut.name for cut in slices} <= {"entity_length=4+"}
    assert (Path(evaluation.uri) / "training_entities.npy").exists()


@pytest.mark.extended
def test_model_below_the_bound_is_not_blessed_with_a_reason(evaluate, corpus):
    evaluation, blessing = evaluate("bad", min_f1=0.9)
    f1 = by_seqeval(corpus.sentences, corpus.bad)[0]["f1"]
    decision = read_evaluation(evaluation.uri).blessing
    assert not decision.blessed
    (failure,) = decision.failures
    assert failure.startswith(f"entity F1 on all examples is {f1:.4f} (95 % interval ")
    assert failure.endswith("; required: at least 0.9000")
    assert evaluation.get_int_custom_property("blessed") == 0
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()


def test_challenger_that_is_better_than_the_champion_wins(evaluate, corpus):
    champion = evaluate.champion("bad")
    champion.set_int_custom_property("version", 7)
    evaluation, blessing = evaluate("good", champion)
    result = read_evaluation(evaluation.uri)
    assert result.blessing.blessed
    assert_equal_scores(result.overall.candidate, corpus.sentences, corpus.good)
    assert_equal_scores(result.overall.champion, corpus.sentences, corpus.bad)
    change = result.overall.changes["entity_f1"]
    ours, theirs = (scores.entities.micro.f1.value for scores in (result.overall.candidate, result.overall.champion))
    assert change.value == pytest.approx(ours - theirs)
    assert 0 < change.low < change.value < change.high
    assert result.champion_version == "7"
    assert blessing.get_string_custom_property("baseline_model") == str(corpus.folder / "bad")


@pytest.mark.extended
def test_challenger_that_is_worse_than_the_champion_loses_above_the_absolute_bound(evaluate, corpus):
    evaluation, _ = evaluate("bad", evaluate.champion("good"), min_f1=0.1)
    result = read_evaluation(evaluation.uri)
    assert not result.blessing.blessed
    loss = result.overall.changes["entity_f1"].value
    (failure,) = result.blessing.failures
    assert failure.startswith(f"entity F1 on all examples changed by {loss:+.4f} (")
    assert failure.endswith("accepted loss: at most 0.0100")


def test_challenger_that_loses_on_one_slice_is_not_blessed(evaluate):
    rules = [{"slice": "source", "max_regression": 0.01}]
    evaluation, _ = evaluate("bad_in_b", evaluate.champion("good"), rules=rules, min_f1=0.1, max_regression=0.5)
    decision = read_evaluation(evaluation.uri).blessing
    assert not decision.blessed
    assert [(rule.slice, rule.state) for rule in decision.rules if rule.rule == "max_regression"] == [
        ("source=b.conll", "failed"),
        ("all examples", "passed"),
        ("source=a.conll", "passed"),
    ]


@pytest.mark.extended
def test_challenger_that_equals_the_champion_is_blessed_without_margin(evaluate):
    evaluation, _ = evaluate("good", evaluate.champion("good"), max_regression=0.0)
    assert read_evaluation(evaluation.uri).blessing.blessed


@pytest.mark.extended
def test_champion_with_another_outside_label_has_the_scores_of_the_same_tags(evaluate):
    evaluation, _ = evaluate("good", evaluate.champion("out"))
    overall = read_evaluation(evaluation.uri).overall
    assert overall.champion == overall.candidate
    assert overall.changes["token_accuracy"].value == 0.0


@pytest.mark.extended
@pytest.mark.parametrize(("folder", "present"), [("absent", None), ("absent", 0), ("bad", 0)])
def test_absent_champion_is_ignored(evaluate, folder, present):
    champion = evaluate.champion(folder)
    if present is not None:
        champion.set_int_custom_property("present", present)
    evaluation, blessing = evaluate("good", champion, slices=[])
    result = read_evaluation(evaluation.uri)
    assert result.blessing.blessed
    assert result.overall.champion is None
    assert not blessing.has_custom_property("baseline_model")


def test_incompatible_champion_prevents_a_blessing_unless_forced(evaluate):
    champion = evaluate.champion("old")
    champion.set_int_custom_property("version", 3)
    evaluation, blessing = evaluate("good", champion)
    result = read_evaluation(evaluation.uri)
    assert not result.blessing.blessed
    assert result.overall.champion is None
    assert result.blessing.notes == (
        "the champion (version 3) cannot be evaluated: it has no signature 'serving_examples', only predict. "
        'To replace it anyway, give a reason: ner run --force-bless "..."',
    )
    evaluation, blessing = evaluate("good", champion, force_bless="its contract is from before the signatures")
    decision = read_evaluation(evaluation.uri).blessing
    assert decision.blessed
    assert decision.forced == "its contract is from before the signatures"
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_string_custom_property("forced") == decision.forced
    assert (Path(blessing.uri) / "BLESSED").read_text() == decision.forced


def test_incompatible_model_stops_the_run(evaluate):
    with pytest.raises(EvaluationError, match="the model cannot be evaluated: it has no signature 'serving_examples'"):
        evaluate("old")


def test_lost_token_is_an_error_that_names_the_sentence(evaluate, corpus, tmp_path):
    n_gold = len(corpus.sentences[41]["gold"])
    message = rf"^the model, sentence with key 'key-41': .* {n_gold} gold tags\. .* scored\.$"
    with pytest.raises(EvaluationError, match=message):
        evaluate("lost", slices=[])
    assert not list(tmp_path.rglob("scores.json"))


@pytest.mark.extended
def test_lost_token_of_the_champion_is_an_error_that_names_it(evaluate):
    with pytest.raises(EvaluationError, match=r"^the champion, sentence with key 'key-41'"):
        evaluate("good", evaluate.champion("lost"), slices=[])


def test_empty_split_blesses_nothing(evaluate):
    evaluation, blessing = evaluate("good", split="empty")
    result = read_evaluation(evaluation.uri)
    assert (result.overall, result.slices, result.errors) == (None, (), ())
    assert not result.blessing.blessed
    assert result.blessing.notes == ("no example was evaluated",)
    assert blessing.get_int_custom_property("blessed") == 0


@pytest.mark.extended
def test_missing_split_is_refused_by_name(evaluate):
    with pytest.raises(EvaluationError, match=r"split 'test': the examples have only eval, empty, train"):
        evaluate("good", split="test")


@pytest.mark.extended
def test_missing_slicing_feature_is_refused_by_name(evaluate):
    with pytest.raises(EvaluationError, match=r"slice by 'sorce'.* key, sentence, source, tags, .* entity_seen"):
        evaluate("good", slices=["sorce"])


@pytest.mark.extended
def test_slice_by_a_key_is_refused(evaluate, monkeypatch):
    monkeypatch.setattr("components.evaluator.counts.slicing.MOST_VALUES", 5)
    with pytest.raises(EvaluationError, match="slice by 'key', which has more than"):
        evaluate("good", slices=["key"])


@pytest.mark.extended
def test_several_workers_give_the_same_result(evaluate):
    slices = ["source", "entity_length"]
    beam = ["--direct_num_workers=2", "--direct_running_mode=multi_threading"]
    first, second = (read_evaluation(evaluate("good", slices=slices, beam=args)[0].uri) for args in ((), beam))
    assert first.errors == second.errors
    for one, other in zip((first.overall, *first.slices), (second.overall, *second.slices), strict=True):
        assert one.slice == other.slice
        metrics = other.candidate.metrics()
        for name, value in one.candidate.metrics().items():
            same = metrics[name]
            assert (same.value, same.low, same.high) == pytest.approx((value.value, value.low, value.high), abs=1e-6)


def test_custom_metric_is_scored_compared_and_judged(evaluate, corpus):
    """The share of sentences without any wrong tag, by a function named in the settings."""
    evaluation, _ = evaluate(
        "good",
        evaluate.champion("bad"),
        slices=["source", "entity_length"],
        metrics={"exact_match": "support.custom_metric:exact_match"},
        rules=[{"metric": "exact_match", "slice": "source", "bound": 0.99}],
    )
    result = read_evaluation(evaluation.uri)

    def share(rows):
        pairs = zip(corpus.sentences, rows, strict=True)
        return sum(sentence["gold"] == row["per_token"] for sentence, row in pairs) / len(rows)

    exact_match = result.overall.candidate.metrics()["exact_match"]
    assert exact_match.value == pytest.approx(share(corpus.good))
    assert exact_match.low < exact_match.value < exact_match.high
    change = result.overall.changes["exact_match"].value
    assert change == pytest.approx(share(corpus.good) - share(corpus.bad))
    assert [(rule.metric, rule.slice, rule.state) for rule in result.blessing.rules[:2]] == [
        ("exact_match", "source=a.conll", "failed"),
        ("exact_match", "source=b.conll", "failed"),
    ]
    assert evaluation.get_float_custom_property("exact_match") == exact_match.value


@pytest.mark.extended
def test_failing_custom_metric_names_the_metric_and_the_sentence(evaluate):
    with pytest.raises(EvaluationError, match=r"evaluator\.metrics\.mine: LookupError: no such tag, on .* key 'key-"):
        evaluate("good", slices=[], metrics={"mine": "support.custom_metric:fails"})
