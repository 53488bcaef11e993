"""Anomalies of a split as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import anomalies_pb2


class AnomalyLines(NamedTuple):
    """The anomalies of one split, one line each.

    Attributes:
        errors: anomalies that stop the run.
        warnings: anomalies of custom validations with severity WARNING.
    """

    errors: list[str]
    warnings: list[str]


def anomaly_lines(split: str, anomalies: anomalies_pb2.Anomalies) -> AnomalyLines:
    """Returns one line per reason of each anomaly: split, feature, short and long description.

    A split without examples is an error here. TFDV only sets the flag `data_missing` for it, and TFX's ExampleValidator
    blesses it.

    Args:
        split: name of the split.
        anomalies: anomalies that TFDV found in it.

    Example:
        >>> anomaly_lines("eval", anomalies_pb2.Anomalies(data_missing=True)).errors
        ['split eval: has no examples']
    """
    lines = AnomalyLines([], [])
    if anomalies.data_missing:
        lines.errors.append(f"split {split}: has no examples")
    if anomalies.HasField("dataset_anomaly_info"):
        _add(lines, f"split {split}, the whole data set", anomalies.dataset_anomaly_info)
    for key in sorted(anomalies.anomaly_info):
        info = anomalies.anomaly_info[key]
        _add(lines, f"split {split}, feature {'.'.join(info.path.step) or key}", info)
    return lines


def error_text(errors: Sequence[str], schema_file: str = "") -> str:
    """Returns the message of a stopped run.

    Args:
        errors: lines of `anomaly_lines`.
        schema_file: path of the schema in the user's configuration; empty if not known.

    Returns:
        Several lines: the problem, each anomaly, the fix.
    """
    count = "1 anomaly" if len(errors) == 1 else f"{len(errors)} anomalies"
    return "\n".join(
        [
            f"{schema_file or 'schema'}: the data does not match the schema ({count}). Nothing was trained.",
            *(f"  {line}" for line in errors),
            "Correct the data, or change the schema if the data is right.",
        ]
    )


def _add(lines: AnomalyLines, where: str, info: anomalies_pb2.AnomalyInfo) -> None:
    target = lines.warnings if info.severity == anomalies_pb2.AnomalyInfo.WARNING else lines.errors
    # The summary of several reasons is just "Multiple errors".
    for reason in info.reason or [info]:
        long = " ".join(reason.description.split())
        short = reason.short_description.strip().rstrip(".")
        target.append(f"{where}: {short}. {long}" if long and long.rstrip(".") != short else f"{where}: {short}")
