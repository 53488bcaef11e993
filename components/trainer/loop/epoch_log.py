"""Report of each epoch: a line in the log, and TensorBoard's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf
from absl import logging

from components.common.errors import percent

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

    def write(self, epoch: int, row: Mapping[str, float | None], *, kept: bool) -> None:
        """Reports an epoch.

        Args:
            epoch: its number, from 1.
            row: its figures.
            kept: whether its weights would be kept if the training ended now.
        """
        logging.info("%s", format_epoch(epoch, self._epochs, row, kept=kept))
        if self._writer:
            with self._writer.as_default(step=epoch):
                for name, value in row.items():
                    if value is not None:
                        tf.summary.scalar(name, value)
            self._writer.flush()

    @staticmethod
    def finish(history: Sequence[Mapping[str, float | None]], kept: int, chance: float) -> None:
        """Reports which epoch is kept and why, see `format_choice`."""
        logging.info("%s", format_choice(history, kept, chance))


def format_choice(history: Sequence[Mapping[str, float | None]], kept: int, chance: float) -> str:
    """Formats the choice of an epoch and its reason.

    Args:
        history: figures of all epochs.
        kept: index of the epoch whose weights are kept.
        chance: differences of F1 below it count as chance.

    Example:
        >>> rows = [{"val_entity_f1": 0.625}, {"val_entity_f1": 0.621}]
        >>> format_choice(rows, 1, 0.01)
        'keeps epoch 2: F1 0.621; epoch 1 with 0.625 is better by chance only (less than 0.010)'
        >>> format_choice(rows, 0, 0.001)
        'keeps epoch 1: F1 0.625, the highest'
    """
    scores = [row["val_entity_f1"] or 0.0 for row in history]
    highest = max(scores)
    text = f"keeps epoch {kept + 1}: F1 {scores[kept]:.3f}"
    if not highest:
        return f"{text} as in all epochs"
    if scores[kept] == highest:
        return f"{text}, the highest"
    other = f"epoch {scores.index(highest) + 1} with {highest:.3f}"
    if highest - scores[kept] < chance:
        return f"{text}; {other} is better by chance only (less than {chance:.3f})"
    return f"{text}; {other} ended too early in the training to count"


def format_epoch(epoch: int, epochs: int, row: Mapping[str, float | None], *, kept: bool) -> str:
    """Formats the figures of an epoch as one line, which fits a terminal of 80 columns without the last figure.

    The share of time without data is shown if it matters, else the model FLOPs utilization, if it is known.
    """
    precision, recall, f1 = (row[f"val_entity_{name}"] for name in ("precision", "recall", "f1"))
    use = "" if row["mfu"] is None else f"  MFU {percent(row['mfu'], 0)}"
    if (row["data_wait"] or 0) >= _MUCH_WAITING:
        use = f"  waiting {percent(row['data_wait'] or 0, 0)}"
    return (
        f"epoch {epoch}/{epochs}  loss {row['loss']:.3g} dev {row['val_loss']:.3g}  "
        f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}{' kept' if kept else ''}  "
        f"{_thousands(row['tokens_per_second'] or 0)} tok/s{use}"
    )


def _thousands(number: float) -> str:
    return f"{number / 1000:.0f}k" if number >= 9950 else f"{number / 1000:.1f}k"
