"""MLflow runs of a pipeline: one for each pipeline run, for every outcome."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from components.common.errors import shortened
from components.registry import names
from components.registry.origin import origin_tags
from components.registry.store.mlflow_entities import log_batches
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.readers import RegistryReader, StoredRun
from components.registry.store.version import DataSplit, VersionRecord

MODEL_TAG = "ner.model"
"""Tag of every MLflow run of a pipeline: the name of the registered model."""
PIPELINE_RUN_TAG = "ner.pipeline_run"
"""Tag with the id of the pipeline run; a resumed run replaces it."""
RUN_KEY_TAG = "ner.run_key"
"""Tag that is equal for two pipeline runs of the same inputs, settings, code and choices."""
CLUSTER_TAG = "ner.cluster"
"""Tag of the MLflow runs that RunPlanner began on a cluster: the name of the registered model."""
OUTCOME_TAG = "ner.outcome"
"""Tag with one of `OUTCOMES`."""
OUTCOME_TEXT_TAG = "ner.outcome_text"

PUSHED, CANDIDATE_ONLY, REFUSED, FAILED, INTERRUPTED = "pushed", "candidate", "refused", "failed", "interrupted"
# Outcome -> MLflow's status. A refusal is a result, not a failure.
OUTCOMES = {
    PUSHED: "FINISHED",
    CANDIDATE_ONLY: "FINISHED",
    REFUSED: "FINISHED",
    FAILED: "FAILED",
    INTERRUPTED: "KILLED",
}

CARD_FOLDER = "card"
"""Folder of `VersionRecord.files` among the artifacts of an MLflow run."""

_DESCRIPTION_TAG = "mlflow.note.content"  # shown as text above the run
_DATA_CONTEXT_TAG = "mlflow.data.context"
_MAX_PARAM_CHARACTERS = 6000  # MLflow's limit
_MAX_TAG_CHARACTERS = 5000  # of a tag of a run; MLflow's limit is 8000
_NOT_ON_RUNS = (
    names.DATA_TAG_PREFIX,
    names.CORPUS_TAG,
    names.RUN_ID_TAG,
)  # MLflow's datasets and `ner.pipeline_run` say the same
_MAX_DIGEST = 36  # MLflow's limit
_NO_METRIC_NAME = re.compile(r"[^\w\-. :/]")
# Name in the Trainer's history -> name of the curve.
_CURVES = {
    "loss": "epoch/train_loss",
    "val_loss": "epoch/dev_loss",
    "val_entity_f1": "epoch/dev_entity_f1",
    "val_entity_precision": "epoch/dev_entity_precision",
    "val_entity_recall": "epoch/dev_entity_recall",
    "learning_rate": "epoch/learning_rate",
    "tokens_per_second": "epoch/tokens_per_second",
}


class PipelineRuns:
    """MLflow runs of the pipeline of one model; `ModelRegistry.pipeline_runs` creates it.

    A local run begins its MLflow run before its first node, a run on a cluster in RunPlanner. RegistryPusher ends
    it with the outcome. If the pusher is not reached, the local runner ends it; on a cluster, the next run does.

    Args:
        store: the MLflow store.
        name: name of the registered model.

    tests/components/registry/store/test_pipeline_runs.py shows every operation.
    """

    def __init__(self, store: MlflowStore, name: str) -> None:
        """Opens nothing."""
        self._store, self._name = store, name

    def begin(self, record: VersionRecord, key: str, earlier: Collection[str]) -> None:
        """Creates the MLflow run of a pipeline run, or continues that of an earlier one with the same inputs.

        A finished earlier run stays as it is, because this run repeats it from the cache.

        Args:
            record: facts of the run before its first node; its tag `run_id` is required.
            key: equal for two runs that would do the same.
            earlier: ids of the pipeline runs of the same work folder.

        Raises:
            RegistryError: the store cannot be read or written.
        """
        same: list[StoredRun] = []
        if not self._store.is_empty():
            with self._store.reader() as reader:
                same = [run for run in reader.runs(RUN_KEY_TAG, key) if run.tags.get(PIPELINE_RUN_TAG) in earlier]
        if any(run.status == "FINISHED" for run in same):
            return
        with self._store.client(write=True) as client, self._store.reader() as reader:
            if same and not _is_registered(reader, self._name, same[-1].id):
                continued, run_id = same[-1].id, record.tags[names.RUN_ID_TAG]
                client.set_tag(continued, PIPELINE_RUN_TAG, run_id)
                client.update_run(continued, status="RUNNING", name=_run_name(record))
            else:
                continued = open_run(self._store, client, reader, self._name, record).info.run_id
                client.set_tag(continued, RUN_KEY_TAG, key)
            for tag in (OUTCOME_TAG, OUTCOME_TEXT_TAG, _DESCRIPTION_TAG):
                if same and tag in same[-1].tags:
                    client.delete_tag(continued, tag)
            log_record(client, continued, record)

    def begin_on_cluster(self, record: VersionRecord) -> None:
        """Creates the MLflow run of a run on a cluster, and ends those of earlier runs that nobody ended.

        Only Kubeflow knows whether an earlier run has failed or continues; RegistryPusher corrects the outcome of one
        that continues. A retry continues its MLflow run.

        Args:
            record: facts of the run before its first node; its tag `run_id` is required.

        Raises:
            RegistryError: the store cannot be read or written.
        """
        pipeline_run = record.tags[names.RUN_ID_TAG]
        with self._store.client(write=True) as client, self._store.reader() as reader:
            for run in reader.runs(CLUSTER_TAG, self._name):
                if run.status == "RUNNING" and run.tags.get(PIPELINE_RUN_TAG) != pipeline_run:
                    _end(client, run.id, FAILED, f"no result from Kubeflow's run {run.tags.get(PIPELINE_RUN_TAG)}")
            run_id = open_run(self._store, client, reader, self._name, record).info.run_id
            client.set_tag(run_id, CLUSTER_TAG, self._name)
            log_record(client, run_id, record)

    def end(self, record: VersionRecord, outcome: str, text: str) -> None:
        """Completes and ends the MLflow run of a pipeline run; creates it if nobody began it.

        A repeated run with the same inputs and the same outcome is not recorded again.

        Args:
            record: what the run produced; its tag `run_id` is required.
            outcome: one of `OUTCOMES`.
            text: the outcome in words.

        Raises:
            RegistryError: the store cannot be written.
        """
        with self._store.client(write=True) as client, self._store.reader() as reader:
            own = reader.runs(PIPELINE_RUN_TAG, record.tags[names.RUN_ID_TAG])
            if not own and outcome in (PUSHED, REFUSED, CANDIDATE_ONLY):
                fingerprint = record.tags.get(names.RUN_FINGERPRINT_TAG, "")
                same = reader.runs(names.RUN_FINGERPRINT_TAG, fingerprint) if fingerprint else []
                if any(run.tags.get(OUTCOME_TAG) == outcome and run.status == "FINISHED" for run in same):
                    return
            run_id = own[-1].id if own else open_run(self._store, client, reader, self._name, record).info.run_id
            log_record(client, run_id, record)
            _end(client, run_id, outcome, text)

    def refusal(self, fingerprint: str, baseline: str) -> str:
        """Describes a refused model of the same inputs that was compared with the same version; "" without one.

        Args:
            fingerprint: of the run's inputs, settings and code.
            baseline: version of the comparison: a number as text, or "none".

        Raises:
            RegistryError: the store cannot be read.
        """
        if not fingerprint or self._store.is_empty():
            return ""
        with self._store.reader() as reader:
            runs = reader.runs(names.RUN_FINGERPRINT_TAG, fingerprint)
        refused = [run.tags for run in runs if run.tags.get(OUTCOME_TAG) == REFUSED]
        same = [tags for tags in refused if (tags.get(names.BASELINE_VERSION_TAG) or names.NO_VERSION) == baseline]
        return (
            f"a model of the same data, settings and code was refused: {same[-1].get(OUTCOME_TEXT_TAG)}" if same else ""
        )

    def is_open(self, pipeline_run: str) -> bool:
        """Returns whether the MLflow run of a pipeline run has begun and not ended.

        Raises:
            RegistryError: the store cannot be read.
        """
        if self._store.is_empty():
            return False
        with self._store.reader() as reader:
            return any(run.status == "RUNNING" for run in reader.runs(PIPELINE_RUN_TAG, pipeline_run))


def open_run(store: MlflowStore, client: Any, reader: RegistryReader, name: str, record: VersionRecord) -> Any:
    """Returns the MLflow run of a pipeline run; creates it unless there is one without a registered version.

    Files of a registered version are never overwritten: a retried push gets a new MLflow run.
    """
    pipeline_run = record.tags.get(names.RUN_ID_TAG, "")
    for run in reader.runs(PIPELINE_RUN_TAG, pipeline_run) if pipeline_run else ():
        if not _is_registered(reader, name, run.id):
            return client.get_run(run.id)
    tags = {MODEL_TAG: name, **origin_tags()} | ({PIPELINE_RUN_TAG: pipeline_run} if pipeline_run else {})
    return client.create_run(store.experiment_id(client), run_name=_run_name(record) or name, tags=tags)


def _end(client: Any, run_id: str, outcome: str, text: str) -> None:
    description = text if outcome == PUSHED else f"{outcome}: {text}"
    for tag, value in ((OUTCOME_TEXT_TAG, text), (_DESCRIPTION_TAG, description), (OUTCOME_TAG, outcome)):
        client.set_tag(run_id, tag, shortened(value, _MAX_TAG_CHARACTERS))
    client.set_terminated(run_id, OUTCOMES[outcome])


def log_record(client: Any, run_id: str, record: VersionRecord) -> None:
    """Logs parameters, scores, curves, data, tags and files of a record that the MLflow run does not hold yet."""
    from mlflow.entities import Metric, Param, RunTag

    run = client.get_run(run_id)
    began = run.info.start_time or int(time.time() * 1000)
    params = [
        Param(key, str(value)[:_MAX_PARAM_CHARACTERS])
        for key, value in sorted(record.params.items())
        if key not in run.data.params
    ]
    tags = [
        RunTag(key, value)
        for key, value in sorted(record.tags.items())
        if not key.startswith(_NOT_ON_RUNS) and len(value) <= _MAX_TAG_CHARACTERS and run.data.tags.get(key) != value
    ]
    metrics = [Metric(key, value, began, step) for key, value, step in _metrics(record) if key not in run.data.metrics]
    log_batches(client, run_id, params=params, tags=tags, metrics=metrics)
    if record.data and not run.inputs.dataset_inputs:
        client.log_inputs(run_id, datasets=_datasets(record.data))
    stored = {entry.path.rpartition("/")[2] for entry in client.list_artifacts(run_id, CARD_FOLDER)}
    for file in record.files:
        if file.is_file() and file.name not in stored:
            client.log_artifact(run_id, str(file), CARD_FOLDER)


def _metrics(record: VersionRecord) -> Iterator[tuple[str, float, int]]:
    """Yields (name, value, step) of each finite figure, the curves with the number of the epoch as step."""
    tables = {"by_type": record.metrics_by_type, "by_slice": record.metrics_by_slice}
    for name, value in record.metrics.items():
        yield name, float(value), 0
    for table, rows in tables.items():
        for title, scores in rows.items():
            for name, value in scores.items():
                if math.isfinite(value):
                    yield (
                        f"{name}_{table}/{_metric_part(title)}",
                        float(value),
                        0,
                    )
    for epoch, figures in enumerate(record.epochs, start=1):
        for name, curve in _CURVES.items():
            figure = figures.get(name)
            if figure is not None and math.isfinite(figure):
                yield curve, float(figure), epoch


def _metric_part(title: str) -> str:
    """Returns the name of a slice or type with the characters that MLflow allows in the name of a metric.

    >>> _metric_part("entity_length=4+")
    'entity_length: 4 or more'
    """
    return _NO_METRIC_NAME.sub("_", title.replace("=", ": ").replace("+", " or more"))


def _datasets(data: Sequence[DataSplit]) -> list[Any]:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return [
        DatasetInput(
            Dataset(
                name=split.name,
                digest=split.digest[:_MAX_DIGEST],
                source_type="local",
                source=json.dumps({"uri": split.source}),
                profile=json.dumps({"num_rows": split.sentences}),
            ),
            [InputTag(_DATA_CONTEXT_TAG, split.name)],
        )
        for split in data
    ]


def _is_registered(reader: RegistryReader, name: str, run_id: str) -> bool:
    return any(version.run_id == run_id for version in reader.versions(name))


def _run_name(record: VersionRecord) -> str:
    tags: Mapping[str, str] = record.tags
    return tags.get(names.RUN_NAME_TAG) or tags.get(names.RUN_ID_TAG, "")
