"""Golden predictions: what the training graph says, for the exported model to be held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.exporter.settings import CONSTRAINED
from components.text.transitions import legal_path, outside_tags, transitions
from components.trainer.trained_model import TrainedModel
from components.transform.features import SENTENCE, TOKENS, model_features


def training_graph_tags(
    trained: TrainedModel, transform_graph: str, sentences: Sequence[str], decoding: str
) -> list[list[str]]:
    """Tags sentences the way training does, one at a time and without the graph that is served.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder.
        sentences: raw sentences.
        decoding: as in `ExportSettings`.

    Returns:
        One tag a token for each sentence.
    """
    transform = tft.TFTransformOutput(transform_graph).transform_features_layer()
    tags = np.array(trained.tags, dtype=object)

    start, step = transitions(trained.tags)
    bias = trained.outside_bias * outside_tags(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, 1], tf.string)])
    def log_probabilities(sentence: tf.Tensor) -> tf.Tensor:
        features = transform({SENTENCE: sentence})
        ids = {name: features[name] for name in model_features(features)}
        if trained.model.receptive_field is None:
            lengths = features[TOKENS].row_lengths()
            windows = {name: trained.windows.cut(value).to_tensor(0) for name, value in ids.items()}
            logits = trained.windows.stitch(trained.model(windows, training=False), lengths).flat_values
        else:
            logits = trained.model({name: value.to_tensor(0) for name, value in ids.items()}, training=False)[0]
        return tf.nn.log_softmax(logits + bias)  # [tokens, tags]

    rows = []
    for sentence in sentences:
        row = log_probabilities(tf.constant([[sentence]])).numpy()
        ids = legal_path(row, start, step) if decoding == CONSTRAINED else np.argmax(row, -1)
        rows.append(tags[ids].tolist() if len(row) else [])
    return rows
