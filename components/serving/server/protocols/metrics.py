"""Counters and histograms of the server in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from components.serving.server.engine import Engine, VersionStatus

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STATES = ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")


class Metrics:
    """Measures of one server. Labels come from the server, never from a request, so that their number is bounded.

    Example:
        >>> metrics = Metrics(Engine())
        >>> metrics.answered("rest", "OK", seconds=0.002, model="ner", version=3, signature="keyed", rows=2)
        >>> b'ner_rows_total{model="ner",signature="keyed",version="3"} 2.0' in metrics.page()
        True
    """

    def __init__(self, engine: Engine) -> None:
        """Registers all measures in a registry of this server's own."""
        self._registry = CollectorRegistry()
        served = ["model", "version", "signature"]
        self._requests = Counter(
            "ner_requests",
            "Requests by protocol (rest, v2, grpc), status, model, version and signature.",
            ["protocol", "code", *served],
            registry=self._registry,
        )
        self._rows = Counter("ner_rows", "Rows of answered requests.", served, registry=self._registry)
        self._seconds = Histogram(
            "ner_request_seconds",
            "Time from the last byte of a request to its answer.",
            ["protocol", "model"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.pending = Gauge(
            "ner_pending_requests", "Accepted requests without an answer, queued or running.", registry=self._registry
        )
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
        self._requests.labels(protocol, code, *served).inc()
        if rows:
            self._rows.labels(*served).inc(rows)
        self._seconds.labels(protocol, model).observe(seconds)

    def page(self) -> bytes:
        """Returns the text for Prometheus."""
        return generate_latest(self._registry)


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
