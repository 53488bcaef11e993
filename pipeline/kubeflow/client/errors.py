"""Errors of a Kubeflow Pipelines server, or of the connection to it."""

from __future__ import annotations

from components.common.errors import NerError


class ServerError(NerError):
    """A failed call to the server: no connection, or an unsuccessful response.

    Attributes:
        status: HTTP status of the response; 0 without one (unreachable, timed out, not the API).
        transient: the same call may succeed later.
    """

    def __init__(self, text: str, *, status: int = 0, transient: bool = False) -> None:
        """Stores the text for the user, the HTTP status and whether a retry makes sense."""
        super().__init__(text)
        self.status = status
        self.transient = transient
