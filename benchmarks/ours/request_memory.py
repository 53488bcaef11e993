"""Memory that single requests to an exported model take, above that of the idle server.

`python -m benchmarks.ours.request_memory SAVED_MODEL` prints a table of unusual texts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MILLION = 1_000_000
REQUESTS: dict[str, list[bytes]] = {
    "short words": [b"ab " * (MILLION // 3)],
    "words of one letter": [b"a " * (MILLION // 2)],
    "a million words of one letter": [b"a " * MILLION],
    "punctuation": [b".,;:" * (MILLION // 4)],
    "one word": [b"a" * MILLION],
    "spaces": [b" " * MILLION],
    "combining marks": ["\u0301".encode() * (MILLION // 2)],
    "invalid UTF-8": [b"\xff" * MILLION],
    "stray continuation bytes": [b"\x80" * MILLION],
    "invalid UTF-8 between words": [b"a\xff " * (MILLION // 3)],
    "noncharacters": ["\uffff".encode() * (MILLION // 3)],
    "noncharacters in words": ["a\uffff ".encode() * (MILLION // 5)],
    "names": [b"Joe Biden " * (MILLION // 10)],
    "NUL": [b"\0" * MILLION],
    "a long text and 31 short ones": [b"Joe Biden visited Paris " * (MILLION // 24), *[b"Paris"] * 31],
    "a long text and 100,000 empty ones": [b"Joe Biden visited Paris " * (MILLION // 48), *[b""] * 100_000],
}
"""Texts of a megabyte, alone or in a batch."""


class Cost(NamedTuple):
    """The cost of a request.

    Attributes:
        megabytes: peak of the process's memory above that before the request; None if the process was killed.
        seconds: until the answer.
        error: TensorFlow's message if the model refuses the request.
    """

    megabytes: float | None
    seconds: float
    error: str


def request_cost(model: Path, sentences: Sequence[bytes]) -> Cost:
    """Sends one request to a model in a child process that has answered a short one.

    Args:
        model: an exported tagger.
        sentences: one request for the signature `serving_default`, which takes `sentence` only.
    """
    with tempfile.TemporaryDirectory(prefix="request-") as folder:
        request = Path(folder, "request.json")
        texts = [sentence.hex() for sentence in sentences]
        request.write_text(json.dumps({"model": str(model), "texts": texts}))
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.ours.request_memory", "--child", str(request)],
            capture_output=True,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    if process.returncode:
        return Cost(None, 0.0, process.stderr[-500:].strip() or f"exit status {process.returncode}")
    return Cost(**json.loads(process.stdout))


def _child(file: str) -> None:
    import time

    import numpy as np

    from components.exporter.validator.probe import served_model
    from components.exporter.validator.probe.c_api import TensorFlowError
    from components.exporter.validator.probe.saved_graph import SavedGraph
    from components.keys import SERVING_DEFAULT

    request = json.loads(Path(file).read_text(encoding="utf-8"))
    graph = SavedGraph(Path(request["model"]))
    name = graph.inputs(SERVING_DEFAULT)["sentence"].tensor
    outputs = [info.tensor for info in graph.outputs(SERVING_DEFAULT).values()]
    model = served_model.ServedModel(request["model"])
    served_model.to_array = lambda tensor: None  # type: ignore[assignment]  # copies of the client, not of the server
    texts = np.array([bytes.fromhex(text) for text in request["texts"]], dtype=object)
    for _ in range(3):
        model.run({name: np.array([b"Joe Biden visited Paris"] * 32, dtype=object)}, outputs)
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before, start, error = _status("VmRSS"), time.perf_counter(), ""
    try:
        model.run({name: texts}, outputs)
    except TensorFlowError as refusal:
        error = str(refusal)
    seconds = time.perf_counter() - start
    print(json.dumps({"megabytes": round(_status("VmHWM") - before, 1), "seconds": round(seconds, 2), "error": error}))


def _status(name: str) -> float:
    """Returns a size of this process in MB."""
    match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None, f"/proc/self/status has no {name}"
    return int(match[1]) / 1024


def main(model: str, *names: str) -> None:
    """Prints the costs of `REQUESTS`."""
    print(f"{'request':36} {'MB':>8} {'s':>7}")
    for name in names or REQUESTS:
        cost = request_cost(Path(model), REQUESTS[name])
        size = "killed" if cost.megabytes is None else f"{cost.megabytes:.0f}"
        print(f"{name:36} {size:>8} {cost.seconds:7.2f}  {cost.error[:150]}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        _child(sys.argv[2])
    else:
        main(*sys.argv[1:])
