"""`ner inspect` and `ner add-signatures`: commands for any SavedModel."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import announce, print_line, standard_output, wrapped
from components.common.errors import NerError
from components.common.files import tree_size
from components.common.json_lines import read_json_lines
from components.common.progress import progress_shown
from pipeline.cli.options import limit_options, named_dtype

if TYPE_CHECKING:
    from components.exporter import Signatures, ValidationReport
    from components.exporter.contract.tensors import SignatureContract, TensorContract
    from components.exporter.saved_model.inspecting import Inspection
    from components.exporter.saved_model.signature_plan import Changes
    from components.exporter.validator.validation_report import CheckResult

JSON_FORMAT = 1
"""Version of the output of `ner inspect --json`; docs/foreign-models.md describes it."""

_MODEL = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("model", type=_MODEL)
@click.option("--check", is_flag=True, help="Run the validator, too, and so the model.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@limit_options
def inspect(model: Path, check: bool, as_json: bool) -> None:
    """Show signatures, entity types, origin and size of the SavedModel MODEL."""
    announce(f"ner inspect: {'running' if check else 'reading'} {model}")
    with progress_shown("reading the model"):
        from components.exporter import inspect_model, require_valid

        inspection = inspect_model(model, check=check)
    if as_json:
        click.echo(json.dumps(_values(inspection), indent=1))
        sys.exit(1 if inspection.report is not None and not inspection.report.passed else 0)
    for line in _signature_blocks(inspection.contract.signatures):
        click.echo(line)
    label = max(len(each) for each in inspection.facts) + 2
    for name, text in inspection.facts.items():
        start = f"{name + ':':<{label}}"
        fits = " " in text or len(start + text) <= _columns()
        click.echo(_wrapped(start, text) if fits else f"{name}:\n  {text}")
    if inspection.report is not None:
        for result in inspection.report.checks:
            if not result.skipped:
                click.secho(_wrapped("", str(result)), fg=None if result.passed else "red")
        if idle := dict.fromkeys(_idle(check) for check in inspection.report.checks if check.skipped):
            click.echo(_wrapped("skipped for some signatures: ", ", ".join(idle)))
        click.echo(inspection.report.counts)
        require_valid(inspection.report, "the model")


def _idle(check: CheckResult) -> str:
    return f"{check.name} ({check.detail})"


def _values(inspection: Inspection) -> dict[str, Any]:
    report = inspection.report
    checks = None if report is None else [dataclasses.asdict(check) for check in report.checks]
    passed = None if report is None else report.passed
    values = {"format": JSON_FORMAT, **inspection.contract.to_dict(), **inspection.values}
    return {**values, "passed": passed, "checks": checks}


def _signature_blocks(signatures: Mapping[str, SignatureContract]) -> Iterator[str]:
    """Yields a block for each signature; what another signature has is described once."""
    names = [name for each in signatures.values() for name in (*each.inputs, *each.outputs)]
    width = max(map(len, names), default=0)
    shown: list[str] = []
    described: list[tuple[str, TensorContract]] = []
    for name, signature in sorted(signatures.items(), key=lambda item: len(item[1].outputs)):
        yield click.style(name, bold=True)
        if signature.meaning:
            yield _wrapped("  ", signature.meaning)
        for key, tensor in signature.inputs.items():
            again = (key, tensor) in described
            yield _tensor("input", key, dataclasses.replace(tensor, meaning="") if again else tensor, width)
            described.append((key, tensor))
        same = [each for each in shown if _has_all(signature.outputs, signatures[each].outputs)]
        known = signatures[same[-1]].outputs if same else {}
        if same:
            yield f"  output  those of {same[-1]}"
        for key, tensor in signature.outputs.items():
            if key not in known:
                yield _tensor("output", key, tensor, width)
        shown.append(name)


def _has_all(outputs: Mapping[str, TensorContract], others: Mapping[str, TensorContract]) -> bool:
    return bool(others) and all(key in outputs and outputs[key] == tensor for key, tensor in others.items())


def _tensor(side: str, key: str, tensor: TensorContract, width: int) -> str:
    shape = "any shape" if tensor.shape is None else str([-1 if dim is None else dim for dim in tensor.shape])
    start = f"  {side:<6}  {key:<{width}}  {tensor.dtype:<7}  {shape}"
    line = f"{start:<{width + 35}}  {tensor.meaning}".rstrip()
    return line if len(line) <= _columns() or not tensor.meaning else f"{start}\n{_wrapped(' ' * 10, tensor.meaning)}"


def _wrapped(start: str, text: str) -> str:
    return wrapped(text, _columns(), start)


def _columns() -> int:
    """Returns the width of the terminal; in a pipe, lines have any length."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 1_000_000


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
    with progress_shown("reading the model"):
        from components.exporter import add_signatures as add_signatures_to

        signatures, changes, known = _signatures(options), _changes(options, prune), _known_requests(golden)
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
    from components.exporter.any_model.label_lookup import read_labels
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
