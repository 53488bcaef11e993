"""Golden predictions: the training graph's tags, with which the exported model is compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.exporter.serving.sentence_logits import sentence_logits
from components.text.token_positions import TokenPositions
from components.text.transitions import constrained_path, outside_tags, transitions
from components.trainer.trained_model import TrainedModel
from components.transform.features import SENTENCE, TOKENS, model_features


def training_graph_tags(
    trained: TrainedModel, transform_graph: str, sentences: Sequence[str], constrained: bool
) -> list[list[str]]:
    """Tags sentences one at a time, with tf.Transform's own layer and decoding in numpy instead of the exported graph.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder.
        sentences: raw sentences.
        constrained: whether tags must be valid IOB2.

    Returns:
        One tag per token for each sentence.
    """
    transform = tft.TFTransformOutput(transform_graph).transform_features_layer()
    tags = np.array(trained.tags, dtype=object)

    start, step = transitions(trained.tags)
    bias = trained.outside_bias * outside_tags(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, 1], tf.string)])
    def log_probabilities(sentence: tf.Tensor) -> tf.Tensor:
        features = transform({SENTENCE: sentence})
        ids = {name: features[name] for name in model_features(features)}
        logits = sentence_logits(trained, ids, TokenPositions.of(features[TOKENS].row_splits))
        return tf.nn.log_softmax(logits + bias)  # [tokens, tags]

    rows = []
    for sentence in sentences:
        row = log_probabilities(tf.constant([[sentence]])).numpy()
        ids = constrained_path(row, start, step) if constrained else np.argmax(row, -1)
        rows.append(tags[ids].tolist() if len(row) else [])
    return rows
