from __future__ import annotations

import pytest

from components.registry.errors import RegistryError
from components.registry.store.mlflow_entities import TOO_LONG, version_tags
from components.registry.store.version import VersionRecord


def test_metrics_are_stored_exactly():
    record = VersionRecord(tags={"run_fingerprint": "r"}, metrics={"entity_f1": 1 / 3})
    assert version_tags(record, "digest", 2) == {
        "run_fingerprint": "r",
        "metric.entity_f1": repr(1 / 3),
        "tree_hash": "digest",
        "blessed": "false",
        "contract_version": "2",
    }


def test_too_many_slices_are_replaced_by_a_note():
    rows = {f"slice {number}": {"entity_f1": 0.5} for number in range(10_000)}
    tags = version_tags(VersionRecord(metrics_by_slice=rows), "digest")
    assert tags["metrics_by_slice"] == TOO_LONG


def test_reserved_or_invalid_tags_and_metrics_are_refused():
    for tags, metrics, message in (
        ({"tree_hash": "x"}, {}, "tag 'tree_hash': reserved for the registry"),
        ({"metric.f1": "1"}, {}, "tag 'metric.f1': reserved for the registry"),
        ({"long": "x" * 100_001}, {}, "tag 'long': 100001 characters"),
        ({}, {"f1": float("nan")}, "metric 'f1': nan"),
    ):
        with pytest.raises(RegistryError, match=message):
            version_tags(VersionRecord(tags=tags, metrics=metrics), "digest")
