"""What the registry itself costs: a push with its promotion, and a list of many versions.

    .venv/bin/python benchmarks/registry.py --model work/serving/ner/1 --versions 1000

Works on a registry of its own in a temporary folder (`--folder` for another disk). Measured are, after imports and
after MLflow has made its tables: whole pushes of the model (register, verify, promote, publish, sync), each of a
changed copy; and `ner registry list` as a command, imports and all, with so many versions. Prints one JSON object a
measurement: seconds of the wall clock, and of the processor, which other work on the machine disturbs far less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from components.common.hashing import tree_hash
from components.registry.pusher.push import PushRequest, push
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.version_record import VersionRecord

_PUSHES = 10
_LISTS = 5


def main() -> None:
    """Runs both measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="exported SavedModel")
    parser.add_argument("--versions", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        work = Path(folder, "work")
        registry = ModelRegistry(f"sqlite:///{work}/registry/mlflow.db")
        _push(registry, work, arguments.model, 0)  # imports MLflow and makes its tables
        times = [_push(registry, work, arguments.model, number) for number in range(1, _PUSHES + 1)]
        size = sum(path.stat().st_size for path in arguments.model.rglob("*") if path.is_file())
        _print("push and promote", times, model_bytes=size)
        _fill(registry, work, arguments.versions)
        _print("ner registry list", [_list(work) for _ in range(_LISTS)], versions=len(registry.versions("ner")))


def _push(registry: ModelRegistry, work: Path, model: Path, number: int) -> tuple[float, float]:
    """Wall and processor seconds of one push."""
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
    """Registers small models until there are so many versions."""
    small = work / "small"
    small.mkdir()
    for number in range(len(registry.versions("ner")), versions):
        (small / "saved_model.pb").write_text(str(number))
        tags = {"run_fingerprint": f"small {number}", "baseline_version": "1", "data.span": str(number)}
        registry.register(small, "ner", VersionRecord(tags=tags, metrics={"entity_f1": 0.5}, blessed=True))


def _list(work: Path) -> tuple[float, float]:
    """Wall and processor seconds of the command."""
    code = "from pipeline.cli.main import main; main()"
    command = [sys.executable, "-c", code, "registry", "list", "--set", f"work_dir={work}"]
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - wall, processor


def _print(what: str, times: list[tuple[float, float]], **facts: int) -> None:
    walls, processors = zip(*times, strict=True)
    seconds = {"wall": statistics.median(walls), "wall_max": max(walls), "processor": statistics.median(processors)}
    rounded = {name: round(value, 3) for name, value in seconds.items()}
    print(json.dumps({"what": what, **facts, "times": len(times), **rounded}), flush=True)


if __name__ == "__main__":
    main()
