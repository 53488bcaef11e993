"""The `ner` command line. Commands are imported when they are called: TFX takes many seconds to import."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

import click

from components.common.errors import NerError
from pipeline.cli.lazy_group import LazyGroup

# Name -> (where the command is, what it does).
_COMMANDS = {
    "run": ("pipeline.cli.run:run", "Run the pipeline: labelled text in, a served tagger out."),
    "compile": ("pipeline.cli.compile:compile_command", "Compile the pipeline for Kubeflow or Vertex AI."),
    "report": ("pipeline.cli.report:report", "Show the report of a run."),
    "evaluate": ("pipeline.cli.evaluate:evaluate", "Score logged predictions against labels that came later."),
    "retrain": ("pipeline.cli.retrain:retrain", "Retrain if there is reason to; keep what is better."),
    "schedule": ("pipeline.cli.schedule:schedule", "Retrain at set times."),
    "drift": ("pipeline.cli.drift:drift", "Hold logged requests against the champion's training data."),
    "predict": ("pipeline.cli.predict:predict", "Tag sentences with the champion."),
    "registry": ("pipeline.cli.registry:registry", "Registered models: look, compare, promote, roll back."),
    "lineage": ("pipeline.cli.lineage:lineage", "What made a version, and what it was used for."),
    "data": ("pipeline.cli.data:data", "Corpora: write a generated one."),
    "package": ("pipeline.cli.package:package", "Lay a model out as a server wants it."),
    "add-signatures": ("pipeline.cli.add_signatures:add_signatures", "Give any SavedModel more signatures."),
    "kfp": ("pipeline.cli.kfp:kfp", "On Kubeflow Pipelines: upload, run, wait, schedule."),
    "inspect": ("pipeline.cli.inspect:inspect", "Show what a SavedModel takes and gives; check it."),
}


class _Commands(LazyGroup.of(_COMMANDS)):  # type: ignore[misc]
    """All commands; it prints their errors."""

    def invoke(self, ctx: click.Context) -> Any:
        """Prints an error as one text; `--debug` gives the traceback."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise  # click's own business
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            click.secho(f"error: {_text_of(error)}", fg="red", err=True)
            ctx.exit(1)


def _text_of(error: Exception) -> str:
    if isinstance(error, NerError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}\nThis is a defect of ner; `ner --debug ...` shows where."


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deployable-ner")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Train, export, evaluate and serve a sequence tagger."""
    if not sys.warnoptions:
        # Those of the stack below are not the user's to mend. Our own are errors in the tests.
        warnings.simplefilter("ignore")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its deprecation warnings, mostly of its own callers
