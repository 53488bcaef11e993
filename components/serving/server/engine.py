"""Models and versions that are served, and requests to them."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from components.common.errors import NerError, quoted
from components.common.faults import explain
from components.exporter.contract.contract import Contract
from components.exporter.validator.probe.c_api import TensorFlowError
from components.keys import SERVING_DEFAULT
from components.registry.names import CHAMPION
from components.serving.server.access_log import write_access_log
from components.serving.server.batching import RequestQueue, Scheduler
from components.serving.server.errors import InvalidArgumentError, NotFoundError, UnavailableError
from components.serving.server.joining import Joining, check_inputs
from components.serving.server.loaded_version import LoadedVersion, ServedSignature, VersionError
from components.serving.server.predict_call import PredictAnswer, PredictRequest
from components.serving.server.request_log import RequestLog
from components.serving.server.settings import ServerSettings

_REMEMBERED = 20  # versions that ended, in the status
__all__ = ["Engine", "PredictAnswer", "PredictRequest", "ServedVersion", "VersionStatus"]

State = Literal["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]


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


class _Serving:
    """A loaded version with its queues."""

    def __init__(self, version: LoadedVersion, scheduler: Scheduler) -> None:
        self.version = version
        self.joinings = {
            name: Joining.of(name, signature.inputs, signature.outputs, version.contract)
            for name, signature in version.signatures.items()
        }
        self.queues = {
            name: RequestQueue(functools.partial(version.run, name), joining, scheduler)
            for name, joining in self.joinings.items()
        }

    async def close(self) -> None:
        """Waits for the accepted requests and frees the memory."""
        for queue in self.queues.values():
            await queue.drained()
            queue.remove()
        await asyncio.to_thread(self.version.close)


class _Model:
    def __init__(self) -> None:
        self.loaded: dict[int, _Serving] = {}
        self.labels: dict[str, int] = {}
        self.statuses: dict[int, VersionStatus] = {}
        self.described: dict[int, ServedVersion] = {}  # those that a client requested since the last change
        self.updating = asyncio.Lock()


class Engine:
    """Versions in memory, by model. All methods belong to one event loop.

    tests/components/serving/server/test_engine.py shows it at work.
    """

    def __init__(self, settings: ServerSettings | None = None, log: RequestLog | None = None) -> None:
        """Starts without a model; `update` loads some.

        Args:
            settings: limits, batching.
            log: receives a sample of the answered requests.
        """
        self._log = log
        self._settings = settings or ServerSettings.model_validate({})
        self._models: dict[str, _Model] = {}
        self._scheduler = Scheduler(self._settings)
        self._stopping = False
        self._unloading: set[asyncio.Task[None]] = set()

    async def update(self, name: str, folders: Mapping[int, Path], labels: Mapping[str, int]) -> dict[int, NerError]:
        """Loads and unloads versions of a model until these are served; no request fails during the change.

        New versions are loaded next to the old ones and tested, then labels move, then old versions finish their
        requests and leave the memory. A label whose new version cannot be served stays where it is.

        Args:
            name: of the model.
            folders: version -> SavedModel.
            labels: label -> version.

        Returns:
            Version -> error, of the versions that cannot be served.
        """
        model = self._models.setdefault(name, _Model())
        async with model.updating:
            failures: dict[int, NerError] = {}
            for number, folder in sorted(folders.items()):
                if number not in model.loaded and (error := await self._load(model, number, folder)):
                    failures[number] = error
            kept = {label: number for label, number in model.labels.items() if labels.get(label) in failures}
            moved = {label: number for label, number in labels.items() if number in model.loaded}
            model.labels = {**kept, **moved}
            model.described.clear()
            served = {*folders, *model.labels.values()}
            if folders and not served & {*model.loaded}:  # a version without a label may be the only one that answers
                served |= {max(model.loaded, default=0)}
            for number in sorted({*model.loaded} - served):
                task = asyncio.create_task(self._unload(model, number))
                self._unloading.add(task)
                task.add_done_callback(self._unloading.discard)
            for number in sorted({*model.statuses} - {*folders} - {*model.loaded})[:-_REMEMBERED]:
                del model.statuses[number]
            if not folders:
                self._models.pop(name, None)
        return failures

    async def predict(self, request: PredictRequest) -> PredictAnswer:
        """Answers a request.

        Raises:
            ServingError: it gets no answer.
        """
        if self._stopping:
            raise UnavailableError("the server stops. Send the request to another one.")
        serving = self._serving(request.model, request.version, request.label)
        version, name = serving.version, request.signature or SERVING_DEFAULT
        signature = version.signatures.get(name)
        if signature is None:
            raise NotFoundError(
                f"{request.model} version {version.number}: no signature {quoted(name)}. "
                f"Use one of {', '.join(version.signatures)}."
            )
        if unknown := sorted({*request.outputs} - {*signature.outputs}):
            raise InvalidArgumentError(
                f"signature {name}: no output {quoted(unknown[0])}. Use some of {', '.join(signature.outputs)}."
            )
        rows = check_inputs(name, signature.inputs, request.inputs)
        if rows is not None and rows > self._settings.max_rows:
            raise InvalidArgumentError(f"{rows} rows; the limit is {self._settings.max_rows}. Send fewer at once.")
        _check_characters(request.inputs, serving.joinings[name])
        timeout = self._settings.timeout if request.timeout is None else request.timeout
        answer = await serving.queues[name].submit(request.inputs, rows, timeout)
        if self._log is not None and rows:
            self._log.sample(request, PredictAnswer(version.number, name, answer), version.contract)
        if request.outputs:
            answer = {each: answer[each] for each in request.outputs}
        return PredictAnswer(version.number, name, answer)

    def signatures(self, model: str, version: int | None = None, label: str | None = None) -> ServedVersion:
        """Describes a version.

        Raises:
            NotFoundError: there is none.
        """
        loaded = self._serving(model, version, label).version
        described = self._models[model].described
        if loaded.number not in described:
            labels = tuple(sorted(each for each, number in self.labels(model).items() if number == loaded.number))
            described[loaded.number] = ServedVersion(
                model, loaded.number, labels, loaded.signatures, loaded.contract, definitions=loaded.definitions
            )
        return described[loaded.number]

    def statuses(self, model: str, version: int | None = None, label: str | None = None) -> list[VersionStatus]:
        """Returns the states of a model's versions, or of one.

        Raises:
            NotFoundError: there is none.
        """
        known = self._model(model)
        if label is not None:
            version = self._serving(model, version, label).version.number
        if version is None:
            return [known.statuses[number] for number in sorted(known.statuses, reverse=True)]
        if version not in known.statuses:
            raise NotFoundError(f"model {quoted(model)}: no version {version}. {self._offer(model)}")
        return [known.statuses[version]]

    def models(self) -> list[str]:
        """Returns the names of all models."""
        return sorted(self._models)

    def labels(self, model: str) -> dict[str, int]:
        """Returns label -> version of a model.

        Raises:
            NotFoundError: there is no such model.
        """
        return dict(self._model(model).labels)

    def waiting(self) -> dict[tuple[str, int, str], int]:
        """Returns (model, version, signature) -> number of requests that wait for a run."""
        return {
            (name, number, signature): len(queue.jobs)
            for name, model in self._models.items()
            for number, serving in model.loaded.items()
            for signature, queue in serving.queues.items()
        }

    @property
    def stopping(self) -> bool:
        """True after `stop` was called."""
        return self._stopping

    async def stop(self, seconds: float) -> bool:
        """Refuses new requests and waits for the accepted ones.

        Args:
            seconds: the longest wait.

        Returns:
            Whether all were answered in time.
        """
        self._stopping = True
        queues = [
            queue for model in self._models.values() for each in model.loaded.values() for queue in each.queues.values()
        ]
        waits = [asyncio.ensure_future(queue.drained()) for queue in queues] + [*self._unloading]
        pending = (await asyncio.wait(waits, timeout=seconds))[1] if waits else set()
        for wait in pending:
            wait.cancel()
        self._scheduler.close()
        return not pending

    async def _load(self, model: _Model, number: int, folder: Path) -> NerError | None:
        model.statuses[number] = VersionStatus(number, "LOADING")
        try:
            version = await asyncio.to_thread(LoadedVersion.load, number, folder)
        except Exception as error:  # also a defect: the other versions continue
            explained = explain(error) or VersionError(f"{folder}: unexpected {type(error).__name__}: {error}")
            model.statuses[number] = VersionStatus(number, "END", "INTERNAL", str(explained))
            return explained
        model.loaded[number] = _Serving(version, self._scheduler)
        model.statuses[number] = VersionStatus(number, "AVAILABLE")
        return None

    async def _unload(self, model: _Model, number: int) -> None:
        serving = model.loaded.pop(number)  # before the first await: no further request finds it
        model.described.pop(number, None)
        model.statuses[number] = VersionStatus(number, "UNLOADING")
        try:
            await serving.close()
        except TensorFlowError as error:
            write_access_log(event="version_not_freed", version=number, error=str(error))
        if number not in model.loaded:  # it may have come back meanwhile
            model.statuses[number] = VersionStatus(number, "END")

    def _model(self, name: str) -> _Model:
        if name not in self._models:
            raise NotFoundError(f"no model {quoted(name)}. Served: {', '.join(self.models()) or 'none'}.")
        return self._models[name]

    def _serving(self, name: str, version: int | None, label: str | None) -> _Serving:
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


def _check_characters(inputs: Mapping[str, np.ndarray], joining: Joining) -> None:
    """Refuses what the model would refuse, before it waits in a queue."""
    if not joining.limit:
        return
    texts = [text for name in joining.texts for text in inputs[name].flat]
    if (
        sum(map(len, texts)) > joining.limit
        and (characters := sum(len(text.decode("utf-8", "replace")) for text in texts)) > joining.limit
    ):
        raise InvalidArgumentError(
            f"the request has {characters:,} characters; the limit is {joining.limit:,}. Send fewer sentences at once."
        )
