"""Differences between two registered versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.keys import INGEST_REPORT
from components.registry import names
from components.registry.store.mlflow_entities import OWN_TAGS
from components.registry.store.version import RegisteredVersion, numbers_ascend

SCORES, SETTINGS, DATA, ORIGIN = "scores", "settings", "data", "origin"

_COMPARED_OWN_TAGS = (names.TREE_HASH_TAG, names.BLESSED_TAG, names.CONTRACT_VERSION_TAG)
_LONG = f"{names.DATA_TAG_PREFIX}{INGEST_REPORT}"  # a JSON object, whose counts are separate tags


@dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        section: `SCORES`, `SETTINGS`, `DATA` or `ORIGIN`.
        name: name of the value.
        first: value in the first version; empty if absent.
        second: value in the second version; empty if absent.
        change: second minus first, for scores of both versions.
    """

    section: str
    name: str
    first: str
    second: str
    change: float | None = None


def differences(first: RegisteredVersion, second: RegisteredVersion) -> list[Difference]:
    """Returns the scores (overall, by type, by slice), settings, data and origin that differ, in this order."""
    rows = _scores(first.metrics, second.metrics)
    for tables in ((first.metrics_by_type, second.metrics_by_type), (first.metrics_by_slice, second.metrics_by_slice)):
        for name in sorted({*tables[0], *tables[1]}, key=numbers_ascend):
            rows += _scores(tables[0].get(name, {}), tables[1].get(name, {}), prefix=f"{name}: ")
    rows += _texts(SETTINGS, first.params, second.params)
    tags = (_comparable(first.tags), _comparable(second.tags))
    for section in (DATA, ORIGIN):
        parts = [
            {k: v for k, v in one.items() if k.startswith(names.DATA_TAG_PREFIX) == (section == DATA)} for one in tags
        ]
        rows += _texts(section, *parts)
    return rows


def _comparable(tags: Mapping[str, str]) -> dict[str, str]:
    """Returns the tags without scores, settings and the report of the reading."""
    return {
        key: value
        for key, value in tags.items()
        if key != _LONG
        and not key.startswith(names.METRIC_TAG_PREFIX)
        and (key not in OWN_TAGS or key in _COMPARED_OWN_TAGS)
    }


def _scores(first: Mapping[str, float], second: Mapping[str, float], prefix: str = "") -> list[Difference]:
    rows = []
    for name in sorted({*first, *second}):
        a, b = first.get(name), second.get(name)
        if a != b:
            change = None if a is None or b is None else b - a
            rows.append(Difference(SCORES, prefix + name, _number(a), _number(b), change))
    return rows


def _texts(section: str, first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(section, name, first.get(name, ""), second.get(name, ""))
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
