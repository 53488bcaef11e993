"""`ner inspect`."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import announce, wrapped
from components.common.progress import progress_shown
from pipeline.cli.options import limit_options

if TYPE_CHECKING:
    from components.exporter.contract.tensors import SignatureContract, TensorContract
    from components.exporter.saved_model.inspecting import Inspection

JSON_FORMAT = 1
"""Version of the output of `--json`; docs/foreign-models.md describes it."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
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
    for line in _signatures(inspection.contract.signatures):
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
        if idle := dict.fromkeys(check.name for check in inspection.report.checks if check.skipped):
            click.echo(_wrapped("skipped: ", f"nothing to check in {', '.join(idle)} of some signatures"))
        click.echo(inspection.report.counts)
        require_valid(inspection.report, "the model")


def _values(inspection: Inspection) -> dict[str, Any]:
    report = inspection.report
    checks = None if report is None else [dataclasses.asdict(check) for check in report.checks]
    passed = None if report is None else report.passed
    values = {"format": JSON_FORMAT, **inspection.contract.to_dict(), **inspection.values}
    return {**values, "passed": passed, "checks": checks}


def _signatures(signatures: Mapping[str, SignatureContract]) -> Iterator[str]:
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
