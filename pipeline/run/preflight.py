"""Checks of the machine before a run: writable folders, disk space, a sound metadata store.

A run trains for minutes to days; each of these faults would end it at its last node.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from absl import logging

from components.common.beam_arguments import make_pipeline
from components.common.faults import MachineError, explain, free_space, megabytes
from components.common.files import INCOMING_PREFIX, named_in_errors
from components.registry.model_registry import ModelRegistry
from configs.spec import PipelineConfig
from pipeline.run.relocation import metadata_file
from pipeline.run.sound_metadata import require_sound_metadata

_FIXED = 150_000_000
"""Measured: bytes of a run with a small corpus and the default tagger, with its temporary copies of the model."""

_PER_CORPUS_BYTE = 5
"""Measured: examples, statistics, transformed examples and temporary files."""

_PER_MODEL_BYTE = 8
"""Weights of a pretrained encoder: state of the optimizer, average, checkpoint, three exported copies."""

_CONNECT_SECONDS = 5.0
_UNPACKED = 5  # bytes of text in one byte of a .gz file


def require_machine(config: PipelineConfig) -> None:
    """Checks that the folders of a run can be written, its metadata read, and Beam run with its arguments.

    It creates nothing.

    Raises:
        NerError: the text names the setting, the folder and the cure.
    """
    for setting, folder in _folders(config).items():
        try:
            _probe(folder)
        except OSError as error:
            raise MachineError(f"{setting}: {explain(error) or error}") from error
    require_sound_metadata(metadata_file(config), config.root / "artifacts")
    _require_job_server(config.beam.value("--job_endpoint"))
    if config.beam.value("--runner"):
        make_pipeline(config.beam.args, "beam.args")


def _require_job_server(endpoint: str) -> None:
    if not endpoint or endpoint == "embed":
        return
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise MachineError(
            f"beam.args: --job_endpoint={endpoint}: no job server responds ({error}). Start it, or correct the address."
        ) from error


def require_space(config: PipelineConfig, corpus: Iterable[Path]) -> None:
    """Compares the free disk space with an estimate: an error below it, a warning below twice as much.

    Args:
        config: the whole configuration.
        corpus: files of the corpus.

    Raises:
        NerError: a file system has too little space for the run.
    """
    preset = config.trainer.pretrained.get("encoder", {}).get("preset")
    model = _size(Path(preset)) if preset else 0
    needs = {
        ("work_dir", config.work_dir.absolute()): _FIXED
        + _PER_CORPUS_BYTE * sum(map(_bytes, corpus))
        + _PER_MODEL_BYTE * model,
        ("registry.serving_dir", config.serving_dir): _FIXED // 5 + model,
        ("TMPDIR", Path(tempfile.gettempdir())): _FIXED // 5 + model,
    }
    for (setting, folder), need in needs.items():
        free = free_space(folder)
        if free is None:
            continue
        text = f"{setting}: {folder} has {megabytes(free)} free, and the run needs about {megabytes(need)}"
        if free < need:
            raise MachineError(
                f"{text}. Free space (`ner clean` removes old runs and versions), or give another folder."
            )
        if free < 2 * need:
            logging.warning("%s. Later runs will not fit.", text)


def _folders(config: PipelineConfig) -> dict[str, Path]:
    work = config.work_dir.absolute()  # as the user wrote it, for the messages
    folders = {"work_dir": work, "registry.serving_dir": config.serving_dir}
    # Parts of work_dir may be mounts or belong to another user.
    folders |= {f"work_dir ({name})": work / name for name in ("artifacts", "metadata", "logs", "reports")}
    if config.checkpoint_dir and "://" not in config.checkpoint_dir:
        folders["trainer.checkpoint_dir"] = Path(config.checkpoint_dir)
    if database := ModelRegistry(config.registry_uri).database:
        folders["registry.uri"] = database.parent
    return folders


def _probe(folder: Path) -> None:
    """Writes a small file to a folder, or to its nearest existing parent, and removes it.

    A permission bit proves nothing: root ignores it, a read-only mount and a full disk do not show in it.
    """
    existing = next(path for path in (folder, *folder.parents) if _exists(path))
    probe = existing / f"{INCOMING_PREFIX}{uuid.uuid4().hex}"
    try:
        with named_in_errors(probe):
            file = probe.open("xb")
        with file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename, error.filename2 = str(folder), None
        raise
    finally:
        with contextlib.suppress(OSError):  # the error above says more
            probe.unlink()


def _exists(path: Path) -> bool:
    """Returns True also for a path that cannot be examined, so that writing to it shows the error."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _size(folder: Path) -> int:
    return sum(_bytes(file) for file in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _bytes(file: Path) -> int:
    with contextlib.suppress(OSError):  # a broken link; reading the corpus reports it
        return file.stat().st_size * (_UNPACKED if file.suffix == ".gz" else 1)
    return 0
