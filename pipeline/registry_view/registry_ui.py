"""MLflow's web interface on a registry."""

from __future__ import annotations

import os
import sys

from components.common.errors import NerError
from components.registry.store.model_registry import ModelRegistry


def ui_command(registry: ModelRegistry, host: str, port: int, allowed_hosts: str | None = None) -> list[str]:
    """The command that starts the interface.

    Args:
        registry: A registry in an sqlite file.
        host: Address to listen at.
        port: Port to listen at.
        allowed_hosts: Host names that requests may ask for, by comma; MLflow answers others with 403.

    Raises:
        NerError: If the registry is a server, which has an interface of its own.
    """
    if registry.database is None:
        raise NerError(f"the registry {registry.uri} is a server; open that address in a browser.")
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", registry.uri]
    command += ["--host", host, "--port", str(port), "--workers", "1"]
    # Runs that others log here go beside the registry, not into the folder one happens to be in.
    command += ["--default-artifact-root", str(registry.database.parent / "artifacts")]
    return command + (["--allowed-hosts", allowed_hosts] if allowed_hosts else [])


def ui_environment() -> dict[str, str]:
    """This process's environment, with MLflow's telemetry and its job runner off unless the user says otherwise.

    The job runner is a second process that only MLflow's features for language models need.
    """
    return {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}


def serve(registry: ModelRegistry, name: str, host: str, port: int, allowed_hosts: str | None = None) -> None:
    """Becomes the web interface; does not return.

    Raises:
        NerError: As `ui_command`.
        RegistryError: If the registry cannot be opened.
    """
    command = ui_command(registry, host, port, allowed_hosts)
    registry.open()  # two processes that create the tables at once break each other's migration
    print(f"http://{host}:{port}/#/models/{name}  (Ctrl-C ends it)", flush=True)
    os.execve(command[0], command, ui_environment())
