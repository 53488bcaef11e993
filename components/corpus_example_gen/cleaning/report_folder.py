"""Folder that carries the reports and errors of all files out of Beam."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Collection, Iterator
from typing import Any

from tfx.dsl.io import fileio

from components.common.files import write_atomically
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError


class ReportFolder:
    """One JSON file per corpus file, written by the worker that reads the corpus file.

    Beam returns neither side results nor intact exceptions: it rebuilds an exception with another text or class, and
    remote runners return the traceback only. Files work with every runner, and a retried bundle rewrites the same file.

    Example: tests/components/corpus_example_gen/cleaning/test_report_folder.py.
    """

    def __init__(self, path: str) -> None:
        """Takes the path of the folder, on any file system that TFX supports."""
        self.path = path

    def make(self) -> None:
        """Creates the folder, and deletes previous content."""
        if fileio.exists(self.path):
            fileio.rmtree(self.path)
        fileio.makedirs(self.path)

    def write_report(self, source: str, report: IngestReport, content: str = "") -> None:
        """Writes the report of one corpus file, and the SHA-256 of the content that was read."""
        value = {"source": source, "content": content, "report": json.loads(report.to_json())}
        self._write(f"report-{_hash(source)}", value)

    @contextlib.contextmanager
    def lines_of(self, source: str) -> Iterator[Callable[[str, int], object]]:
        """Yields a function that writes key and line of each sentence of one corpus file.

        The file appears at the end of the block, unless an error ends it.
        """
        path = os.path.join(self.path, f"lines-{_hash(source)}.txt")
        temporary = f"{path}.{uuid.uuid4().hex}.tmp"
        try:
            with fileio.open(temporary, "w") as file:
                file.write(f"{json.dumps(source)}\n")
                yield lambda key, line: file.write(f"{line}\t{json.dumps(key.removeprefix(f'{source}:'))}\n")
            fileio.rename(temporary, path, overwrite=True)
        finally:
            if fileio.exists(temporary):
                fileio.remove(temporary)

    def places(self, keys: Collection[str]) -> dict[str, str]:
        """Returns key -> `file:line` of sentences; without keys whose line is not known.

        The lines are not in the Examples, so that no model and no signature depends on them.
        """
        located: dict[str, str] = {}
        for path in fileio.glob(os.path.join(self.path, "lines-*.txt")) if keys else ():
            with fileio.open(path) as file:
                source = json.loads(file.readline())
                own = {json.dumps(key.removeprefix(f"{source}:")): key for key in keys if key.startswith(f"{source}:")}
                for row in file if own else ():
                    line, _, name = row.rstrip("\n").partition("\t")
                    if name in own:
                        located[own[name]] = f"{source}:{line}"
        return located

    def write_error(self, source: str, error: CorpusError) -> None:
        """Writes the error that stopped the reading of one corpus file."""
        self._write(f"error-{_hash(source)}", {"source": source, "error": error.to_dict()})

    def reports(self) -> dict[str, IngestReport]:
        """Returns the reports by source, sorted."""
        values = sorted(self._read("report-"), key=lambda value: value["source"])
        return {value["source"]: IngestReport.from_json(json.dumps(value["report"])) for value in values}

    def hashes(self) -> dict[str, str]:
        """Returns source -> SHA-256 of the content that was read."""
        return {value["source"]: value["content"] for value in self._read("report-") if value["content"]}

    def errors(self) -> list[CorpusError]:
        """Returns the errors, sorted by source."""
        values = sorted(self._read("error-"), key=lambda value: value["source"])
        return [CorpusError(**value["error"]) for value in values]

    def _write(self, name: str, value: dict[str, Any]) -> None:
        path = os.path.join(self.path, f"{name}.json")
        write_atomically(path, json.dumps(value, ensure_ascii=False))

    def _read(self, prefix: str) -> Iterator[dict[str, Any]]:
        for path in fileio.glob(os.path.join(self.path, f"{prefix}*.json")):
            with fileio.open(path) as file:
                yield json.loads(file.read())


def _hash(name: str) -> str:
    """Returns a file name for a source or split, which may contain slashes."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
