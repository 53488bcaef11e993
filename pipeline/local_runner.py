"""The pipeline for the `tfx` command line.

    tfx pipeline create --engine=local --pipeline_path=pipeline/local_runner.py
    tfx run create --engine=local --pipeline_name=ner

The environment variable NER_CONFIG names a profile; the default is configs/base.yaml. `ner run` does the same and
prints a summary.
"""

from __future__ import annotations

import os
from pathlib import Path

from absl import logging

from components.common.files import private_files
from components.common.masking import mask_logs_and_tracebacks
from configs.loading import load_config
from pipeline.local_run import build_pipeline
from pipeline.run.dag_runner import DagRunner


def run() -> None:
    """Builds the pipeline from the configuration and runs it."""
    mask_logs_and_tracebacks()
    profile = os.environ.get("NER_CONFIG")
    config = load_config(Path(profile) if profile else None)
    with private_files():
        DagRunner(config).run(build_pipeline(config))


if __name__ == "__main__":
    logging.set_verbosity(logging.INFO)
    run()
