"""Counters and histograms of the server in Prometheus's text format."""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.utils import floatToGoString

from components.serving.server.engine import Engine, VersionStatus

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STATES = ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")


class Metrics:
    """Measures of one server. Labels come from the server, never from a request, so that their number is bounded.

    They are plain numbers until Prometheus asks: counters of prometheus-client cost a request several microseconds.

    Example:
        >>> metrics = Metrics(Engine())
        >>> metrics.answered("rest", "OK", seconds=0.002, model="ner", version=3, signature="keyed", rows=2)
        >>> b'ner_rows_total{model="ner",signature="keyed",version="3"} 2.0' in metrics.page()
        True

    Attributes:
        pending: accepted requests without an answer.
    """

    def __init__(self, engine: Engine) -> None:
        """Starts at zero."""
        self.pending = 0
        self._requests: Counter[tuple[str, ...]] = Counter()
        self._rows: Counter[tuple[str, ...]] = Counter()
        self._seconds: dict[tuple[str, str], _Times] = defaultdict(_Times)
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._registry.register(_State(engine))

    def answered(
        self,
        protocol: str,
        code: str,
        *,
        seconds: float,
        model: str = "",
        version: int | None = None,
        signature: str = "",
        rows: int = 0,
    ) -> None:
        """Counts a request; model, version and signature are empty if the request reached none."""
        served = model, "" if version is None else str(version), signature
        self._requests[(protocol, code, *served)] += 1
        if rows:
            self._rows[served] += rows
        self._seconds[protocol, model].add(seconds)

    def page(self) -> bytes:
        """Returns the text for Prometheus."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Returns the measures in the form of prometheus-client."""
        served = ["model", "version", "signature"]
        text = "Requests by protocol (rest, v2, label_studio, grpc), status, model, version and signature."
        requests = CounterMetricFamily("ner_requests", text, labels=["protocol", "code", *served])
        for labels, count in self._requests.items():
            requests.add_metric(labels, count)
        rows = CounterMetricFamily("ner_rows", "Rows of answered requests.", labels=served)
        for labels, count in self._rows.items():
            rows.add_metric(labels, count)
        text = "Time from the last byte of a request to its answer."
        seconds = HistogramMetricFamily("ner_request_seconds", text, labels=["protocol", "model"])
        for names, times in self._seconds.items():
            seconds.add_metric(names, times.buckets(), times.total)
        text = "Accepted requests without an answer, queued or running."
        return [requests, rows, seconds, GaugeMetricFamily("ner_pending_requests", text, self.pending)]

    def describe(self) -> Iterable[Metric]:
        """Returns no names, so that the registry does not ask for the measures before the first request."""
        return []


class _Times:
    """Counts of durations by `_SECONDS`."""

    def __init__(self) -> None:
        self.total = 0.0
        self._counts = [0] * (len(_SECONDS) + 1)

    def add(self, seconds: float) -> None:
        self.total += seconds
        self._counts[bisect.bisect_left(_SECONDS, seconds)] += 1

    def buckets(self) -> list[tuple[str, float]]:
        """Returns the upper bounds and the numbers of shorter durations."""
        bounds = map(floatToGoString, (*_SECONDS, math.inf))
        return list(zip(bounds, itertools.accumulate(self._counts), strict=True))


class _State:
    """Reads the engine when Prometheus asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Any]:
        versions = GaugeMetricFamily("ner_versions", "Versions by state.", labels=["model", "state"])
        labels = GaugeMetricFamily("ner_label_version", "The version that a label names.", labels=["model", "label"])
        for model in self._engine.models():
            statuses = self._engine.statuses(model)
            for state in _STATES:
                versions.add_metric([model, state], sum(status.state == state for status in statuses))
            for status in statuses:
                for label in self._labels(model, status):
                    labels.add_metric([model, label], status.version)
        queues = GaugeMetricFamily(
            "ner_queue_requests", "Requests that wait for a run.", labels=["model", "version", "signature"]
        )
        for (model, version, signature), count in self._engine.waiting().items():
            queues.add_metric([model, str(version), signature], count)
        return [versions, labels, queues]

    def _labels(self, model: str, status: VersionStatus) -> tuple[str, ...]:
        return self._engine.signatures(model, status.version).labels if status.state == "AVAILABLE" else ()

    def describe(self) -> Iterable[Any]:
        return []
