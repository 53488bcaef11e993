"""Options and forms of output that the commands of `ner kfp` share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline.kubeflow.client.connection import Connection


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--host`, `--namespace`, `--token` and `--ca-cert`; the command gets `server`, which connects on call."""

    @functools.wraps(command)
    def with_server(
        host: str | None, namespace: str | None, token: str | None, ca_cert: str | None, **arguments: Any
    ) -> Any:
        def server() -> Connection:
            from pipeline.kubeflow.client.connection import connect

            return connect(host, namespace, token, ca_cert)

        return command(server=server, **arguments)

    with_server = click.option("--ca-cert", metavar="FILE", help="Certificate of a private authority; or KFP_CA_CERT.")(
        with_server
    )
    with_server = click.option(
        "--token", metavar="TOKEN", help="Bearer token; better given as KFP_TOKEN, which no list of processes shows."
    )(with_server)
    with_server = click.option(
        "--namespace", metavar="NAME", help="Yours, on a server of several users; or KFP_NAMESPACE."
    )(with_server)
    return click.option("--host", metavar="URL", help="Address of the server; or KFP_HOST.")(with_server)


def parameter_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--param`, any number of times, as `settings`."""
    return click.option(
        "--param",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of the pipeline; its type is looked up. Lists and structures as JSON.",
    )(command)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns rows in aligned columns under a head."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def default_experiment() -> str:
    """Returns the experiment that runs belong to unless it is said: kfp's own variable, or the server's default."""
    import os

    return os.environ.get("KF_PIPELINES_DEFAULT_EXPERIMENT_NAME") or "Default"
