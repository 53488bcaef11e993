"""MLflow's web interface on a registry."""

from __future__ import annotations

import os
import sys

from components.common.errors import NerError
from components.registry.model_registry import ModelRegistry


def ui_command(registry: ModelRegistry, host: str, port: int, allowed_hosts: str | None = None) -> list[str]:
    """Returns the command that starts the interface.

    Args:
        registry: a registry in an sqlite file.
        host: address to listen at.
        port: port to listen at.
        allowed_hosts: host names of allowed requests, separated by commas; MLflow answers others with 403.

    Raises:
        NerError: the registry is a server, which has its own interface.
    """
    if registry.database is None:
        raise NerError(f"registry.uri {registry.uri}: is a server. Open this address in a browser.")
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", registry.uri]
    command += ["--host", host, "--port", str(port), "--workers", "1"]
    # Runs that others log go next to the registry, not into the working directory.
    command += ["--default-artifact-root", str(registry.database.parent / "artifacts")]
    return command + (["--allowed-hosts", allowed_hosts] if allowed_hosts else [])


def ui_environment() -> dict[str, str]:
    """Returns the environment without MLflow's telemetry and job runner, unless the user has set the variables.

    The job runner is a second process that only MLflow's features for language models need.
    """
    return {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}


def serve(registry: ModelRegistry, name: str, host: str, port: int, allowed_hosts: str | None = None) -> None:
    """Replaces this process by the web interface.

    Raises:
        NerError: see `ui_command`.
        RegistryError: the registry cannot be opened.
    """
    command = ui_command(registry, host, port, allowed_hosts)
    with registry.client():  # two processes that create the tables at once break each other's migration
        pass
    print(f"http://{host}:{port}/#/models/{name}  (stop with Ctrl-C)", flush=True)
    os.execve(command[0], command, ui_environment())
