"""HTTP of the kfp client with time limits, and with errors that a user can read."""

from __future__ import annotations

import json
import logging
from typing import Any

import urllib3
from kfp_server_api import ApiException, Configuration
from kfp_server_api.rest import RESTClientObject

from pipeline.kubeflow.client.server_error import ServerError

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
_LONGEST_TEXT = 400  # characters of a server's message; some carry a stack
_PASSING = frozenset({429, 500, 502, 503, 504})


class BoundedRest(RESTClientObject):
    """Takes the place of the generated client's HTTP layer, which has no time limits and raises tracebacks.

    kfp's methods offer no way to pass a time limit on, and their errors come as five different exception types; this
    is the one place that every request goes through.
    """

    def __init__(self, configuration: Configuration, shown_host: str, secret: str | None) -> None:
        """Opens nothing yet.

        Args:
            configuration: of the generated client; its `host` is the API's address.
            shown_host: what error texts call the server.
            secret: a token that must never be printed.
        """
        # Two more tries to connect, none to read: a request that was sent may have been carried out.
        configuration.retries = urllib3.Retry(total=5, connect=2, read=0, other=0, redirect=3, backoff_factor=0.2)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # the last try's error says it all
        super().__init__(configuration)
        self._host = shown_host
        self._secret = secret

    def request(self, method: str, url: str, *args: Any, _request_timeout: Any = None, **options: Any) -> Any:
        """Sends a request as the generated client does.

        Raises:
            ServerError: no connection, no answer in time, an answer that is no success, or one that is not the API's.
        """
        limits = _request_timeout or (CONNECT_SECONDS, READ_SECONDS)
        try:
            answer = super().request(method, url, *args, _request_timeout=limits, **options)
        except ApiException as error:
            raise self._refused(error) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(error) from None
        self._check_kind(answer)
        return answer

    def _check_kind(self, answer: Any) -> None:
        """Refuses a success that is a web page: a login page, or another service."""
        kind = getattr(answer, "urllib3_response", answer).headers.get("content-type", "")
        body = getattr(answer, "data", b"")[:200].lstrip().lower()
        if "html" in kind or body.startswith((b"<!doctype", b"<html")):
            raise ServerError(self._page_text())

    def _page_text(self) -> str:
        return (
            f"{self._host} answers with a web page and not with the Kubeflow Pipelines API: a login page, or the wrong "
            "address. Behind Kubeflow's gateway the address is https://GATEWAY/pipeline with a token (--token); "
            "directly it is that of the service ml-pipeline, e.g. after "
            "`kubectl -n kubeflow port-forward svc/ml-pipeline 8888`: --host http://localhost:8888"
        )

    def _unreachable(self, error: Exception) -> ServerError:
        cause = _root_cause(error)
        if "Timeout" in type(cause).__name__ or isinstance(cause, TimeoutError):
            what = f"{self._host} does not answer in time ({CONNECT_SECONDS:.0f} s to connect, {READ_SECONDS:.0f} s for"
            return ServerError(f"{what} an answer); is it the right address, and is the server well?", passing=True)
        if isinstance(cause, urllib3.exceptions.SSLError):
            return self._insecure(str(cause))
        return ServerError(
            f"{self._host} cannot be reached: {self._clean(str(cause))}. Is it the right address (--host or KFP_HOST), "
            "and does the port-forward still run?",
            passing=True,
        )

    def _insecure(self, why: str) -> ServerError:
        return ServerError(
            f"{self._host}: no secure connection: {self._clean(why)}. A server without TLS is addressed with http://, "
            "and the certificate of a private authority is given with --ca-cert or KFP_CA_CERT"
        )

    def _refused(self, error: ApiException) -> ServerError:
        status = int(error.status or 0)
        if status == 0:  # what the generated client makes of a TLS error
            return self._insecure(str(error.reason))
        message, is_page = _message(error.body)
        if status == 401:
            text = f"{self._host} does not know you (401): give a token that is valid now with --token or KFP_TOKEN"
        elif status == 403:
            text = f"{self._host} does not allow this (403): {self._clean(message) or 'no reason given'}. Has the "
            text += "token's account the right to it, in this --namespace?"
        elif is_page or (status == 404 and not message):
            text = self._page_text() + f" (status {status})"
        else:
            text = f"{self._host} refuses ({status}): {self._clean(message) or error.reason}"
        return ServerError(text, status=status, passing=status in _PASSING)

    def _clean(self, text: str) -> str:
        """One line of bounded length without the token."""
        line = " ".join(text.split())
        line = line.replace(self._secret, "***") if self._secret else line
        return (line if len(line) <= _LONGEST_TEXT else line[:_LONGEST_TEXT] + " ...").rstrip(".")


def _message(body: Any) -> tuple[str, bool]:
    """Returns the text of an error answer, and whether it is a web page."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        content = json.loads(text)
    except ValueError:
        return text, text.lstrip().lower().startswith(("<!doctype", "<html"))
    if not isinstance(content, dict):
        return text, False
    return str(content.get("message") or content.get("error") or content.get("error_message") or text), False


def _root_cause(error: BaseException) -> BaseException:
    """Returns what is behind urllib3's `MaxRetryError`."""
    reason = getattr(error, "reason", None)
    return _root_cause(reason) if isinstance(reason, BaseException) else error
