"""Versions that a running TensorFlow Serving has loaded."""

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
    """Returns the versions that can answer requests; none if the server does not know the model.

    Args:
        server: address of the server's REST interface, such as `http://localhost:8501`.
        name: name of the model.

    Raises:
        RegistryError: the server does not answer like TensorFlow Serving.
    """
    url = f"{server.rstrip('/')}/v1/models/{name}"
    if not url.startswith(("http://", "https://")):
        raise RegistryError(
            f"--server {server}: not an http address. Give the address of TensorFlow Serving's REST interface, e.g. "
            "http://localhost:8501."
        )
    try:
        with urllib.request.urlopen(url, timeout=_REQUEST_SECONDS) as answer:
            rows = json.load(answer)["model_version_status"]
        return {int(row["version"]) for row in rows if row["state"] == "AVAILABLE"}
    except urllib.error.HTTPError as error:
        if error.code == 404:  # no such model, or none of its versions yet
            return set()
        raise RegistryError(f"{url}: the server answered {error.code} {error.reason}. Check its log.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{url}: no answer like TensorFlow Serving's ({error}). Check the address.") from error


def wait_until_loaded(server: str, name: str, versions: Collection[int], timeout: float) -> None:
    """Waits until the server has loaded all versions.

    Args:
        server: see `loaded_versions`.
        name: name of the model.
        versions: the versions.
        timeout: limit in seconds.

    Raises:
        RegistryError: they are not loaded within the limit, or the server does not answer like TensorFlow Serving.
    """
    end = time.monotonic() + timeout
    while missing := sorted(set(versions) - loaded_versions(server, name)):
        if time.monotonic() > end:
            raise RegistryError(
                f"{server}: version {', '.join(map(str, missing))} of {name} not loaded after {timeout:g} s; the "
                "labels did not move. Check that it polls models.config (--model_config_file_poll_wait_seconds)."
            )
        time.sleep(_POLL_SECONDS)
