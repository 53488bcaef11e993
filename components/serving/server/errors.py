"""Errors of requests, with the status that gRPC has for them."""

from __future__ import annotations

from components.common.errors import NerError

STOPS = "the server stops. Send the request to another one."


class ServingError(NerError):
    """A request that gets no answer.

    Attributes:
        code: name of the status, as in `grpc.StatusCode`.
    """

    code = "INTERNAL"


class InternalError(ServingError):
    """TensorFlow reports a defect."""


class NotFoundError(ServingError):
    """There is no such model, version, label or signature."""

    code = "NOT_FOUND"


class InvalidArgumentError(ServingError):
    """The request does not fit the signature, or the model refuses it."""

    code = "INVALID_ARGUMENT"


class ResourceExhaustedError(ServingError):
    """The queue is full.

    Attributes:
        retry_after: seconds after which the request is worth another try.
    """

    code = "RESOURCE_EXHAUSTED"

    def __init__(self, text: str, retry_after: float) -> None:
        """Stores the time."""
        super().__init__(text)
        self.retry_after = retry_after


class DeadlineExceededError(ServingError):
    """The caller's time limit passed before the answer."""

    code = "DEADLINE_EXCEEDED"


class UnavailableError(ServingError):
    """The server stops, or the version is not loaded yet."""

    code = "UNAVAILABLE"


class UnimplementedError(ServingError):
    """This server does not have the method, or the protocol the form, that the request needs."""

    code = "UNIMPLEMENTED"


class FailedPreconditionError(ServingError):
    """TensorFlow Serving's status over gRPC for an unknown signature."""

    code = "FAILED_PRECONDITION"
