from __future__ import annotations

import pytest

from components.registry.champions.resolve_baseline import resolve_baseline
from components.registry.store.version_record import VersionRecord


def _champion(registry, model_dir, **tags):
    version = registry.register(model_dir, "ner", VersionRecord(tags=tags))
    registry.champions("ner").promote(version.version, None, "a test", force=True)


def test_resolve_baseline_without_a_champion_is_none(registry, model_dir):
    registry.register(model_dir, "ner", VersionRecord(tags={"run_fingerprint": "a"}))
    assert resolve_baseline(registry, "ner", "a") == "none"


@pytest.mark.parametrize("tags", [{"run_fingerprint": "a", "baseline_version": "7"}, {}])
def test_resolve_baseline_of_a_new_run_is_the_champion(registry, model_dir, tags):
    _champion(registry, model_dir, **tags)
    assert resolve_baseline(registry, "ner", "b") == "1"


@pytest.mark.parametrize(
    ("tags", "baseline"),
    [
        ({"baseline_version": "7"}, "7"),
        ({"baseline_version": ""}, "none"),
        ({"baseline_version": "none"}, "none"),
        ({}, "none"),
    ],
)
def test_resolve_baseline_of_the_champions_own_run_is_what_it_was_compared_with(registry, model_dir, tags, baseline):
    _champion(registry, model_dir, run_fingerprint="a", **tags)
    assert resolve_baseline(registry, "ner", "a") == baseline


def test_resolve_baseline_takes_no_two_unknown_runs_for_the_same(registry, model_dir):
    _champion(registry, model_dir, run_fingerprint="")
    assert resolve_baseline(registry, "ner", "") == "1"
