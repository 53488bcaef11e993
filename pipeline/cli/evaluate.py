"""`ner evaluate`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import Column, Row, announce, print_line, print_table, standard_output
from components.common.errors import counted
from components.common.files import write_atomically
from components.common.progress import progress_shown
from pipeline.cli.exit_codes import REFUSED
from pipeline.cli.options import config_options, refuse_replacing, url_option
from pipeline.score_table import print_type_scores

if TYPE_CHECKING:
    from rich.console import Console

    from components.evaluator.blessing.rule import BlessingRule
    from components.evaluator.counts.text_hashes import TextHashes
    from components.evaluator.delayed_labels.join_account import JoinAccount
    from components.evaluator.labelled_corpus.result import CorpusEvaluation
    from components.evaluator.labelled_corpus.tagged_text import EvaluatedModel
    from components.evaluator.results.evaluation import Blessing, Comparison, Evaluation
    from configs.spec import PipelineConfig

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_REQUESTS_ONLY, _DATA_ONLY = ("labels", "window"), ("model", "against", "url", "split")
_FEW = 5  # changed sentences in the terminal


_HELP = """Score a model on labelled data, or logged requests on labels that arrive later.

\b
ner evaluate --data DIR_OR_FILE [--model REF | --url URL] [--against REF]
  Tags the sentences with a version, an export or a running server, and
  scores the tags as the Evaluator of a run does. The rules of the section
  `evaluator` and each --threshold decide.

\b
ner evaluate --requests LOG --labels FILE
  Joins logged answers with their labels by key; no model runs.
  Each --threshold decides.
"""


@click.command(help=_HELP)
@click.option("--data", type=click.Path(path_type=Path), help="Corpus folder or labelled file to score a model on.")
@click.option("--model", metavar="REF", help="Model to score: version, alias, models:/…, folder [default: champion]")
@url_option
@click.option("--against", metavar="REF|URL", help="Second model to compare with.")
@click.option("--split", metavar="NAME", help="train, eval, test or all [default: test, else eval, else all]")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML page (replaced if it exists)."
)
@click.option("--requests", type=_FILE, help="Log of answered requests with keys, JSON lines (.gz too).")
@click.option("--labels", type=_FILE, help="Labels with the same keys, JSON lines (.gz too): tags or spans.")
@click.option("--window", type=click.Choice(["hour", "day", "week", "month"]), help="Slice the requests by time.")
@click.option("--time", default="timestamp", show_default=True, metavar="FIELD", help="Logged field with the time.")
@click.option("--by", multiple=True, metavar="COLUMN", help="Slice by metadata or a logged field, case, …")
@click.option("--threshold", "thresholds", multiple=True, metavar="METRIC>=BOUND[@SLICE]", help="E.g. entity_f1>=0.6")
@click.option("--min-support", type=int, help="Gold entities that a slice needs [default: evaluator.min_support]")
@click.option("--training-entities", type=_FILE, help="training_entities.npy of an evaluation, for entity_seen.")
@click.option("--bootstrap", type=click.IntRange(min=0), help="Replicates of the intervals [default: evaluator's]")
@click.option(
    "--json", "target", type=click.Path(path_type=Path, allow_dash=True), help="Write the result as JSON (replaced)."
)
@config_options
def evaluate(profile: Path | None, settings: tuple[str, ...], target: Path | None, **options: Any) -> None:
    """See `_HELP`."""
    _check_use(options)
    inputs = {
        f"--{name.replace('_', '-')}": options[name] for name in ("data", "requests", "labels", "training_entities")
    }
    refuse_replacing({"--output": options["output"], "--json": target}, inputs)
    from components.evaluator.blessing.rule import parse_threshold
    from configs.loading import load_config

    bootstrap = options.pop("bootstrap")
    changes = () if bootstrap is None else (f"evaluator.bootstrap={bootstrap}",)
    config = load_config(profile, (*settings, *changes))
    support = config.evaluator.min_support if options["min_support"] is None else options["min_support"]
    rules = tuple(parse_threshold(text, support) for text in options["thresholds"])
    if options["data"] is not None:
        passed = _on_data(config, rules, target, options)
    else:
        passed = _on_requests(config, rules, target, options)
    if not passed:
        raise SystemExit(REFUSED)


def _check_use(options: dict[str, Any]) -> None:
    """Checks that the options belong to one of the two uses."""
    if options["data"] is None:
        if options["requests"] is None or options["labels"] is None:
            raise click.UsageError(
                "give --data DIR_OR_FILE for a labelled corpus, or --requests LOG with --labels FILE, both JSON lines"
            )
        _refuse_corpus(options["labels"])
        if wrong := [name for name in _DATA_ONLY if options[name] is not None]:
            raise click.UsageError(f"--{wrong[0]} needs --data")
        return
    if options["requests"] is not None:
        raise click.UsageError("--data and --requests are two uses; give one of them")
    if wrong := [name for name in _REQUESTS_ONLY if options[name] is not None]:
        raise click.UsageError(f"--{wrong[0]} needs --requests")
    if options["model"] is not None and options["url"] is not None:
        raise click.UsageError("--model and --url name the same thing; give one of them")


def _refuse_corpus(labels: Path) -> None:
    """Refuses a labelled corpus as the labels of requests."""
    from components.serving.batch_prediction.labelled_input import is_labelled

    with labels.open(encoding="utf-8", errors="replace") as lines:
        if is_labelled(lines):
            raise click.UsageError(
                f"--labels {labels}: is a labelled corpus, not JSON lines with the keys of requests. Give --data "
                f"to score a model on the corpus. If its sentences have the keys as ids, `ner data convert {labels} "
                "OUT.jsonl` makes labels of it."
            )


def _on_data(
    config: PipelineConfig, rules: tuple[BlessingRule, ...], target: Path | None, options: dict[str, Any]
) -> bool:
    if options["url"] is not None and "://" not in options["url"]:
        raise click.UsageError(f"--url {options['url']}: write http://HOST:PORT/v1/models/NAME; --model takes versions")
    known = _training_entities(options["training_entities"])
    announce(f"ner evaluate: reading {options['data']}, loading the model")
    with progress_shown("loading the model"):
        from components.corpus_example_gen.labelled_data import LabelledData
        from components.evaluator.labelled_corpus.evaluation import CorpusOptions, evaluate_corpus
        from pipeline.registry_view.evaluated_model import evaluated_model

        data = LabelledData(options["data"], config.corpus, options["split"], config.transform.tokenizer)
        model = evaluated_model(options["url"] or options["model"], config)
        against = None if options["against"] is None else evaluated_model(options["against"], config)
        if against is not None and _content(against) == _content(model):
            announce(
                f"note: --against {options['against']} is the same model as {model.name}: nothing to compare", "yellow"
            )
            against = None
        corpus_options = CorpusOptions(
            settings=config.evaluator,
            columns=options["by"],
            thresholds=rules,
            training_entities=known,
        )
        result = evaluate_corpus(data, model, corpus_options, against)
    if options["output"] is not None:
        from components.reporter.page.page import render_evaluation

        now = datetime.datetime.now(datetime.timezone.utc)
        write_atomically(options["output"], render_evaluation(result, now))
        created = now.isoformat(timespec="seconds")
        _write_tables(options["output"], result.evaluation, created=created, data=result.data)
    _write(target, result, lambda: _print_evaluation(result))
    if options["output"] is not None:
        click.echo(options["output"], err=True)
    _print_outcomes(result.evaluation.blessing)
    return result.passed


def _content(model: EvaluatedModel) -> Mapping[str, str]:
    return {key: value for key, value in model.identity.items() if key != "folder"} or {"name": model.name}


def _on_requests(
    config: PipelineConfig, rules: tuple[BlessingRule, ...], target: Path | None, options: dict[str, Any]
) -> bool:
    from components.evaluator.counts.slicing import ENTITY_SEEN, Slicer
    from components.evaluator.delayed_labels.evaluation import WINDOW, DelayedLabelOptions, evaluate_delayed_labels

    settings = config.evaluator
    if not options["window"] and any(rule.column == WINDOW for rule in rules):
        raise click.UsageError(f"a threshold on {WINDOW} needs --{WINDOW}")
    named = (rule.column for rule in rules if rule.column not in ("", WINDOW))
    columns = tuple(dict.fromkeys([*options["by"], *named]))
    known = _training_entities(options["training_entities"])
    if ENTITY_SEEN in columns and known is None:
        raise click.UsageError(f"--by {ENTITY_SEEN} needs --training-entities FILE")
    delayed = DelayedLabelOptions(
        slicer=Slicer(columns, settings.sentence_length, settings.entity_length, known),
        bootstrap=settings.bootstrap,
        window=options["window"] or "",
        time=options["time"],
        rules=rules,
    )
    with progress_shown("joining requests and labels"):
        result = evaluate_delayed_labels(options["requests"], options["labels"], delayed)
    if options["output"] is not None:
        from components.reporter.page.history import with_history
        from components.reporter.page.monitoring import delayed_labels_entry, render_delayed_labels

        now = datetime.datetime.now(datetime.timezone.utc)
        history = with_history(options["output"], delayed_labels_entry(result, now))
        names = {"requests": options["requests"].name, "labels": options["labels"].name}
        write_atomically(options["output"], render_delayed_labels(result, **names, created=now, history=history))
        _write_tables(options["output"], result.evaluation, created=now.isoformat(timespec="seconds"))
    _write(target, result, lambda: _print_join(result.evaluation, result.account))
    if options["output"] is not None:
        click.echo(options["output"], err=True)
    _print_outcomes(result.evaluation.blessing, notes=bool(rules))
    return not result.crossed


def _write_tables(page: Path, evaluation: Evaluation, **others: Any) -> None:
    from components.reporter.page.tables import page_tables, table_path

    for name, content in page_tables(evaluation, **others).items():
        write_atomically(table_path(page, name), content)


def _training_entities(path: Path | None) -> TextHashes | None:
    from components.evaluator.counts.text_hashes import TextHashes

    return None if path is None else TextHashes.from_bytes(path.read_bytes(), str(path))


def _write(target: Path | None, result: Any, show: Callable[[], None]) -> None:
    """Writes JSON to a file and shows the tables, or writes only JSON to standard output."""
    if str(target) == "-":
        click.echo(result.to_json(), nl=False)
        return
    if target is not None:
        write_atomically(target, result.to_json())
    show()


def _print_outcomes(blessing: Blessing, *, notes: bool = True) -> None:
    # Two rules on a metric that is not judged have the same text.
    for state, text in dict.fromkeys((outcome.state_in_words, outcome.text) for outcome in blessing.rules):
        if state != "no champion":
            announce(f"{state}: {text}", "red" if state == "failed" else None)
    for note in blessing.notes if notes else ():
        announce(f"note: {note}")


def _print_evaluation(result: CorpusEvaluation) -> None:
    data = result.data
    lines = [f"{result.model.name} on {data.path}, split {data.split}: {counted(data.sentences, 'sentence')}"]
    overall = result.evaluation.overall
    if result.against is not None and overall is not None and overall.f1_change:
        lines.append(f"against {result.against.name}: {overall.f1_change}")
    raw = result.raw_text.comparison
    lines.append(
        "raw text: the tokens joined by spaces, so the end-to-end scores are the same"
        if raw is None
        else f"raw text, end to end: F1 {raw.candidate.entities.micro.f1}; "
        f"{result.raw_text.respaced:,} of the sentences have other spaces in raw text than one between all tokens, "
        f"and {result.raw_text.differing:,} are cut into other tokens than in the corpus"
    )
    if result.changed is not None:
        changed = result.changed
        lines.append(
            f"changed sentences: {changed.total:,}: {changed.fixed:,} fixed, {changed.broken:,} broken, "
            f"{changed.changed:,} wrong in both"
        )
        for outcome in ("broken", "fixed"):
            keys = [sentence.key for sentence in changed.of(outcome)][:_FEW]
            lines += [f"  {outcome}: {', '.join(keys)}"] if keys else []
    print_evaluation(
        standard_output(), result.evaluation, [*lines, *(f"note: {remark}" for remark in result.remarks())]
    )


def _print_join(evaluation: Evaluation, account: JoinAccount) -> None:
    lines = [f"{account.scored:,} of {account.predictions:,} predictions scored"]
    counts = {
        "predictions without a label": account.without_label,
        "labels without a prediction": account.without_prediction,
        "repeated predictions (the first counts)": account.duplicate_predictions,
        "repeated labels (the last counts)": account.duplicate_labels,
        "sentences whose label has a different text": account.misaligned,
    }
    lines += [f"{name}: {keys}" for name, keys in counts.items() if keys.count]
    lines += [f"  {reason}" for reason in account.reasons] + ([account.note] if account.note else [])
    print_evaluation(standard_output(), evaluation, lines)


def print_evaluation(console: Console, evaluation: Evaluation, lines: Iterable[str]) -> None:
    """Prints scores by slice and by type, the schemes of nervaluate, and further lines."""
    _print_scores(console, evaluation.overall, evaluation.slices)
    if evaluation.overall is not None:
        console.print()
        print_type_scores(console, evaluation.overall)
        _print_schemes(console, evaluation.overall)
    for line in lines:
        print_line(console, line)


def _print_scores(console: Console, overall: Comparison | None, slices: tuple[Comparison, ...]) -> None:
    columns = [
        Column("slice"),
        Column("sentences", right=True, drop=2),
        Column("entities", right=True, drop=4),
        Column("precision", right=True, drop=5),
        Column("recall", right=True, drop=6),
        Column("F1", right=True),
        Column("95 % interval", right=True, drop=7),
        Column("macro F1", right=True, drop=3),
        Column("change of F1", right=True),
    ]
    compare = overall is not None and overall.champion is not None
    rows = []
    for comparison in ([overall] if overall else []) + list(slices):
        entities = comparison.candidate.entities
        micro = entities.micro
        cells = (
            comparison.slice.name,
            f"{comparison.candidate.sentences:,}",
            f"{micro.support:,}",
            *(share.number() for share in (micro.precision, micro.recall, micro.f1)),
            micro.f1.interval(),
            entities.macro.f1.number(),
            comparison.changes["entity_f1"].number("+.3f") if "entity_f1" in comparison.changes else "",
        )
        rows.append(Row(cells if compare else cells[:-1]))
    print_table(console, columns if compare else columns[:-1], rows)


def _print_schemes(console: Console, overall: Comparison) -> None:
    from components.reporter.score_rows import scheme_rows

    columns = [
        Column("scheme (nervaluate)"),
        *(Column(name, right=True) for name in ("precision", "recall", "F1")),
        Column("metric of the F1"),
    ]
    rows = []
    for row in scheme_rows(overall):
        shares = (row.candidate.precision, row.candidate.recall, row.candidate.f1)
        rows.append(Row((row.name, *(share.number() for share in shares), row.ours)))
    if rows:
        console.print()
        print_table(console, columns, rows)
        console.print()
