"""Models and versions that are served, and requests to them."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np

from components.common.errors import NerError, quoted
from components.exporter.contract.contract import Contract
from components.exporter.validator.probe.c_api import TensorFlowError
from components.keys import SERVING_DEFAULT
from components.registry.names import CHAMPION
from components.serving.server.errors import DeadlineExceededError, InvalidArgumentError, NotFoundError
from components.serving.server.loaded_version import LoadedVersion, ServedSignature
from components.serving.server.settings import ServerSettings

State = Literal["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]


@dataclasses.dataclass(frozen=True)
class PredictRequest:
    """One request.

    Attributes:
        model: its name.
        version: its number; None: by label.
        label: of the version; None: the champion, or without one the highest number.
        signature: its name; empty: `serving_default`.
        inputs: by name; strings are arrays of dtype object with `bytes`.
        outputs: names of the outputs to return; empty: all.
        timeout: seconds that the caller waits.
    """

    model: str
    version: int | None
    label: str | None
    signature: str
    inputs: Mapping[str, np.ndarray]
    outputs: tuple[str, ...] = ()
    timeout: float | None = None


@dataclasses.dataclass(frozen=True)
class PredictAnswer:
    """The answer to a request.

    Attributes:
        version: that answered.
        signature: that was run.
        outputs: by name; strings are arrays of dtype object with `bytes`.
    """

    version: int
    signature: str
    outputs: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class ServedVersion:
    """Description of a version.

    Attributes:
        model: its name.
        number: of the version.
        labels: that name it.
        signatures: by name.
        contract: the embedded one; None if the model has none.
        definitions: `SignatureDef` of every signature by name, also of those that are not served.
    """

    model: str
    number: int
    labels: tuple[str, ...]
    signatures: Mapping[str, ServedSignature]
    contract: Contract | None
    definitions: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """State of a version, as TensorFlow Serving has it.

    Attributes:
        version: its number.
        state: START, LOADING, AVAILABLE, UNLOADING or END.
        code: `OK`, or name of the status of the error.
        message: of the error.
    """

    version: int
    state: State
    code: str = "OK"
    message: str = ""


class _Model:
    def __init__(self) -> None:
        self.loaded: dict[int, LoadedVersion] = {}
        self.labels: dict[str, int] = {}
        self.statuses: dict[int, VersionStatus] = {}


class Engine:
    """Versions in memory, by model.

    tests/components/serving/server/test_engine.py shows it at work.
    """

    def __init__(self, settings: ServerSettings | None = None) -> None:
        """Starts without a model; `update` loads some."""
        self._settings = settings or ServerSettings()
        self._models: dict[str, _Model] = {}
        self._pool = ThreadPoolExecutor(self._settings.threads, "predict")

    async def update(self, name: str, folders: Mapping[int, Path], labels: Mapping[str, int]) -> None:
        """Loads and unloads versions of a model until these are served.

        Args:
            name: of the model.
            folders: version -> SavedModel.
            labels: label -> version.
        """
        model = self._models.setdefault(name, _Model())
        for number, folder in sorted(folders.items()):
            if number in model.loaded:
                continue
            model.statuses[number] = VersionStatus(number, "LOADING")
            try:
                model.loaded[number] = await asyncio.to_thread(LoadedVersion.load, number, folder)
                model.statuses[number] = VersionStatus(number, "AVAILABLE")
            except (NerError, TensorFlowError) as error:
                model.statuses[number] = VersionStatus(number, "END", "INTERNAL", str(error))
        model.labels = {label: number for label, number in labels.items() if number in model.loaded}

    async def predict(self, request: PredictRequest) -> PredictAnswer:
        """Answers a request.

        Raises:
            ServingError: it gets no answer.
        """
        version = self._version(request.model, request.version, request.label)
        name = request.signature or SERVING_DEFAULT
        signature = version.signatures.get(name)
        if signature is None:
            raise NotFoundError(
                f"{request.model} version {version.number}: no signature {quoted(name)}. "
                f"Use one of {', '.join(version.signatures)}."
            )
        outputs = request.outputs or tuple(signature.outputs)
        if unknown := sorted({*outputs} - {*signature.outputs}):
            raise InvalidArgumentError(
                f"signature {name}: no output {quoted(unknown[0])}. Use some of {', '.join(signature.outputs)}."
            )
        begin, loop = time.monotonic(), asyncio.get_running_loop()
        try:
            run = loop.run_in_executor(self._pool, version.run, name, request.inputs, outputs)
            answer = await asyncio.wait_for(run, request.timeout or self._settings.timeout)
        except TimeoutError as error:
            raise DeadlineExceededError(f"no answer within {time.monotonic() - begin:.3f} s.") from error
        except TensorFlowError as error:
            raise InvalidArgumentError(str(error)) from error
        return PredictAnswer(version.number, name, answer)

    def signatures(self, model: str, version: int | None = None, label: str | None = None) -> ServedVersion:
        """Describes a version.

        Raises:
            NotFoundError: there is none.
        """
        loaded = self._version(model, version, label)
        labels = tuple(sorted(each for each, number in self._models[model].labels.items() if number == loaded.number))
        return ServedVersion(
            model, loaded.number, labels, loaded.signatures, loaded.contract, definitions=loaded.definitions
        )

    def statuses(self, model: str, version: int | None = None, label: str | None = None) -> list[VersionStatus]:
        """Returns the states of a model's versions, or of one.

        Raises:
            NotFoundError: there is none.
        """
        known = self._model(model)
        if label is not None:
            version = self._version(model, version, label).number
        numbers = sorted(known.statuses, reverse=True) if version is None else [version]
        if version is not None and version not in known.statuses:
            raise NotFoundError(f"model {quoted(model)}: no version {version}. {self._offer(model)}")
        return [known.statuses[number] for number in numbers]

    def models(self) -> list[str]:
        """Returns the names of all models."""
        return sorted(self._models)

    def _model(self, name: str) -> _Model:
        if name not in self._models:
            raise NotFoundError(f"no model {quoted(name)}. Served: {', '.join(self.models()) or 'none'}.")
        return self._models[name]

    def _version(self, name: str, version: int | None, label: str | None) -> LoadedVersion:
        model = self._model(name)
        if version is None and label is not None:
            version = model.labels.get(label)
            if version is None:
                raise NotFoundError(f"model {quoted(name)}: no label {quoted(label)}. {self._offer(name)}")
        elif version is None:
            version = model.labels.get(CHAMPION, max(model.loaded, default=None))
        if version is None or version not in model.loaded:
            raise NotFoundError(f"model {quoted(name)}: no version {version} is available. {self._offer(name)}")
        return model.loaded[version]

    def _offer(self, name: str) -> str:
        model = self._models[name]
        labels = "".join(f", {label} ({number})" for label, number in sorted(model.labels.items()))
        return f"Available: {', '.join(map(str, sorted(model.loaded))) or 'none'}{labels}."
