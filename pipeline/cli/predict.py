"""`ner predict`."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import config_options, model_option

if TYPE_CHECKING:
    from components.serving.saved_model_tagger import TaggedSentence

_BATCH = 64


@click.command()
@click.argument("sentences", nargs=-1)
@config_options
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per sentence.")
def predict(
    sentences: tuple[str, ...], profile: Path | None, settings: tuple[str, ...], model: str | None, as_json: bool
) -> None:
    """Tag SENTENCES, or the lines of standard input, with the champion.

    Prints one token and its tag per line, and an empty line after each sentence.
    """
    if not sentences and sys.stdin.isatty():
        raise click.UsageError("no sentences. Give them as arguments, or as lines on standard input.")
    from components.serving.saved_model_tagger import SavedModelTagger
    from configs.loading import load_config
    from pipeline.registry_view.model_reference import resolve_model

    tagger = SavedModelTagger(resolve_model(model, load_config(profile, settings)))
    for batch in _batches(map(_readable, sentences) if sentences else _lines()):
        for tagged in tagger.tag(batch):
            click.echo(_json(tagged) if as_json else _columns(tagged))


def _readable(argument: str) -> str:
    """Replaces invalid UTF-8 bytes of an argument by U+FFFD, like the served model does."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lines() -> Iterator[str]:
    # Invalid bytes as in `_readable`.
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace", newline="\n")
    return (line.rstrip("\r\n") for line in lines)


def _batches(sentences: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(sentences)
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield batch


def _columns(tagged: TaggedSentence) -> str:
    return "".join(f"{token}\t{tag}\n" for token, tag in zip(tagged.tokens, tagged.tags, strict=True))


def _json(tagged: TaggedSentence) -> str:
    return json.dumps(dataclasses.asdict(tagged), ensure_ascii=False)
