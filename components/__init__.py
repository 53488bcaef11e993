"""The pipeline's components: one folder each, named after the component.

Folders in the order of the pipeline: `corpus_example_gen`, `data_validator`,
`drift_validator`, `transform`, `tuner`, `trainer`, `exporter`, `evaluator`, `reporter`, `registry`. `text` and `model`
hold the pure core, `common` what every component needs. In each, `component.py` is the contract and `executor.py` reads
artifacts, calls plain functions and writes artifacts.

Kubeflow Pipelines imports an artifact's class by its type name, for example `components.Report`; the classes are loaded
on first use because they import TFX.
"""

from __future__ import annotations

import importlib

_ARTIFACTS = {
    "Corpus": "Corpus",
    "DataProfile": "DataProfileArtifact",
    "Predictions": "Predictions",
    "Report": "Report",
    "Rows": "Rows",
}


def __getattr__(name: str) -> object:
    if name not in _ARTIFACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("components.artifacts"), _ARTIFACTS[name])
