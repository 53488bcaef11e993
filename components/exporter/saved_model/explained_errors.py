"""Says in plain words why TensorFlow or Keras refuses to save, load or trace a model.

These mistakes show before there is a folder that the validator could look at.
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
    """Turns errors whose cause is a known pitfall into ones that name it and its cure; all others pass unchanged.

    Raises:
        ExportInvalidError: a known mistake; the original error is its cause.
    """
    try:
        yield
    except (AssertionError, NotImplementedError, TypeError, ValueError) as error:
        pitfall = _pitfall(str(error))
        if pitfall is None:
            raise
        known = PITFALLS[pitfall]
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise ExportInvalidError(
            f"the model cannot be exported ({pitfall}): {known.title}. {known.cause} Fix: {known.cure} "
            f"({type(error).__name__}: {first[:300]})"
        ) from error


def _pitfall(text: str) -> str | None:
    return next((name for message, name in _MESSAGES if re.search(message, text)), None)
