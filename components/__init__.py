"""The components of the pipeline.

Kubeflow Pipelines imports the class of an artifact by its type's name, `components.Report` for instance. The classes
are loaded only then, because they need TFX.
"""

from __future__ import annotations

import importlib

_ARTIFACTS = {
    "Corpus": "components.artifacts",
    "DataProfile": "components.drift_validator.data_profile_artifact",
    "ModelCard": "components.reporter.model_card_artifact",
    "Report": "components.reporter.report_artifact",
}


def __getattr__(name: str) -> object:
    if name not in _ARTIFACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # By the name of the type: that of DataProfile has another class of the same name beside it.
    module = importlib.import_module(_ARTIFACTS[name])
    return getattr(module, name, None) or getattr(module, f"{name}Artifact")
