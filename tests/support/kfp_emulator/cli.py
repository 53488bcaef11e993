"""`ner kfp emulate`: runs a compiled pipeline on this machine as Kubeflow Pipelines would."""

from __future__ import annotations

from pathlib import Path

import click

from components.common.errors import NerError


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
@click.option(
    "--put",
    "puts",
    metavar="PATH=URI",
    multiple=True,
    help="File or folder to copy into the object store first, such as the corpus; repeatable.",
)
@click.option("--retries/--no-retries", default=True, help="Whether failed nodes are tried again as FILE says.")
def emulate(
    file: Path, params: tuple[str, ...], root: str, run_name: str, workdir: Path, puts: tuple[str, ...], retries: bool
) -> None:
    """Run FILE, which `ner compile --target kubeflow` wrote, without a cluster.

    Every node is a process that sees its declared inputs only, by the ways of Kubeflow's driver and launcher. Images,
    resources and volumes do not count.
    """
    from support.kfp_emulator.emulator import Emulator
    from support.kfp_emulator.parameters import parse_parameter
    from support.kfp_emulator.pipeline_file import read_pipeline

    pipeline = read_pipeline(file)
    inputs = pipeline.spec.root.input_definitions
    values = {name: parse_parameter(inputs, name, text) for name, text in (_pair(one, "--param") for one in params)}
    emulator = Emulator(workdir, click.echo, retry=retries)
    for path, uri in (_pair(one, "--put") for one in puts):
        if not Path(path).exists():
            raise NerError(f"--put {path}={uri}: there is no {path}. Name a file or folder.")
        emulator.store.put(uri, Path(path))
    result = emulator.run(pipeline, values, root, run_name)
    if not result.succeeded:
        failed = next(task for task in result.tasks if task.state == "failed")
        why = failed.message.removeprefix(f"error: {failed.name}: ")  # as our entry point ends a log
        raise NerError(f"{failed.name}: {why}" + (f"\nIts log is {failed.log}" if failed.log else ""))
    click.echo(f"succeeded; outputs are in {emulator.store.path(result.root)}")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise NerError(f"{option} {text}: write it as NAME=VALUE.")
    return name, value
