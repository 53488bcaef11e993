"""Golden predictions: what the training graph says, for the exported model to be held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.trainer.trained_model import TrainedModel
from components.transform.features import MODEL_FEATURES, SENTENCE


def training_graph_tags(trained: TrainedModel, transform_graph: str, sentences: Sequence[str]) -> list[list[str]]:
    """Tags sentences the way training does, one at a time and without any serving code.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder.
        sentences: raw sentences.

    Returns:
        One tag a token for each sentence.
    """
    output = tft.TFTransformOutput(transform_graph)
    transform = output.transform_features_layer()
    tags = np.array(trained.tags, dtype=object)
    rows: list[list[str]] = []
    for sentence in sentences:
        features = transform({SENTENCE: tf.constant([[sentence]])})
        ids = {name: features[name] for name in MODEL_FEATURES}
        lengths = ids[MODEL_FEATURES[0]].row_lengths()
        if not int(lengths[0]):
            rows.append([])
            continue
        windows = {name: trained.windows.cut(value).to_tensor(0) for name, value in ids.items()}
        best = np.argmax(trained.model(windows, training=False), -1)
        rows.append(tags[trained.windows.stitch(tf.constant(best), lengths)[0].numpy()].tolist())
    return rows
