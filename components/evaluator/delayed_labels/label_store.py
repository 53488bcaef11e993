"""Labels on disk with an index by key.

Memory does not grow with the labels. SQLite is in the standard library; pandas would hold one side of the join in
memory, and Beam would need a pipeline for a few thousand rows.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.common.iterables import batched
from components.common.json_lines import read_json_lines
from components.evaluator.delayed_labels.join_account import SHOWN
from components.evaluator.delayed_labels.label import Label
from components.evaluator.errors import EvaluationError

_BATCH = 1000
_PARAMETERS = 500  # every SQLite build accepts as many


class LabelStore:
    """Labels of a file, in a temporary file that `close` removes.

    Of several labels with the same key the last one counts.

    Attributes:
        folder: folder of the temporary file.
    """

    def __init__(self, path: Path) -> None:
        """Reads a file of labels.

        Raises:
            NerError: a line is invalid.
        """
        self._temporary = tempfile.TemporaryDirectory(prefix="ner-labels-")
        self.folder = Path(self._temporary.name)
        self._path = path
        self._db = sqlite3.connect(str(self.folder / "labels.db"))
        self._db.execute("PRAGMA journal_mode = OFF")  # the file is useless after a crash
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE label (key TEXT PRIMARY KEY, line INTEGER, record TEXT, times INTEGER, predicted INTEGER)"
        )
        try:
            self._fill()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Removes the temporary file."""
        self._db.close()
        self._temporary.cleanup()

    def take(self, keys: Sequence[str]) -> tuple[dict[str, Label], set[str]]:
        """Returns the labels of predictions and marks them as predicted.

        Args:
            keys: keys of predictions, without repetition.

        Returns:
            key -> label; and the keys whose label was taken before.
        """
        labels, repeated = {}, set()
        for start in range(0, len(keys), _PARAMETERS):
            some = keys[start : start + _PARAMETERS]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(f"SELECT key, line, record, predicted FROM label WHERE key IN ({marks})", some)
            for key, line, record, predicted in rows:
                labels[key] = Label.from_record(json.loads(record), f"{self._path}:{line}")
                if predicted:
                    repeated.add(key)
            self._db.execute(f"UPDATE label SET predicted = 1 WHERE key IN ({marks})", some)
        return labels, repeated

    def duplicates(self) -> tuple[int, list[str]]:
        """Returns the number of labels replaced by a later one, and some of their keys."""
        (count,) = self._db.execute("SELECT COALESCE(SUM(times - 1), 0) FROM label").fetchone()
        return count, self._keys("times > 1")

    def without_prediction(self) -> tuple[int, list[str]]:
        """Returns the number of labels that were never taken, and some of their keys."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM label WHERE NOT predicted").fetchone()
        return count, self._keys("NOT predicted")

    def __len__(self) -> int:
        """Returns the number of keys."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM label").fetchone()
        return count

    def _keys(self, condition: str) -> list[str]:
        query = f"SELECT key FROM label WHERE {condition} ORDER BY line LIMIT {SHOWN}"
        return [key for (key,) in self._db.execute(query)]

    def _fill(self) -> None:
        for rows in batched(self._rows(), _BATCH):
            self._db.executemany(
                "INSERT INTO label VALUES (?, ?, ?, 1, 0) ON CONFLICT (key) DO UPDATE "
                "SET line = excluded.line, record = excluded.record, times = times + 1",
                rows,
            )

    def _rows(self) -> Iterator[tuple[str, int, str]]:
        for line, record in read_json_lines(self._path, error=EvaluationError):
            label = Label.from_record(record, f"{self._path}:{line}")
            yield label.key, line, json.dumps(record)
