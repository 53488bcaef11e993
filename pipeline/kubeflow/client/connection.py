"""Connection to a Kubeflow Pipelines server."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.common.errors import NerError
from components.common.extras import missing_extra
from components.common.masking import secret_in

if TYPE_CHECKING:
    import kfp

_PAGE_SIZE = 100  # the server allows 200
_NO_ADDRESS = (
    "no Kubeflow Pipelines server configured: --host and KFP_HOST are not set, and kubectl's kubeconfig and a "
    "pod's own account were not found. Give its address with --host or KFP_HOST, e.g. after "
    "`kubectl -n kubeflow port-forward svc/ml-pipeline 8888`: --host http://localhost:8888"
)


@dataclass(frozen=True)
class Connection:
    """A Kubeflow Pipelines server that responds; `connect` makes one.

    Attributes:
        client: kfp's client; its calls have time limits and raise `ServerError`.
        host: the address without credentials.
        namespace: the user's namespace on a multi-user server; None otherwise.
    """

    client: kfp.Client
    host: str
    namespace: str | None

    def all_of(self, field: str, call: Callable[..., Any], **arguments: Any) -> Iterator[Any]:
        """Yields all entries of a list call, page by page.

        Args:
            field: of the response that holds the entries, e.g. `runs`.
            call: a list method of the client.
            arguments: of the method, except those of paging.
        """
        token = ""
        while True:
            page = call(page_token=token, page_size=_PAGE_SIZE, **arguments)
            yield from getattr(page, field) or []
            token = page.next_page_token or ""
            if not token:
                return

    def ui_address(self, path: str) -> str:
        """Returns the address of a page of the web interface, e.g. of `runs/details/ID`.

        kfp's variable KF_PIPELINES_UI_ENDPOINT overrides the API's own address.
        """
        return f"{(os.environ.get('KF_PIPELINES_UI_ENDPOINT') or self.host).rstrip('/')}/#/{path}"

    def experiment_id(self, name: str | None) -> str:
        """Returns the ID of an experiment, which is created if it does not exist.

        Args:
            name: None for kfp's variable KF_PIPELINES_DEFAULT_EXPERIMENT_NAME, then `Default`.
        """
        name = name or os.environ.get("KF_PIPELINES_DEFAULT_EXPERIMENT_NAME") or "Default"
        with silenced():
            return self.client.create_experiment(name, namespace=self.namespace).experiment_id


def connect(
    host: str | None = None, namespace: str | None = None, token: str | None = None, ca_cert: str | None = None
) -> Connection:
    """Returns a connection to a server after a health check.

    Args:
        host: its address; None for the variables KFP_HOST and KF_PIPELINES_ENDPOINT, then a pod's own account, then
            kubectl's configuration (service `ml-pipeline` of the namespace `kubeflow`).
        namespace: the user's, on a multi-user server; None for KFP_NAMESPACE, then kfp's own settings.
        token: None for KFP_TOKEN.
        ca_cert: certificate file of a private authority; None for KFP_CA_CERT, then the public ones.

    Raises:
        NerError: kfp is not installed; no address, or one with a password; a multi-user server without a namespace.
        ServerError: the server does not respond, rejects the credentials, or is not a KFP server.
    """
    host = host or os.environ.get("KFP_HOST") or os.environ.get("KF_PIPELINES_ENDPOINT") or None
    namespace = namespace or os.environ.get("KFP_NAMESPACE") or None
    token = token or os.environ.get("KFP_TOKEN") or None
    ca_cert = ca_cert or os.environ.get("KFP_CA_CERT") or None
    if ca_cert and not os.path.isfile(ca_cert):
        raise NerError(f"--ca-cert {ca_cert}: the file does not exist. Give the authority's certificate")
    if host and (place := secret_in(host)):
        raise NerError(f"KFP_HOST or --host: the address holds a password or token. Remove it, and use {place}")
    if host and "://" not in host:
        host = f"https://{host}"  # as kfp does
    client = _client_class()(host=host and host.rstrip("/"), existing_token=token, ssl_ca_cert=ca_cert, address=host)
    api_client = client._run_api.api_client
    _pin_host(api_client.configuration)
    shown_host = api_client.configuration.host
    from pipeline.kubeflow.client.bounded_rest import BoundedRest

    api_client.rest_client = BoundedRest(api_client.configuration, shown_host, token)
    health = client.fetch_health()
    namespace = namespace or client.get_user_namespace() or _namespace_of_pod()
    if health.multi_user and not namespace:
        raise NerError(f"{shown_host}: multi-user server. Give your namespace with --namespace or KFP_NAMESPACE")
    return Connection(client, shown_host, namespace)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Suppresses kfp's own output: it prints links and warns of long outdated versions."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _client_class() -> Any:
    """Returns kfp's client without its output and without the health check in its constructor.

    kfp tries that check five times, without a time limit and with a traceback each.
    """
    try:
        with silenced():
            import kfp
    except ModuleNotFoundError as error:
        raise missing_extra(error, "ner kfp") or error from None

    class QuietClient(kfp.Client):
        def __init__(self, *, address: str | None, **options: Any) -> None:
            with silenced():
                super().__init__(**options)
            if address is None and "ml-pipeline" not in self._existing_config.host:
                raise NerError(_NO_ADDRESS)  # neither a pod's account nor a kubeconfig was found

        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            """Returns a constant: the constructor calls it before there are time limits."""
            import kfp_server_api

            return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)

        def fetch_health(self) -> Any:
            """Returns the server's health response."""
            return self._healthz_api.healthz_service_get_healthz()

    return QuietClient


def _pin_host(configuration: Any) -> None:
    """Keeps the address of KFP within a cluster.

    With a kubeconfig, the kubernetes library renews the login before each request and overwrites KFP's address with
    that of the cluster.
    """
    host = configuration.host.rstrip("/")
    configuration.host = host
    renew = configuration.refresh_api_key_hook
    if renew is None:
        return

    def renew_and_restore(configuration: Any) -> None:
        renew(configuration)  # sets both
        configuration.host, configuration.refresh_api_key_hook = host, renew_and_restore

    configuration.refresh_api_key_hook = renew_and_restore


def _namespace_of_pod() -> str | None:
    import kfp

    try:
        with open(kfp.Client._NAMESPACE_PATH, encoding="utf-8") as file:
            return file.read().strip() or None
    except OSError:
        return None
