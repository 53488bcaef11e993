"""`ner compile`."""

from __future__ import annotations

from pathlib import Path

import click

from components.common.console import announce
from components.common.errors import counted
from components.common.progress import progress_shown
from pipeline.cli.options import config_options, needs_extra, refuse_replacing


@click.command("compile")
@click.option("--target", type=click.Choice(["kubeflow", "vertex"]), required=True, help="Where the pipeline will run.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File: .yaml, or .json; replaced if it exists.",
)
@click.option(
    "--cluster",
    "cluster_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML over configs/kubeflow.yaml (or vertex.yaml): images, resources, GPUs, secrets, volumes.",
)
@click.option(
    "--set-cluster", "cluster_settings", multiple=True, metavar="KEY=VALUE", help="Change one setting of the cluster."
)
@click.option("--data", help="Default of the run parameter `data`: the address of the corpus.")
@click.option(
    "--platform/--no-platform",
    "with_platform",
    default=True,
    help="Write a second document with the Kubernetes settings (volumes, secrets, tolerations ...).",
)
@click.option("--force-bless", default="", metavar="REASON", help="Push each model regardless of its scores.")
@click.option("--batch", is_flag=True, help="Compile batch prediction with the champion instead of the training.")
@click.option("--warm-start", is_flag=True, help="Start each training from the champion's weights.")
@config_options
@needs_extra("pipeline")
def compile_command(
    *,
    target: str,
    output: Path,
    cluster_file: Path | None,
    cluster_settings: tuple[str, ...],
    data: str | None,
    with_platform: bool,
    force_bless: str,
    warm_start: bool,
    batch: bool,
    profile: Path | None,
    settings: tuple[str, ...],
) -> None:
    """Compile the pipeline for Kubeflow Pipelines or Vertex AI.

    It is the pipeline of `ner run`. Corpus, span, epochs, run name and baseline become parameters of each run.

    With --batch it is `ner predict --input` with the registry's champion; --data is the default of its input.
    """
    if batch and (warm_start or force_bless):
        raise click.UsageError("--warm-start and --force-bless belong to a training, not to --batch.")
    refuse_replacing({"--output": output}, {"--cluster": cluster_file, "--config": profile})
    announce("ner compile: loading TFX")
    with progress_shown("compiling"):
        from configs.cluster_loading import load_cluster
        from configs.loading import load_config
        from pipeline.kubeflow.compile.compiling import compile_pipeline, settings_for, warnings
        from pipeline.run.request import RunRequest

        if data is not None:
            cluster_settings = (*cluster_settings, f"data={data}")
        cluster = load_cluster(target, cluster_file, cluster_settings)
        config = load_config(profile, (*settings_for(cluster), *settings))
        for warning in warnings(config, cluster, batch=batch):
            announce(f"warning: {warning}", "yellow")
        if batch:
            from pipeline.kubeflow.compile.batch import compile_batch

            documents = compile_batch(config, cluster, target, output, with_platform=with_platform)
        else:
            documents = compile_pipeline(
                config,
                cluster,
                target,
                output,
                request=RunRequest(warm_start=warm_start, force_bless=force_bless.strip()),
                with_platform=with_platform,
            )
    nodes = len(documents[0].get("pipelineSpec", documents[0])["root"]["dag"]["tasks"])
    click.echo(f"{output}: {counted(nodes, 'node')}, {counted(len(documents), 'document')}")
