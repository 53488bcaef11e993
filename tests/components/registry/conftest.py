"""A small folder in the shape of a SavedModel, and registries that need no migration of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.evaluator.results.evaluation import (
    Blessing,
    Comparison,
    EntityScores,
    Estimate,
    Evaluation,
    RuleOutcome,
    Scores,
    TypedScores,
)
from components.evaluator.results.evaluation import Slice as EvaluatedSlice
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.version_record import VersionRecord


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return write_model(tmp_path / "exported" / "Format-Serving", b"one")


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a model of its own bytes for each name."""
    return lambda name: write_model(tmp_path / "models" / name / "Format-Serving", name.encode())


def write_model(folder: Path, content: bytes) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_bytes(b"\x08\x01\x00" + content)
    (folder / "variables" / "variables.index").write_bytes(os.urandom(1000))
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(bytes(range(256)) * 10)
    (folder / "assets" / "vocabulary.txt").write_text("[PAD]\n[UNK]\nDelhi\u2028\r\n", encoding="utf-8", newline="")
    return folder


def scores(f1: float) -> Scores:
    """All the same: PER is the only type, eight entities."""
    entities = EntityScores(Estimate(f1), Estimate(f1), Estimate(f1), 8, 8)
    typed = TypedScores(entities, entities, {"PER": entities})
    return Scores(2, 7, typed, typed, entities, entities, {})


@pytest.fixture(scope="session")
def make_evaluation() -> Callable[..., Evaluation]:
    """Makes an evaluation from F1 scores: of all examples, of a slice, of the champion, and what was refused for."""

    def make(f1: float, sliced: float, champion: float | None, *failures: str) -> Evaluation:
        rules = (
            RuleOutcome("min", "entity_f1", "all examples", "failed", 0.9, 8, 1, f1, None, text) for text in failures
        )
        return Evaluation(
            Comparison(EvaluatedSlice(), scores(f1), None if champion is None else scores(champion)),
            (Comparison(EvaluatedSlice("source", "a"), scores(sliced)),),
            Blessing(not failures, tuple(rules)),
        )

    return make


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sqlite file with MLflow's tables and nothing else; creating it takes seconds."""
    database = tmp_path_factory.mktemp("registry") / "mlflow.db"
    with MlflowStore(f"sqlite:///{database}").client():
        return database


@pytest.fixture
def registry_uri(migrated_database: Path, tmp_path: Path) -> str:
    database = tmp_path / "registry" / "mlflow.db"
    database.parent.mkdir()
    shutil.copy(migrated_database, database)
    return f"sqlite:///{database}"


@pytest.fixture
def registry(registry_uri: str) -> ModelRegistry:
    return ModelRegistry(registry_uri)


@pytest.fixture
def register(registry: ModelRegistry, make_model: Callable[[str], Path]) -> Callable[..., RegisteredVersion]:
    """Registers a model of its own bytes for each name, blessed against `baseline`."""

    def register(
        model: str, baseline: str = "", blessed: bool = True, name: str = "ner", fingerprint: str = ""
    ) -> RegisteredVersion:
        tags = {"baseline_version": baseline, "run_fingerprint": fingerprint or model}
        return registry.register(make_model(model), name, VersionRecord(tags=tags, blessed=blessed))

    return register


@pytest.fixture
def three_champions(registry: ModelRegistry, register: Callable[..., RegisteredVersion]) -> ModelRegistry:
    """A registry whose versions 1, 2 and 3 became champion one after the other."""
    for number, baseline in ((1, None), (2, 1), (3, 2)):
        register(f"model {number}", str(baseline or ""))
        registry.champions("ner").promote(number, baseline, f"reason {number}", who="tester")
    return registry
