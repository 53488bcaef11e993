"""Executor of BatchPredictor: one file of rows in, tagged rows out."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components import keys
from components.artifacts import Artifacts
from components.common.errors import NerError
from components.common.faults import usable_processors
from components.common.files import INCOMING_PREFIX, write_atomically
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, parse_version
from components.registry.store.version import RegisteredVersion
from components.serving.batch_prediction.fields import BRAT, Fields
from components.serving.batch_prediction.job import BatchJob, describe, run_batch

ROWS_KEY, PREDICTIONS_KEY = "rows", "predictions"
REGISTRY_URI_KEY, MODEL_NAME_KEY, VERSION_KEY = "registry_uri", "model_name", "version"

PARAMETERS = {
    VERSION_KEY: CHAMPION,
    "output": "",
    "text": "sentence",
    "key": keys.KEY,
    "forward": "",
    "quoting": "",
    "format": "entities",
    "output_name": "predictions.jsonl",
    "workers": "",
}
"""Parameter of a run -> default; texts, as a schedule sets them."""
_COPIED_BYTES = 8 << 20

ERRORS_FILE, RESULT_FILE = "errors.jsonl", "result.json"


class Executor(base_executor.BaseExecutor):
    """Executor of BatchPredictor."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Tags the rows.

        Args:
            input_dict: `rows`: a file, or a folder with one.
            output_dict: `predictions`.
            exec_properties: `registry_uri`, `model_name` and the values of `PARAMETERS`.

        Raises:
            NerError: there is no such version, the input is not one file, or the job cannot run.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        values = PARAMETERS | {name: value for name, value in exec_properties.items() if name in PARAMETERS}
        rows = artifact_utils.get_single_instance(input_dict[ROWS_KEY])
        predictions = artifact_utils.get_single_instance(output_dict[PREDICTIONS_KEY])
        folder = Path(predictions.uri)
        folder.mkdir(parents=True, exist_ok=True)
        registry = ModelRegistry(exec_properties[REGISTRY_URI_KEY])
        version = _version(registry, exec_properties[MODEL_NAME_KEY], values[VERSION_KEY])
        output = folder / Path(values["output_name"]).name
        copies = _copies(output, values)
        for address in copies.values():
            _make_folder(address)
        with tempfile.TemporaryDirectory(prefix="model-") as scratch:
            job = BatchJob(
                str(_file(Path(rows.uri))),
                str(output),
                registry.fetch(version, Path(scratch, "model")),
                Fields(values["text"], values["key"] or None, tuple(filter(None, values["forward"].split(",")))),
                format=values["format"],
                workers=_workers(values["workers"]),
                errors=folder / ERRORS_FILE,
                quoting=values["quoting"] or None,
            )
            result = run_batch(job, show_progress=False)
        logging.info("%s", describe(result, job))
        facts: dict[str, Any] = {
            "rows": result.rows,
            "bad_rows": result.bad,
            "version": version.version,
            "tree_hash": version.tree_hash,
        }
        write_atomically(folder / RESULT_FILE, json.dumps({**facts, **dataclasses.asdict(result)}, indent=1))
        for name in ("rows", "bad_rows", "version"):
            predictions.set_int_custom_property(name, facts[name])
        predictions.set_string_custom_property(keys.TREE_HASH, version.tree_hash)
        for source, address in copies.items():
            _copy(source, address)


def _version(registry: ModelRegistry, name: str, version: str) -> RegisteredVersion:
    if version != CHAMPION:
        number = parse_version(version)
        if number is None:
            raise NerError(f"version: {version!r} is not a version. Give {CHAMPION} or a number.")
        return registry.require(name, number)
    champion = registry.get(name, CHAMPION)
    if champion is None:
        raise NerError(f"registry: no champion of the model {name!r}. Train one with the pipeline first.")
    return champion


def _file(path: Path) -> Path:
    """Returns the input itself, or the only file of a folder."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    if len(files) != 1:
        raise NerError(f"{path}: holds {len(files)} files. Set the parameter `input` to the address of one file.")
    return files[0]


def _workers(text: str) -> int:
    if text:
        if not text.isdigit() or not int(text):
            raise NerError(f"workers: {text!r} is not a number of processes. Give 1 or more.")
        return int(text)
    return usable_processors()


def _copies(output: Path, values: Mapping[str, str]) -> dict[Path, str]:
    """Returns file of the artifact -> address of its copy."""
    address = values["output"]
    if not address:
        return {}
    if "://" not in address and not address.startswith("/"):
        raise NerError(
            f"output: {address}: is lost with the pod. Give a path on a volume, or an address such as gs://…."
        )
    if values["format"] != BRAT:
        return {output: address}
    text = output.with_suffix(".txt")
    return {output: address, text: f"{os.path.splitext(address)[0]}{text.suffix}"}


def _make_folder(address: str) -> None:
    """Creates the folder of a copy, so that a wrong address is an error before anything is tagged."""
    with _writing(address):
        fileio.makedirs(os.path.dirname(address))


def _copy(source: Path, address: str) -> None:
    """Copies a file to a volume or an object store, complete or not at all."""
    folder, name = os.path.split(address)
    incoming = f"{folder}/{INCOMING_PREFIX}{name}"
    with _writing(address), source.open("rb") as content:
        with fileio.open(incoming, "wb") as file:
            shutil.copyfileobj(content, file, _COPIED_BYTES)
        fileio.rename(incoming, address, overwrite=True)


@contextlib.contextmanager
def _writing(address: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # file systems have errors of many types
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NerError(
            f"output: {address}: cannot be written ({reason}). Give a path on a volume of the node, or an address with "
            "rights whose file system TensorFlow has in the image (gs://); the rows are in the artifact `predictions`."
        ) from error
