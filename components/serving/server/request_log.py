"""The request log: answered requests as JSON lines, for `ner drift` and `ner evaluate --requests`."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import queue
import random
import sys
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np

from components.common.json_lines import without_controls
from components.exporter.contract.contract import Contract
from components.serving.server.access_log import write_access_log
from components.serving.server.predict_call import PredictAnswer, PredictRequest

_FILES = 5  # rotated ones that are kept: FILE.1 is the newest
_BACKLOG = 10_000  # requests that wait for a slow disk; further ones are not logged
_ROLES = ("tokens", "tags", "scores", "starts", "ends")


class RequestLog:
    """A sample of the answered requests, one line a row. A thread writes it, so that no request waits for the disk.

    tests/components/serving/server/test_request_log.py shows it at work.
    """

    def __init__(self, file: Path, share: float, most_bytes: int) -> None:
        """Opens the file, which only its owner can read, and starts the thread.

        Args:
            file: to which lines are appended.
            share: of the requests that are logged.
            most_bytes: of a file; for a line that would exceed them, it is renamed to FILE.1, FILE.1 to FILE.2, and
                so on up to FILE.5.

        Raises:
            OSError: the file cannot be written.
        """
        self._share = share
        handler = _PrivateFile(file, maxBytes=most_bytes, backupCount=_FILES, encoding="utf-8", delay=False)
        handler.setFormatter(_Lines())
        self._queue: queue.Queue[Any] = queue.Queue(_BACKLOG)
        self._listener = logging.handlers.QueueListener(self._queue, handler)
        self._handler = handler
        self._listener.start()

    def sample(self, request: PredictRequest, answer: PredictAnswer, contract: Contract | None) -> None:
        """Logs a share of the requests whose signature takes sentences."""
        known = contract.signatures.get(answer.signature) if contract else None
        if known is None or not any(tensor.role == "text" for tensor in known.inputs.values()):
            return
        if self._share < 1 and random.random() >= self._share:
            return
        record = logging.makeLogRecord({"call": (request, answer, contract, datetime.now(timezone.utc))})
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            write_access_log(event="request_not_logged", model=request.model)

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self._listener.stop()
        self._handler.close()


class _PrivateFile(logging.handlers.RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the lines of a request, each to a file that has room for it; a longer line has a file for itself."""
        try:
            for line in self.format(record).split("\n"):
                stream = self.stream or self._open()  # None if the last rotation could not open a file
                size = stream.seek(0, os.SEEK_END)
                if size and size + len(line.encode()) + 1 > self.maxBytes:
                    self.stream = stream
                    self.doRollover()
                    stream = self.stream or self._open()
                self.stream = stream
                stream.write(line + self.terminator)
                stream.flush()
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Reports a full disk in the access log; requests are still answered."""
        write_access_log(event="request_log_failed", error=str(sys.exc_info()[1]))


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        request, answer, contract, time = record.call  # type: ignore[attr-defined]
        signature = contract.signatures[answer.signature]
        inputs = {tensor.role: request.inputs[name] for name, tensor in signature.inputs.items()}
        outputs = {
            tensor.role: answer.outputs[name] for name, tensor in signature.outputs.items() if tensor.role in _ROLES
        }
        features = {name: request.inputs[name] for name, tensor in signature.inputs.items() if tensor.role == "feature"}
        lines = []
        for row, text in enumerate(inputs["text"].tolist()):
            keys = inputs.get("key")
            fields: dict[str, Any] = {name: _json(values[row]) for name, values in features.items()}
            fields["key"] = (_json(keys[row]) if keys is not None else "") or uuid.uuid4().hex
            fields["sentence"] = _json(text)
            fields |= {"timestamp": time.isoformat(timespec="milliseconds"), "model": request.model}
            fields["version"] = answer.version
            fields |= _without_padding({role: values[row] for role, values in outputs.items()}, contract.pad)
            lines.append(json.dumps(fields, ensure_ascii=False))
        return "\n".join(lines)


def _without_padding(row: Mapping[str, np.ndarray], pad: str) -> dict[str, list[Any]]:
    count: int | None
    if "starts" in row and "ends" in row:
        count = int((row["ends"] > row["starts"]).sum())
    else:
        count = sum(tag != pad.encode() for tag in row["tags"]) if "tags" in row else None
    return {role: [_json(item) for item in values[:count]] for role, values in row.items()}


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return without_controls(value.decode("utf-8", "replace"))
    return value.item() if isinstance(value, np.generic) else value
