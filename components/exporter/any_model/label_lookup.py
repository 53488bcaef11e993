"""From class scores to labels, in the graph."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from components.exporter.errors import ModelExportError


class LabelLookup:
    """Gives every row the label of its highest score.

    Ids are positions in the list, so no lookup table is needed: it would only be one more file to lose.
    """

    def __init__(self, labels: Sequence[str] | str | os.PathLike[str], from_logits: bool = False) -> None:
        """Reads the labels.

        Args:
            labels: in the order of the model's outputs; or a file with one label a line, such as a vocabulary of
                tf.Transform (`TFTransformOutput.vocabulary_file_by_name`).
            from_logits: whether scores are logits; softmax is applied then (with one score and two labels: sigmoid).

        Raises:
            ModelExportError: no label at all, a blank line, or no such file.
        """
        self.labels = _read(Path(labels)) if isinstance(labels, str | os.PathLike) else list(labels)
        if not self.labels:
            raise ModelExportError(f"labels: {labels!r} holds no label. Give one for each of the model's classes.")
        self._from_logits = from_logits

    def __call__(self, scores: tf.Tensor, name: str = "output") -> dict[str, tf.Tensor]:
        """Looks labels up.

        Args:
            scores: [batch, ..., classes], or [batch, ..., 1] with two labels: the probability of the second one.
            name: of the output, for messages.

        Returns:
            `label` string [batch, ...], `score` (the label's probability) [batch, ...], and `probabilities`
            [batch, ..., classes].

        Raises:
            ModelExportError: there are more or fewer labels than classes.
        """
        probabilities = self._probabilities(scores, name)
        best = tf.argmax(probabilities, -1)
        return {
            "label": tf.gather(tf.constant(self.labels), best),
            "score": tf.reduce_max(probabilities, -1),
            "probabilities": probabilities,
        }

    def _probabilities(self, scores: tf.Tensor, name: str) -> tf.Tensor:
        classes = scores.shape[-1] if scores.shape.rank else None
        if classes == 1 and len(self.labels) == 2:
            second = tf.sigmoid(scores) if self._from_logits else scores
            return tf.concat([1 - second, second], -1)
        if classes != len(self.labels):
            raise ModelExportError(
                f"labels: there are {len(self.labels)} ({', '.join(self.labels[:5])}, ...), and the model's output "
                f"{name} has shape {scores.shape}, whose last dimension must be the number of classes. Give exactly "
                "one label a class, in the order of the training ids."
            )
        return tf.nn.softmax(scores) if self._from_logits else tf.identity(scores)


def _read(file: Path) -> list[str]:
    """The lines of a file."""
    if not file.is_file():
        raise ModelExportError(f"labels: there is no file {file}. Give a file with one label a line, or a list.")
    labels = file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    labels = [label.removesuffix("\r") for label in labels]
    for number, label in enumerate(labels, 1):
        if not label.strip():
            raise ModelExportError(
                f"{file}:{number}: this line is blank. A line is the label of the class with its number; remove it if "
                "no class belongs to it."
            )
    return labels
