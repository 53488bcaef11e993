"""Load test of `ner serve`: latency, throughput, bursts, and promotions under load.

    python -m benchmarks.ours.serve_load --work-dir WORK --texts FILE --output benchmarks/results/serve.json

The server, TensorFlow's C API without a server, and `mlflow models serve` answer the same sentences in turns, each on
the first processor with one thread for a request; the client runs on the other processors. Needs `wrk`, two registered
versions in WORK (a copy: the champion changes), and one sentence a line in FILE.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import process_seconds
from benchmarks.ours.taggers import BareModel

_CONNECTIONS = (1, 8, 64, 512)
_START_SECONDS = 180
# Sends the requests of a file, one JSON body a line, and prints a summary as JSON.
_WRK_SCRIPT = """
local bodies, at = {}, 0
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
wrk.method, wrk.headers["Content-Type"] = "POST", "application/json"
request = function() at = at % #bodies + 1; return wrk.format(nil, nil, nil, bodies[at]) end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "failed": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


def main() -> None:
    """Runs all measurements and writes them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work-dir", type=Path, required=True, help="work folder with two registered versions")
    parser.add_argument("--texts", type=Path, required=True, help="one sentence a line")
    parser.add_argument("--output", type=Path, required=True, help="JSON file of the results")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--soak", type=int, default=600, help="seconds of load with promotions")
    parser.add_argument("--promotions", type=int, default=20, help="during the load")
    parser.add_argument("--burst", type=int, default=10_000, help="requests at once")
    parser.add_argument("--mlflow", action="store_true", help="measure `mlflow models serve`, too")
    parser.add_argument("--only", nargs="*", choices=["loader", "rest", "mlflow", "burst", "soak"], help="parts")
    options = parser.parse_args()
    parts = options.only or ["loader", "rest", *(["mlflow"] if options.mlflow else []), "burst", "soak"]
    texts = [line for line in options.texts.read_text(encoding="utf-8").split("\n") if line.strip()]
    results: dict[str, Any] = {"texts": len(texts)}
    work = options.work_dir.absolute()
    if "loader" in parts:
        results["loader"] = _child("loader", str(_champion(work)), str(options.texts), str(options.seconds))
    if "rest" in parts:
        with _ner_serve(work) as server:
            bodies = [json.dumps({"instances": [text]}) for text in texts]
            results["ner serve"] = _wrk(server, "/v1/models/ner:predict", bodies, options.seconds)
            rows = [json.dumps({"instances": texts[at : at + 32]}) for at in range(0, len(texts) - 32, 32)]
            results["ner serve, 32 sentences a request"] = _wrk(
                server, "/v1/models/ner:predict", rows, options.seconds, (1, 8)
            )
    if "mlflow" in parts:
        with _mlflow(work) as server:
            bodies = [json.dumps({"dataframe_records": [{"sentence": text}]}) for text in texts]
            results["mlflow models serve"] = _wrk(server, "/invocations", bodies, options.seconds)
    if "burst" in parts:
        with _ner_serve(work) as server:
            results["burst"] = asyncio.run(_burst(server, texts, options.burst))
    if "soak" in parts:
        with _ner_serve(work) as server:
            results["soak"] = asyncio.run(_soak(server, work, texts, options.soak, options.promotions))
    options.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


class _Server:
    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url, self.process = url, process

    def memory(self) -> float:
        """Returns the resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextlib.contextmanager
def _ner_serve(work: Path) -> Iterator[_Server]:
    port, grpc_port = _free_port(), _free_port()
    command = ["-m", "benchmarks.ours.serve_load", "ner", "serve", "--set", f"work_dir={work}"]
    command += ["--port", str(port), "--grpc-port", str(grpc_port)]
    with _running([sys.executable, *command], port, "/v1/models/ner") as server:
        yield server


@contextlib.contextmanager
def _mlflow(work: Path) -> Iterator[_Server]:
    port = _free_port()
    command = ["mlflow", "models", "serve", "-m", "models:/ner@champion", "--env-manager", "local", "-p", str(port)]
    variables = {"MLFLOW_TRACKING_URI": f"sqlite:///{work}/registry/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"}
    # MLflow starts uvicorn by its name.
    os.environ.update(variables, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    with _running([sys.executable, "-m", *command], port, "/ping") as server:
        yield server


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, health: str) -> Iterator[_Server]:
    """Runs a server on the first processor, from its first answer to the end of the block."""
    import urllib.request

    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["taskset", "-c", "0", *command], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        url = f"http://127.0.0.1:{port}"
        try:
            end = time.monotonic() + _START_SECONDS
            while True:
                try:
                    urllib.request.urlopen(url + health, timeout=5).read()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > end:
                        log.seek(0)
                        raise SystemExit(f"{' '.join(command)}: does not answer.\n{log.read().decode()}") from None
                    time.sleep(0.5)
            yield _Server(url, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wrk(
    server: _Server, path: str, bodies: Sequence[str], seconds: int, connections: Sequence[int] = _CONNECTIONS
) -> dict[str, dict[str, float]]:
    """Returns the summaries of wrk by number of connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk: not found. Install it (Debian: apt-get install wrk).")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        script, file = Path(folder, "post.lua"), Path(folder, "bodies")
        script.write_text(_WRK_SCRIPT, encoding="utf-8")
        file.write_text("\n".join(bodies), encoding="utf-8")
        for count in connections:
            options = ["-t", "1", "-c", str(count), "-d", f"{seconds}s", "--timeout", "30s", "--latency"]
            begin = process_seconds(server.process.pid)
            process = subprocess.run(
                [*_client_processors(), wrk, *options, "-s", str(script), server.url + path],
                env={**os.environ, "BODIES": str(file)},
                capture_output=True,
                text=True,
                check=True,
            )
            summary = json.loads(process.stdout.split("\nRESULT ")[1].splitlines()[0])
            summary["requests_per_second"] = summary["requests"] / summary["seconds"]
            if spent := process_seconds(server.process.pid) - begin:  # 0 if a child of the process answers (MLflow)
                summary["requests_per_cpu_second"] = summary["requests"] / spent
            results[str(count)] = summary
    return results


async def _burst(server: _Server, texts: Sequence[str], count: int) -> dict[str, Any]:
    """Sends all requests at once, each over its own connection; counts the answers by status."""
    import aiohttp

    idle = server.memory()
    answers: Counter[str] = Counter()
    retry_after = 0

    async def send(session: aiohttp.ClientSession, text: str) -> None:
        nonlocal retry_after
        try:
            async with session.post(f"{server.url}/v1/models/ner:predict", json={"instances": [text]}) as response:
                answer = await response.json()
                whole = "predictions" in answer if response.status == 200 else "error" in answer
                answers[str(response.status) if whole else f"{response.status}, not whole"] += 1
                retry_after += "Retry-After" in response.headers
        except (TimeoutError, aiohttp.ClientError) as error:
            answers[type(error).__name__] += 1

    begin = time.monotonic()
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        await asyncio.gather(*(send(session, text) for text in itertools.islice(itertools.cycle(texts), count)))
    return {
        "requests": count,
        "seconds": time.monotonic() - begin,
        "answers": dict(answers),
        "retry_after": retry_after,
        "idle_megabytes": idle,
        "megabytes": server.memory(),
    }


async def _soak(server: _Server, work: Path, texts: Sequence[str], seconds: int, promotions: int) -> dict[str, Any]:
    """Sends requests over eight connections while the champion changes back and forth."""
    import aiohttp

    failed: Counter[str] = Counter()
    answered, memory, latencies = 0, [], []
    end = time.monotonic() + seconds

    async def caller(session: aiohttp.ClientSession, seed: int) -> None:
        nonlocal answered
        chosen = random.Random(seed)
        while time.monotonic() < end:
            begin = time.monotonic()
            text = chosen.choice(texts)
            try:
                async with session.post(f"{server.url}/v1/models/ner:predict", json={"instances": [text]}) as response:
                    answer = await response.json()
                    if response.status == 200 and len(answer["predictions"]) == 1:
                        answered += 1
                        latencies.append(time.monotonic() - begin)
                    else:
                        failed[f"{response.status}: {answer.get('error', '')[:100]}"] += 1
            except (TimeoutError, aiohttp.ClientError) as error:
                failed[f"{type(error).__name__}: {error}"] += 1

    async def promoter() -> None:
        for _ in range(promotions):
            await asyncio.sleep(seconds / (promotions + 1))
            command = [sys.executable, "-m", "benchmarks.ours.serve_load", "ner", "registry", "promote", "previous"]
            command += ["--set", f"work_dir={work}", "--why", "load test", "--force-blessing", "--expect", _label(work)]
            process = await asyncio.create_subprocess_exec(*_client_processors(), *command)
            if await process.wait():
                failed["ner registry promote"] += 1
            memory.append(server.memory())

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(promoter(), *(caller(session, seed) for seed in range(8)))
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/v1/models/ner") as response:
        states = Counter(each["state"] for each in (await response.json())["model_version_status"])
    ordered = sorted(latencies)
    return {
        "seconds": seconds,
        "promotions": promotions,
        "answered": answered,
        "failed": dict(failed),
        "p50_ms": 1e3 * statistics.median(ordered),
        "p99_ms": 1e3 * ordered[int(0.99 * len(ordered))],
        "megabytes_after_each_promotion": [round(each) for each in memory],
        "states_at_the_end": dict(states),
    }


def _loader(folder: str, texts: str, seconds: str) -> dict[str, float]:
    """Calls the model through TensorFlow's C API: single sentences, then batches of 32."""
    import numpy as np

    model = BareModel(Path(folder), ("tokens", "tags", "scores", "starts", "ends"), threads=1)
    sentences = [line.encode() for line in Path(texts).read_text(encoding="utf-8").split("\n") if line.strip()]
    results: dict[str, float] = {}
    for size in (1, 32):
        times, rows = [], itertools.cycle(range(0, max(len(sentences) - size, 1), size))
        for at in itertools.islice(rows, 200):
            model.run(sentences[at : at + size])
        end, cpu = time.monotonic() + float(seconds), time.process_time()
        while time.monotonic() < end:
            at = next(rows)
            begin = time.perf_counter()
            model.run(sentences[at : at + size])
            times.append(time.perf_counter() - begin)
        results[f"batch {size} p50_ms"], results[f"batch {size} p99_ms"] = (
            1e3 * float(each) for each in np.percentile(times, [50, 99])
        )
        results[f"batch {size} sentences_per_second"] = size * len(times) / sum(times)
        results[f"batch {size} sentences_per_cpu_second"] = size * len(times) / (time.process_time() - cpu)
    return results


def _child(task: str, *arguments: str) -> dict[str, float]:
    command = ["taskset", "-c", "0", sys.executable, "-m", "benchmarks.ours.serve_load", task, *arguments]
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(process.stdout)
    return result


def _champion(work: Path) -> Path:
    from configs.loading import load_config
    from pipeline.registry_view.model_reference import resolve_model

    return resolve_model(None, load_config(None, (f"work_dir={work}",)))


def _label(work: Path) -> str:
    """Returns the number of the champion."""
    from components.registry.serving_directory.serving_directory import models_config

    return str(models_config(work / "serving", "ner")[1]["champion"])


def _client_processors() -> list[str]:
    others = sorted(os.sched_getaffinity(0) - {0})
    return ["taskset", "-c", ",".join(map(str, others))] if others else []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["loader"]:
        print(json.dumps(_loader(*sys.argv[2:])))
    elif sys.argv[1:2] == ["ner"]:
        from pipeline.cli.main import main as ner

        sys.argv = sys.argv[1:]
        ner()
    else:
        main()
