"""Labels for class scores, in the graph, and the files that hold them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.exporter.errors import ExportError

if TYPE_CHECKING:
    import tensorflow as tf


class LabelLookup:
    """Maps every row to the label of its highest score.

    Ids are positions in the list, so no lookup table is needed.

    Example:
        >>> import tensorflow as tf
        >>> LabelLookup(["no", "yes"])(tf.constant([[0.2, 0.8]]))["label"].numpy().tolist()
        [b'yes']
    """

    def __init__(self, labels: Sequence[str] | str | os.PathLike[str], from_logits: bool = False) -> None:
        """Reads the labels.

        Args:
            labels: in the order of the model's outputs; or a file with one label per line, such as a vocabulary of
                tf.Transform (`TFTransformOutput.vocabulary_file_by_name`).
            from_logits: whether scores are logits; then softmax is applied (sigmoid for one score and two labels).

        Raises:
            ExportError: no labels, an empty line, or no such file.
        """
        self.labels = read_labels(Path(labels)) if isinstance(labels, str | os.PathLike) else list(labels)
        if not self.labels:
            raise ExportError(f"labels: {labels!r} holds no labels. Give one for each class of the model.")
        self._from_logits = from_logits

    def __call__(self, scores: tf.Tensor, name: str = "output") -> dict[str, tf.Tensor]:
        """Returns labels, scores and probabilities.

        Args:
            scores: [batch, ..., classes], or [batch, ..., 1] with two labels: the probability of the second one.
            name: of the output, for messages.

        Returns:
            `label` string [batch, ...], `score` (the label's probability) [batch, ...], and `probabilities`
            [batch, ..., classes].

        Raises:
            ExportError: there are more or fewer labels than classes.
        """
        import tensorflow as tf

        probabilities = self._probabilities(scores, name)
        best = tf.argmax(probabilities, -1)
        return {
            "label": tf.gather(tf.constant(self.labels), best),
            "score": tf.reduce_max(probabilities, -1),
            "probabilities": probabilities,
        }

    def _probabilities(self, scores: tf.Tensor, name: str) -> tf.Tensor:
        import tensorflow as tf

        classes = scores.shape[-1] if scores.shape.rank else None
        if classes == 1 and len(self.labels) == 2:
            second = tf.sigmoid(scores) if self._from_logits else scores
            return tf.concat([1 - second, second], -1)
        if classes != len(self.labels):
            raise ExportError(
                f"labels: {len(self.labels)} labels ({', '.join(self.labels[:5])}, ...) do not fit the model's output "
                f"{name} of shape {scores.shape}, whose last dimension is the number of classes. Give one label "
                "per class, in the order of the training ids."
            )
        return tf.nn.softmax(scores) if self._from_logits else tf.identity(scores)


def read_labels(file: Path) -> list[str]:
    """Reads one label per line, or a JSON list of texts.

    Raises:
        ExportError: no such file, or a line or label is empty.
    """
    if not file.is_file():
        raise ExportError(f"labels: no such file: {file}. Give a file with one label per line, or a list.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportError(f"{file}: not UTF-8 ({error}). Save the file as UTF-8.") from error
    if file.suffix == ".json":
        return _of_json(file, text)
    labels = text.removesuffix("\n").split("\n")
    labels = [label.removesuffix("\r") for label in labels]
    for number, label in enumerate(labels, 1):
        if not label.strip():
            raise ExportError(
                f"{file}:{number}: this line is empty. Line n is the label of class n; remove the line if there is "
                "no such class."
            )
    return labels


def _of_json(file: Path, text: str) -> list[str]:
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{file}: not JSON ({error}). Write a list of texts, or one label per line.") from error
    if not isinstance(labels, list) or not labels or not all(isinstance(each, str) and each.strip() for each in labels):
        raise ExportError(f"{file}: not a list of labels. Write a list of texts, or one label per line.")
    return labels
