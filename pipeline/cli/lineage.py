"""`ner lineage`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import config_options

if TYPE_CHECKING:
    from components.registry.store.version import RegisteredVersion
    from pipeline.registry_view.lineage import Lineage

_LONGEST = 200
# The tags that say what a version was made from, in the order of the pipeline; `data.` are all of that kind.
_ORIGIN = (
    "data.", "schema", "schema_hash", "transform_graph_hash", "code_version", "contract_version",
    "baseline_version", "warm_start_version", "run_id", "run_name", "run_fingerprint", "tree_hash",
)  # fmt: skip


@click.command()
@click.argument("version", default="champion")
@config_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, nothing left out.")
def lineage(version: str, profile: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Show what made VERSION (a number or an alias): data, schema, code, settings; and which runs used it.

    The registry knows the first wherever it is; the steps and the uses come from the metadata of the runs, which lie
    where they ran.
    """
    from components.registry.model_registry import ModelRegistry
    from configs.loading import load_config
    from pipeline.registry_view.lineage import read_lineage
    from pipeline.run.run_record import metadata_file

    config = load_config(profile, settings)
    registry = ModelRegistry(config.registry_uri)
    found = registry.require(config.name, version)
    steps = read_lineage(metadata_file(config), registry.uri, found)
    if as_json:
        values = {"tags": dict(found.tags), "lineage": dataclasses.asdict(steps) if steps else None}
        click.echo(json.dumps(values, indent=1, ensure_ascii=False, default=str))
        return
    _print_origin(found)
    if steps is None:
        click.echo(f"\n{metadata_file(config)} knows no run that pushed it: made elsewhere, or the file was removed")
        return
    _print_steps(steps)


def _print_origin(version: RegisteredVersion) -> None:
    click.secho(f"{version.name} version {version.version}  {', '.join(version.aliases)}", bold=True)
    for prefix in _ORIGIN:
        for name, value in sorted(version.tags.items()):
            if name == prefix or (prefix.endswith(".") and name.startswith(prefix)):
                _print_fact(name, value)
    if version.params:
        click.secho("settings", bold=True)
        for name, value in sorted(version.params.items()):
            _print_fact(name, value)


def _print_steps(steps: Lineage) -> None:
    click.secho(f"made in run {', '.join(steps.runs)}", bold=True)
    for node in steps.nodes:
        click.echo(f"  {node.name}")
        for name, value in sorted(node.settings.items()):
            click.echo(f"    {name:<22} {_short(value)}")
        for output, (uri, _) in sorted(node.outputs.items()):
            click.echo(f"    -> {output:<19} {uri}")
    click.secho("used by", bold=True)
    for usage in steps.usages:
        click.echo(f"  run {usage.run} as {' and '.join(usage.roles) or 'nothing'}: {usage.outcome}")
    if not steps.usages:
        click.echo("  no run yet")


def _print_fact(name: str, value: Any) -> None:
    click.echo(f"  {name:<24} {_short(value)}")


def _short(value: Any) -> str:
    line = " ".join(str(value).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2]} …"
