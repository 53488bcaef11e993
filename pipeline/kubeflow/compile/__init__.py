"""Compiler of the pipeline for Kubeflow Pipelines and Vertex AI.

Read `compiling` first, then `cluster_runner` (TFX's compiler) and `finalizing` (our corrections of its output).
"""

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__, {"compile_pipeline": "compiling", "settings_for": "compiling", "warnings": "compiling"}
)
