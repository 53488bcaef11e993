"""Plans the accuracy table: which runs it needs, and which of them have a result already."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy_task import AccuracyTask, make_task
from benchmarks.corpus import corpus_folders, load_corpus
from benchmarks.jobs import Job
from benchmarks.result_store import ResultStore
from benchmarks.systems import System, find_system
from components.common.errors import NerError

_TAGS_ONLY = "benchmarks.ours.tags_only_tagger:TagsOnlyTagger"


@dataclasses.dataclass(frozen=True)
class AccuracyPlan:
    """What is to be measured.

    Attributes:
        data: corpus folders, or folders of them.
        systems: what to train.
        seeds: of systems that know seeds; the others are run once.
        models: folder that models are written below.
    """

    data: tuple[Path, ...]
    systems: tuple[System, ...]
    seeds: tuple[int, ...]
    models: Path

    def tasks(self) -> list[AccuracyTask]:
        """Lists all runs, system by system.

        Raises:
            NerError: a corpus cannot be read.
        """
        corpora = [(folder, load_corpus(folder)) for folder in corpus_folders(self.data)]
        return [
            make_task(system, corpus, folder, seed, self.models)
            for system in self.systems
            for folder, corpus in corpora
            for seed in (self.seeds if system.seeded else (0,))
        ]


def open_jobs(tasks: Sequence[AccuracyTask], store: ResultStore, results: Path, peers_python: Path) -> list[Job]:
    """Returns the processes for those tasks that have no result of the same settings, code and data.

    Args:
        tasks: all runs.
        store: of the results that are there.
        results: its folder.
        peers_python: interpreter of the peers' environment.

    Raises:
        NerError: a peer is to be run and its environment is not there.
    """
    missing = [task for task in tasks if store.get(task.name, task.fingerprint) is None]
    return _jobs(missing, results, peers_python)


def missing_models(tasks: Sequence[AccuracyTask], results: Path, peers_python: Path) -> list[Job]:
    """Returns the processes for those tasks whose model is not in the work folder, whether or not there is a result.

    Args:
        tasks: all runs.
        results: folder that their results go to.
        peers_python: interpreter of the peers' environment.

    Raises:
        NerError: a peer is to be run and its environment is not there.
    """
    return _jobs([task for task in tasks if not task.model_folder.is_dir()], results, peers_python)


def served(tasks: Sequence[AccuracyTask], peers_python: Path) -> dict[str, tuple[str, str, Path]]:
    """Returns how the models of tasks are served: name -> (interpreter, `module:Class` to load with, folder).

    Ours is there twice: asked for tags alone, and, as `<name>_all`, for tokens, scores and offsets, too.

    Args:
        tasks: of one corpus.
        peers_python: interpreter of the peers' environment.
    """
    found = {}
    for task in tasks:
        system = find_system(task.system)
        if system.is_peer:
            found[task.system] = (str(peers_python), system.target, task.model_folder)
            continue
        found[task.system] = (sys.executable, _TAGS_ONLY, task.model_folder)
        found[f"{task.system}_all"] = (sys.executable, system.target, task.model_folder)
    return found


def _jobs(tasks: Sequence[AccuracyTask], results: Path, peers_python: Path) -> list[Job]:
    if any(find_system(task.system).is_peer for task in tasks) and not peers_python.exists():
        raise NerError(f"{peers_python}: is missing; `make bench-setup` installs what the peers need")
    return [Job(task.name, _command(task, results, peers_python)) for task in tasks]


def _command(task: AccuracyTask, results: Path, peers_python: Path) -> list[str]:
    python = str(peers_python) if find_system(task.system).is_peer else sys.executable
    return [python, "-m", "benchmarks.accuracy_run", task.to_json(), str(results.resolve())]
