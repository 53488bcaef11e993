"""Asks a running TF Serving which versions of a model it has loaded."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Collection

from components.registry.errors import RegistryError

_POLL_SECONDS = 1.0
_REQUEST_SECONDS = 10.0


def loaded_versions(server: str, name: str) -> set[int]:
    """The versions that can answer requests; none while the server does not know the model.

    Args:
        server: Address of the server's REST interface, such as `http://localhost:8501`.
        name: Name of the model.

    Raises:
        RegistryError: If the server does not answer as TF Serving does.
    """
    url = f"{server.rstrip('/')}/v1/models/{name}"
    if not url.startswith(("http://", "https://")):
        raise RegistryError(f"--server {server}: expected the http address of TF Serving's REST interface.")
    try:
        with urllib.request.urlopen(url, timeout=_REQUEST_SECONDS) as answer:
            rows = json.load(answer)["model_version_status"]
        return {int(row["version"]) for row in rows if row["state"] == "AVAILABLE"}
    except urllib.error.HTTPError as error:
        if error.code == 404:  # no such model, or none of its versions yet
            return set()
        raise RegistryError(f"{url}: the server answered {error.code} {error.reason}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{url}: no answer as TF Serving gives it ({error}). Check the address.") from error


def wait_until_loaded(server: str, name: str, versions: Collection[int], timeout: float) -> None:
    """Returns when the server has loaded all versions.

    Args:
        server: See `loaded_versions`.
        name: Name of the model.
        versions: The versions.
        timeout: In seconds.

    Raises:
        RegistryError: If it has not until then, or does not answer as TF Serving does.
    """
    end = time.monotonic() + timeout
    while missing := sorted(set(versions) - loaded_versions(server, name)):
        if time.monotonic() > end:
            raise RegistryError(
                f"{server} has not loaded version {', '.join(map(str, missing))} of {name} after {timeout:g} s; labels "
                "stay as they were. Does it poll its models.config (--model_config_file_poll_wait_seconds)?"
            )
        time.sleep(_POLL_SECONDS)
