"""Facts of a pipeline run, gathered from the folders of its artifacts, as the registry stores them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components import keys
from components.exporter.saved_model.embedded_metadata import embedded_provenance
from components.registry import names
from components.registry.pusher.evaluation_summary import EvaluationSummary
from components.registry.store.version import DataSplit, VersionRecord, as_text

EXPORTED_MODEL_KEY = "exported_model"
BLESSING_KEY = "blessing"
EVALUATION_KEY = "evaluation"
TRAINED_MODEL_KEY = "trained_model"
DATA_PROFILE_KEY = "data_profile"
REPORT_KEY = "report"
TUNER_RESULTS_KEY = "tuner_results"

_CARD_SUFFIXES = (".json", ".html", ".md")  # of an evaluation's files for people; TFMA's own have others
_HEXADECIMAL = re.compile(r"[0-9a-f]{36,}")
_TRANSFORM_GRAPH_TAG = "transform_graph_hash"


@dataclass(frozen=True)
class RunFacts:
    """Facts of a pipeline run.

    Attributes:
        record: the facts as the registry stores them; not blessed.
        summary: the evaluation.
    """

    record: VersionRecord
    summary: EvaluationSummary


def gather(
    folders: Mapping[str, Path], *, params: dict[str, str], epochs: int, tags: dict[str, str], run_name: str = ""
) -> RunFacts:
    """Gathers the facts from those artifacts that exist; a run that failed lacks some.

    Args:
        folders: `evaluation`, `trained_model`, `data_profile` and `report` -> folder of the artifact.
        params: configured settings of the run, by dotted name.
        epochs: number of epochs of the training; 0: unknown.
        tags: lineage that the caller knows.
        run_name: name of the run; "" for none.

    Raises:
        EvaluationError: the evaluation cannot be read.
    """
    trained, profile = folders.get(TRAINED_MODEL_KEY), folders.get(DATA_PROFILE_KEY)
    evaluation = folders.get(EVALUATION_KEY)
    summary = EvaluationSummary.read(str(evaluation)) if evaluation else EvaluationSummary()
    params = _params(params, trained, epochs)
    lineage = _data_lineage(profile)
    tags = {**lineage, **tags}
    tags |= _known_after_run(tags, params, summary.champion_version)
    if run_name:
        tags[names.RUN_NAME_TAG] = run_name
    record = VersionRecord(
        tags=tags,
        metrics=summary.metrics,
        metrics_by_type=summary.by_type,
        metrics_by_slice=summary.by_slice,
        params=params,
        epochs=_epoch_figures(trained),
        data=_splits(lineage),
        trained=_trained(trained, profile, evaluation),
        files=tuple(_cards(folders)),
    )
    return RunFacts(record, summary)


def graph_lineage(model_dir: Path) -> dict[str, str]:
    """Returns the hash of the transform graph, which the Exporter embedded in the model."""
    digest = embedded_provenance(model_dir).get("transform graph")
    return {_TRANSFORM_GRAPH_TAG: digest} if digest else {}


def _data_lineage(profile: Path | None) -> dict[str, str]:
    """Returns the tags that the DriftValidator wrote about examples and schema, and the corpus of these examples."""
    tags = json.loads((profile / keys.LINEAGE_FILE).read_text(encoding="utf-8")) if profile else {}
    fingerprint = tags.get(f"{names.DATA_TAG_PREFIX}input_fingerprint")
    return tags | ({names.CORPUS_TAG: fingerprint} if fingerprint else {})


def _splits(lineage: Mapping[str, str]) -> tuple[DataSplit, ...]:
    """Returns the splits of the data by content; none without the lineage of the examples."""
    split_names = json.loads(lineage.get(f"{names.DATA_TAG_PREFIX}split_names", "[]"))
    files = json.loads(lineage.get(f"{names.DATA_TAG_PREFIX}{keys.INGEST_REPORT}", "{}")).get("files", [])
    digest = lineage.get(names.CORPUS_TAG, "")
    if not _HEXADECIMAL.fullmatch(digest):  # TFX's own fingerprint on a cluster
        digest = hashlib.sha256(digest.encode()).hexdigest()
    source = os.path.commonpath(map(os.path.dirname, files)) if files else ""
    return tuple(
        DataSplit(name, int(lineage.get(f"{names.DATA_TAG_PREFIX}sentences_{name}", 0)), digest, source)
        for name in split_names
    )


def _known_after_run(tags: dict[str, str], params: dict[str, str], champion: str) -> dict[str, str]:
    """Returns the tags that a run on a cluster cannot know when it is compiled: champion and fingerprint."""
    computed = {}
    if tags.get(names.BASELINE_VERSION_TAG) == names.CHAMPION:
        computed[names.BASELINE_VERSION_TAG] = champion or names.NO_VERSION
        if tags.get(names.WARM_START_TAG, names.NO_VERSION) != names.NO_VERSION:
            computed[names.WARM_START_TAG] = computed[names.BASELINE_VERSION_TAG]
    if tags.get(names.RUN_FINGERPRINT_TAG) == "":
        computed[names.RUN_FINGERPRINT_TAG] = _fingerprint(tags | computed, params)
    return computed


def _fingerprint(tags: dict[str, str], params: dict[str, str]) -> str:
    """Returns a hash that is equal for two runs that would produce the same model, as `RunInputs.fingerprint`."""
    decisive = {
        name: value for name, value in tags.items() if name not in (names.RUN_ID_TAG, names.BASELINE_VERSION_TAG)
    }
    return hashlib.sha256(json.dumps([decisive, params], sort_keys=True).encode()).hexdigest()[:16]


def _params(configured: dict[str, str], trained: Path | None, epochs: int) -> dict[str, str]:
    """Returns the settings of the run, with those that the Trainer used and the number of epochs that it needed.

    Runtime parameters and a search change the configured settings; options of other taggers have no effect.
    """
    computed = {"training.epochs": str(epochs or "")}
    file = trained / keys.TRAINER_SETTINGS_FILE if trained else None
    if file is not None and file.is_file():
        used = json.loads(file.read_text(encoding="utf-8"))
        configured = {name: value for name, value in configured.items() if not name.startswith("trainer.")}
        computed |= {f"trainer.{name}": as_text(value) for name, value in used["settings"].items()}
        computed["tuner.searched"] = ", ".join(used["searched"])
    return configured | {name: value for name, value in computed.items() if value}


def _epoch_figures(trained: Path | None) -> tuple[Mapping[str, float | None], ...]:
    """Returns the figures of each epoch, which the Trainer wrote."""
    file = trained / keys.TRAINED_MODEL_FILE if trained else None
    if file is None or not file.is_file():
        return ()
    return tuple(json.loads(file.read_text(encoding="utf-8"))["history"])


def _trained(trained: Path | None, profile: Path | None, evaluation: Path | None) -> dict[str, Path]:
    """Returns name -> file of the trained model with its vocabularies, and of its data: profile, hashed sentences."""
    if trained is None:
        return {}
    files = [file for file in sorted(trained.iterdir()) if file.is_file()]
    files += [profile / keys.DATA_PROFILE_FILE] if profile else []
    sentences = evaluation / keys.TRAINING_SENTENCES_FILE if evaluation else None
    files += [sentences] if sentences and sentences.is_file() else []
    return {file.name: file for file in files}


def _cards(folders: Mapping[str, Path]) -> list[Path]:
    """Returns the files for people: scores and pages of the evaluation, drift report, report and model card."""
    evaluation, profile = folders.get(EVALUATION_KEY), folders.get(DATA_PROFILE_KEY)
    files = []
    if evaluation:
        files += sorted(file for file in evaluation.iterdir() if file.suffix in _CARD_SUFFIXES)
    if profile:
        files.append(profile / keys.DRIFT_REPORT_FILE)
    report = folders.get(REPORT_KEY)
    if report is None and TUNER_RESULTS_KEY in folders:  # the report has a table of them
        files += sorted(folders[TUNER_RESULTS_KEY].glob("*.json"))
    return files + (sorted(report.glob("*.*")) if report else [])
