"""Golden predictions: the training graph's tags, with which the exported model is compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.exporter.serving.sentence_logits import sentence_logits
from components.text.sentences import LONG, sentence_offsets
from components.text.token_positions import TokenPositions
from components.text.transitions import constrained_path, outside_tags, transitions
from components.trainer.trained_model import TrainedModel
from components.transform.features import SENTENCE, STARTS, model_features


def training_graph_tags(
    trained: TrainedModel, transform_graph: str, sentences: Sequence[str], *, constrained: bool, divide: bool = True
) -> list[list[str]]:
    """Tags sentences one at a time, with tf.Transform's own layer and decoding in numpy instead of the exported graph.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder.
        sentences: raw sentences.
        constrained: whether tags must be valid IOB2.
        divide: whether long texts are divided into sentences, here in plain Python.

    Returns:
        One tag per token for each sentence.
    """
    transform = tft.TFTransformOutput(transform_graph).transform_features_layer()
    tags = np.array(trained.tags, dtype=object)

    start, step = transitions(trained.tags)
    bias = trained.outside_bias * outside_tags(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, 1], tf.string), tf.TensorSpec([None], tf.int64)])
    def log_probabilities(text: tf.Tensor, cuts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = transform({SENTENCE: text})
        starts = features[STARTS].flat_values
        size = tf.size(starts, tf.int64)
        begins = tf.searchsorted(starts, cuts, out_type=tf.int64)
        inner = tf.unique(tf.boolean_mask(begins, (begins > 0) & (begins < size) & (size > LONG))).y
        splits = tf.concat([[tf.constant(0, tf.int64)], inner, [size]], 0)
        ids = {
            name: tf.RaggedTensor.from_row_splits(features[name].values, splits) for name in model_features(features)
        }
        logits = sentence_logits(trained, ids, TokenPositions.of(splits))
        return tf.nn.log_softmax(logits + bias), splits  # [tokens, tags], [sentences + 1]

    answers = []
    for text in sentences:
        cuts = [begin for begin, _ in sentence_offsets(text)] if divide else []
        rows, splits = log_probabilities(tf.constant([[text]]), tf.constant(cuts, tf.int64))
        parts = [row.numpy() for row in tf.split(rows, np.diff(splits.numpy()))] if len(rows) else []
        ids = [constrained_path(part, start, step) if constrained else np.argmax(part, -1) for part in parts]
        answers.append([tag for part in ids for tag in tags[part].tolist()])
    return answers
