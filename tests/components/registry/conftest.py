"""Small folders with the layout of a SavedModel, and registries that are copies of one migrated database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.registry.model_registry import ModelRegistry
from components.registry.store.version import RegisteredVersion, VersionRecord


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return write_model(tmp_path / "exported" / "Format-Serving", b"one")


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a model with different bytes for each name."""
    return lambda name: write_model(tmp_path / "models" / name / "Format-Serving", name.encode())


def write_model(folder: Path, content: bytes) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_bytes(b"\x08\x01\x00" + content)
    (folder / "variables" / "variables.index").write_bytes(os.urandom(1000))
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(bytes(range(256)) * 10)
    (folder / "assets" / "vocabulary.txt").write_text("[PAD]\n[UNK]\nDelhi\u2028\r\n", encoding="utf-8", newline="")
    return folder


@pytest.fixture(scope="session")
def make_evaluation() -> Callable[..., Any]:
    """Builds an `Evaluation` from F1 scores: on all examples, on a slice, of the champion; and from failed rules."""
    from components.evaluator.results import evaluation as e
    from components.evaluator.results import model_scores as m

    def scores(f1: float | None) -> m.Scores:
        """All scores are equal; PER is the only type, with eight entities."""
        estimate = m.Estimate(f1)
        entities = m.EntityScores(estimate, estimate, estimate, 8, 8)
        typed = m.TypedScores(entities, entities, {"PER": entities})
        return m.Scores(2, 7, typed, typed, entities, entities, {})

    def make(
        f1: float | None, sliced: float | None, champion: float | None, *failures: str, champion_version: str = ""
    ) -> e.Evaluation:
        rules = (e.RuleOutcome("bound", "entity_f1", e.ALL, "failed", 0.9, 8, 1, f1, None, text) for text in failures)
        return e.Evaluation(
            e.Comparison(e.Slice(), scores(f1), None if champion is None else scores(champion)),
            (e.Comparison(e.Slice("source", "a"), scores(sliced)),),
            e.Blessing(not failures, tuple(rules)),
            champion_version=champion_version,
        )

    return make


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
    """Registers a model with different bytes for each name, blessed against `baseline`."""

    def register(
        model: str, baseline: str = "", blessed: bool = True, name: str = "ner", fingerprint: str = ""
    ) -> RegisteredVersion:
        tags = {"baseline_version": baseline, "run_fingerprint": fingerprint or model}
        return registry.register(make_model(model), name, VersionRecord(tags=tags, blessed=blessed))

    return register


@pytest.fixture
def three_champions(registry: ModelRegistry, register: Callable[..., RegisteredVersion]) -> ModelRegistry:
    """A registry whose versions 1, 2 and 3 became champion in this order."""
    for number, baseline in ((1, None), (2, 1), (3, 2)):
        register(f"model {number}", str(baseline or ""))
        registry.champions("ner").promote(number, baseline, f"reason {number}", who="tester")
    return registry
