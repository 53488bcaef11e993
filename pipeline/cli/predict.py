"""`ner predict`."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import announce, standard_output
from components.common.errors import NerError, quoted
from components.common.faults import usable_processors
from components.common.iterables import batched
from components.common.json_lines import describe_control
from components.common.progress import progress_shown
from pipeline.cli.exit_codes import REFUSED
from pipeline.cli.options import config_options, fields_of_rows, model_option

if TYPE_CHECKING:
    from components.serving.saved_model_tagger import SavedModelTagger, TaggedSentence
    from configs.spec import PipelineConfig

_STANDARD = "-"  # standard input
_BATCH = 64
_MOST_WORKERS = 8
_OPTION = re.compile(r"--[a-z][a-z0-9_-]*(=.*)?")
# Defaults are None, so that an option without --input can be refused.
_BATCH_OPTIONS = (
    click.option(
        "--input",
        "input_",
        metavar="FILE",
        help="Rows: .jsonl, .csv, .tsv, .txt, .tfrecord, .parquet, or - for JSON lines on standard input.",
    ),
    click.option(
        "--output",
        metavar="FILE",
        help="Tagged rows: .jsonl, .jsonl.gz, .parquet or -; .csv or .tsv: a row for each entity; .txt or .conll for "
        "--format highlight or conll, .ann for brat. Replaced if it exists [default: -, standard output]",
    ),
    click.option("--text", metavar="FIELD", help="Field with the text [default: text, sentence, content, tweet, …]"),
    click.option(
        "--key", metavar="FIELD", help="Field that identifies a row; the output repeats it [default: its line]"
    ),
    click.option("--forward", metavar="FIELD,...", multiple=True, help="More fields that the output repeats."),
    click.option("--signature", metavar="NAME", help="Signature of the model; it gets key and features of the row."),
    click.option("--tokens", is_flag=True, default=None, help="Also write tokens, tags, scores and offsets."),
    click.option(
        "--workers", type=click.IntRange(min=1), help="Processes [default: one for each processor, at most 8]"
    ),
    click.option("--errors", metavar="FILE", help="File for rows that cannot be read or tagged; the others go on."),
    click.option("--quoting", type=click.Choice(["csv", "none"]), help="Of CSV and TSV [default: detected]"),
    click.option("--resume", is_flag=True, default=None, help="Continue a job that was interrupted."),
    click.option("--runner", metavar="NAME", help="Run on a Beam runner; its options follow."),
)


def _batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_BATCH_OPTIONS):
        command = option(command)
    return command


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("sentences", nargs=-1)
@config_options
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per sentence.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["entities", "highlight", "brat", "conll", "doccano"]),
    help="Form of the answer [default: entities with --input, highlight on a terminal, else conll]",
)
@_batch_options
def predict(
    *,
    sentences: tuple[str, ...],
    profile: Path | None,
    settings: tuple[str, ...],
    model: str | None,
    as_json: bool,
    format_name: str | None,
    **batch: Any,
) -> None:
    """Tag SENTENCES, the lines of standard input (no SENTENCES, or -), or the rows of a file, with the champion.

    \b
    ner predict "Joe Biden visited Paris"
    echo "Joe Biden visited Paris" | ner predict -
    ner predict --input a.jsonl --text text --key id --output b.jsonl

    Sentences: a terminal shows them with their entities marked; a pipe or a file gets one token and its tag per line,
    and an empty line after each sentence.

    Rows: writes them in order, with key (or line), forwarded fields and entities. A row that cannot be read or tagged
    goes to the file of --errors. A job that was interrupted continues with --resume.
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    if batch["runner"] is None:
        for each in sentences:
            if _OPTION.fullmatch(each):
                ctx, name = click.get_current_context(), each.partition("=")[0]
                known = [option for parameter in ctx.command.params for option in parameter.opts]
                raise click.NoSuchOption(name, possibilities=difflib.get_close_matches(name, known), ctx=ctx)
    if batch["input_"] is not None:
        if as_json:
            raise click.UsageError("--json is for sentences; the default --format entities of --input is JSON, too.")
        config = _config(profile, settings)
        _predict_rows(sentences, config, model, format_name or "entities", batch)
        return
    for name, value in batch.items():
        if value not in (None, ()):
            raise click.UsageError(f"--{name.rstrip('_')} belongs to a batch: add --input FILE.")
    if format_name == "brat":
        raise click.UsageError("--format brat writes two files: add --input FILE and --output FILE.ann.")
    if as_json and format_name:
        raise click.UsageError("give --json or --format, not both.")
    if _STANDARD in sentences and (len(sentences) > 1 or sys.stdin is None):
        raise click.UsageError("- is standard input, which is closed, or not alone. Give - or sentences.")
    for each in sentences:
        if _is_file(each):
            raise click.UsageError(f"{each} is a file, not a sentence. Tag its texts with --input {shlex.quote(each)}.")
    if not sentences and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("no sentences. Give them as arguments, or as lines on standard input.")
    from pipeline.registry_view.model_reference import resolve_model

    with progress_shown("finding the model"):
        folder = resolve_model(model, _config(profile, settings))
    announce(f"ner predict: loading {folder}")
    texts = () if sentences == (_STANDARD,) else sentences
    answer = None
    for answer in _answers(folder, texts, "json" if as_json else format_name):
        click.echo(answer)
    if answer is None:
        announce("warning: standard input has no line, so nothing is tagged. Check the input.")


def _is_file(sentence: str) -> bool:
    """Returns whether a sentence is the path of a file with an extension; a word may be the name of a folder."""
    try:
        return bool(Path(sentence).suffix) and Path(sentence).is_file()
    except (OSError, ValueError):  # too long, or with a NUL byte
        return False


def _config(profile: Path | None, settings: tuple[str, ...]) -> PipelineConfig:
    from configs.loading import load_config

    return load_config(profile, settings)


def _answers(folder: Path, sentences: tuple[str, ...], form: str | None) -> Iterator[str]:
    """Yields the answer to every sentence; of a model that is not a tagger its outputs.

    Args:
        folder: the model.
        sentences: the arguments; none: standard input is read.
        form: form of the answer; None: `highlight` on a terminal, else `conll`.
    """
    from components.serving import saved_model_tagger
    from components.serving.batch_prediction.labelled_input import USE_OF_LABELLED, is_labelled

    tagger: SavedModelTagger | None = None
    try:
        with progress_shown("loading the model"):
            tagger = saved_model_tagger.SavedModelTagger(folder)
    except saved_model_tagger.NoTaggerError:
        if form not in (None, "json", "conll"):
            raise
        from components.serving.batch_prediction.any_model import AnyModel

        with progress_shown("loading the model"):
            outputs = AnyModel(folder)
    console = standard_output()
    form = form or ("highlight" if console.is_terminal else "conll")
    color = console.is_terminal and not console.no_color and not console.is_dumb_terminal
    for number, batch in enumerate(batched(_texts(sentences), _BATCH)):
        if not number and not sentences and is_labelled(batch):
            problem = "standard input: has labels that would be read as text, such as a tag at each token"
            raise NerError(f"{problem}. {USE_OF_LABELLED}.")
        if tagger is None:
            yield from (json.dumps(answer, ensure_ascii=False) for answer in outputs.run_texts(batch))
        else:
            yield from (_form(tagged, form, color) for tagged in tagger.tag(batch))


def _texts(sentences: tuple[str, ...]) -> Iterator[str]:
    """Yields the sentences.

    Raises:
        NerError: one is a JSON object, since rows with keys belong to --input, or has a control character.
    """
    for number, text in enumerate(map(_readable, sentences) if sentences else _lines(), 1):
        where = f"argument {number}" if sentences else f"standard input:{number}"
        if control := describe_control(text):
            raise NerError(
                f"{where}: {control} in a sentence. Remove it, or use `ner predict --input FILE --errors FILE`, which "
                "goes on with the other rows."
            )
        if text.lstrip().startswith("{") and (names := _fields_of(text)):
            from components.serving.batch_prediction.fields import usual_text_fields

            field = "" if len(usual_text_fields(names)) == 1 else " --text FIELD"
            key = "".join(f" --key {name}" for name in ("key", "id") if name in names)
            raise NerError(
                f"{where}: a JSON object, which is not a sentence. Use `ner predict --input FILE{field}{key} "
                "--output FILE` (- for standard input and output)."
            )
        yield text


def _fields_of(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [*value] if isinstance(value, dict) else []


def _readable(argument: str) -> str:
    """Replaces invalid UTF-8 bytes of an argument by U+FFFD, like the served model does."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _lines() -> Iterator[str]:
    from components.serving.batch_prediction.fields import TEXT
    from components.serving.batch_prediction.sources import unpacked

    # Invalid bytes as in `_readable`.
    stream = unpacked(sys.stdin.buffer, _STANDARD, TEXT, "standard input")
    is_known = False  # that bytes are not UTF-8
    for number, line in enumerate(stream):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            text = line.decode("utf-8", "replace")
            if not is_known:
                problem = f"standard input:{number + 1}: byte 0x{line[error.start]:02X} is not UTF-8"
                announce(f"warning: {problem}, and read as U+FFFD. Convert the text, for example with `iconv`.")
            is_known = True
        yield text.rstrip("\r\n").removeprefix("" if number else "\ufeff")  # a byte order mark


def _form(tagged: TaggedSentence, form: str, color: bool) -> str:
    from components.serving.batch_prediction import formats

    if form == "json":
        return json.dumps(dataclasses.asdict(tagged), ensure_ascii=False)
    if form == "entities":
        return formats.json_object(formats.answer_members(tagged, with_tokens=False))
    if form == "doccano":
        return formats.doccano(tagged, {})
    if form == "highlight":
        return formats.highlight(tagged, color=color)
    return formats.conll(tagged, {})


def _predict_rows(
    rest: tuple[str, ...], config: PipelineConfig, model: str | None, format_name: str, batch: dict[str, Any]
) -> None:
    beam_args = _beam_args(config, batch["runner"], rest)
    if rest and batch["runner"] is None:
        raise click.UsageError("give sentences or --input FILE, not both.")
    from components.serving.batch_prediction.job import BatchJob, describe, run_batch
    from pipeline.registry_view.model_reference import resolve_model

    fields = fields_of_rows(batch["input_"], batch, reads_all=batch["signature"] is not None)
    with progress_shown("finding the model"):
        folder = resolve_model(model, config)
    job = BatchJob(
        batch["input_"],
        batch["output"] or _STANDARD,
        folder,
        fields,
        signature=batch["signature"],
        format=format_name,
        with_tokens=bool(batch["tokens"]),
        workers=batch["workers"] or min(usable_processors(), _MOST_WORKERS),
        errors=batch["errors"],
        quoting=batch["quoting"],
        resume=bool(batch["resume"]),
    )
    announce(f"ner predict: loading {job.model}" + f"; the text is the field {quoted(fields.text)}" * fields.has_text)
    if beam_args is None:
        result = run_batch(job)
    else:
        from components.common.extras import require_extra

        require_extra("pipeline", "ner predict --runner")
        from components.serving.batch_prediction.engine import run_on_engine

        with progress_shown("running on Beam"):
            result = run_on_engine(job, beam_args)
    announce(describe(result, job))
    if result.bad or result.absent:
        raise SystemExit(REFUSED)


def _beam_args(config: PipelineConfig, runner: str | None, options: tuple[str, ...]) -> list[str] | None:
    """Returns the arguments of Beam; None if neither the command nor the configuration names a runner."""
    if runner is None:
        names = {arg.partition("=")[0] for arg in config.beam.args}
        return list(config.beam.args) if "--runner" in names else None
    configured = [arg for arg in config.beam.args if arg.partition("=")[0] != "--runner"]
    return [*configured, f"--runner={runner}", *options]
