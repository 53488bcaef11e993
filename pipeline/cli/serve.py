"""`ner serve`."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from components.common.console import announce
from components.common.errors import NerError
from components.common.progress import progress_shown
from components.keys import SERVING_DEFAULT
from components.serving.server.settings import ServerSettings
from pipeline.cli.options import config_options, model_option

if TYPE_CHECKING:
    from components.serving.server.engine import ServedVersion
    from components.serving.server.following import Source
    from components.serving.server.server import Server
    from configs.spec import PipelineConfig

_FILE = click.Path(path_type=Path, dir_okay=False)
_PORT = click.IntRange(0, 65535)
_COUNT = click.IntRange(min=1)
_SECONDS = click.FloatRange(min=0)
_SIZE = click.IntRange(1, ServerSettings.model_fields["max_buffered_bytes"].default)
_SHARE = click.FloatRange(0, 1, min_open=True)
_TEXT = "Angela Merkel visited Paris."
_LONGEST_EXAMPLE = 32  # values


def _option(flag: str, kind: click.ParamType | None = None, text: str | None = None) -> Callable[..., Any]:
    """Returns an option with the default of the setting of its name."""
    default = ServerSettings.model_fields[flag.removeprefix("--").replace("-", "_")].default
    return click.option(flag, type=kind, default=default, show_default=True, help=text)


@click.command()
@config_options
@model_option
@_option("--host", text="Address to bind.")
@_option("--port", _PORT, "Port of REST; 0: any free one.")
@_option("--grpc-port", _PORT, "Port of gRPC; 0: any free one.")
@click.option("--no-grpc", is_flag=True, help="Offer REST only.")
@click.option("--tls-cert", type=_FILE, help="Certificate (PEM), for REST and gRPC.")
@click.option("--tls-key", type=_FILE, help="Its private key (PEM).")
@_option("--max-batch-size", _COUNT, "Rows joined to one run; 1: none.")
@_option("--max-queue", _COUNT, "Requests that wait; others get 503.")
@_option("--max-rows", _COUNT, "Rows of a request.")
@_option("--max-request-bytes", _SIZE, "Size of a request, REST and gRPC.")
@click.option("--threads", type=_COUNT, help="Runs at the same time [default: the number of cores]")
@_option("--timeout", _SECONDS, "Seconds to answer if the client sets no deadline.")
@_option("--client-timeout", _SECONDS, "Seconds to send a request or take an answer.")
@_option("--max-connections", _COUNT, "Open connections of REST.")
@_option("--poll", _SECONDS, "Seconds between looks for a promotion.")
@_option("--shutdown", _SECONDS, "Seconds to finish after a signal.")
@click.option("--access-log", type=_FILE, metavar="FILE", help="JSON lines without texts [default: standard error]")
@click.option("--log-requests", "request_log", type=_FILE, metavar="FILE", help="Requests and answers for `ner drift`.")
@_option("--log-share", _SHARE, "Share of the requests that are logged, up to 1.")
@_option("--log-bytes", _COUNT, "Size at which it is rotated.")
def serve(
    *,
    profile: Path | None,
    settings: tuple[str, ...],
    model: str | None,
    grpc_port: int,
    no_grpc: bool,
    **options: Any,
) -> None:
    """Serve the champion over HTTP and gRPC, like TensorFlow Serving does.

    Follows promotions and rollbacks while it runs. With --model it serves that model, or all of a serving folder.
    The environment variable NER_SERVE_TOKEN is a token that clients must send.
    """
    from components.serving.server.server import is_loopback
    from components.serving.server.server import serve as serve_until_signal
    from configs.loading import load_config

    config = load_config(profile, settings)
    chosen = {name: value for name, value in options.items() if value is not None}
    try:
        server_settings = ServerSettings(
            **chosen, grpc_port=None if no_grpc else grpc_port, token=os.environ.get("NER_SERVE_TOKEN", "")
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise NerError(f"--{str(problem['loc'][0]).replace('_', '-')}: {problem['msg']}. Correct the value.") from error
    if not is_loopback(server_settings.host) and not (server_settings.tls_cert and server_settings.token):
        missing = [
            name
            for name, value in (("--tls-cert", server_settings.tls_cert), ("NER_SERVE_TOKEN", server_settings.token))
            if not value
        ]
        verb = "are" if missing[1:] else "is"
        text = f"other machines can reach {server_settings.host}, and {' and '.join(missing)} {verb} not set"
        announce(f"warning: {text}", "yellow")
    announce("ner serve: loading TensorFlow and the model")
    with contextlib.ExitStack() as loading:
        loading.enter_context(progress_shown("loading"))

        def started(server: Server) -> None:
            loading.close()
            _announce(server, server_settings)

        serve_until_signal(server_settings, _source(config, model), started)


def _source(config: PipelineConfig, model: str | None) -> Source:
    """Returns the versions to serve: a model that is named, or what registry and serving directory say."""
    from components.registry.errors import RegistryError
    from components.registry.model_registry import ModelRegistry
    from components.registry.serving_directory.serving_directory import MODELS_CONFIG, configured_models
    from components.serving.server.following import follow_registry, serving_folder, single_folder
    from pipeline.registry_view.model_reference import resolve_model
    from pipeline.registry_view.outside_changes import warn_of_outside_changes

    if model is not None:
        folder = Path(model).expanduser()
        if (folder / MODELS_CONFIG).is_file():
            return serving_folder(folder)
        return single_folder(config.name, resolve_model(model, config))
    try:
        warn_of_outside_changes(ModelRegistry(config.registry_uri), config.name)
    except (RegistryError, ImportError) as error:  # a serving folder needs no registry
        announce(f"warning: the registry was not compared with the history: {error}", "yellow")
    local = config.registry_uri.startswith("sqlite:")
    if local and config.name in configured_models(config.serving_dir):
        return serving_folder(config.serving_dir, config.name)
    resolve_model(None, config)  # an error names the missing champion
    return follow_registry(config.registry_uri, config.name, config.serving_dir, config.registry.keep_versions)


def _announce(server: Server, settings: Any) -> None:
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"{scheme}://{host}:{server.port}"
    for name in server.engine.models():
        labels = server.engine.labels(name)
        numbers = [each.version for each in server.engine.statuses(name) if each.state == "AVAILABLE"]
        versions = [
            f"{number} ({', '.join(sorted(label for label, each in labels.items() if each == number)) or 'no label'})"
            for number in numbers
        ]
        click.echo(f"{name}: version {', '.join(versions)}", err=True)
    grpc_address = "" if server.grpc_port is None else f"  gRPC: {host}:{server.grpc_port}"
    click.echo(f"REST and page: {url}{grpc_address}", err=True)
    for name in server.engine.models():
        token = " -H 'Authorization: Bearer '$NER_SERVE_TOKEN" if settings.token else ""
        if (body := _example(server.engine.signatures(name))) is not None:
            click.echo(f"  curl {url}/v1/models/{name}:predict{token} -d '{json.dumps(body)}'", err=True)


def _example(version: ServedVersion) -> dict[str, Any] | None:
    """Returns the body of a request to the default or first signature; None if it would be long, or no JSON."""
    name = SERVING_DEFAULT if SERVING_DEFAULT in version.signatures else next(iter(version.signatures))
    infos = version.signatures[name].inputs
    contract = version.contract.signatures.get(name) if version.contract else None
    roles = {key: tensor.role for key, tensor in contract.inputs.items()} if contract else {}
    shapes = {key: info.shape or () for key, info in infos.items()}
    rows = all(shape[:1] == (None,) for shape in shapes.values())
    values = {}
    for key, info in infos.items():
        shape = [size or 1 for size in shapes[key]][1 if rows else 0 :]
        if roles.get(key) == "examples" or math.prod(shape) > _LONGEST_EXAMPLE:
            return None
        text = _TEXT if roles.get(key, "text") == "text" else "1"
        value: Any = {"string": text, "bool": True}.get(info.dtype, 1.0 if "float" in info.dtype else 1)
        for size in reversed(shape):
            value = [value] * size
        values[key] = value
    chosen = {} if name == SERVING_DEFAULT else {"signature_name": name}
    value = next(iter(values.values())) if len(values) == 1 else values
    return chosen | ({"instances": [value]} if rows else {"inputs": value})
