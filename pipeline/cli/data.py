"""`ner data`."""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import Column, Row, announce, print_table, standard_output
from components.common.errors import counted, percent, quoted, shortened
from components.common.faults import explained
from components.common.files import write_atomically
from components.common.progress import progress_shown
from pipeline.cli.exit_codes import REFUSED
from pipeline.cli.options import config_options, refuse_replacing, with_corpus

if TYPE_CHECKING:
    from components.corpus_example_gen.cleaning.report import IngestReport
    from components.corpus_example_gen.settings import CorpusSettings
    from components.corpus_tools.check import CorpusCheck
    from components.corpus_tools.diff import Comparison, Difference
    from components.corpus_tools.sentence import AnnotatedSentence
    from components.corpus_tools.split import Division
    from components.corpus_tools.writing import Output, Written

_FORMATS = ("conll", "jsonl", "hf", "doccano", "prodigy", "label-studio", "brat", "spacy")
_EXTENSIONS = {".conll": "conll", ".jsonl": "jsonl", ".parquet": "hf", ".spacy": "spacy"}
_NOTES = 10
_source = click.argument("source", metavar="IN", type=click.Path(path_type=Path, exists=True))
_target = click.argument("target", metavar="OUT", type=click.Path(path_type=Path, allow_dash=True))
_to = click.option("--to", "name", type=click.Choice(_FORMATS), help="Format of OUT [default: conll or jsonl, like IN]")
_force = click.option("--force", is_flag=True, help="Replace existing files.")
_seed = click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same result.")


@click.group()
def data() -> None:
    """Check, convert, divide, sample and compare corpora, generate one, and make word vectors."""


@data.command(short_help="Write a corpus in another format.")
@_source
@_target
@click.option("--to", "name", type=click.Choice(_FORMATS), help="Format of OUT [default: by its extension].")
@_force
@config_options
def convert(
    source: Path, target: Path, name: str | None, force: bool, profile: Path | None, settings: tuple[str, ...]
) -> None:
    """Write the corpus IN, a file or folder that `ner run` reads, to OUT in another format.

    A folder keeps its splits. OUT of a file may be -, standard output. Standard error lists the parts of a
    sentence that OUT cannot hold.
    """
    from components.corpus_example_gen.cleaning.report import IngestReport
    from components.corpus_tools.convert import convert
    from components.corpus_tools.writing import Output
    from configs.loading import load_config

    name = name or _EXTENSIONS.get(target.suffix.lower())
    if name is None:
        raise click.UsageError(f"{target}: no format has this extension. Give --to: {', '.join(_FORMATS)}.")
    config = load_config(profile, settings)
    report = IngestReport()
    with _writing(target):
        written = convert(source, Output(target, name, force), config.corpus, report=report)
    _print_unread(source, config.corpus)
    _print_absent(report, config.corpus)
    _print_account(report)
    _print_written(target, written)


@data.command(short_help="Divide a corpus into train, dev and test.")
@_source
@_target
@click.option(
    "--shares", default="80:10:10", show_default=True, help="Shares of train, dev and test; 0 leaves one out."
)
@_seed
@_to
@_force
@config_options
def split(source: Path, target: Path, shares: str, seed: int, **options: Any) -> None:
    """Divide the corpus IN into train, dev and test in the folder OUT.

    Each part has its share of the entities of a type, and rare types occur in all parts if they can. Sentences of a
    document, and equal sentences, stay together. Existing splits of IN are divided anew.
    """
    from components.corpus_tools import split as splitting
    from components.corpus_tools.reading import splits_of
    from components.corpus_tools.writing import write_parts

    parts = splitting.parse_shares(shares)
    sentences, output, corpus = _opened(source, target, options)
    if len(names := splits_of(source, corpus)) > 1:
        announce(
            f"note: {source} has {', '.join(names)}, which are mixed and divided anew: held-out sentences may become "
            "training data"
        )
    with _writing(target):
        division = splitting.split(sentences(), parts, seed)
        written = write_parts(division.parts, output, corpus)
    _print_division(division)
    _print_written(target, written)


@data.command(short_help="Write random sentences of a corpus.")
@_source
@click.argument("target", metavar="[OUT]", type=click.Path(path_type=Path, allow_dash=True), default=Path("-"))
@click.option("--n", "count", type=click.IntRange(min=1), help="Number of sentences.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Share of the sentences.")
@click.option("--stratify", is_flag=True, help="Give each type its share, and rare types a sentence.")
@_seed
@_to
@_force
@config_options
def sample(
    source: Path, target: Path, count: int | None, share: float | None, stratify: bool, seed: int, **options: Any
) -> None:
    """Write random sentences of the corpus IN to the file OUT [default: standard output]."""
    from components.corpus_tools.sample import sample
    from components.corpus_tools.writing import write_corpus

    if (count is None) == (share is None):
        raise click.UsageError("give --n or --share")
    sentences, output, corpus = _opened(source, target, options)
    with _writing(target):
        written = write_corpus(sample(sentences, count or share or 0, seed, stratify=stratify), output, corpus)
    _print_written(target, written)


@data.command(short_help="Rename, merge or drop entity types.")
@_source
@_target
@click.option("--map", "maps", multiple=True, metavar="OLD[+OLD]=NEW,…", help="Rename or merge types.")
@click.option("--drop", "drops", multiple=True, metavar="TYPE,…", help="Make entities of these types text outside.")
@_to
@_force
@config_options
def merge_types(source: Path, target: Path, maps: tuple[str, ...], drops: tuple[str, ...], **options: Any) -> None:
    """Rename, merge or drop entity types of the corpus IN: `--map PER=PERSON,LOC+GPE=PLACE --drop MISC`."""
    from components.corpus_tools.convert import convert
    from components.corpus_tools.merge_types import TypeMap

    types = TypeMap.parse(maps, drops)
    sentences, output, corpus = _opened(source, target, options)
    with _writing(target):
        types.check({entity.label for sentence in sentences() for entity in sentence.entities})
        written = convert(source, output, corpus, change=types.apply)
    _print_written(target, written)
    click.echo(f"types: {', '.join(f'{name} {number:,}' for name, number in sorted(written.labels.items()))}", err=True)


@data.command(short_help="Compare two labelled versions of sentences.")
@click.argument("a", type=click.Path(path_type=Path, exists=True))
@click.argument("b", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--by", type=click.Choice(["text", "id"]), default="text", show_default=True, help="Align sentences by it."
)
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Most differences to show.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@config_options
def diff(a: Path, b: Path, by: Any, limit: int, **options: Any) -> None:
    """Compare two labelled versions A and B of sentences: which differ, and how well they agree.

    Precision and recall are those of B against A. Spaces and tokenization make no difference to entities.
    """
    from components.corpus_example_gen.cleaning.report import IngestReport
    from components.corpus_tools.diff import compare
    from components.corpus_tools.reading import for_tools, read_corpus
    from configs.loading import load_config

    corpus = for_tools(load_config(options["profile"], options["settings"]).corpus)
    for path in (a, b):
        _print_unread(path, corpus)
    report = IngestReport()
    with progress_shown("reading"):
        comparison = compare(read_corpus(a, corpus, report), read_corpus(b, corpus, report), by)
    _print_absent(report, corpus)
    if options["as_json"]:
        click.echo(json.dumps(comparison.to_dict(), ensure_ascii=False, indent=1))
    else:
        _print_comparison(comparison, limit)


@data.command(short_help="Write a generated corpus.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--kind", type=click.Choice(["articles", "newswire"]), default="articles", show_default=True)
@_seed
def generate(folder: Path, kind: str, seed: int) -> None:
    """Write a generated corpus (train, dev, test) to FOLDER. Nothing is downloaded.

    "articles" is small (950 sentences) and has the sentences and tag names of the articles. "newswire" is larger (5,500
    sentences, CoNLL format). Both have four entity types, ambiguous words, and unseen entities in dev and test.
    """
    from pipeline.samples import write_sample

    for path in write_sample(folder, kind=kind, seed=seed):
        click.echo(path)


@data.command(short_help="Look for mistakes in a corpus.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with the sentences (replaced).",
)
@click.option("--strict", is_flag=True, help="End with exit code 3 if there are warnings.")
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, help="Cases to print; 0 for all.")
@config_options
def check(
    path: Path,
    *,
    as_json: bool,
    page: Path | None,
    strict: bool,
    top: int,
    profile: Path | None,
    settings: tuple[str, ...],
) -> None:
    """Look for mistakes in the corpus PATH, a folder or a file, before a training.

    Reads it as a run does, with the settings of the section corpus, and shows counts, likely mistakes of labels,
    repeated sentences and odd characters, each with file and line.
    """
    refuse_replacing({"--html": page}, {"PATH": path})
    from configs.loading import load_config

    config = load_config(profile, with_corpus(settings, path))
    from components.corpus_tools.check import Severity, check_corpus, print_check

    with progress_shown("reading"):
        result = check_corpus(
            path,
            config.corpus,
            config.transform.tokenizer,
            lambda file: announce(f"ner data check: reading {file}"),
            named_types={**config.exporter.named_types, **config.evaluator.named_types},
        )
    if page is not None:
        _write_page(page, result)
    if as_json:
        click.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
    else:
        print_check(standard_output(), result, top)
    if result.number_of(Severity.ERROR):
        raise SystemExit(1)
    if strict and result.number_of(Severity.WARNING):
        raise SystemExit(REFUSED)


@data.command(short_help="Make word vectors with a pretrained encoder.")
@click.argument("texts", nargs=-1, required=True)
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--encoder", required=True, metavar="PRESET", help="Folder or name, as trainer.encoder.preset.")
@click.option("--words", type=click.IntRange(min=1), default=100_000, show_default=True, help="Most words.")
@click.option("--dimension", type=click.IntRange(min=1), default=100, show_default=True, help="Of the vectors.")
@_force
@config_options
def vectors(
    *,
    texts: tuple[str, ...],
    target: Path,
    encoder: str,
    words: int,
    dimension: int,
    force: bool,
    profile: Path | None,
    settings: tuple[str, ...],
) -> None:
    """Write vectors of the most frequent words of TEXTS to OUT.

    A pretrained encoder makes them. TEXTS are files as for `ner distill --unlabelled`: .txt (a text or a word a line),
    rows with `text`, or corpora. Give the training corpus, too. The default tagger reads OUT:

    \b
    ner run --set trainer.cnn_linear.vectors.path=OUT \\
        --set trainer.cnn_linear.vectors.words=100000
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    refuse_replacing({"OUT": target}, {text: Path(text) for text in texts})
    if target.exists() and not force:
        raise click.UsageError(f"{target} exists already. --force replaces it.")
    from configs.loading import load_config
    from pipeline.word_vectors import write_word_vectors

    config = load_config(profile, settings)
    announce("ner data vectors: loading TensorFlow")
    with progress_shown("reading texts"):
        count = write_word_vectors(target, texts, config, encoder=encoder, words=words, dimension=dimension)
    click.echo(f"{target}: {count:,} words, {dimension} numbers each")


def _write_page(page: Path, result: CorpusCheck) -> None:
    from components.reporter.page.corpus_page import render_check

    write_atomically(page, render_check(result, datetime.datetime.now(datetime.timezone.utc)))
    print(f"ner data check: {page} written", file=sys.stderr)


def _opened(
    source: Path, target: Path, options: dict[str, Any]
) -> tuple[Callable[[], Iterable[AnnotatedSentence]], Output, CorpusSettings]:
    """Returns a function that reads the sentences, the checked output, and the settings of the corpus."""
    from components.corpus_example_gen.cleaning.report import IngestReport
    from components.corpus_tools.convert import usual_format
    from components.corpus_tools.reading import for_tools, read_corpus, with_progress
    from components.corpus_tools.writing import Output
    from configs.loading import load_config

    corpus = for_tools(load_config(options["profile"], options["settings"]).corpus)
    output = Output(target, options["name"] or usual_format(source, corpus), options["force"])
    output.check([source])
    _print_unread(source, corpus)
    reports: list[IngestReport] = []

    def sentences() -> Iterator[AnnotatedSentence]:
        report = IngestReport()
        yield from with_progress(read_corpus(source, corpus, report), "sentences read")
        if not reports:
            _print_absent(report, corpus)
        reports.append(report)

    return sentences, output, corpus


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Shows the number of sentences, unless the sentences themselves go to the terminal; faults name the output."""
    on_screen = str(target) == "-" and sys.stdout.isatty()
    with explained({"OUT": target}), contextlib.nullcontext() if on_screen else progress_shown("reading"):
        yield


def _print_unread(source: Path, corpus: CorpusSettings) -> None:
    """Names the files of a folder that the command does not read."""
    from components.corpus_tools.reading import corpus_parts, unread_note

    if note := unread_note(source, corpus_parts(source, corpus)):
        announce(note)


def _print_absent(report: IngestReport, corpus: CorpusSettings) -> None:
    """Names the types of `corpus.drop_types` that the corpus does not have."""
    for name, fix in report.absent_types(corpus.drop_types).items():
        announce(f"corpus.drop_types: no sentence has an entity of type {quoted(name)}. {fix}")


def _print_account(report: IngestReport) -> None:
    """Prints how the corpus was read, and what was left out."""
    for note in [*report.notes[:_NOTES], *report.skipped[:_NOTES]]:
        click.echo(f"read: {note}", err=True)
    if report.left_out or report.repairs or report.total_skipped:
        click.echo(f"read: {report.summary()}", err=True)


def _print_written(target: Path, written: Written) -> None:
    """Prints the files with their sentences, and what they do not hold; on standard error, next to a stream."""
    sentences = counted(sum(written.counts.values()), "sentence")
    entities = counted(written.labels.total(), "entity", "entities")
    click.echo(f"{target}: {written.title}, {sentences}, {entities}", err=True)
    if len(written.counts) > 1:
        files = ", ".join(f"{name} {count:,}" for name, count in written.counts.items())
        click.echo(f"files: {files}", err=True)
    if losses := written.losses():
        click.echo(losses, err=True)
    for note in written.notes:
        click.echo(note, err=True)


def _print_division(division: Division) -> None:
    types = {
        name: Counter(entity.label for sentence in part for entity in sentence.entities)
        for name, part in division.parts.items()
    }
    sizes = {name: len(part) for name, part in division.parts.items()}
    rows = [Row(("sentences", *_counts_and_shares(sizes)))]
    for label in sorted({label for counts in types.values() for label in counts}):
        own = {name: counts[label] for name, counts in types.items()}
        rows.append(Row((label, *_counts_and_shares(own)), section=len(rows) == 1))
    print_table(standard_output(), [Column(""), *(Column(name, right=True) for name in division.parts)], rows)
    documents = counted(division.documents, "document") if division.documents else "the corpus names no documents"
    repeated = counted(division.repeated, "repeated sentence")
    click.echo(f"kept in one part each: {documents}; {repeated}")


def _counts_and_shares(counts: dict[str, int]) -> list[str]:
    total = sum(counts.values())
    return [f"{count:,} ({percent(count / total, 0)})" if total else "0" for count in counts.values()]


def _print_comparison(comparison: Comparison, limit: int) -> None:
    for difference in comparison.differences[:limit]:
        _print_difference(difference)
    for where, sentences in (("only in A", comparison.only_a), ("only in B", comparison.only_b)):
        for sentence in sentences[:limit]:
            click.echo(f"{sentence.place}  {where}\n  {_line(sentence.text)}\n")
    console = standard_output()
    scores = {**comparison.entities.per_type(), "all": comparison.entities.micro()}
    rows = [
        Row(
            (name, *(f"{value:.3f}" for value in own[:3]), f"{own.support:,}"),
            section=name == "all" and len(scores) > 1,
        )
        for name, own in scores.items()
    ]
    columns = [Column("type"), *(Column(name, right=True) for name in ("precision", "recall", "F1", "in A"))]
    print_table(console, columns, rows, "Entities of B against A")
    kappa = "not defined" if comparison.kappa is None else f"{comparison.kappa:.3f}"
    click.echo(f"\nCohen's kappa of {counted(comparison.tokens.total(), 'token')}: {kappa}")
    named = {name.replace("_", " "): count for name, count in comparison.counts().items()}
    click.echo("sentences: " + ", ".join(f"{name} {count:,}" for name, count in named.items()))


def _print_difference(difference: Difference) -> None:
    lines = [f"{difference.a.place}  {difference.b.place}", f"  {_line(difference.a.text)}"]
    if difference.text:
        lines.append(f"  text in B: {_line(difference.b.text)}")
    for sign, places in (("-", difference.only_a), ("+", difference.only_b)):
        lines += [f"  {sign} {place[2]} {_line(difference.surface(place))!r}" for place in places]
    lines += [f"  tokens: {' '.join(one)!r} in A, {' '.join(other)!r} in B" for one, other in difference.tokens]
    click.echo("\n".join(lines) + "\n")


def _line(text: str) -> str:
    """Returns a text of the corpus on one line, cut, and without control characters."""
    return shortened("".join(c if c.isprintable() else " " for c in text), 200)
