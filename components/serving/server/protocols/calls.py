"""Requests on their way through the server in every protocol: version, deadline, measures."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hmac
import math
import re
import time
from collections.abc import Callable

from components.common.errors import quoted
from components.serving.server.engine import Engine, PredictAnswer, PredictRequest, ServedVersion, VersionStatus
from components.serving.server.errors import InvalidArgumentError, NotFoundError, ServingError
from components.serving.server.predict_call import VersionChoice
from components.serving.server.protocols.metrics import Metrics
from components.serving.server.settings import ServerSettings

_SECONDS = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclasses.dataclass
class Call:
    """One request. Its description fills up while it is answered; nothing in it comes from the text of the request.

    Attributes:
        protocol: `rest`, `v2`, `label_studio` or `grpc`.
        method: `predict`, `status`, `metadata`, ...
        peer: address of the client.
        model: that answered; empty if the request reached none.
        version: of the model.
        signature: that was run.
        rows: of the request.
        code: status, as in `grpc.StatusCode`.
        seconds: until the answer.
    """

    protocol: str
    method: str = ""
    peer: str = ""
    model: str = ""
    version: int | None = None
    signature: str = ""
    rows: int = 0
    code: str = "OK"
    seconds: float = 0.0
    begin: float = dataclasses.field(default_factory=time.perf_counter, repr=False)

    def begin_answer(self) -> None:
        """Starts the clock again: from here on, the server and not the client's network takes the time."""
        self.begin = time.perf_counter()


class Calls:
    """The engine, its metrics, and the observers of finished calls; all protocols share one.

    tests/components/serving/server/test_rest.py shows it at work.

    Attributes:
        metrics: of all protocols.
        observers: are called with every finished call; the access log adds one.
        refusing: whether the server is about to stop: it is not ready, and gRPC refuses calls (`stop_grpc`).
        held: while gRPC stops: refused calls get their answer when it is set.
    """

    def __init__(self, engine: Engine, settings: ServerSettings) -> None:
        """Measures from now on."""
        self.engine = engine
        self.settings = settings
        self.metrics = Metrics(engine)
        self.observers: list[Callable[[Call], None]] = [self._measure]
        self.refusing = False
        self.held: asyncio.Event | None = None

    def finish(self, call: Call, code: str = "OK") -> None:
        """Reports a call to the observers."""
        call.code, call.seconds = code, time.perf_counter() - call.begin
        for observer in self.observers:
            observer(call)

    def served(self, call: Call, chosen: VersionChoice) -> ServedVersion:
        """Returns the version that a request names.

        Raises:
            InvalidArgumentError: the model has no such label (TensorFlow Serving's status for it).
            NotFoundError: there is no such model or version.
        """
        try:
            served = self.engine.signatures(*chosen)
        except NotFoundError as error:
            raise self._unknown(call, chosen, error) from None
        call.model, call.version = chosen.model, served.number
        return served

    def statuses(self, call: Call, chosen: VersionChoice) -> list[VersionStatus]:
        """Returns the states of a model's versions.

        Raises:
            InvalidArgumentError: the model has no such label.
            NotFoundError: there is no such model or version.
        """
        try:
            return self.engine.statuses(*chosen)
        except NotFoundError as error:
            raise self._unknown(call, chosen, error) from None

    def ready(self, model: str | None = None) -> bool:
        """Tests for an available version of a model, or of all models and at least one; False once the server stops."""
        if self.refusing or self.engine.stopping:
            return False
        names = self.engine.models() if model is None else [model]
        return bool(names) and all(
            any(status.state == "AVAILABLE" for status in self.engine.statuses(name)) for name in names
        )

    def _unknown(self, call: Call, chosen: VersionChoice, error: NotFoundError) -> ServingError:
        """Returns the error for a model, version or label that does not exist."""
        if chosen.model not in self.engine.models():
            return error
        call.model = chosen.model
        if chosen.label is None:
            return error
        return InvalidArgumentError(f"Unrecognized servable version label: {quoted(chosen.label)}. {error}")

    async def predict(self, call: Call, request: PredictRequest) -> PredictAnswer:
        """Answers a request of a known signature.

        Raises:
            ServingError: it gets no answer.
        """
        call.signature = request.signature
        call.rows = max((array.shape[0] for array in request.inputs.values() if array.ndim), default=1)
        self.metrics.pending += 1
        try:
            answer = await self.engine.predict(request)
        finally:
            self.metrics.pending -= 1
        call.version = answer.version
        return answer

    def _measure(self, call: Call) -> None:
        self.metrics.answered(
            call.protocol,
            call.code,
            seconds=call.seconds,
            model=call.model,
            version=call.version,
            signature=call.signature,
            rows=call.rows if call.code == "OK" else 0,
        )


def seconds(text: str, where: str) -> float:
    """Reads the time limit of a request.

    Raises:
        InvalidArgumentError: it is not a number above 0.
    """
    value = float(text) if _SECONDS.fullmatch(text) else math.nan
    if not 0 < value < math.inf:
        raise InvalidArgumentError(f"{where}: expected seconds above 0, got {quoted(text)}.")
    return value


def is_bearer(header: bytes, token: bytes) -> bool:
    """Tests the header `Authorization` of a request.

    Example:
        >>> [is_bearer(header, b"s3cret") for header in (b"Bearer s3cret", b"bearer s3cret", b"s3cret")]
        [True, True, False]
    """
    scheme, _, sent = header.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(sent.strip(), token)


def is_basic(header: bytes, token: bytes) -> bool:
    """Tests the header `Authorization` of a client that knows user and password only: the password is the token.

    Example:
        >>> [is_basic(header, b"s3cret") for header in (b"Basic bmVyOnMzY3JldA==", b"Basic bmVyOg==", b"Basic ?")]
        [True, False, False]
    """
    scheme, _, sent = header.partition(b" ")
    try:
        _, _, password = base64.b64decode(sent.strip(), validate=True).partition(b":")
    except ValueError:
        return False
    return scheme.lower() == b"basic" and hmac.compare_digest(password, token)
