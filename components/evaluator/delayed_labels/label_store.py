"""Labels on disk, found by key: the side of the join that is looked up.

Memory stays the same however many labels there are. SQLite because it is in the standard library and is a table with an
index in one file; pandas and Beam would hold one side in memory or need a pipeline for a few thousand rows.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from components.common.files import read_json_lines
from components.evaluator.delayed_labels.label import Label
from components.evaluator.errors import EvaluationError

_BATCH = 1000
_AT_ONCE = 500  # SQLite takes so many parameters on every machine


class LabelStore:
    """The labels of a file. Use it in a `with` statement: its file is removed afterwards.

    Of several labels for one key the last one counts: it corrects the others.
    """

    def __init__(self, path: Path) -> None:
        """Reads a file of labels.

        Raises:
            EvaluationError: a line cannot be used.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="ner-labels-")
        self._path = path
        self._db = sqlite3.connect(str(Path(self._folder.name, "labels.db")))
        self._db.execute("PRAGMA journal_mode = OFF")  # a file that nobody needs after a crash
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE label (key TEXT PRIMARY KEY, line INTEGER, record TEXT, times INTEGER, predicted INTEGER)"
        )
        try:
            self._fill()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Removes the file."""
        self.close()

    def close(self) -> None:
        """Removes the file."""
        self._db.close()
        self._folder.cleanup()

    def take(self, keys: Sequence[str]) -> tuple[dict[str, Label], set[str]]:
        """Finds labels and notes that they are predicted.

        Args:
            keys: keys of predictions, each once.

        Returns:
            key -> label of those that have one; and those of them that were taken before.
        """
        found, again = {}, set()
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(f"SELECT key, line, record, predicted FROM label WHERE key IN ({marks})", some)
            for key, line, record, predicted in rows:
                found[key] = Label.from_record(json.loads(record), f"{self._path}:{line}")
                if predicted:
                    again.add(key)
            self._db.execute(f"UPDATE label SET predicted = 1 WHERE key IN ({marks})", some)
        return found, again

    def duplicates(self) -> tuple[int, list[str]]:
        """How many labels stand behind a later one of the same key, and some of the keys."""
        (count,) = self._db.execute("SELECT COALESCE(SUM(times - 1), 0) FROM label").fetchone()
        return count, self._keys("times > 1")

    def without_prediction(self) -> tuple[int, list[str]]:
        """How many labels were never taken, and some of their keys."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM label WHERE NOT predicted").fetchone()
        return count, self._keys("NOT predicted")

    def __len__(self) -> int:
        """Number of keys."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM label").fetchone()
        return count

    def _keys(self, condition: str, some: int = 5) -> list[str]:
        return [
            key for (key,) in self._db.execute(f"SELECT key FROM label WHERE {condition} ORDER BY line LIMIT {some}")
        ]

    def _fill(self) -> None:
        for rows in _batches(self._rows()):
            self._db.executemany(
                "INSERT INTO label VALUES (?, ?, ?, 1, 0) ON CONFLICT (key) DO UPDATE "
                "SET line = excluded.line, record = excluded.record, times = times + 1",
                rows,
            )

    def _rows(self) -> Iterator[tuple[str, int, str]]:
        for line, record in read_json_lines(self._path, error=EvaluationError):
            label = Label.from_record(record, f"{self._path}:{line}")
            yield label.key, line, json.dumps(record)


def _batches(rows: Iterable[tuple[str, int, str]]) -> Iterator[list[tuple[str, int, str]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch
