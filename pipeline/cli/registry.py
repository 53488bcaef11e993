"""`ner registry`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import config_options

if TYPE_CHECKING:
    from components.registry.model_registry import ModelRegistry
    from components.registry.store.version import RegisteredVersion
    from configs.spec import PipelineConfig

_FOLDER = click.Path(path_type=Path, file_okay=False)
_WHY = click.option("--why", required=True, metavar="TEXT", help="The reason, for the history.")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_NO_SYNC = click.option("--no-sync", is_flag=True, help="Leave the serving directory as it is.")


@click.group()
def registry() -> None:
    """Registered models: look, compare, promote, roll back, serve.

    VERSION is a number or an alias: champion, previous, candidate.
    """


def _command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    def decorate(function: Callable[..., None]) -> click.Command:
        return registry.command(name)(config_options(function))

    return decorate


@_command("list")
@click.option("--last", type=click.IntRange(min=1), default=None, metavar="N", help="Only the newest N versions.")
@_JSON
def list_versions(profile: Path | None, settings: tuple[str, ...], last: int | None, as_json: bool) -> None:
    """List the versions and their aliases."""
    config, models = _open(profile, settings)
    versions = models.versions(config.name)[-(last or 0) :]
    if as_json:
        click.echo(json.dumps([_plain(version) for version in versions], indent=1, ensure_ascii=False))
        return
    from pipeline.registry_view.tables import print_versions

    print_versions(_console(), versions)
    _warn_of_moved_aliases(config, models)


@_command("show")
@click.argument("version")
@_JSON
def show(profile: Path | None, settings: tuple[str, ...], version: str, as_json: bool) -> None:
    """Show what is known about VERSION."""
    config, models = _open(profile, settings)
    found = models.require(config.name, version)
    if as_json:
        click.echo(json.dumps(_plain(found), indent=1, ensure_ascii=False))
        return
    from pipeline.registry_view.tables import print_version

    print_version(_console(), found)


@_command("diff")
@click.argument("first", metavar="VERSION")
@click.argument("second", metavar="VERSION")
def diff(profile: Path | None, settings: tuple[str, ...], first: str, second: str) -> None:
    """Show what two versions differ in: scores, settings, data, origin."""
    from components.registry.version_diff import differences
    from pipeline.registry_view.tables import print_differences

    config, models = _open(profile, settings)
    a, b = models.require(config.name, first), models.require(config.name, second)
    print_differences(_console(), a, b, differences(a, b))


@_command("promote")
@click.argument("version")
@click.option("--expect", metavar="VERSION", help="The champion it is to replace, or none; by default the blessing's.")
@_WHY
@click.option("--force-blessing", is_flag=True, help="Promote without a valid blessing; --why must say why.")
@_NO_SYNC
def promote(
    profile: Path | None,
    settings: tuple[str, ...],
    version: str,
    expect: str | None,
    why: str,
    force_blessing: bool,
    no_sync: bool,
) -> None:
    """Make VERSION the champion, if the champion is still the expected one."""
    from components.registry.names import BASELINE_VERSION_TAG, CHAMPION, parse_version

    config, models = _open(profile, settings)
    wanted = models.require(config.name, version)
    if expect is not None:
        expected = parse_version(expect)
    elif force_blessing:
        champion = models.get(config.name, CHAMPION)
        expected = champion.version if champion else None
    else:
        expected = parse_version(wanted.tags.get(BASELINE_VERSION_TAG, ""))
    done = models.champions(config.name).promote(wanted.version, expected, why, force=force_blessing)
    click.echo(f"{done.name} version {done.version} is the champion")
    _follow(config, models, no_sync)


@_command("rollback")
@click.option("--to", type=click.IntRange(min=1), metavar="VERSION", help="Any earlier champion; by default the last.")
@_WHY
@_NO_SYNC
def rollback(profile: Path | None, settings: tuple[str, ...], to: int | None, why: str, no_sync: bool) -> None:
    """Make an earlier champion the champion again."""
    config, models = _open(profile, settings)
    done = models.champions(config.name).rollback(to, why)
    click.echo(f"{done.name} version {done.version} is the champion again")
    _follow(config, models, no_sync)


@_command("history")
@_JSON
def history(profile: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Show who made which version the champion, when, and why."""
    config, models = _open(profile, settings)
    champions = models.champions(config.name)
    entries, line = champions.history(), champions.line()
    if as_json:
        rows = [{**dataclasses.asdict(entry), "counts": entry.number not in line.void} for entry in entries]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=str))
        return
    from pipeline.registry_view.tables import print_history

    print_history(_console(), entries, line)
    _warn_of_moved_aliases(config, models)


@_command("fetch")
@click.argument("version")
@click.argument("destination", type=_FOLDER)
def fetch(profile: Path | None, settings: tuple[str, ...], version: str, destination: Path) -> None:
    """Download the SavedModel of VERSION to DESTINATION, and check it against its hash."""
    config, models = _open(profile, settings)
    click.echo(models.fetch(models.require(config.name, version), destination))


@_command("sync")
@click.argument("directory", required=False, type=_FOLDER)
@click.option("--keep", type=click.IntRange(min=0), help="Versions that stay beside those with an alias.")
@click.option("--server", metavar="URL", help="Move labels when this TensorFlow Serving has loaded the versions.")
@click.option("--timeout", type=float, default=300, show_default=True, metavar="SECONDS", help="Of the waiting for it.")
@click.option("--base-path", metavar="PATH", help="Folder of the model as the server sees it, e.g. /models/ner.")
def sync(
    profile: Path | None,
    settings: tuple[str, ...],
    directory: Path | None,
    keep: int | None,
    server: str | None,
    timeout: float,
    base_path: str | None,
) -> None:
    """Make DIRECTORY, which TensorFlow Serving watches, follow the registry.

    Champion, previous version and candidate are laid out with their aliases as labels in models.config. By default
    DIRECTORY is the configured one.
    """
    import functools

    from components.registry.serving_directory.serving_status import wait_until_loaded
    from components.registry.serving_directory.serving_sync import sync as sync_directory

    config, models = _open(profile, settings)
    wait = functools.partial(_wait, wait_until_loaded, server, config.name, timeout) if server else None
    report = sync_directory(
        models,
        config.name,
        directory or config.serving_dir,
        keep=config.registry.keep_versions if keep is None else keep,
        wait_until_loaded=wait,
        base_path=base_path,
    )
    if not report.labels:
        click.echo(f"{config.name} has no champion; nothing was changed")
        return
    click.echo(f"{report.model_dir}: {', '.join(f'{label} {version}' for label, version in report.labels.items())}")
    for what, versions in (("added", report.published), ("removed", report.pruned)):
        if versions:
            click.echo(f"{what}: {', '.join(map(str, versions))}")
    if report.unknown:
        click.echo(f"left alone, not from this registry: {', '.join(map(str, report.unknown))}", err=True)


@_command("serve-ui")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--allowed-hosts", metavar="NAMES", help="Host names that requests may ask for, by comma.")
def serve_ui(profile: Path | None, settings: tuple[str, ...], host: str, port: int, allowed_hosts: str | None) -> None:
    """Start MLflow's web interface on the registry; it takes half a minute to come up."""
    from pipeline.registry_view.registry_ui import serve

    config, models = _open(profile, settings)
    serve(models, config.name, host, port, allowed_hosts)


def _open(profile: Path | None, settings: tuple[str, ...]) -> tuple[PipelineConfig, ModelRegistry]:
    from components.registry.model_registry import ModelRegistry
    from configs.loading import load_config

    config = load_config(profile, settings)
    return config, ModelRegistry(config.registry_uri)


def _console() -> Any:
    from rich.console import Console

    console = Console()
    # A pipe has no width: nothing is cut off there.
    return console if console.is_terminal else Console(width=240)


def _plain(version: RegisteredVersion) -> dict[str, Any]:
    values = {field.name: getattr(version, field.name) for field in dataclasses.fields(version)}
    return {
        **values,
        "created": version.created.isoformat(),
        "tree_hash": version.tree_hash,
        "blessed": version.blessed,
    }


def _wait(waiting: Callable[..., None], server: str, name: str, timeout: float, versions: Any) -> None:
    waiting(server, name, versions, timeout)


def _follow(config: PipelineConfig, models: ModelRegistry, no_sync: bool) -> None:
    """Makes the configured serving directory follow, if there is one on this machine."""
    if no_sync or not config.serving_dir.is_dir():
        return
    from components.registry.serving_directory.serving_sync import sync as sync_directory

    report = sync_directory(models, config.name, config.serving_dir, keep=config.registry.keep_versions)
    click.echo(f"{report.model_dir}: {', '.join(f'{label} {version}' for label, version in report.labels.items())}")


def _warn_of_moved_aliases(config: PipelineConfig, models: ModelRegistry) -> None:
    for alias, version in models.champions(config.name).moved_aliases().items():
        where = "nowhere" if version is None else f"to version {version}"
        click.secho(
            f"MLflow's own alias {alias} points {where}: somebody moved it by hand, or a change was interrupted. "
            "A promotion or rollback puts it right.",
            fg="yellow",
            err=True,
        )
