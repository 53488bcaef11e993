"""Names that components share: artifact properties, files inside artifacts, signatures, splits."""

from __future__ import annotations

# Splits of a corpus, as CorpusExampleGen names them.
TRAIN_SPLIT = "train"
EVAL_SPLIT = "eval"
TEST_SPLIT = "test"

# CorpusExampleGen, DataValidator, DriftValidator.

# Transform, Trainer, Tuner.

# Exporter: signatures of the served model, files of the export.

# Evaluator, Reporter.

# Registry.
