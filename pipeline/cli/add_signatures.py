"""`ner add-signatures`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import announce, print_line, standard_output
from components.common.errors import NerError
from components.common.files import tree_size
from components.common.json_lines import read_json_lines
from components.common.progress import progress_shown, report_progress
from pipeline.cli.options import limit_options, named_dtype

if TYPE_CHECKING:
    from components.exporter import Signatures, ValidationReport
    from components.exporter.saved_model.signature_plan import Changes

_MODEL = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("source", type=_MODEL)
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--key", metavar="NAME[:DTYPE]", help="Add the signature keyed, which returns a key of this name.")
@click.option("--forward", metavar="NAME[:DTYPE],...", default="", help="Add feature_forward, which returns these.")
@click.option("--default", metavar="SIGNATURE", help="Signature, added or old, that becomes serving_default.")
@click.option("--rename", metavar="OLD=NEW", multiple=True, help="Rename an input or output, in all signatures.")
@click.option("--drop", metavar="SIGNATURE", multiple=True, help="Old signature to leave out.")
@click.option(
    "--labels", metavar="[OUTPUT=]FILE", help="Labels of classes (lines, or a JSON list): adds tags or label."
)
@click.option("--prune", is_flag=True, help="Leave out variables that no signature reads, and Python's own parts.")
@click.option("--keep-default-as", metavar="NAME", help="Name under which the old serving_default stays.")
@click.option("--base", help="Old signature that the added ones extend [default: serving_default, or the only one]")
@click.option("--golden", type=click.Path(path_type=Path, exists=True), help="JSON lines of known requests.")
@click.option("--report", type=click.Path(path_type=Path), help="File for the validation report.")
@limit_options
def add_signatures(
    source: Path, destination: Path, golden: Path | None, report: Path | None, prune: bool, **options: Any
) -> None:
    """Copy the SavedModel SOURCE to DESTINATION with more signatures, without the code that made it.

    The copy has all old signatures (but those of --drop), assets and weights. Its answers are compared with the
    source's bit for bit, and it is kept only if it passes the checks that the source passes. A feature of --forward
    that the model takes as input keeps its dtype; others, and the key, are strings unless a dtype (string, float32,
    int64) is given. --default keyed adds the signature keyed, if there is none, with the key "key". The old default
    stays as unkeyed_signature if another signature takes its place. Other options use the names that --rename gives.
    Nothing is written if the copy is refused.
    """
    announce(f"ner add-signatures: loading {source}")
    with progress_shown("loading TensorFlow"):
        from components.exporter import add_signatures as add_signatures_to

        signatures, changes, known = _signatures(options), _changes(options, prune), _known_requests(golden)
        report_progress("reading the model", 0, 0)
        result = add_signatures_to(source, destination, signatures, changes=changes, golden=known, report_path=report)
    console = standard_output()
    print_line(console, f"{destination}: {', '.join(sorted(result.contract.signatures))}")
    if prune:
        before, after = tree_size(source / "variables"), tree_size(destination / "variables")
        print_line(console, f"variables: {before:,} bytes before, {after:,} after")
        before, after = tree_size(source), tree_size(destination)
        grown = "; the additions take more than pruning saves: graphs of signatures, contract"
        print_line(console, f"all files: {before:,} bytes before, {after:,} after{grown if after > before else ''}")
    print_line(console, f"{result.counts}; answers as the source's, bit for bit{_compared(result)}")


def _compared(report: ValidationReport) -> str:
    """Returns what the copy repairs, and what it takes over from its source."""
    repaired = f"; repaired: {', '.join(report.repaired)}" if report.repaired else ""
    faults = sorted({each.pitfall for each in report.inherited})
    cure = " (--prune leaves them out)" if {*faults} & {"weights_twice", "training_state"} else ""
    return f"{repaired}; the source's own faults stay: {', '.join(faults)}{cure}" if faults else repaired


def _changes(options: Mapping[str, Any], prune: bool) -> Changes:
    from components.exporter.any_model.label_file import read_labels
    from components.exporter.saved_model.signature_plan import Changes

    rename: dict[str, str] = {}
    for text in options["rename"]:
        old, sign, new = text.partition("=")
        if not (old and sign and new):
            raise NerError(f"--rename {text}: not a pair of names. Write OLD=NEW.")
        if rename.setdefault(old, new) != new:
            raise NerError(f"--rename {text}: {old} gets two names. Choose one.")
    output, labels = None, []
    if (text := options["labels"]) is not None:
        name, sign, file = text.partition("=")
        output, file = (name, file) if sign and not Path(text).is_file() else (None, text)
        labels = read_labels(Path(file))
    return Changes(
        base=options["base"], rename=rename, drop=options["drop"], labels=labels, labels_of=output, prune=prune
    )


def _signatures(options: Mapping[str, Any]) -> Signatures:
    from components.exporter import Signatures

    parts = filter(None, (part.strip() for part in (options["forward"] or "").split(",")))
    key, dtype = (None, "string") if options["key"] is None else named_dtype(options["key"], "--key")
    return Signatures(
        default=options["default"],
        key=key,
        key_dtype=dtype,
        forward=dict(named_dtype(part, "--forward") for part in parts),
        keep_default_as=options["keep_default_as"],
    )


def _known_requests(file: Path | None) -> list[dict[str, Any]]:
    if file is None:
        return []
    cases = []
    for number, case in read_json_lines(file):
        try:
            cases.append({"signature": case["signature"], "inputs": case["inputs"], "outputs": case.get("outputs", {})})
        except KeyError as error:
            raise NerError(
                f"{file}:{number}: not a known request (it has no field {error}). "
                'Write one JSON object per line: {"signature": NAME, "inputs": {NAME: VALUES}}.'
            ) from error
    return cases
