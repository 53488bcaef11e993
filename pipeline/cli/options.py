"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.errors import NerError
from components.common.files import is_special
from components.keys import SENTENCE

if TYPE_CHECKING:
    from components.serving.batch_prediction.fields import Fields

data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Corpus: a folder, or a file; short for --set corpus.path=PATH."
)

model_option = click.option(
    "--model",
    metavar="MODEL",
    help="models:/NAME@ALIAS, models:/NAME/VERSION, a version, an alias, or a folder [default: the champion]",
)

url_option = click.option(
    "--url", metavar="URL", help="Ask a running server: http://HOST:PORT/v1/models/NAME[/labels/LABEL]"
)


def refuse_replacing(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """Checks that no output takes the place of an input, of a file in a folder of inputs, or of another output.

    Args:
        outputs: option -> file; a page (.html) may lie in the folder.
        inputs: option -> file or folder.

    Raises:
        UsageError: one does.
    """
    taken: dict[str, Path] = {option: path.resolve() for option, path in inputs.items() if path is not None}
    for option, path in outputs.items():
        if path is None or str(path) == "-":
            continue
        target = path.resolve()
        for other, file in taken.items():
            inside = file in target.parents and target.is_file() and target.suffix != ".html"
            if (target == file or inside) and not is_special(target):
                of = "a file of " if inside else ""
                raise click.UsageError(f"{option} {path}: would replace {of}{other}. Give another file.")
        taken[option] = target


def named_dtype(text: str, option: str, default: str = "string") -> tuple[str, str]:
    """Splits `NAME[:DTYPE]`.

    Args:
        text: the value, or a part of it.
        option: its name, for errors.
        default: the dtype if none is given.

    Raises:
        NerError: the name is empty, or the dtype is unknown.
    """
    from components.exporter.settings import FORWARD_DTYPES

    name, colon, dtype = text.partition(":")
    if not name:
        raise NerError(f"{option} {text}: the name is empty. Write NAME or NAME:DTYPE.")
    if colon and dtype not in FORWARD_DTYPES:
        raise NerError(f"{option} {text}: unknown dtype {dtype!r}. Use one of {', '.join(FORWARD_DTYPES)}.")
    return name, dtype or default


def fields_of_rows(path: str, options: Mapping[str, Any], *, reads_all: bool = False) -> Fields:
    """Returns the fields that `--text`, `--key` and `--forward` name; without `--text`, the text is found in the file.

    Args:
        path: value of `--input`.
        options: `text`, `key`, `forward` and `quoting` of the command.
        reads_all: whether inputs of the signature may be in any field.

    Raises:
        BatchError: several fields may be the text.
    """
    from components.serving.batch_prediction.fields import Fields
    from components.serving.batch_prediction.sources import fields_of_input

    forward = tuple(name for value in options["forward"] for name in value.split(",") if name)
    fields = Fields(options["text"] or SENTENCE, options["key"], forward, all=reads_all)
    return fields if options["text"] is not None else fields_of_input(path, fields, options["quoting"])


def needs_extra(extra: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a decorator with which a command refuses to start without an extra of the installation."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def checked(*args: Any, **options: Any) -> Any:
            from components.common.extras import require_extra

            require_extra(extra, f"ner {click.get_current_context().info_name}")
            return command(*args, **options)

        return checked

    return decorate


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--config` and `--set`; the command passes both to `configs.loading.load_config`."""
    path = click.Path(path_type=Path, dir_okay=False)
    command = click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one setting, e.g. trainer.epochs=3."
    )(command)
    return click.option("--config", "profile", type=path, help="YAML profile over configs/base.yaml.")(command)


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--answer-seconds` and `--memory-gb`: limits of the processes in which the command runs a model."""
    from components.exporter.validator.fresh_process import current_limits, limits_set

    limits, seconds, gigabytes = current_limits(), click.FloatRange(min=0, min_open=True), click.FloatRange(min=1)

    @click.option("--answer-seconds", type=seconds, default=limits.answer_seconds, show_default=True)
    @click.option("--memory-gb", type=gigabytes, default=limits.memory_gb, show_default=True)
    @functools.wraps(command)
    def limited(*args: Any, answer_seconds: float, memory_gb: float, **options: Any) -> Any:
        total = max(limits.total_seconds, 10 * answer_seconds)
        with limits_set(answer_seconds=answer_seconds, total_seconds=total, memory_gb=memory_gb):
            return command(*args, **options)

    return limited


def with_corpus(settings: tuple[str, ...], data: Path | None) -> tuple[str, ...]:
    """Returns the settings with the value of `--data`, quoted: a path such as `2024` or `[a]` stays a text."""
    import yaml

    if data is None:
        return settings
    quoted = yaml.safe_dump(str(data), default_style='"', width=float("inf"))
    return (*settings, f"corpus.path={quoted.strip()}")
