"""Connection to the API of Kubernetes."""

from __future__ import annotations

import contextlib
from typing import Any

from components.common.errors import NerError


def kubernetes_client() -> Any:
    """Returns a client with a pod's own account or kubectl's configuration; None without either.

    Raises:
        NerError: kubectl's configuration cannot be used.
    """
    from kubernetes import client, config

    configuration = client.Configuration()
    configuration.retries = False
    with contextlib.suppress(config.ConfigException):
        config.load_incluster_config(client_configuration=configuration)
        return client.ApiClient(configuration)
    try:
        config.load_kube_config(client_configuration=configuration)
    except config.ConfigException:
        return None
    except Exception as error:
        raise NerError(
            f"kubectl's configuration cannot be used ({error}). Check it with `kubectl get nodes`."
        ) from error
    return client.ApiClient(configuration)
