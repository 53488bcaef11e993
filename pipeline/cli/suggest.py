"""`ner suggest`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import Column, Row, announce, print_line, print_table, standard_output
from components.common.errors import counted, quoted
from components.common.progress import progress_shown
from pipeline.cli.exit_codes import REFUSED
from pipeline.cli.options import config_options, fields_of_rows, model_option, refuse_replacing, url_option

if TYPE_CHECKING:
    from rich.console import Console

    from components.corpus_example_gen.settings import CorpusSettings
    from components.suggestions.search import SearchResult

_PATH = click.Path(path_type=Path)
_SHOWN = 10  # suggestions in the terminal
_FORMATS = ["jsonl", "doccano", "prodigy", "label-studio", "brat", "conll"]


@click.command()
@click.option(
    "--input",
    "input_",
    required=True,
    metavar="FILE",
    help="Unlabelled rows: .txt, .jsonl, .csv, .tsv, .tfrecord (.gz), .parquet or -.",
)
@click.option("--n", "count", type=click.IntRange(min=1), default=200, show_default=True, help="Sentences to suggest.")
@click.option("--output", type=_PATH, required=True, help="File for the annotation tool; with --to brat a folder.")
@click.option("--to", "format_name", type=click.Choice(_FORMATS), default="jsonl", show_default=True)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option("--labels", type=_PATH, help="Also write the model's labels as JSON lines, for `ner data diff`.")
@click.option("--labelled", multiple=True, type=click.Path(path_type=Path), help="Labelled texts to leave out.")
@click.option("--against", metavar="MODEL|URL", help="Second model, such as the candidate: disagreement counts, too.")
@click.option("--text", metavar="FIELD", help="Field with the text [default: text, sentence, content, tweet, …]")
@click.option("--key", metavar="FIELD", help="Field that identifies a row; the output repeats it.")
@click.option("--forward", metavar="FIELD,...", multiple=True, help="More fields that the output repeats.")
@click.option("--quoting", type=click.Choice(["csv", "none"]), help="Of CSV and TSV [default: detected]")
@config_options
@model_option
@url_option
def suggest(*, profile: Path | None, settings: tuple[str, ...], count: int, output: Path, **options: Any) -> None:
    """Choose the sentences that are worth labelling next.

    \b
    ner suggest --input raw.jsonl --text text --n 200 --labelled corpus/ \\
                --to label-studio --output tasks.json

    Takes sentences about which the model is unsure, and which are unlike each other and the labelled ones, and writes
    them with the labels of the model for a person to correct, the best first.
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    if options["model"] is not None and options["url"] is not None:
        raise click.UsageError("--model and --url name the same thing; give one of them")
    inputs = None if options["input_"] == "-" else Path(options["input_"])
    of_corpus = {f"--labelled {path}": path for path in options["labelled"]}
    refuse_replacing({"--output": output, "--labels": options["labels"]}, {"--input": inputs, **of_corpus})
    from components.corpus_tools.writing import Output, write_corpus
    from components.serving.batch_prediction.sources import Source
    from components.suggestions.search import SearchOptions, search
    from configs.loading import load_config
    from pipeline.registry_view.evaluated_model import chosen_tagger

    config = load_config(profile, settings)
    outputs = [Output(output, options["format_name"], options["force"])]
    if options["labels"] is not None:
        outputs.append(Output(options["labels"], "jsonl", options["force"]))
    for each in outputs:  # before the work
        each.check(())
    fields = fields_of_rows(options["input_"], options)
    Source(options["input_"], fields, options["quoting"])  # names a wrong file or column before the model is loaded
    announce("ner suggest: loading the model" + f"; the text is the field {quoted(fields.text)}" * fields.has_text)
    with progress_shown("loading the model"):
        tagger, name = chosen_tagger(options["url"] or options["model"], config)
        against = None if options["against"] is None else chosen_tagger(options["against"], config)[0]
    result = search(
        SearchOptions(options["input_"], fields, count, quoting=options["quoting"]),
        tagger,
        against,
        labelled=_labelled(options["labelled"], config.corpus),
    )
    for each in outputs:
        write_corpus(result.sentences(), dataclasses.replace(each, suggestions=name))
    print_suggestions(standard_output(), result)
    print_counts(result, count, output)
    if result.absent:
        from components.serving.batch_prediction.job import describe_absent

        announce(describe_absent(result.absent))
    if result.bad or result.absent:
        raise SystemExit(REFUSED)


def _labelled(paths: Sequence[Path], settings: CorpusSettings) -> Callable[[], Iterable[Sequence[str]]]:
    """Returns a function that yields the tokens of all sentences of labelled files and folders."""
    from components.corpus_example_gen.labelled_data import ALL, LabelledData
    from components.corpus_tools.reading import corpus_parts, unread_note

    for path in paths:
        if note := unread_note(path, corpus_parts(path, settings)):
            announce(note)

    def sentences() -> Iterator[Sequence[str]]:
        for path in paths:
            data = LabelledData(path, settings, ALL)
            yield from (labelled.sentence.tokens for labelled in data.sentences())

    return sentences


def print_suggestions(console: Console, result: SearchResult) -> None:
    """Prints the first suggestions."""
    from components.serving.batch_prediction.formats import highlight

    compared = any(each.uncertainty.disagreement is not None for each in result.suggestions)
    columns = [Column("row", right=True), Column("uncertainty", right=True), Column("disagreement", right=True, drop=1)]
    columns = [*(columns if compared else columns[:2]), Column("sentence with the labels of the model")]
    rows = []
    for each in result.suggestions[:_SHOWN]:
        value = each.uncertainty
        differing = [f"{value.disagreement:.2f}"] if value.disagreement is not None else []
        rows.append(Row((str(each.row.number), f"{value.value:.3f}", *differing, highlight(each.tagged))))
    print_table(console, columns, rows)
    if (more := len(result.suggestions) - _SHOWN) > 0:
        print_line(console, f"and {more:,} more")


def print_counts(result: SearchResult, count: int, output: Path) -> None:
    """Prints on standard error what became of the rows."""
    out = result.left_out
    parts = {
        "labelled already": out.labelled,
        "repeated": out.repeated,
        "near duplicates": out.similar,
        "without a token": out.empty,
    }
    text = "".join(f", {number:,} {name}" for name, number in parts.items() if number)
    speed = result.rows / max(result.seconds, 1e-9)
    rate = "" if result.seconds < 1 else f" ({speed:,.0f} rows/s)"
    click.echo(f"{len(result.suggestions):,} of {result.rows:,} rows in {output}{text}{rate}", err=True)
    if len(result.suggestions) < count:
        click.echo(f"note: fewer than the {count:,} of --n, because the others are left out or too alike.", err=True)
    if result.first_bad is not None:
        click.echo(
            f"{counted(result.bad, 'row')} could not be read or tagged, the first is {result.first_bad.number:,}: "
            f"{result.first_bad.reason}",
            err=True,
        )
