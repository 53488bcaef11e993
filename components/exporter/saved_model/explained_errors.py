"""Explanations of errors that TensorFlow and Keras raise while a model is saved, loaded or traced.

These mistakes show before there is a folder for the validator.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from components.exporter.errors import ExportInvalidError
from components.exporter.validator.probe.pitfalls import PITFALLS

_MESSAGES = (
    (r"untracked' resource", "table_in_closure"),
    (r"Lambda. layer", "lambda_layer"),
    (r"Unknown loss function|Could not locate (class|function) '\w*[Ll]oss", "loss_saved"),
    (r"must override `get_config\(\)`|could not be deserialized properly|Could not locate class", "no_get_config"),
    (r"Dtype of argument `keys` must be", "int_label_table"),
    (r"Could not find matching (concrete function|signature)|Can not cast TensorSpec.*string", "ids_for_strings"),
    (r"Invalid filepath extension for saving", "not_a_saved_model"),
)


@contextlib.contextmanager
def explained_errors() -> Iterator[None]:
    """Converts errors with a known pitfall to errors that name it and its cure; others pass unchanged.

    Raises:
        ExportInvalidError: a known mistake; the original error is its cause.

    Example:
        >>> with explained_errors():  # doctest: +ELLIPSIS
        ...     raise ValueError("Invalid filepath extension for saving.")
        Traceback (most recent call last):
        components.exporter.errors.ExportInvalidError: the model cannot be exported (not_a_saved_model): ...
    """
    try:
        yield
    except (AssertionError, NotImplementedError, TypeError, ValueError) as error:
        name = next((pitfall for message, pitfall in _MESSAGES if re.search(message, str(error))), None)
        if name is None:
            raise
        pitfall = PITFALLS[name]
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise ExportInvalidError(
            f"the model cannot be exported ({name}): {pitfall.title}. {pitfall.cause} Fix: {pitfall.cure} "
            f"({type(error).__name__}: {first[:300]})"
        ) from error
