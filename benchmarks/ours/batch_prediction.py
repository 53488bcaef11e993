"""Speed and memory of `ner predict --input`, next to the bare C loader in batches of 32.

    python -m benchmarks.ours.batch_prediction SAVED_MODEL CORPUS --rows 1000000 --workers 1,2

CORPUS is a folder of CoNLL columns such as WNUT 2017. Its sentences are repeated with another number in each, so that
no two rows are equal. The figures are those of one call, as a busy machine changes all of them: compare ratios. CPU
seconds are those of all processes, `main_cpu` those of the process that reads and writes; `cpu_share` is rows per CPU
second relative to the bare loader.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_BARE = """
import json, sys, time
from components.exporter.validator.probe.served_model import ServedModel
from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.values import strings
from pathlib import Path
folder, file, rows = sys.argv[1:]
graph = SavedGraph(Path(folder))
name = "unkeyed_signature" if "unkeyed_signature" in graph.methods else "serving_default"
feed = graph.inputs(name)["sentence"].tensor
fetch = [info.tensor for key, info in graph.outputs(name).items() if key in ("tags", "starts", "ends", "scores")]
texts = [json.loads(line)["text"].encode() for _, line in zip(range(int(rows)), open(file))]
model = ServedModel(folder, 1)
model.run({feed: strings(texts[:32])}, fetch)
start, wall = time.process_time(), time.monotonic()
for at in range(0, len(texts), 32):
    model.run({feed: strings(texts[at : at + 32])}, fetch)
print(json.dumps({"cpu": time.process_time() - start, "wall": time.monotonic() - wall, "rows": len(texts)}))
"""
_NER = "import sys; from pipeline.cli.main import main; main(sys.argv[1:])"


def main(arguments: list[str]) -> None:
    """Prints one JSON object per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--bare-rows", type=int, default=20_000)
    parser.add_argument("--workers", default="1,2")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        file = Path(folder, "rows.jsonl")
        write_rows(options.corpus, file, options.rows)
        bare = _bare(options.model, file, options.bare_rows)
        print(json.dumps({"system": "bare C loader, batch 32", **bare}), flush=True)
        for workers in options.workers.split(","):
            result = _batch(options.model, file, Path(folder, "out.jsonl"), workers)
            result["rows_per_second"] = round(options.rows / result["wall"])
            result["rows_per_cpu_second"] = round(options.rows / result["cpu"])
            result["cpu_share"] = round(result["rows_per_cpu_second"] / bare["rows_per_cpu_second"], 3)
            print(
                json.dumps({"system": "ner predict", "workers": int(workers), "rows": options.rows, **result}),
                flush=True,
            )


def write_rows(corpus: Path, file: Path, count: int) -> None:
    """Writes rows of JSON: a key, a text, and a field to forward."""
    sentences = list(_sentences(corpus))
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            words = [*sentences[number % len(sentences)]]
            words[number % len(words)] = f"{words[number % len(words)]}{number // len(sentences) or ''}"
            row = {"id": number, "text": " ".join(words), "source": f"file-{number % 7}"}
            out.write(f"{json.dumps(row, ensure_ascii=False)}\n")


def _sentences(corpus: Path) -> Iterator[list[str]]:
    words: list[str] = []
    for path in sorted(corpus.glob("*.conll")):
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            if line.strip():
                words.append(line.split("\t")[0].strip())
            elif words:
                yield words
                words = []


def _bare(model: Path, file: Path, rows: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(model), str(file), str(rows)], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    speed = {
        f"rows_per_{name}second": round(result["rows"] / result[key]) for name, key in (("", "wall"), ("cpu_", "cpu"))
    }
    return {**result, **speed}


def _batch(model: Path, file: Path, output: Path, workers: str) -> dict[str, float]:
    command = ["predict", "--input", str(file), "--output", str(output), "--text", "text", "--key", "id",
               "--forward", "source", "--model", str(model), "--workers", workers]  # fmt: skip
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", _NER, *command], stderr=subprocess.DEVNULL)
    peak, main_cpu = [0], [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak, main_cpu))
    watcher.start()
    code = process.wait()
    watcher.join()
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise SystemExit(f"ner predict ended with {code}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    times = {"wall": round(wall, 1), "cpu": round(cpu, 1), "main_cpu": round(main_cpu[0], 1)}
    return {**times, "peak_mb_all_processes": peak[0] // 2**20}


def _watch(process: subprocess.Popen[bytes], peak: list[int], main_cpu: list[float]) -> None:
    """Keeps the largest memory of a process and its descendants, without counting shared pages twice, and its CPU."""
    ticks = os.sysconf("SC_CLK_TCK")
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            user, system = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            main_cpu[0] = (int(user) + int(system)) / ticks
        total = 0
        for pid in _descendants(process.pid):
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        peak[0] = max(peak[0], total)
        time.sleep(0.25)


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = [int(text) for task in os.listdir(f"/proc/{pid}/task")
                    for text in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]  # fmt: skip
    except OSError:
        return
    for child in children:
        yield from _descendants(child)


if __name__ == "__main__":
    main(sys.argv[1:])
