"""How to reach a Kubeflow Pipelines server."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from components.common.errors import NerError

if TYPE_CHECKING:
    import kfp

_PAGE = 100  # entries asked for at once; the server allows 200
_NO_ADDRESS = (
    "no Kubeflow Pipelines server is known: give its address with --host (or KFP_HOST), e.g. after "
    "`kubectl -n kubeflow port-forward svc/ml-pipeline 8888`: --host http://localhost:8888. Without one, kubectl's "
    "kubeconfig or a pod's own account would be used, and neither is here"
)


@dataclass(frozen=True)
class Connection:
    """A Kubeflow Pipelines server that answers.

    Attributes:
        client: kfp's client; its calls have time limits and raise `ServerError`.
        host: the address as it may be printed.
        namespace: the user's namespace on a multi-user server; None on others.
    """

    client: kfp.Client
    host: str
    namespace: str | None

    def all_of(self, field: str, call: Callable[..., Any], **arguments: Any) -> Iterator[Any]:
        """Yields all entries of a list call, page after page.

        Args:
            field: of the answer that holds the entries, e.g. `runs`.
            call: a list method of the client.
            arguments: of the method, other than those of paging.
        """
        token = ""
        while True:
            page = call(page_token=token, page_size=_PAGE, **arguments)
            yield from getattr(page, field) or []
            token = page.next_page_token or ""
            if not token:
                return

    def page_of(self, path: str) -> str:
        """Returns the address of a page of the web interface, e.g. `runs/details/ID`.

        The interface is behind the API's own address, unless kfp's variable KF_PIPELINES_UI_ENDPOINT says otherwise.
        """
        return f"{(os.environ.get('KF_PIPELINES_UI_ENDPOINT') or self.host).rstrip('/')}/#/{path}"

    def experiment_id(self, name: str) -> str:
        """Returns the ID of an experiment, which is created if it does not exist."""
        with silenced():
            return self.client.create_experiment(name, namespace=self.namespace).experiment_id

    def read(self, path: str) -> str:
        """Returns the text behind a path of the API server that the generated client does not know.

        Raises:
            ServerError: as every call.
        """
        response = self.client._run_api.api_client.call_api(
            path, "GET", auth_settings=["Bearer"], _preload_content=False, _return_http_data_only=True
        )
        return response.data.decode("utf-8", "replace")


def connect(
    host: str | None = None, namespace: str | None = None, token: str | None = None, ca_cert: str | None = None
) -> Connection:
    """Returns a connection to a server, having spoken with it once.

    Args:
        host: its address; None for the variables KFP_HOST and KF_PIPELINES_ENDPOINT, then a pod's own account, then
            kubectl's configuration (there the service `ml-pipeline` of the namespace `kubeflow`).
        namespace: the user's, on a multi-user server; None for KFP_NAMESPACE, then what kfp's own settings say.
        token: None for KFP_TOKEN.
        ca_cert: file with the certificate of a private authority; None for KFP_CA_CERT, then the public ones.

    Raises:
        NerError: kfp is not installed; no address; a multi-user server and no namespace.
        ServerError: the server does not answer, does not let the user in, or is not one.
    """
    host = host or os.environ.get("KFP_HOST") or os.environ.get("KF_PIPELINES_ENDPOINT") or None
    namespace = namespace or os.environ.get("KFP_NAMESPACE") or None
    token = token or os.environ.get("KFP_TOKEN") or None
    ca_cert = ca_cert or os.environ.get("KFP_CA_CERT") or None
    if ca_cert and not os.path.isfile(ca_cert):
        raise NerError(f"--ca-cert {ca_cert}: there is no such file")
    if host and "://" not in host:
        host = f"https://{host}"  # as kfp does
    client = _client_class()(host=host and host.rstrip("/"), existing_token=token, ssl_ca_cert=ca_cert, given_host=host)
    api_client = client._run_api.api_client
    _keep_host(api_client.configuration)
    shown = _without_login(api_client.configuration.host)
    from pipeline.kubeflow.client.bounded_rest import BoundedRest

    api_client.rest_client = BoundedRest(api_client.configuration, shown, token)
    health = client.asked_healthz()
    namespace = namespace or client.get_user_namespace() or _namespace_of_pod()
    if health.multi_user and not namespace:
        raise NerError(f"{shown} serves several users: say whose namespace with --namespace or KFP_NAMESPACE")
    return Connection(client, shown, namespace)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keeps kfp's own remarks off the terminal: it prints links and warns of versions long gone."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _client_class() -> Any:
    """Returns kfp's client without its chat and its five tries of the health check, each with a traceback."""
    try:
        with silenced():
            import kfp
    except ModuleNotFoundError as error:
        raise NerError(f"{error.name} is not installed: pip install 'deployable-ner[kfp]'") from None

    class QuietClient(kfp.Client):
        def __init__(self, *, given_host: str | None, **options: Any) -> None:
            with silenced():
                super().__init__(**options)
            if given_host is None and "ml-pipeline" not in self._existing_config.host:
                raise NerError(_NO_ADDRESS)  # neither a pod's account nor a kubeconfig was found

        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            """Answers without asking: the constructor calls it before there are time limits."""
            import kfp_server_api

            return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)

        def asked_healthz(self) -> Any:
            """Asks once."""
            return self._healthz_api.healthz_service_get_healthz()

    return QuietClient


def _keep_host(configuration: Any) -> None:
    """Holds on to the address of KFP within a cluster.

    With a kubeconfig, the kubernetes library renews the login before each request, and writes the cluster's address
    over the longer one that kfp made of it: requests would go to the cluster itself.
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


def _without_login(host: str) -> str:
    parts = urlsplit(host)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _namespace_of_pod() -> str | None:
    import kfp

    try:
        with open(kfp.Client._NAMESPACE_PATH, encoding="utf-8") as file:
            return file.read().strip() or None
    except OSError:
        return None
