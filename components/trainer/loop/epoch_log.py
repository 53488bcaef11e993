"""Report of each epoch: a line in the log, and TensorBoard's files."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf
from absl import logging

Row = dict[str, float | None]
"""Figures of an epoch; None for a figure that is unknown on this machine."""

_MUCH_WAITING = 0.05


class EpochLog:
    """Writes a line for each epoch, and its figures for TensorBoard."""

    def __init__(self, folder: str | None, epochs: int) -> None:
        """Opens TensorBoard's folder.

        Args:
            folder: folder for TensorBoard's files; None writes none.
            epochs: maximum number of epochs.
        """
        self._epochs = epochs
        self._writer = tf.summary.create_file_writer(folder) if folder else None

    def write(self, epoch: int, row: Mapping[str, float | None], *, best: bool) -> None:
        """Reports an epoch.

        Args:
            epoch: its number, from 1.
            row: its figures.
            best: whether its weights would be kept if the training ended now.
        """
        logging.info("%s", format_epoch(epoch, self._epochs, row, best=best))
        if self._writer:
            with self._writer.as_default(step=epoch):
                for name, value in row.items():
                    if value is not None:
                        tf.summary.scalar(name, value)
            self._writer.flush()


def format_epoch(epoch: int, epochs: int, row: Mapping[str, float | None], *, best: bool) -> str:
    """Formats the figures of an epoch as one line, which fits a terminal of 80 columns without the last figure.

    The share of time without data is shown if it matters, else the model FLOPs utilization, if it is known.
    """
    precision, recall, f1 = (row[f"val_entity_{name}"] for name in ("precision", "recall", "f1"))
    use = "" if row["mfu"] is None else f"  MFU {row['mfu']:.0%}"
    if (row["data_wait"] or 0) >= _MUCH_WAITING:
        use = f"  waiting {row['data_wait']:.0%}"
    return (
        f"epoch {epoch}/{epochs}  loss {row['loss']:.3g} dev {row['val_loss']:.3g}  "
        f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}{' best' if best else ''}  "
        f"{_thousands(row['tokens_per_second'] or 0)} tok/s{use}"
    )


def _thousands(number: float) -> str:
    return f"{number / 1000:.0f}k" if number >= 9950 else f"{number / 1000:.1f}k"
