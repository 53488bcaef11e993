"""HTTP layer of the kfp client with time limits and one-line errors."""

from __future__ import annotations

import json
import logging
from typing import Any

import urllib3
from kfp_server_api import ApiException, Configuration
from kfp_server_api.rest import RESTClientObject

from pipeline.kubeflow.client.errors import ServerError

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
_LONGEST_TEXT = 400  # characters of a server's message; some contain a stack trace
_TRANSIENT = frozenset({429, 500, 502, 503, 504})


class BoundedRest(RESTClientObject):
    """Replacement for the generated client's HTTP layer, which has no time limits and raises tracebacks.

    kfp's methods cannot pass a time limit on, and their errors have five different exception types. Every request goes
    through this class. tests/pipeline/kubeflow/client/test_connection.py shows each error.
    """

    def __init__(self, configuration: Configuration, shown_host: str, secret: str | None) -> None:
        """Configures retries; opens no connection.

        Args:
            configuration: of the generated client; its `host` is the API's address.
            shown_host: name of the server in error texts.
            secret: a token that must never be printed.
        """
        # Retries connect only, not read: the server may have executed a request that was sent.
        configuration.retries = urllib3.Retry(total=5, connect=2, read=0, other=0, redirect=3, backoff_factor=0.2)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # the last attempt's error is enough
        super().__init__(configuration)
        self._host = shown_host
        self._secret = secret

    def request(self, method: str, url: str, *args: Any, _request_timeout: Any = None, **options: Any) -> Any:
        """Sends a request as the generated client does.

        Raises:
            ServerError: no connection, no response in time, an unsuccessful response, or one that is not the API's.
        """
        limits = _request_timeout or (CONNECT_SECONDS, READ_SECONDS)
        try:
            response = super().request(method, url, *args, _request_timeout=limits, **options)
        except ApiException as error:
            raise self._refused(error) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(error) from None
        content_type = getattr(response, "urllib3_response", response).headers.get("content-type", "")
        if "html" in content_type or _is_page(getattr(response, "data", b"")):
            raise ServerError(self._page_text())
        return response

    def _page_text(self) -> str:
        return (
            f"{self._host}: responds with a web page, not with the Kubeflow Pipelines API. It is a login page or the "
            "wrong address. Behind Kubeflow's gateway use https://GATEWAY/pipeline and a token (--token). Without a "
            "gateway use the service ml-pipeline, e.g. "
            "`kubectl -n kubeflow port-forward svc/ml-pipeline 8888` and --host http://localhost:8888"
        )

    def _unreachable(self, error: Exception) -> ServerError:
        cause = _root_cause(error)
        if "Timeout" in type(cause).__name__ or isinstance(cause, TimeoutError):
            limits = f"{CONNECT_SECONDS:.0f} s to connect, {READ_SECONDS:.0f} s to respond"
            return ServerError(
                f"{self._host}: timed out ({limits}). Check the address and the server's health", transient=True
            )
        if isinstance(cause, urllib3.exceptions.SSLError):
            return self._insecure(str(cause))
        return ServerError(
            f"{self._host}: cannot be reached: {self._clean(str(cause))}. "
            "Check the address (--host or KFP_HOST) and the port-forward",
            transient=True,
        )

    def _insecure(self, reason: str) -> ServerError:
        return ServerError(
            f"{self._host}: no secure connection: {self._clean(reason)}. "
            "Use http:// for a server without TLS, and --ca-cert or KFP_CA_CERT for a private certificate authority"
        )

    def _refused(self, error: ApiException) -> ServerError:
        status = int(error.status or 0)
        if status == 0:  # the generated client reports a TLS error this way
            return self._insecure(str(error.reason))
        body = error.body if isinstance(error.body, bytes) else str(error.body or "").encode()
        message = self._clean(_message(body))
        if status == 401:
            text = f"{self._host}: does not accept the credentials (401). Give a valid token with --token or KFP_TOKEN"
        elif status == 403:
            text = f"{self._host}: forbidden (403): {message or 'no reason given'}. "
            text += "Check the permissions of the token's account in this --namespace"
        elif _is_page(body) or (status == 404 and not message):
            text = f"{self._page_text()} (status {status})"
        else:
            text = f"{self._host}: refused ({status}): {message or error.reason}"
        return ServerError(text, status=status, transient=status in _TRANSIENT)

    def _clean(self, text: str) -> str:
        """Returns one line of bounded length without the token."""
        line = " ".join(text.split())
        line = line.replace(self._secret, "***") if self._secret else line
        return (line if len(line) <= _LONGEST_TEXT else line[:_LONGEST_TEXT] + " ...").rstrip(".")


def _is_page(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))


def _message(body: bytes) -> str:
    """Returns the text of an error response."""
    text = body.decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except ValueError:
        return text
    if not isinstance(content, dict):
        return text
    return str(content.get("message") or content.get("error") or content.get("error_message") or text)


def _root_cause(error: BaseException) -> BaseException:
    """Returns the error inside urllib3's `MaxRetryError`."""
    reason = getattr(error, "reason", None)
    return _root_cause(reason) if isinstance(reason, BaseException) else error
