"""Delayed labels joined with logged predictions, against seqeval."""

from __future__ import annotations

import json
import random
import warnings

import pytest
from support.evaluation import make_slicer

from components.evaluator.blessing.rule import BlessingRule
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.delayed_labels.evaluation import DelayedLabelOptions, evaluate_delayed_labels, time_window
from components.evaluator.errors import EvaluationError

TAGS = ["O", "O", "O", "B-PER", "I-PER", "B-LOC"]


def row(number, dice):
    """Returns one sentence: (log line, label)."""
    tokens = [dice.choice(["Ann", "Bo", "x", "Paris."]) for _ in range(dice.randint(1, 9))]
    gold = [dice.choice(TAGS) for _ in tokens]
    starts = [sum(len(token) + 1 for token in tokens[:i]) for i in range(len(tokens))]
    log = {
        "key": f"k{number}",
        "tokens": tokens,
        "tags": [tag if dice.random() < 0.8 else dice.choice(TAGS) for tag in gold],
        "scores": [dice.random() for _ in tokens],
        "starts": starts,
        "ends": [start + len(token) for start, token in zip(starts, tokens, strict=True)],
        "timestamp": f"2026-11-{1 + number % 3:02d}T12:00:00Z",
        "source": dice.choice(["app", "web"]),
    }
    return log, {"key": f"k{number}", "tokens": tokens, "tags": gold, "team": dice.choice("ab")}


@pytest.fixture(scope="module")
def rows():
    dice = random.Random(6)
    return [row(number, dice) for number in range(2600)]


@pytest.fixture
def files(tmp_path):
    def write(log, labels):
        paths = []
        for name, records in (("log.jsonl", log), ("labels.jsonl", labels)):
            paths.append(tmp_path / name)
            paths[-1].write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return paths

    return write


def options(*columns, **more):
    return DelayedLabelOptions(make_slicer(*columns, training_entities=TextHashes.of(["Ann"])), bootstrap=10, **more)


def assert_equals_seqeval(scores, rows):
    from seqeval.metrics import classification_report

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report([g["tags"] for _, g in rows], [p["tags"] for p, _ in rows], output_dict=True)
    for name, of_type in {"micro avg": scores.entities.micro, **scores.entities.per_type}.items():
        expected = report[name]
        values = {"precision": of_type.precision.value, "recall": of_type.recall.value, "f1-score": of_type.f1.value}
        assert values | {"support": of_type.support} == pytest.approx(expected, abs=1e-9)
    assert scores.sentences == len(rows)


def test_scores_equal_seqeval_by_slice_and_window(files, rows):
    dice = random.Random(1)
    labels = [label for _, label in rows]
    dice.shuffle(labels)  # the files have different orders
    result = evaluate_delayed_labels(*files([log for log, _ in rows], labels), options("source", "team", window="day"))
    assert_equals_seqeval(result.evaluation.overall.candidate, rows)
    by_slice = {each.slice.name: each.candidate for each in result.evaluation.slices}
    assert list(by_slice) == [
        "source=app", "source=web", "team=a", "team=b",
        "window=2026-11-01", "window=2026-11-02", "window=2026-11-03",
    ]  # fmt: skip
    for name, scores in by_slice.items():
        column, _, value = name.partition("=")
        side, field = {"source": (0, "source"), "team": (1, "team"), "window": (0, "timestamp")}[column]
        assert_equals_seqeval(scores, [pair for pair in rows if pair[side][field].startswith(value)])
    assert (result.account.scored, result.account.misaligned.count) == (2600, 0)
    assert result.evaluation.overall.candidate.calibration is not None
    assert len(result.evaluation.errors) == 20


def test_every_line_is_accounted_for(files, rows):
    some = rows[:20]
    log = [pair[0] for pair in some[:15]] + [some[2][0], some[3][0]] + [some[16][0]]
    wrong = {**some[4][1], "tokens": ["other"], "tags": ["O"]}
    labels = [pair[1] for pair in some[:4]] + [wrong] + [some[0][1]] + [pair[1] for pair in some[15:18]]
    account = evaluate_delayed_labels(*files(log, labels), options()).account
    assert (account.predictions, account.labels, account.scored) == (18, 8, 5)
    assert (account.without_label.count, account.without_label.keys[:2]) == (10, ["k5", "k6"])
    assert (account.without_prediction.count, account.without_prediction.keys) == (2, ["k15", "k17"])
    assert (account.duplicate_predictions.count, account.duplicate_predictions.keys) == (2, ["k2", "k3"])
    assert (account.duplicate_labels.count, account.duplicate_labels.keys) == (1, ["k0"])
    assert (account.misaligned.count, account.misaligned.keys) == (1, ["k4"])
    assert account.reasons[0].startswith("k4: the text of the label is 'other', that of the prediction")
    lines = account.scored + account.without_label.count + account.duplicate_predictions.count
    assert lines + account.misaligned.count == account.predictions


def test_repeated_prediction_in_another_batch_is_found(files, rows):
    again = {**rows[0][0], "tags": ["O"] * len(rows[0][0]["tags"])}
    log = [log for log, _ in rows[:1500]]
    labels = [label for _, label in rows[:1500]]
    first = evaluate_delayed_labels(*files(log, labels), options())
    second = evaluate_delayed_labels(*files([*log, again], labels), options())
    assert second.account.duplicate_predictions.keys == ["k0"]
    assert first.evaluation == second.evaluation  # the first answer counts


def test_spans_are_scored_by_characters(files):
    log = {"tokens": ["New", "Delhi", "."], "tags": ["B-L", "I-L", "O"], "starts": [0, 4, 9], "ends": [3, 9, 10]}
    labels = [[[0, 9, "L"]], [[0, 10, "L"]], []]
    result = evaluate_delayed_labels(
        *files(
            [{"key": number, **log} for number in range(3)],
            [{"key": number, "entities": entities} for number, entities in enumerate(labels)],
        ),
        options("entity_length"),
    )
    micro = result.evaluation.overall.candidate.entities.micro
    assert (micro.precision.value, micro.recall.value) == (pytest.approx(1 / 3), 0.5)
    assert result.evaluation.overall.candidate.errors["boundary"] == 1
    assert result.evaluation.overall.candidate.calibration is None


def test_entities_seen_in_training_are_scored_separately(files, rows):
    result = evaluate_delayed_labels(*files(*zip(*rows, strict=True)), options("entity_seen"))
    support = {each.slice.name: each.candidate.entities.micro.support for each in result.evaluation.slices}
    assert set(support) == {"entity_seen=seen", "entity_seen=unseen"}
    assert sum(support.values()) == result.evaluation.overall.candidate.entities.micro.support


def test_thresholds_are_judged_by_slice(files, rows):
    rules = (
        BlessingRule(metric="entity_f1", bound=0.1),
        BlessingRule(metric="entity_f1", slice="source=app", bound=0.99),
        BlessingRule(metric="entity_f1", slice="window=2026-11-02", bound=0.99, min_support=10**6),
    )
    result = evaluate_delayed_labels(*files(*zip(*rows, strict=True)), options("source", window="day", rules=rules))
    assert [(rule.slice, rule.state) for rule in result.evaluation.blessing.rules] == [
        ("source=app", "failed"),
        ("all examples", "passed"),
        ("window=2026-11-02", "too_small"),
    ]
    (crossed,) = result.crossed
    assert crossed.startswith("entity F1 on source=app is ")


def test_json_holds_everything(files, rows):
    result = evaluate_delayed_labels(*files(*zip(*rows[:50], strict=True)), options("source"))
    document = json.loads(result.to_json())
    assert document["account"]["scored"] == 50
    assert document["evaluation"]["overall"]["candidate"]["entities"]["micro"]["support"] > 0


def test_missing_slicing_field_is_refused(files, rows):
    with pytest.raises(EvaluationError, match=r"log\.jsonl: no labelled line has the field 'sorce'"):
        evaluate_delayed_labels(*files(*zip(*rows[:5], strict=True)), options("sorce"))


def test_missing_time_is_named(files, rows):
    log = [{name: value for name, value in rows[0][0].items() if name != "timestamp"}]
    with pytest.raises(EvaluationError, match=r"log\.jsonl:1: timestamp: not a time: None"):
        evaluate_delayed_labels(*files(log, [rows[0][1]]), options(window="day"))


def test_files_without_common_keys_are_refused(files, rows):
    for log, labels in (([], [rows[1][1]]), ([rows[0][0]], []), ([rows[0][0]], [rows[1][1]])):
        with pytest.raises(EvaluationError, match=r"log\.jsonl and .*labels\.jsonl: nothing to score\. Of "):
            evaluate_delayed_labels(*files(log, labels), options())


@pytest.mark.parametrize(
    ("time", "size", "window"),
    [
        ("2026-11-20T09:30:00Z", "hour", "2026-11-20T09"),
        ("2026-11-20T09:30:00Z", "day", "2026-11-20"),
        ("2026-11-20T23:30:00-02:00", "day", "2026-11-21"),
        ("2026-11-20 23:30", "day", "2026-11-20"),
        ("2026-11-20", "month", "2026-11"),
        ("2027-01-01", "week", "2026-W53"),
        (0, "day", "1970-01-01"),
        (1795167000.5, "day", "2026-11-20"),
    ],
)
def test_windows_are_in_utc(time, size, window):
    assert time_window(time, size, "f:1") == window


def test_invalid_times_are_named():
    for time in (None, "yesterday", "", True, [1], float("inf"), 1e20):
        with pytest.raises(EvaluationError, match=r"f:1: timestamp: not a time: .* Write "):
            time_window(time, "day", "f:1: timestamp")
