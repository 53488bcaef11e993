"""Tags sentences with a running server that speaks TensorFlow Serving's REST."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import urllib3

from components.common.errors import NerError, quoted, shortened
from components.exporter.validator.probe.c_api import protos
from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.saved_model_tagger import Model, RefusedError, SavedModelTagger, Signatures, TaggedSentence

TOKEN_VARIABLE = "NER_SERVE_TOKEN"
"""Environment variable with the bearer token of the server."""

_MODEL_URL = re.compile(r"https?://[^/]+(?:/[^?#]*)?/v1/models/[^/:?#]+(?P<chosen>/(?:versions|labels)/[^/:?#]+)?/?")
_ROWS = 32  # sentences in a request; the default batch of TensorFlow Serving holds as many
_ATTEMPTS = 5
_SEPARATOR = ":"
_LONGEST_WAIT = 30.0  # seconds, even if a server asks for more
_KINDS = {
    "tags": ("a text", "O"), "tokens": ("a text", "O"), "scores": ("a number", "fiu"),
    "starts": ("an integer", "iu"), "ends": ("an integer", "iu"),
}  # fmt: skip
"""Output -> what its values are, and their kinds in NumPy; texts are bytes in arrays of objects."""
_NOT_ACCEPTED = (400, 413)  # perhaps only together: too many rows or characters
_FORM = "Write http://HOST:PORT/v1/models/NAME, perhaps with /versions/N or /labels/LABEL."


class _Retry(urllib3.Retry):
    """Waits as a server asks for, up to `_LONGEST_WAIT`."""

    def get_retry_after(self, response: Any) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, _LONGEST_WAIT)


class RestTagger(SavedModelTagger):
    """A model behind a server, such as `ner serve` or TensorFlow Serving.

    A label, or the only available version, is resolved to its number once, so that a promotion during the work does not
    mix two versions. Failed connections and the answers 429, 502, 503 and 504 are repeated, with growing pauses.

    tests/components/serving/test_rest_tagger.py shows it at work.

    Attributes:
        url: address of the model, with the version where it is known.
        version: number of the version as text; empty if the server chooses one for each request.
    """

    def __init__(self, url: str, *, pause: float = 0.5) -> None:
        """Asks the server for the versions and the signatures of the model.

        Args:
            url: address of the model.
            pause: seconds before the second repetition; each further one waits twice as long.

        Raises:
            NerError: the address has another form, the server does not answer, or the model is not a tagger.
        """
        self._server = _Server(url, pause)
        self.url, self.version = self._server.url, self._server.version
        super().__init__(self.url)

    @contextlib.contextmanager
    def _opened(self, folder: Path | str, threads: int) -> Iterator[tuple[Signatures, Callable[[], Model]]]:
        yield self._server.signatures(), lambda: self._server

    def tag(self, sentences: Sequence[str]) -> list[TaggedSentence]:
        """Tags raw sentences, in order and in requests of a few.

        Raises:
            NerError: the server goes away or refuses a sentence, or its answer is not one of tags.
        """
        tagged = []
        for begin in range(0, len(sentences), _ROWS):
            tagged += self._tag_rows(sentences[begin : begin + _ROWS])
            self._server.done += len(sentences[begin : begin + _ROWS])
        return tagged

    def _tag_rows(self, sentences: Sequence[str]) -> list[TaggedSentence]:
        try:
            return super().tag(sentences)
        except NotAcceptedError:
            if len(sentences) == 1:
                raise
            half = len(sentences) // 2
            return [*self._tag_rows(sentences[:half]), *self._tag_rows(sentences[half:])]


class NotAcceptedError(RefusedError):
    """The server does not accept a request."""


class _Server:
    """A served model, in the interface of `ServedModel`: its tensors are named `signature:input` and so on."""

    def __init__(self, url: str, pause: float) -> None:
        match = _MODEL_URL.fullmatch(url)
        if match is None:
            raise NerError(f"{url}: not the address of a served model. {_FORM}")
        retry = _Retry(
            total=_ATTEMPTS - 1,
            backoff_factor=pause,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=None,  # predictions change nothing
            raise_on_status=False,
        )
        token = os.environ.get(TOKEN_VARIABLE, "")
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        timeout = urllib3.Timeout(connect=10, read=120)
        self._pool = urllib3.PoolManager(retries=retry, timeout=timeout, headers=headers)
        self.url, self.done = url.rstrip("/"), 0
        self.version = self._available_version()
        if self.version:
            self.url = f"{self.url.removesuffix(match['chosen'] or '')}/versions/{self.version}"

    def signatures(self) -> Signatures:
        """Asks for the signatures."""
        return _Metadata.parse(self.url, self._json("GET", f"{self.url}/metadata"))

    def run(self, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Sends one request; see `ServedModel`."""
        (signature,) = {name.partition(_SEPARATOR)[0] for name in (*inputs, *outputs)}
        values = {name.partition(_SEPARATOR)[2]: _to_json(name, array) for name, array in inputs.items()}
        body = json.dumps({"signature_name": signature, "inputs": values})
        answer = self._json("POST", f"{self.url}:predict", body).get("outputs")
        names = [name.partition(_SEPARATOR)[2] for name in outputs]
        if not isinstance(answer, dict):  # TensorFlow Serving leaves out the name of a single output
            answer = dict.fromkeys(names, answer) if len(names) == 1 else {}
        missing = [name for name in names if name not in answer]
        if missing:
            raise NerError(f"{self.url}: the answer lacks the outputs {', '.join(missing)}. Check the server.")
        return [self._array(name, answer[name]) for name in names]

    def _array(self, name: str, values: Any) -> np.ndarray:
        try:
            if len({len(row) for row in values}) > 1:
                raise ValueError("rows of different lengths")
            texts = any(isinstance(value, str | dict) for row in values for value in row)
            rows = [[_bytes(value) for value in row] for row in values] if texts else values
            array = np.array(rows, object if texts else None)
            if not array.size:
                return np.zeros((len(values), 0), object)
            kind, kinds = _KINDS.get(name, ("a value", "OiufbU"))
            if array.dtype.kind not in kinds or any(value is None for value in array.flat):
                raise ValueError(f"found {quoted(array.flat[0])}, not {kind}")
            return array
        except (ValueError, TypeError, OverflowError) as error:
            raise NerError(
                f"{self.url}: the output {name} is not a row of values for each sentence ({error}). Give a model that "
                "returns one tag per token."
            ) from error

    def _available_version(self) -> str:
        """Returns the version that the address stands for; "" if there are several, or the server does not say."""
        statuses = self._json("GET", self.url).get("model_version_status")
        if not isinstance(statuses, list):
            return ""
        known = [status for status in statuses if isinstance(status, dict)]
        available = [status.get("version") for status in known if status.get("state") == "AVAILABLE"]
        if statuses and not available:
            raise NerError(f"{self.url}: no version is available ({quoted(statuses)}). Wait until the server is ready.")
        return str(available[0]) if len(available) == 1 else ""

    def _json(self, method: str, url: str, body: str | None = None) -> dict[str, Any]:
        try:
            response = self._pool.request(method, url, body=body)
        except urllib3.exceptions.HTTPError as error:
            done = f" after {self.done:,} sentences; nothing was scored" if self.done else ""
            reason = shortened(str(getattr(error, "reason", None) or error).rpartition(">: ")[2], 200)
            raise NerError(
                f"{url}: no answer in {_ATTEMPTS} attempts ({reason}){done}. Check the address and the server."
            ) from error
        try:
            answer = json.loads(response.data)
        except (ValueError, RecursionError):
            answer = None
        if response.status != 200 or not isinstance(answer, dict):
            message = answer.get("error") or answer.get("detail") if isinstance(answer, dict) else response.data[:200]
            text = message if isinstance(message, str) else quoted(message, 200)
            kind = NotAcceptedError if response.status in _NOT_ACCEPTED else NerError
            raise kind(f"{url}: the server answers {response.status}: {shortened(text, 300)}. {_cure(response.status)}")
        return answer


def _cure(status: int) -> str:
    if status in (401, 403):
        return f"Set {TOKEN_VARIABLE} to the token of the server."
    if status == 404:
        return f"Check the name of the model, its version or label. {_FORM}"
    if status in (429, 503):
        return "The server is busy; run the command again later."
    return "Check the log of the server, and that it speaks TensorFlow Serving's REST."


@dataclasses.dataclass(frozen=True)
class _Metadata:
    """Signatures from the metadata of a served model."""

    methods: Mapping[str, str]
    tensors: Mapping[tuple[str, str], dict[str, TensorInfo]]

    @classmethod
    def parse(cls, url: str, answer: Mapping[str, Any]) -> _Metadata:
        """Reads the answer of `GET .../metadata`.

        Raises:
            NerError: it has another form.
        """
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            tensors = {
                (name, side): {
                    each: _tensor(f"{name}{_SEPARATOR}{each}", info)
                    for each, info in (signature.get(side) or {}).items()
                }
                for name, signature in signatures.items()
                if name != "__saved_model_init_op"
                for side in ("inputs", "outputs")
            }
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise NerError(
                f"{url}/metadata: does not describe the signatures of a model ({type(error).__name__}: {error}). Give "
                "a server that speaks TensorFlow Serving's REST."
            ) from error
        return cls({name: str(signatures[name].get("method_name")) for name, _ in tensors}, tensors)

    def inputs(self, signature: str) -> dict[str, TensorInfo]:
        """The inputs of a signature by name."""
        return self.tensors[signature, "inputs"]

    def outputs(self, signature: str) -> dict[str, TensorInfo]:
        """The outputs of a signature by name."""
        return self.tensors[signature, "outputs"]


def _tensor(name: str, info: Mapping[str, Any]) -> TensorInfo:
    number = protos("core.framework.types_pb2").DataType.Value(info["dtype"])
    shape = info.get("tensor_shape") or {}
    if shape.get("unknown_rank"):
        return TensorInfo(name, number, None)
    sizes = [int(dimension["size"]) for dimension in shape.get("dim") or ()]
    return TensorInfo(name, number, tuple(None if size < 0 else size for size in sizes))


def _to_json(name: str, values: np.ndarray) -> list[Any]:
    if values.dtype.kind != "O":
        return values.tolist()
    return list(_texts(name, values))


def _texts(name: str, values: np.ndarray) -> Iterator[Any]:
    for value in values.tolist():
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        # Serialized examples are binary, even if their bytes happen to be UTF-8.
        yield (
            {"b64": base64.b64encode(value).decode()}
            if text is None or name.endswith(f"{_SEPARATOR}examples")
            else text
        )


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    raise TypeError(f"found {quoted(value)}, not a text")
