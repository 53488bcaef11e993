"""Cost of the registry: a push with its promotion, and a list of many versions."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import children_seconds
from components.common.files import tree_size
from components.common.hashing import tree_hash
from components.registry.model_registry import ModelRegistry
from components.registry.pusher.push import PushRequest, push
from components.registry.store.version import VersionRecord

_PUSHES = 10
_LISTS = 5


def measure_registry(model: Path, versions: int, folder: Path | None, show: Callable[[str], None]) -> None:
    """Measures pushes and lists on a registry in a temporary folder.

    A push registers, verifies, promotes, publishes and syncs a changed copy of the model. A list is the command
    `ner registry list`, imports included. MLflow is imported and has created its tables before.

    Args:
        model: exported SavedModel.
        versions: number of versions to list.
        folder: folder for the temporary folder, to choose a disk.
        show: prints a line of JSON for each measurement: wall seconds, and processor seconds, which other work on the
            machine disturbs far less.
    """
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        work = Path(temporary, "work")
        registry = ModelRegistry(f"sqlite:///{work}/registry/mlflow.db")
        _push(registry, work, model, 0)  # imports MLflow and creates its tables
        times = [_push(registry, work, model, number) for number in range(1, _PUSHES + 1)]
        show(_figures("push and promote", times, model_bytes=tree_size(model)))
        _fill(registry, work, versions)
        show(
            _figures("ner registry list", [_list(work) for _ in range(_LISTS)], versions=len(registry.versions("ner")))
        )


def _push(registry: ModelRegistry, work: Path, model: Path, number: int) -> tuple[float, float]:
    """Returns wall and processor seconds of one push."""
    copy = work / "exported" / str(number) / "Format-Serving"
    shutil.copytree(model, copy)
    (copy / "number").write_text(str(number))
    champion = registry.get("ner", "champion")
    report = copy.parent / "validation.json"
    report.write_text(json.dumps({"passed": True, "tree_hash": tree_hash(copy), "checks": []}))
    tags = {"run_fingerprint": str(number), "baseline_version": str(champion.version if champion else "")}
    record = VersionRecord(tags=tags, metrics={"entity_f1": 0.5}, blessed=True)
    wall, processor = time.perf_counter(), time.process_time()
    result = push(registry, PushRequest(copy, report, "ner", work / "serving", record))
    if not result.pushed:
        raise RuntimeError(result.reason)
    shutil.rmtree(copy.parent)
    return time.perf_counter() - wall, time.process_time() - processor


def _fill(registry: ModelRegistry, work: Path, versions: int) -> None:
    """Registers small models until there are enough versions."""
    small = work / "small"
    small.mkdir()
    for number in range(len(registry.versions("ner")), versions):
        (small / "saved_model.pb").write_text(str(number))
        tags = {"run_fingerprint": f"small {number}", "baseline_version": "1", "data.span": str(number)}
        registry.register(small, "ner", VersionRecord(tags=tags, metrics={"entity_f1": 0.5}, blessed=True))


def _list(work: Path) -> tuple[float, float]:
    """Returns wall and processor seconds of the command."""
    code = "from pipeline.cli.main import main; main()"
    command = [sys.executable, "-c", code, "registry", "list", "--set", f"work_dir={work}"]
    wall, before = time.perf_counter(), children_seconds()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - wall, children_seconds() - before


def _figures(name: str, times: list[tuple[float, float]], **facts: int) -> str:
    walls, processors = zip(*times, strict=True)
    seconds = {"wall": statistics.median(walls), "wall_max": max(walls), "processor": statistics.median(processors)}
    rounded = {name: round(value, 3) for name, value in seconds.items()}
    return json.dumps({"measured": name, **facts, "times": len(times), **rounded})
