"""`ner inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from components.common.console import announce
from pipeline.cli.options import limit_options

_COLUMNS = "  {:<8} {:<14} {:<10} {:<22} {}"


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--check", is_flag=True, help="Run the validator, too, and so the model; exit status 1 if a check fails.")
@click.option("--json", "as_json", is_flag=True, help="Print the contract as JSON.")
@limit_options
def inspect(model: Path, check: bool, as_json: bool) -> None:
    """Show signatures, origin and size of the SavedModel MODEL."""
    if check:
        announce(f"ner inspect: running {model}")
    from components.exporter import inspect_model, require_valid

    inspection = inspect_model(model, check=check)
    if as_json:
        click.echo(inspection.contract.to_json(), nl=False)
        return
    for name, signature in sorted(inspection.contract.signatures.items()):
        click.secho(name, bold=True, nl=not signature.meaning)
        if signature.meaning:
            click.echo(f"  {signature.meaning}")
        for side, tensors in (("input", signature.inputs), ("output", signature.outputs)):
            for key, tensor in tensors.items():
                shape = "any" if tensor.shape is None else str([-1 if dim is None else dim for dim in tensor.shape])
                click.echo(_COLUMNS.format(side, key, tensor.dtype, shape, tensor.meaning).rstrip())
    for label, text in inspection.facts.items():
        click.echo(f"{label + ':':<12} {text}")
    if inspection.report is not None:
        for result in inspection.report.checks:
            click.secho(str(result), fg=None if result.passed else "red")
        require_valid(inspection.report)
