"""A small corpus, and the record of a run."""

from __future__ import annotations

import pytest

TEXT = "Ada\tB-PER\nLovelace\tI-PER\nwent\tO\nto\tO\nParis\tB-LOC\n\nRome\tB-LOC\nsleeps\tO\n\n"


@pytest.fixture
def corpus_folder(tmp_path):
    """A folder with train, dev and test files."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"{split}.conll").write_text(TEXT, encoding="utf-8")
    return folder


@pytest.fixture
def record():
    """Function that returns the record of a training run."""

    def make(corpus="tiny", system="crf", seed=0, dev=0.5, test=0.4, **training):
        def scores(f1):
            per_type = {"LOC": {"precision": 1.0, "recall": f1, "f1": f1, "support": 7}}
            return {"precision": f1, "recall": f1, "f1": f1, "support": 7, "per_type": per_type}

        figures = {"cpu_seconds": 20.0, "cpu_seconds_to_best_dev": 10.0, "passes": 4.0, "tokens_per_cpu_second": 100.0}
        return {
            "corpus": corpus, "system": system, "seed": seed, "dev": scores(dev), "test": scores(test),
            "training": {**figures, "peak_rss_mb": 50.0, **training}, "model_mb": 1.5,
        }  # fmt: skip

    return make
