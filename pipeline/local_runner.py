"""The pipeline for the `tfx` command line.

    tfx pipeline create --engine=local --pipeline_path=pipeline/local_runner.py
    tfx run create --engine=local --pipeline_name=ner

The environment variable NER_CONFIG names a profile; the default is configs/base.yaml. As in `ner run`, the console has
the progress, and a file in `logs` of the work folder all of the log; `ner run` also prints a summary.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

from components.common.files import private_files
from components.common.masking import mask_logs_and_tracebacks
from configs.loading import load_config
from pipeline.local_run import build_pipeline
from pipeline.run.dag_runner import DagRunner
from pipeline.run.run_log import run_log


def run() -> None:
    """Builds the pipeline from the configuration and runs it."""
    mask_logs_and_tracebacks()
    profile = os.environ.get("NER_CONFIG")
    config = load_config(Path(profile) if profile else None)
    with private_files():
        pipeline = build_pipeline(config)
        with run_log(config.work_dir / "logs", len(pipeline.components)):
            DagRunner(config).run(pipeline)


if __name__ == "__main__":
    # Destructors of TensorFlow fail in the teardown of the interpreter, which would print a traceback for each.
    atexit.register(setattr, sys, "unraisablehook", lambda fault: None)
    run()
