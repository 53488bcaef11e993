"""Speed and memory of `ner predict --input`, next to the bare C loader in batches of 32.

    python -m benchmarks.ours.batch_prediction SAVED_MODEL CORPUS --rows 1000000 --workers 1,2

CORPUS is a corpus folder such as that of WNUT 2017. Its sentences are repeated with another number in each, so that
no two rows are equal. The figures are those of one call, as a busy machine changes all of them: compare ratios. CPU
seconds are those of all processes, `main_cpu` those of the process that reads and writes; `cpu_share` is rows per CPU
second relative to the bare loader.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.corpus import load_corpus
from benchmarks.machine import children_seconds, process_seconds
from benchmarks.ours.taggers import BareModel
from components.common.iterables import batched

_BARE = "bare"  # first argument of the process that measures the bare loader
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
    loaded = load_corpus(corpus)
    sentences = [sentence.tokens for sentence in (*loaded.dev, *loaded.test, *loaded.train)]
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            words = [*sentences[number % len(sentences)]]
            words[number % len(words)] = f"{words[number % len(words)]}{number // len(sentences) or ''}"
            row = {"id": number, "text": " ".join(words), "source": f"file-{number % 7}"}
            out.write(f"{json.dumps(row, ensure_ascii=False)}\n")


def _bare(model: Path, file: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.ours.batch_prediction", _BARE, str(model), str(file), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    speed = {
        f"rows_per_{name}second": round(result["rows"] / result[key]) for name, key in (("", "wall"), ("cpu_", "cpu"))
    }
    return {**result, **speed}


def _batch(model: Path, file: Path, output: Path, workers: str) -> dict[str, float]:
    command = ["predict", "--input", str(file), "--output", str(output), "--text", "text", "--key", "id",
               "--forward", "source", "--model", str(model), "--workers", workers]  # fmt: skip
    before, start = children_seconds(), time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", _NER, *command], stderr=subprocess.DEVNULL)
    peak, main_cpu = [0], [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak, main_cpu))
    watcher.start()
    code = process.wait()
    watcher.join()
    wall, cpu = time.monotonic() - start, children_seconds() - before
    if code:
        raise SystemExit(f"ner predict ended with {code}")
    times = {"wall": round(wall, 1), "cpu": round(cpu, 1), "main_cpu": round(main_cpu[0], 1)}
    return {**times, "peak_mb_all_processes": peak[0] // 2**20}


def _watch(process: subprocess.Popen[bytes], peak: list[int], main_cpu: list[float]) -> None:
    """Keeps the largest memory of a process and its descendants, without counting shared pages twice, and its CPU."""
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            main_cpu[0] = process_seconds(process.pid)
        total = 0
        for pid in _descendants(process.pid):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        peak[0] = max(peak[0], total)
        time.sleep(0.25)


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in file.read_text().split():
                yield from _descendants(int(child))


def _measure_bare(model: str, file: str, rows: str) -> None:
    """Prints the seconds of the bare loader for the first rows."""
    loader = BareModel(Path(model), ("tags", "starts", "ends", "scores"), threads=1)
    with open(file, "rb") as lines:
        texts = [json.loads(line)["text"].encode() for line in itertools.islice(lines, int(rows))]
    loader.run(texts[:32])
    start, wall = time.process_time(), time.monotonic()
    for batch in batched(texts, 32):
        loader.run(batch)
    print(json.dumps({"cpu": time.process_time() - start, "wall": time.monotonic() - wall, "rows": len(texts)}))


if __name__ == "__main__":
    if sys.argv[1] == _BARE:
        _measure_bare(*sys.argv[2:])
    else:
        main(sys.argv[1:])
