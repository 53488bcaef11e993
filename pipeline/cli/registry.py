"""`ner registry` and `ner lineage`."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.console import announce, standard_output
from components.common.errors import counted
from components.common.progress import progress_shown, report_progress
from pipeline.cli.options import config_options
from pipeline.registry_view.outside_changes import warn_of_outside_changes

if TYPE_CHECKING:
    from components.registry.model_registry import ModelRegistry
    from components.registry.serving_directory.serving_sync import SyncReport
    from components.registry.store.version import RegisteredVersion
    from components.registry.transfer import Transfer
    from configs.spec import PipelineConfig

_FOLDER = click.Path(path_type=Path, file_okay=False)


def _reason(ctx: click.Context, parameter: click.Parameter, why: str) -> str:
    if not why.strip():
        raise click.BadParameter("the reason is empty. Write why, for the history.")
    return why


_why_option = click.option(
    "--why", required=True, callback=_reason, metavar="TEXT", help="The reason, for the history."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_no_sync_option = click.option("--no-sync", is_flag=True, help="Do not change the serving directory.")


@click.group()
def registry() -> None:
    """List, compare, promote, roll back and serve registered models.

    VERSION is a number or an alias: champion, previous, candidate.
    """


@dataclasses.dataclass(frozen=True)
class _Opened:
    """The configuration and its registry."""

    config: PipelineConfig
    models: ModelRegistry

    @classmethod
    def of(cls, profile: Path | None, settings: tuple[str, ...]) -> _Opened:
        from components.registry.model_registry import ModelRegistry
        from configs.loading import load_config

        config = load_config(profile, settings)
        return cls(config, ModelRegistry(config.registry_uri))

    @property
    def name(self) -> str:
        return self.config.name

    def require(self, version: str) -> RegisteredVersion:
        with progress_shown("reading the registry"):
            return self.models.require(self.name, version)


def _with_registry(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--config` and `--set`; the command receives the opened registry as its first argument."""

    @config_options
    @functools.wraps(command)
    def wrapper(*, profile: Path | None, settings: tuple[str, ...], **arguments: Any) -> None:
        with progress_shown("opening the registry"):
            opened = _Opened.of(profile, settings)
        command(opened, **arguments)

    return wrapper


@registry.command("list")
@click.option("--last", type=click.IntRange(min=1), default=None, metavar="N", help="Only the newest N versions.")
@_json_option
@_with_registry
def list_versions(opened: _Opened, last: int | None, as_json: bool) -> None:
    """List the versions and their aliases."""
    with progress_shown("reading the registry"):
        versions = opened.models.versions(opened.name)[-(last or 0) :]
        line = opened.models.champions(opened.name).line()
    if as_json:
        rows = [{**_plain(version), "rolled_back": version.version in line.taken_back} for version in versions]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if not versions:
        click.echo(f"{opened.name}: no versions. Run `ner run` first.")
        warn_of_outside_changes(opened.models, opened.name)
        return
    from pipeline.registry_view.tables import print_versions

    print_versions(standard_output(), versions, line)
    warn_of_outside_changes(opened.models, opened.name)


@registry.command("show")
@click.argument("version")
@_json_option
@_with_registry
def show(opened: _Opened, version: str, as_json: bool) -> None:
    """Show all data of VERSION."""
    shown = opened.require(version)
    if as_json:
        click.echo(json.dumps(_plain(shown), indent=1, ensure_ascii=False))
        return
    from pipeline.registry_view.tables import print_version

    print_version(standard_output(), shown, opened.models.champions(opened.name).line())
    warn_of_outside_changes(opened.models, opened.name)


@registry.command("diff", short_help="Show the differences between two versions.")
@click.argument("first", metavar="VERSION")
@click.argument("second", metavar="VERSION")
@_with_registry
def diff(opened: _Opened, first: str, second: str) -> None:
    """Show the differences between two versions: scores, settings, data, origin."""
    from components.registry.names import CORPUS_TAG
    from components.registry.version_diff import SCORES, differences
    from pipeline.registry_view.tables import print_differences

    a, b = opened.require(first), opened.require(second)
    rows = differences(a, b)
    print_differences(standard_output(), a, b, rows)
    corpora = {version.tags.get(CORPUS_TAG) for version in (a, b)}
    if len(corpora) > 1 and any(row.section == SCORES for row in rows):
        announce(
            "note: the versions have different corpora, and perhaps scores of different sentences. `ner evaluate "
            f"--data PATH --model {a.version} --against {b.version}` scores both on the same ones.",
            "yellow",
        )


@registry.command("promote", short_help="Make VERSION the champion.")
@click.argument("version")
@click.option(
    "--expect", metavar="VERSION", help="The champion to replace, or none; default: the one it was blessed against."
)
@_why_option
@click.option("--force-blessing", is_flag=True, help="Promote without a valid blessing; --why gives the reason.")
@_no_sync_option
@_with_registry
def promote(opened: _Opened, version: str, expect: str | None, why: str, force_blessing: bool, no_sync: bool) -> None:
    """Make VERSION the champion if the champion is still the expected one."""
    from components.registry.names import BASELINE_VERSION_TAG, CHAMPION, parse_version

    promoted = opened.require(version)
    is_champion = CHAMPION in promoted.aliases
    if expect is not None:
        expected = parse_version(expect)
    elif force_blessing:
        champion = opened.models.get(opened.name, CHAMPION)
        expected = champion.version if champion else None
    else:
        expected = parse_version(promoted.tags.get(BASELINE_VERSION_TAG, ""))
    with progress_shown("checking the model"):
        champions = opened.models.champions(opened.name)
        done = champions.promote(promoted.version, expected, why, force=force_blessing)
    already = " already; nothing changed, and the history does not get the reason" if is_champion else ""
    click.echo(f"{done.name} version {done.version} is the champion{already}")
    if not no_sync:
        _follow(opened)


@registry.command("rollback")
@click.option("--to", type=click.IntRange(min=1), metavar="VERSION", help="Any earlier champion; default: the last.")
@_why_option
@_no_sync_option
@_with_registry
def rollback(opened: _Opened, to: int | None, why: str, no_sync: bool) -> None:
    """Make an earlier champion the champion again."""
    with progress_shown("checking the model"):
        done = opened.models.champions(opened.name).rollback(to, why)
    click.echo(f"{done.name} version {done.version} is the champion again")
    if not no_sync:
        _follow(opened)


@registry.command("adopt", short_help="Take a promotion made in MLflow into the history.")
@_why_option
@_no_sync_option
@_with_registry
def adopt(opened: _Opened, why: str, no_sync: bool) -> None:
    """Make the version the champion to which somebody moved MLflow's alias `champion`.

    Until then the alias has no effect on ner. The history records a forced promotion with the reason.
    """
    with progress_shown("checking the model"):
        done = opened.models.champions(opened.name).adopt(why)
    click.echo(f"{done.name} version {done.version} is the champion")
    if not no_sync:
        _follow(opened)


@registry.command("export", short_help="Write the model with all versions into a folder or tar file.")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--version", "versions", multiple=True, metavar="VERSION", help="Only this version; repeatable.")
@click.option("--champion", is_flag=True, help="Only the champion.")
@_with_registry
def export(opened: _Opened, target: Path, versions: tuple[str, ...], champion: bool) -> None:
    """Write the model into TARGET, a new folder or FILE.tar, for `ner registry import` on another machine.

    Versions, aliases, history, and MLflow runs with metrics and files; with --version or --champion no history.
    """
    chosen = (*versions, *(["champion"] if champion else []))
    with progress_shown("copying the model"):
        from components.registry.transfer import export_model

        done = export_model(opened.models, opened.name, target, chosen)
    click.echo(f"{done.name}: {_numbers(done.versions)}; {_parts(done)}")
    click.echo(target)


@registry.command("import", short_help="Add a model that `ner registry export` wrote.")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@_with_registry
def import_(opened: _Opened, source: Path) -> None:
    """Add the model in SOURCE, a folder or tar file of `ner registry export`, to the registry.

    Every file is checked against its hash first. Repeating it changes nothing; after a kill, repeat it. An export that
    contradicts the registry is refused. The model keeps its exported name.
    """
    with progress_shown("copying the model"):
        from components.registry.transfer import import_model

        done = import_model(opened.models, source)
    present = f" (already there: {_numbers(done.present)})" if done.present else ""
    click.echo(f"{done.name}: imported {_numbers(done.versions)}{present}; {_parts(done)}")
    click.echo(f"champion: {done.champion or 'none'}. `ner registry sync` publishes it.")


def _parts(done: Transfer) -> str:
    return f"{counted(done.runs, 'MLflow run')}; {counted(done.entries, 'entry', 'entries')} of the history"


def _numbers(versions: tuple[int, ...]) -> str:
    return f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}" if versions else "no version"


@registry.command("history")
@_json_option
@_with_registry
def history(opened: _Opened, as_json: bool) -> None:
    """Show who made which version the champion, when, and why."""
    with progress_shown("reading the registry"):
        champions = opened.models.champions(opened.name)
        entries, line = champions.history(), champions.line()
    if as_json:
        rows = [{**dataclasses.asdict(entry), "counts": entry.number not in line.void} for entry in entries]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=str))
        return
    from pipeline.registry_view.tables import print_history

    print_history(standard_output(), entries, line)
    warn_of_outside_changes(opened.models, opened.name)


@registry.command("fetch", short_help="Download the SavedModel of VERSION.")
@click.argument("version")
@click.argument("destination", type=_FOLDER)
@_with_registry
def fetch(opened: _Opened, version: str, destination: Path) -> None:
    """Download the SavedModel of VERSION to DESTINATION, and check its hash."""
    fetched = opened.require(version)
    with progress_shown(f"copying version {fetched.version}"):
        folder = opened.models.fetch(fetched, destination)
    click.echo(folder)


@registry.command("sync", short_help="Make a serving directory follow the registry.")
@click.argument("directory", required=False, type=_FOLDER)
@click.option("--keep", type=click.IntRange(min=0), help="Number of versions without an alias to keep.")
@click.option("--server", metavar="URL", help="Move labels when this TensorFlow Serving has loaded the versions.")
@click.option("--timeout", type=float, default=300, show_default=True, metavar="SECONDS", help="Limit for --server.")
@click.option("--base-path", metavar="PATH", help="Folder of the model as the server sees it, e.g. /models/ner.")
@click.option("--repair", is_flag=True, help="Set damaged folders of versions aside and lay them out again.")
@_with_registry
def sync(
    opened: _Opened,
    directory: Path | None,
    *,
    keep: int | None,
    server: str | None,
    timeout: float,
    base_path: str | None,
    repair: bool,
) -> None:
    """Make DIRECTORY, which TensorFlow Serving reads, follow the registry.

    It holds champion, previous version and candidate, with their aliases as labels in models.config. Default: the
    configured directory.
    """
    from components.registry.serving_directory.serving_status import wait_until_loaded
    from components.registry.serving_directory.serving_sync import sync as sync_directory

    def wait(versions: Any) -> None:
        report_progress(f"waiting for {server}", 0, 0)
        wait_until_loaded(server or "", opened.name, versions, timeout)

    with progress_shown("copying versions"):
        report = sync_directory(
            opened.models,
            opened.name,
            directory or opened.config.serving_dir,
            keep=opened.config.registry.keep_versions if keep is None else keep,
            wait_until_loaded=wait if server else None,
            base_path=base_path,
            repair=repair,
        )
    for folder in report.set_aside:
        click.echo(f"damaged, set aside: {folder}")
    warn_of_outside_changes(opened.models, opened.name)
    if not report.labels:
        click.echo(f"{opened.name} has no champion; nothing was changed")
        return
    click.echo(_labels(report))
    for verb, versions in (("added", report.published), ("removed", report.pruned)):
        if versions:
            click.echo(f"{verb}: {', '.join(map(str, versions))}")
    if report.unknown:
        click.echo(f"not changed, not from this registry: {', '.join(map(str, report.unknown))}", err=True)


@registry.command("serve-ui", short_help="Start MLflow's web interface.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--allowed-hosts", metavar="NAMES", help="Host names of allowed requests, separated by commas.")
@_with_registry
def serve_ui(opened: _Opened, host: str, port: int, allowed_hosts: str | None) -> None:
    """Start MLflow's web interface on the registry; the start takes half a minute."""
    from pipeline.registry_view.registry_ui import serve

    serve(opened.models, opened.name, host, port, allowed_hosts)


def _plain(version: RegisteredVersion) -> dict[str, Any]:
    values = {field.name: getattr(version, field.name) for field in dataclasses.fields(version)}
    return {
        **values,
        "created": version.created.isoformat(),
        "tree_hash": version.tree_hash,
        "blessed": version.blessed,
    }


def _labels(report: SyncReport) -> str:
    return f"{report.model_dir}: {', '.join(f'{label} {version}' for label, version in report.labels.items())}"


def _follow(opened: _Opened) -> None:
    """Synchronizes the configured serving directory if it exists on this machine."""
    if not opened.config.serving_dir.is_dir():
        return
    from components.registry.serving_directory.serving_sync import sync as sync_directory

    keep = opened.config.registry.keep_versions
    with progress_shown("copying versions"):
        report = sync_directory(opened.models, opened.name, opened.config.serving_dir, keep=keep)
    click.echo(_labels(report))


# Tags about the origin of a version, the most telling first; `data` stands for all tags `data.…`.
_ORIGIN = (
    "run_id", "run_name", "baseline_version", "warm_start_version", "code_version", "contract_version", "schema",
    "data", "schema_hash", "transform_graph_hash", "run_fingerprint", "tree_hash",
)  # fmt: skip


@click.command()
@click.argument("version", default="champion")
@_json_option
@_with_registry
def lineage(opened: _Opened, version: str, as_json: bool) -> None:
    """Show the origin of VERSION (a number or an alias) and the runs that used it.

    Data, schema, code and settings come from the registry, on any machine. Steps and uses come from the metadata of the
    runs, on the machine where they ran.
    """
    from pipeline.registry_view.lineage import read_lineage
    from pipeline.registry_view.tables import print_values
    from pipeline.run.relocation import metadata_file

    shown = opened.require(version)
    with progress_shown("reading the metadata of the runs"):
        steps = read_lineage(opened.config, opened.models.uri, shown)
    if as_json:
        values = {"tags": dict(shown.tags), "lineage": dataclasses.asdict(steps) if steps else None}
        click.echo(json.dumps(values, indent=1, ensure_ascii=False, default=str))
        return
    click.secho(f"{shown.name} version {shown.version}  {', '.join(shown.aliases)}", bold=True)
    if steps is None:
        metadata = metadata_file(opened.config)
        click.echo(f"{metadata} has no run that pushed it: it ran on another machine, or the file was removed")
    else:
        click.echo(f"made in run {', '.join(steps.runs)}")
        for usage in steps.usages:
            roles = " and ".join(usage.roles) or "input of no node"
            click.echo(f"used in run {usage.run} as {roles}: {usage.outcome}")
        if not steps.usages:
            click.echo("used in no run yet")
    tags = shown.tags
    named = [name for prefix in _ORIGIN for name in sorted(tags) if name == prefix or name.startswith(prefix + ".")]
    console = standard_output()
    print_values(console, "origin", {name: tags[name] for name in named})
    print_values(console, "settings", dict(sorted(shown.params.items())))
    for node in steps.nodes if steps else ():
        files = {f"-> {output}": uri for output, (uri, _) in sorted(node.outputs.items())}
        print_values(console, node.name, {**dict(sorted(node.settings.items())), **files})
    if steps is not None:
        click.echo("The last number of a path after -> counts executions of nodes; it is not a version.")
