"""Facts of a synthetic model with a champion, strong and weak types, slices, errors and hostile sentences."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from support.settings import exporter_settings

from components.drift_validator.drift_report import Drift, DriftReport
from components.evaluator.blessing.rule import metric_in_words
from components.evaluator.results.evaluation import (
    ALL,
    Blessing,
    Comparison,
    ErrorInContext,
    Evaluation,
    MarkedSpan,
    RuleOutcome,
    Slice,
)
from components.evaluator.results.insights import (
    InconsistentLabel,
    Insights,
    LabelCount,
    Mistake,
    Shares,
    ThresholdScores,
)
from components.evaluator.results.model_scores import (
    Calibration,
    CalibrationBin,
    Confusion,
    EntityScores,
    Estimate,
    Scores,
    TypedScores,
)
from components.exporter.contract.contract import build_contract
from components.reporter.data_summary import DataSummary, SplitSummary
from components.reporter.model_facts import ModelFacts
from components.reporter.settings import CardSettings

HOSTILE = "<script>alert('x')</script>"
TYPES = {"person": (429, 0.62), "location": (150, 0.48), "creative-work": (142, 0.06), "corporation": (12, 0.31)}


def estimate(value: float, half: float = 0.03) -> Estimate:
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0))


def entity_scores(f1: float, support: int) -> EntityScores:
    return EntityScores(estimate(min(f1 + 0.05, 1.0)), estimate(max(f1 - 0.04, 0.0)), estimate(f1), support, support)


def typed(f1: float, shift: float = 0.0) -> TypedScores:
    per_type = {name: entity_scores(max(value + shift, 0.0), support) for name, (support, value) in TYPES.items()}
    support = sum(count for count, _ in TYPES.values())
    return TypedScores(entity_scores(f1 + shift, support), entity_scores(f1 + shift - 0.1, support), per_type)


def calibration() -> Calibration:
    accuracy = [0.2, 0.31, 0.38, 0.5, 0.58, 0.66, 0.71, 0.97]
    bins = [CalibrationBin(i / 10, (i + 1) / 10, 0, 0.0, 0.0) for i in range(2)]
    for i, right in enumerate(accuracy, start=2):
        bins.append(CalibrationBin(i / 10, (i + 1) / 10, 40 * 4 ** (i // 2), i / 10 + 0.06, right))
    return Calibration(estimate(0.061, 0.004), tuple(bins))


def scores(f1: float, shift: float = 0.0) -> Scores:
    labels = ("O", *sorted(TYPES))
    counts = [[30 if row != column else 400 for column in range(5)] for row in range(5)]
    counts[0][0], counts[1][2] = 21654, 0
    return Scores(
        sentences=1287,
        tokens=23394,
        entities=typed(f1, shift),
        strict=typed(f1 - 0.01, shift),
        boundary=entity_scores(f1 + 0.08 + shift, 733),
        type_only=entity_scores(f1 + 0.1 + shift, 733),
        errors={"boundary": 61, "type": 88, "boundary_and_type": 17, "spurious": 143, "missed": 391},
        token_accuracy=estimate(0.921, 0.004),
        calibration=calibration(),
        confusion=Confusion(labels, tuple(tuple(row) for row in counts)),
    )


def sliced(column: str, value: str, f1: float, support: int) -> Comparison:
    one = dataclasses.replace(
        scores(f1), entities=TypedScores(entity_scores(f1, support), entity_scores(f1, support), {})
    )
    changes = {"entity_f1": Estimate(0.02, -0.01, 0.05)}
    return Comparison(Slice(column, value, "entity" if column.startswith("entity") else "sentence"), one, one, changes)


def errors() -> tuple[ErrorInContext, ...]:
    plain = ("RT", "@fan", ":", "Come", "to", "Empire", "State", "Building", "with", "Sam", "Jones", "tonight", "!")
    long = tuple(f"word{i}" for i in range(100))
    arabic = ("زار", "محمد", "علي", "مدينة", "القاهرة", "أمس")
    gold = (MarkedSpan("location", 5, 8), MarkedSpan("person", 9, 11))
    return (
        ErrorInContext(
            "boundary", 0.998, "test.conll:1f-0", plain, gold,
            (MarkedSpan("location", 5, 7, 0.99), MarkedSpan("person", 9, 11, 0.97)), 5, 7, "test.conll:12",
        ),
        ErrorInContext("type", 0.993, "t:2b-0", (HOSTILE, "&", "Prada", "<b>"), (MarkedSpan("corporation", 2, 3),),
                (MarkedSpan("person", 2, 3, 0.99),), 2, 3),
        ErrorInContext("missed", 0.981, "test.conll:3c-0", long, (MarkedSpan("creative-work", 50, 53),), (), 50, 53),
        ErrorInContext("spurious", 0.97, "test.conll:4d-0", arabic, (MarkedSpan("person", 1, 3),),
                (MarkedSpan("person", 1, 3, 0.9), MarkedSpan("location", 4, 5, 0.97)), 4, 5),
        ErrorInContext("boundary_and_type", 0.95, "x" * 120, ("a" * 150, "Zoë", "🎉"), (MarkedSpan("person", 1, 2),),
                (MarkedSpan("corporation", 1, 3, 0.95),), 1, 3),
    )  # fmt: skip


def insights() -> Insights:
    rows = [
        ThresholdScores(step / 100, Shares.of(round(400 - 3 * step), 800 - 7 * step, 733), 800 - 7 * step)
        for step in range(100)
    ]
    mistakes = (
        Mistake("missed", "Empire State", "location", "", "", 7, ("test.conll:12", "test.conll:90", "b/ü.conll:4")),
        Mistake("type", HOSTILE, "corporation", HOSTILE, "person", 3, ("test.conll:31",)),
        Mistake("spurious", "", "", "القاهرة", "location", 2, ("test.conll:77",)),
        Mistake("boundary", "a" * 80, "creative-work", "a" * 70, "creative-work", 1, ("x" * 120,)),
    )
    by_type = {"location": {"missed": 7, "spurious": 2}, "corporation": {"type": 3}, "creative-work": {"boundary": 1}}
    labels = (LabelCount("location", 9, ("train.conll:3", "train.conll:88")), LabelCount("", 2, ("train.conll:512",)))
    row = InconsistentLabel("Empire <State>", labels, 7)
    return Insights(Shares.of(250, 600, 733), tuple(rows), by_type, mistakes, 640, (row,), 41)


def rule(state: str, name: str = ALL, metric: str = "entity_f1") -> RuleOutcome:
    text = f"{metric_in_words(metric)} on {name} is 0.4870; at least 0.5000 is needed"
    return RuleOutcome("bound", metric, name, state, 0.5, 733, 50, 0.487, None, text)


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    changes = {name: Estimate(0.031, 0.012, 0.05) for name in scores(0.4).metrics()}
    changes |= {"entity_precision": Estimate(-0.004, -0.02, 0.012), "entity_macro_f1": Estimate(-0.03, -0.05, -0.01)}
    return Evaluation(
        overall=Comparison(Slice(), scores(0.487), scores(0.487, -0.031), changes),
        slices=(
            sliced("case", "lower", 0.21, 180),
            sliced("case", "mixed", 0.55, 500),
            sliced("entity_seen", "seen", 0.71, 120),
            sliced("entity_seen", "unseen", 0.39, 613),
            sliced("source", "test.conll", 0.487, 733),
            sliced("source", HOSTILE, 0.3, 3),
        ),
        blessing=Blessing(
            False,
            (rule("failed"), rule("failed", ALL, "entity_f1/person"), rule("passed", "case=mixed"),
             rule("too_small", "source=x"), rule("no_champion")),
            ("no example is in the slice case=upper",),
        ),
        errors=errors(),
        splits=("test",),
        champion_version="3",
        bootstrap=200,
        insights=insights(),
    )  # fmt: skip


def drift_report() -> DriftReport:
    def drift(what: str, distance: float, limit: float | None) -> Drift:
        return Drift(what, "the champion's data", "span-7", distance, "L-infinity distance", "PER: 60% to 30%", limit)

    return DriftReport((drift("entity types", 0.3, 0.25), drift("genre", 0.15, 0.25)), sentences=(5000, 3394))


def data_summary() -> DataSummary:
    def split(name: str, size: int) -> SplitSummary:
        entities = {kind: count * size // 1000 for kind, (count, _) in TYPES.items()}
        lengths = tuple(float(n) for n in (1, 8, 11, 14, 16, 18, 21, 23, 26, 28, 41 + size // 100))
        return SplitSummary(name, size, size * 18, entities, lengths)

    splits = (split("train", 3394), split("eval", 1009), split("test", 1287))
    return DataSummary(
        splits,
        "split:train,num_files:1\nsplit:test,num_files:1",
        {"empty token": 3},
        2,
        ("a.conll:3: x",),
        ("a.conll: read tags such as 'B_<PER>' as B-PER",),
        ("train-own.jsonl", f"dev{'-copy' * 30}.conll"),
        {"token": 61_234, "boundary": 3394, "comment": 2},
    )


@pytest.fixture(scope="session")
def facts(evaluation) -> ModelFacts:
    epochs = range(12)
    history = tuple(
        {
            "loss": 1.3 / (1 + i),
            "val_loss": 1.9 / (1 + i) + 0.02 * i,
            "val_entity_precision": 0.6 - 0.3 / (1 + i),
            "val_entity_recall": 0.5 - 0.4 / (1 + i),
            "val_entity_f1": 0.52 - 0.35 / (1 + i) - (0.01 * (i - 8) if i > 8 else 0),
            "outside_bias": -1.0,
            "tokens_per_second": 9876.5 + i,
            "data_wait": 0.02,
            "mfu": None,
        }
        for i in epochs
    )
    validation = {
        "checks": [{"name": "load", "passed": True}, {"name": "golden", "passed": True}],
        "tree_hash": "71372d8478114f1f605ec825ded5eab25afaabf4ec853fbec75235f7aed3310a",
        "size_bytes": 13883956,
    }
    return ModelFacts(
        name="ner",
        created=datetime.datetime(2026, 11, 22, 2, 30, tzinfo=datetime.UTC),
        evaluation=evaluation,
        data=data_summary(),
        drift=drift_report(),
        history=history,
        contract=dataclasses.replace(
            build_contract(exporter_settings(forward={"source": "string"})),
            outside_bias=-1.5,
            calibration={"temperature": 0.8, "outside_bias": -1.2},
            min_score={"PER": 0.6},
        ),
        validation=validation,
        trials=(
            {"trial_id": "1", "score": 0.5234, "learning_rate": 0.003, "transformer.ff_dim": 128},
            {"trial_id": "0", "score": 0.5101, "learning_rate": 0.001},
        ),
        training={"tagger": "transformer", "epochs": 20, "tagger_options": {"embed_dim": 64}},
        lineage={"run_fingerprint": "5f1c9d0e88aa7711", "baseline_version": "3", "code_version": "0123456789abcdef"},
        card=CardSettings(
            intended_use="Marks persons and places in tweets.",
            out_of_scope="Not for decisions on persons.",
            languages=("en",),
            data="Tweets, CC BY 4.0",
            license="",
            contact="",
        ),
    )
