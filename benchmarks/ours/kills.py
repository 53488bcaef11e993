"""Test of interrupted runs: kills `ner run` with SIGKILL at random moments, and checks that nothing is lost.

    python -m benchmarks.ours.kills --kills 30 --seed 0

A work folder receives several kills, each at a random moment of another node, until a run of it is left alone. After
each kill the registry and the serving directory must be whole. The last run must take every finished node from the
cache and end with the weights and scores of an undisturbed run. Figures: docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

NODES = ("Transform", "Trainer", "Exporter", "Evaluator", "RegistryPusher")
"""Nodes that are killed in turn; every sixth moment belongs to the whole run."""
LEAST = 3
"""Kills that each of them must get."""

_SETTINGS = ("trainer.epochs=4", "trainer.checkpoint_steps=5", "evaluator.min_f1=0")
_NODE = re.compile(r"\[\d+/\d+\] (\w+)")


def main() -> None:
    """Parses the arguments and measures; prints a line for each kill, then the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=30, help="number of kills")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument("--work", type=Path, help="folder to work in; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as temporary:
        measure(arguments.work or Path(temporary), arguments.kills, arguments.seed)


def measure(folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kills runs until there are enough kills, and each node has had its least number.

    Args:
        folder: folder to work in.
        kills: least number of kills.
        seed: seed of the moments.

    Returns:
        Node -> number of kills.

    Raises:
        AssertionError: something was lost; the text says after which kill.
    """
    from pipeline.samples import write_sample

    chance, hits = random.Random(seed), Counter[str]()
    corpus = folder / "corpus"
    write_sample(corpus, kind="articles", seed=0)
    begin = time.monotonic()
    seconds = _whole_run(folder / "undisturbed", corpus)
    expected = _result(folder / "undisturbed")
    print(f"seed {seed}; an undisturbed run takes {time.monotonic() - begin:.0f} s", flush=True)
    chain = 0
    while sum(hits.values()) < kills or any(hits[node] < LEAST for node in NODES):
        chain += 1
        work = folder / f"work-{chain}"
        for node in _targets(chance):
            killed = _killed_run(work, corpus, node, chance.uniform(0, seconds.get(node, sum(seconds.values()))))
            if killed:
                hits[killed] += 1
                print(f"kill {sum(hits.values())}: {killed} (work folder {chain})", flush=True)
                _check_stores(work)
        finished = _finished_nodes(work)
        _whole_run(work, corpus)
        again = [name for name, state in _states(work).items() if name in finished and state != "cached"]
        assert not again, f"work folder {chain}: finished nodes ran again: {again}"
        assert _result(work) == expected, f"work folder {chain}: another result than that of the undisturbed run"
        _check_stores(work)
        _check_history(work)
        _whole_run(work, corpus)
        assert set(_states(work).values()) == {"cached"}, f"work folder {chain}: a run without a change ran a node"
        print(f"work folder {chain}: whole, and equal to the undisturbed run", flush=True)
    print(json.dumps({"seed": seed, "kills": sum(hits.values()), "by_node": hits, "lost": 0}))
    return hits


def _targets(chance: random.Random) -> Iterator[str]:
    """Yields the nodes in the order of the run, so that each kill hits a node that is not in the cache yet."""
    if chance.random() < 0.8:
        yield ""  # the whole run
    yield from NODES


def _command(work: Path, corpus: Path) -> list[str]:
    settings = [part for value in (*_SETTINGS, f"work_dir={work}") for part in ("--set", value)]
    start = [sys.executable, "-P", "-c", "from pipeline.cli.main import main; main()"]
    return [*start, "run", "--data", str(corpus), *settings]


def _whole_run(work: Path, corpus: Path) -> dict[str, float]:
    """Runs to the end; returns node -> seconds."""
    done = subprocess.run(_command(work, corpus), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{work}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return {node.name: node.seconds for node in _record(work).nodes}


def _killed_run(work: Path, corpus: Path, node: str, delay: float) -> str:
    """Kills a run some seconds after a node began ("": after the first one); returns the node that was running."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(_command(work, corpus), stdout=subprocess.DEVNULL, stderr=said)
        begun = 0.0
        while process.poll() is None:
            names = _nodes_in(said)
            if not begun and (node in names if node else names):
                begun = time.monotonic()
            if begun and time.monotonic() - begun >= delay:
                process.kill()
                process.wait()
                break
            time.sleep(0.01)
        assert process.returncode <= 0, f"{work}: exit code {process.returncode}\n{_text(said)}"
        return _nodes_in(said)[-1] if process.returncode else ""


def _nodes_in(said: IO[bytes]) -> list[str]:
    return _NODE.findall(_text(said))


def _text(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), 1 << 20, 0).decode(errors="replace")


def _config(work: Path) -> Any:
    from configs.loading import load_config

    return load_config(None, [f"work_dir={work}", *_SETTINGS])


def _record(work: Path, run: str | None = None) -> Any:
    from pipeline.run.run_record import read_run, run_ids

    config = _config(work)
    return read_run(config, run or run_ids(config)[0])


def _states(work: Path) -> dict[str, str]:
    return {node.name: node.state for node in _record(work).nodes}


def _finished_nodes(work: Path) -> set[str]:
    """Returns the nodes that finished in any run so far."""
    from pipeline.run.run_record import run_ids

    runs = [_record(work, run) for run in run_ids(_config(work))]
    return {node.name for run in runs for node in run.nodes if node.state in ("run", "cached")}


def _result(work: Path) -> tuple[dict[str, bytes], Any]:
    """Returns the weights of the trained model, and the scores of its entities.

    The calibration differs in the ninth digit: Beam sizes batches by time, and rounding depends on their padding.
    """
    from components.evaluator.results.scores_file import read_evaluation

    outputs = _record(work).outputs
    evaluation = read_evaluation(outputs["Evaluator", "evaluation"][0])
    return _weights(Path(outputs["Trainer", "trained_model"][0], "model.keras")), [
        comparison.candidate.entities for comparison in (evaluation.overall, *evaluation.slices)
    ]


def _weights(file: Path) -> dict[str, bytes]:
    import h5py

    weights: dict[str, bytes] = {}
    with zipfile.ZipFile(file) as archive, archive.open("model.weights.h5") as stored, h5py.File(stored) as tree:
        tree.visititems(
            lambda name, item: weights.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None
        )
    return weights


def _check_stores(work: Path) -> None:
    """Checks that every version in registry and serving directory is whole."""
    from components.common.hashing import tree_hash
    from components.registry.serving_directory.serving_directory import models_config, published_versions

    config, registry = _config(work), _registry(work)
    versions = {version.version: version for version in registry.versions("ner")}
    for version in versions.values():
        registry.verify(version)
    served = published_versions(config.serving_dir, "ner")
    for number in served:
        folder = config.serving_dir / "ner" / str(number)
        assert tree_hash(folder) == versions[number].tree_hash, f"{folder}: half a version"
    offered = models_config(config.serving_dir, "ner")[0]
    assert {*offered} <= {*served}, f"{config.serving_dir}: offers a version that is not there"


def _check_history(work: Path) -> None:
    """Checks that the kills left one version, promoted once, and served."""
    registry, config = _registry(work), _config(work)
    entries = [(entry.action, entry.version) for entry in registry.champions("ner").history()]
    assert entries == [("promoted", 1)], f"{work}: history {entries}"
    assert [version.version for version in registry.versions("ner")] == [1], f"{work}: more than one version"
    assert (config.serving_dir / "ner" / "1" / "saved_model.pb").is_file(), f"{work}: version 1 is not served"


def _registry(work: Path) -> Any:
    from components.registry.model_registry import ModelRegistry

    return ModelRegistry(_config(work).registry_uri)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
