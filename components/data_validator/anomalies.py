"""Anomalies of a split in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import anomalies_pb2


class AnomalyLines(NamedTuple):
    """The anomalies of one split, one line each.

    Attributes:
        errors: what must stop the run.
        warnings: what a custom validation of severity WARNING asked to be told about only.
    """

    errors: list[str]
    warnings: list[str]


def anomaly_lines(split: str, anomalies: anomalies_pb2.Anomalies | bytes) -> AnomalyLines:
    """Says in words what TensorFlow Data Validation found wrong with a split.

    A split without any example counts as an error here: TFDV only sets a flag for it (`data_missing`), and TFX's
    ExampleValidator calls it blessed.

    Args:
        split: name of the split.
        anomalies: TFDV's findings, or the bytes of the `SchemaDiff.pb` that ExampleValidator saves.

    Returns:
        A line for each reason of each anomaly: split, feature, short and long description.
    """
    found = anomalies_pb2.Anomalies.FromString(anomalies) if isinstance(anomalies, bytes) else anomalies
    lines = AnomalyLines([], [])
    if found.data_missing:
        lines.errors.append(f"split {split}: it holds no examples")
    if found.HasField("dataset_anomaly_info"):
        _add(lines, f"split {split}, the data set as a whole", found.dataset_anomaly_info)
    for key in sorted(found.anomaly_info):
        info = found.anomaly_info[key]
        _add(lines, f"split {split}, feature {'.'.join(info.path.step) or key}", info)
    return lines


def error_text(errors: Sequence[str], schema_file: str = "") -> str:
    """The whole message for a run that is stopped.

    Args:
        errors: lines of `anomaly_lines`.
        schema_file: path of the schema as the user knows it; empty when not known.

    Returns:
        Several lines: what happened, each anomaly, what to do.
    """
    many = "1 anomaly" if len(errors) == 1 else f"{len(errors)} anomalies"
    schema = f"the schema, {schema_file}," if schema_file else "the schema"
    return "\n".join(
        [
            f"The data is not what the schema says ({many}); nothing was trained on it.",
            *(f"  {line}" for line in errors),
            f"Mend the data; or, where the data is right, change {schema} so that it allows this.",
        ]
    )


def _add(lines: AnomalyLines, where: str, info: anomalies_pb2.AnomalyInfo) -> None:
    into = lines.warnings if info.severity == anomalies_pb2.AnomalyInfo.WARNING else lines.errors
    # With several reasons the summary says no more than "Multiple errors".
    for reason in info.reason or [info]:
        long = " ".join(reason.description.split())
        short = reason.short_description.strip().rstrip(".")
        into.append(f"{where}: {short}. {long}" if long and long.rstrip(".") != short else f"{where}: {short}")
