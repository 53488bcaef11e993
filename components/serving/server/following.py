"""The versions to serve: those of models.config, or one folder; and changes while the server runs."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from components.common.errors import NerError
from components.common.faults import explained
from components.keys import SAVED_MODEL_FILE
from components.registry.names import CHAMPION
from components.registry.serving_directory.serving_directory import (
    MODELS_CONFIG,
    configured_models,
    version_of_folder,
)
from components.serving.server.access_log import write_access_log
from components.serving.server.engine import Engine

_REGISTRY_SECONDS = 5.0  # between two looks at a registry, which costs more than reading a file
_RETRY_SECONDS = 30.0  # until a version that could not be served is tried again


@dataclasses.dataclass(frozen=True)
class ServedModels:
    """Versions of a model that shall be served.

    Attributes:
        folders: version -> SavedModel.
        labels: label -> version.
    """

    folders: Mapping[int, Path]
    labels: Mapping[str, int]


Source = Callable[[], dict[str, ServedModels]]
"""Returns the models that shall be served now."""


def single_folder(name: str, folder: Path) -> Source:
    """Serves one SavedModel; its version is the name of the folder if that is a number, else 1.

    Raises:
        NerError: the folder is not a SavedModel.
    """
    if not (folder / SAVED_MODEL_FILE).is_file():
        raise NerError(f"{folder}: no {SAVED_MODEL_FILE}. Give the folder of a SavedModel.")
    models = {name: ServedModels({version_of_folder(folder): folder.resolve()}, {})}
    return lambda: models


def serving_folder(base_dir: Path, name: str | None = None) -> Source:
    """Serves what models.config in a serving directory says.

    Args:
        base_dir: the serving directory.
        name: of the only model to serve; None: all.
    """

    def read() -> dict[str, ServedModels]:
        with explained():
            models = configured_models(base_dir)
        if name is not None:
            models = {name: models[name]} if name in models else {}
        if not models:
            subject = f"the model {name!r}" if name else "a model"
            raise NerError(f"{base_dir / MODELS_CONFIG}: lacks {subject}. `ner registry sync` writes it.")
        return {each: ServedModels(*versions) for each, versions in models.items()}

    return read


def follow_registry(uri: str, name: str, base_dir: Path, keep: int) -> Source:
    """Serves the labelled versions of a registry, which are fetched to a serving directory.

    For a registry of another machine, and for a serving directory that no command has filled yet.

    Args:
        uri: of the registry.
        name: of the model.
        base_dir: the serving directory.
        keep: see `sync`.
    """
    read = serving_folder(base_dir, name)
    looked = [0.0]

    def read_registry() -> dict[str, ServedModels]:
        if time.monotonic() - looked[0] >= _REGISTRY_SECONDS or not looked[0]:
            from components.registry.model_registry import ModelRegistry
            from components.registry.serving_directory.serving_sync import sync

            with explained():
                sync(ModelRegistry(uri), name, base_dir, keep=keep)
            looked[0] = time.monotonic()
        return read()

    return read_registry


class Follower:
    """Keeps an engine at the state of a source.

    tests/components/serving/server/test_following.py shows it at work.
    """

    def __init__(self, engine: Engine, source: Source, poll: float) -> None:
        """Prepares; `start` loads the first versions.

        Args:
            engine: loads and unloads.
            source: the versions to serve.
            poll: seconds between two looks at it.
        """
        self._engine = engine
        self._source = source
        self._poll = poll
        self._state: object = None  # of the last update that left nothing to do
        self._retry = 0.0
        self._problem = ""

    async def start(self) -> None:
        """Loads the first versions.

        Raises:
            NerError: a champion, or every version of a model, cannot be served.
        """
        models = await asyncio.to_thread(self._source)
        failures = await self._apply(models)
        for name, model in models.items():
            needed = {model.labels[CHAMPION]} if CHAMPION in model.labels else {*model.folders}
            errors = [failures[name][number] for number in needed if number in failures[name]]
            if not model.folders:
                raise NerError(f"{name}: no version to serve. `ner run` or `ner registry sync` lays one out.")
            if len(errors) == len(needed):
                raise errors[0]
        _report(failures)

    async def follow(self) -> None:
        """Looks at the source without end; a problem is logged and leaves everything as it is."""
        while True:
            await asyncio.sleep(self._poll)
            try:
                models = await asyncio.to_thread(self._source)
                state = await asyncio.to_thread(_state, models)
                if state != self._state or (self._retry and time.monotonic() > self._retry):
                    _report(await self._apply(models))
                self._problem = ""
            except Exception as error:  # the server keeps the versions that it has
                if str(error) != self._problem:
                    self._problem = str(error)
                    write_access_log(event="source_unreadable", error=self._problem)

    async def _apply(self, models: Mapping[str, ServedModels]) -> dict[str, dict[int, NerError]]:
        state = await asyncio.to_thread(_state, models)
        failures: dict[str, dict[int, NerError]] = {}
        for name in sorted({*models, *self._engine.models()}):
            model = models.get(name, ServedModels({}, {}))
            before = self._labels(name)
            failures[name] = await self._engine.update(name, model.folders, model.labels)
            if (labels := self._labels(name)) != before:
                write_access_log(event="labels", model=name, labels=labels)
        self._state = state
        self._retry = time.monotonic() + _RETRY_SECONDS if any(failures.values()) else 0.0
        return failures

    def _labels(self, name: str) -> dict[str, int]:
        return self._engine.labels(name) if name in self._engine.models() else {}


def _report(failures: Mapping[str, Mapping[int, NerError]]) -> None:
    for name, errors in failures.items():
        for number, error in errors.items():
            write_access_log(event="version_refused", model=name, version=number, error=str(error))


def _state(models: Mapping[str, ServedModels]) -> object:
    """Returns a value that changes with the versions to serve, and with a folder that is replaced (`sync --repair`)."""
    return {
        name: (dict(model.labels), {number: _identity(folder) for number, folder in model.folders.items()})
        for name, model in models.items()
    }


def _identity(folder: Path) -> tuple[str, int, int]:
    try:
        status = (folder / SAVED_MODEL_FILE).stat()
    except OSError:
        return str(folder), 0, 0
    return str(folder), status.st_ino, status.st_mtime_ns
