"""The components of the pipeline.

Kubeflow Pipelines imports the class of an artifact by its type's name, `components.Report` for instance. The classes
are loaded only then, because they need TFX.
"""

from __future__ import annotations

import importlib

_ARTIFACTS = {
    "ModelCard": "components.report.model_card_artifact",
    "Report": "components.report.report_artifact",
}


def __getattr__(name: str) -> object:
    if name not in _ARTIFACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ARTIFACTS[name]), name)
