"""Runner of the pipeline for Kubeflow Pipelines and Vertex AI, for `python` and the `tfx` command line.

    python pipeline/kubeflow_runner.py                  # writes pipeline.yaml
    NER_TARGET=vertex tfx pipeline create --engine=vertex --pipeline_path=pipeline/kubeflow_runner.py

Environment variables replace the options of `ner compile`: NER_TARGET (kubeflow or vertex), NER_CONFIG (a profile),
NER_CLUSTER (a cluster's configuration), NER_OUTPUT (the file to write).
"""

from __future__ import annotations

import os
from pathlib import Path

from absl import logging

from configs.cluster_loading import load_cluster
from configs.loading import load_config
from pipeline.kubeflow.compile.compiling import compile_pipeline, settings_for

_FILES = {"kubeflow": "pipeline.yaml", "vertex": "pipeline.json"}


def run() -> None:
    """Compiles the pipeline with the settings in environment variables."""
    target = os.environ.get("NER_TARGET", "kubeflow")
    cluster = load_cluster(target, _path("NER_CLUSTER"))
    config = load_config(_path("NER_CONFIG"), settings_for(cluster))
    compile_pipeline(config, cluster, target, _path("NER_OUTPUT") or Path.cwd() / _FILES[target])


def _path(variable: str) -> Path | None:
    return Path(os.environ[variable]) if os.environ.get(variable) else None


if __name__ == "__main__":
    logging.set_verbosity(logging.INFO)
    run()
