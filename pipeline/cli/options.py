"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--config` and `--set`; pass both to `configs.loading.load_config`."""
    path = click.Path(path_type=Path, dir_okay=False)
    command = click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one setting, e.g. trainer.epochs=3."
    )(command)
    return click.option("--config", "profile", type=path, help="YAML profile over configs/base.yaml.")(command)
