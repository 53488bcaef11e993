from __future__ import annotations

from benchmarks.ours.prepared import REPORT, files, read


def test_files_of_a_split_come_in_order(tmp_path):
    for name in ("train-00001-of-00002.gz", "train-00000-of-00002.gz", "eval-00000-of-00001.gz", "raw-train.gz"):
        (tmp_path / name).touch()
    assert [path.rpartition("/")[2] for path in files(tmp_path, "train")] == [
        "train-00000-of-00002.gz", "train-00001-of-00002.gz",
    ]  # fmt: skip


def test_report_is_read(tmp_path):
    (tmp_path / REPORT).write_text('{"cpu_seconds": 1.5}', encoding="utf-8")
    assert read(tmp_path, REPORT) == {"cpu_seconds": 1.5}
