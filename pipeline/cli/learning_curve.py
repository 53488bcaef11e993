"""`ner learning-curve`."""

from __future__ import annotations

from pathlib import Path

import click

from components.common.console import announce
from components.common.progress import progress_shown
from pipeline.cli.options import config_options


@click.command("learning-curve")
@click.argument("run", required=False)
@config_options
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs on all the data [default: those of the run].")
def learning_curve(run: str | None, profile: Path | None, settings: tuple[str, ...], epochs: int | None) -> None:
    """Train on 1/8, 1/4, 1/2 and all of the training data of RUN (default: the newest run).

    It shows how much more labels would help, and takes about four times as long as the training of the run: every part
    is trained for equally many steps. `ner report` shows the result in its section More labels. RUN is an id that
    `ner report --list` prints, or its first characters.
    """
    from configs.loading import load_config

    config = load_config(profile, settings)
    announce(f"ner learning-curve: work folder {config.work_dir}; training on 1/8, 1/4, 1/2 and all of the data")
    with progress_shown("preparing the first part"):
        from pipeline.run.learning_curve import measure_learning_curve
        from pipeline.run.run_report import find_run

        record = find_run(config, run)
        for point in measure_learning_curve(config, record, epochs=epochs):
            click.echo(f"{point.sentences:>9,} sentences ({point.share:.1%} of the data): entity F1 {point.f1:.3f}")
