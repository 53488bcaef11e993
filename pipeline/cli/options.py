"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Corpus folder; short for --set corpus.path=DIR."
)


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--config` and `--set`; the command passes both to `configs.loading.load_config`."""
    path = click.Path(path_type=Path, dir_okay=False)
    command = click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one setting, e.g. trainer.epochs=3."
    )(command)
    return click.option("--config", "profile", type=path, help="YAML profile over configs/base.yaml.")(command)


def with_corpus(settings: tuple[str, ...], data: Path | None) -> tuple[str, ...]:
    """Returns the settings with the value of `--data`."""
    return settings if data is None else (*settings, f"corpus.path={data}")
