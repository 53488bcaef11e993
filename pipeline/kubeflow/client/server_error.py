"""What a Kubeflow Pipelines server, or the way to it, refuses."""

from __future__ import annotations

from components.common.errors import NerError


class ServerError(NerError):
    """A call to the server that failed: no connection, or an answer that is not a success.

    Attributes:
        status: HTTP status of the answer; 0 where there was none (unreachable, timed out, not the API).
        passing: whether the same call may succeed a little later.
    """

    def __init__(self, text: str, *, status: int = 0, passing: bool = False) -> None:
        """Keeps the text for the user, the HTTP status, and whether trying again makes sense."""
        super().__init__(text)
        self.status = status
        self.passing = passing
