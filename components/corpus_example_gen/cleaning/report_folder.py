"""The folder through which the reports, and the errors, of all files get out of Beam."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from tfx.dsl.io import fileio

from components.corpus_example_gen.cleaning.report import Report
from components.corpus_example_gen.corpus_error import CorpusError


class ReportFolder:
    """One JSON file for each corpus file, written by the worker that read it.

    Beam carries neither side results nor exceptions: it rebuilds an exception with another text, or as another class,
    and runners on other machines hand back only its traceback. Files get through every runner, and a retried bundle
    writes the same file again.
    """

    def __init__(self, path: str) -> None:
        """Names the folder, on any file system that TFX reaches."""
        self.path = path

    def make(self) -> None:
        """Makes the folder, empty."""
        if fileio.exists(self.path):
            fileio.rmtree(self.path)
        fileio.makedirs(self.path)

    def write_report(self, source: str, report: Report) -> None:
        """Keeps the report of one file."""
        self._write(f"report-{_name(source)}", {"source": source, "report": json.loads(report.to_json())})

    def write_error(self, source: str, error: CorpusError) -> None:
        """Keeps the error that stopped the reading of one file."""
        self._write(f"error-{_name(source)}", {"source": source, "error": error.to_dict()})

    def write_duplicates(self, split: str, counts: Mapping[str, int]) -> None:
        """Keeps how many sentences of each source of a split stand in a later split too."""
        self._write(f"duplicates-{_name(split)}", {"split": split, "counts": dict(sorted(counts.items()))})

    def duplicates(self) -> dict[str, dict[str, int]]:
        """Returns split -> source -> number of sentences that stand in a later split too."""
        return {value["split"]: value["counts"] for value in self._read("duplicates-")}

    def reports(self) -> dict[str, Report]:
        """Returns the reports by source, sorted."""
        found = {value["source"]: Report.from_json(json.dumps(value["report"])) for value in self._read("report-")}
        return dict(sorted(found.items()))

    def errors(self) -> list[CorpusError]:
        """Returns the errors, sorted by source."""
        found = sorted(self._read("error-"), key=lambda value: value["source"])
        return [CorpusError(**value["error"]) for value in found]

    def _write(self, name: str, value: dict[str, Any]) -> None:
        path = os.path.join(self.path, f"{name}.json")
        with fileio.open(f"{path}.tmp", "w") as file:
            file.write(json.dumps(value, ensure_ascii=False))
        fileio.rename(f"{path}.tmp", path, overwrite=True)

    def _read(self, prefix: str) -> Iterator[dict[str, Any]]:
        for path in fileio.glob(os.path.join(self.path, f"{prefix}*.json")):
            with fileio.open(path) as file:
                yield json.loads(file.read())


def _name(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]
