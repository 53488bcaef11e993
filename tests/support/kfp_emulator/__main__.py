"""Command line of the emulator."""

from __future__ import annotations

from pathlib import Path

import click

from components.common.errors import NerError
from components.common.progress import progress_shown


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--param", "params", metavar="NAME=VALUE", multiple=True, help="Value of a parameter; repeatable.")
@click.option("--root", default="minio://mlpipeline/v2/artifacts", show_default=True, help="The pipeline root.")
@click.option("--run-name", default="emulated run", show_default=True, help="Name of the run.")
@click.option(
    "--workdir",
    default=Path("work/emulated"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the object store and the logs.",
)
@click.option("--put", "puts", metavar="PATH=URI", multiple=True, help="Copy into the object store first; repeatable.")
@click.option("--retries/--no-retries", default=True, help="Whether to retry failed nodes as FILE says.")
def emulate(
    *,
    file: Path,
    params: tuple[str, ...],
    root: str,
    run_name: str,
    workdir: Path,
    puts: tuple[str, ...],
    retries: bool,
) -> None:
    """Run FILE, the output of `ner compile --target kubeflow`, without a cluster."""
    from support.kfp_emulator.emulator import Emulator
    from support.kfp_emulator.pipeline_file import parse_parameter, read_pipeline

    pipeline = read_pipeline(file)
    inputs = pipeline.spec.root.input_definitions
    values = {name: parse_parameter(inputs, name, text) for name, text in (_pair(one, "--param") for one in params)}
    emulator = Emulator(workdir, click.echo, retry=retries)
    for path, uri in (_pair(one, "--put") for one in puts):
        if not Path(path).exists():
            raise NerError(f"--put {path}={uri}: {path} does not exist. Give a file or folder.")
        emulator.store.put(uri, Path(path))
    with progress_shown("emulating"):
        result = emulator.run(pipeline, values, root, run_name)
    if not result.succeeded:
        failed = next(task for task in result.tasks if task.state == "failed")
        reason = failed.message.removeprefix(f"error: {failed.name}: ")  # our entry point ends a log like this
        raise NerError(f"{failed.name}: {reason}" + (f"\nIts log is {failed.log}" if failed.log else ""))
    click.echo(f"succeeded; outputs are in {emulator.store.path(result.root)}")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise NerError(f"{option} {text}: not NAME=VALUE. Add the part that is missing.")
    return name, value


def main() -> None:
    """Runs the command and prints an error as one text."""
    try:
        emulate()
    except NerError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
