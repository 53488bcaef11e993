"""Golden predictions: the training graph's tags, with which the exported model is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.exporter.serving.sentence_logits import sentence_logits
from components.text.sentences import LONG, sentence_offsets
from components.text.spans import spans
from components.text.tag_probabilities import tag_probabilities
from components.text.token_positions import TokenPositions
from components.text.transitions import constrained_path, outside_tags, transitions
from components.trainer.trained_model import TrainedModel
from components.transform.features import SENTENCE, STARTS, model_features


def training_graph_tags(
    trained: TrainedModel,
    transform_graph: str,
    sentences: Sequence[str],
    *,
    constrained: bool,
    divide: bool = True,
    min_scores: Mapping[str, float] | None = None,
) -> list[list[str]]:
    """Tags sentences one at a time, with tf.Transform's own layer and decoding in numpy instead of the exported graph.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder.
        sentences: raw sentences.
        constrained: whether tags must be valid IOB2.
        divide: whether long texts are divided into sentences, here in plain Python.
        min_scores: entity type -> least score of an entity, if any.

    Returns:
        One tag per token for each sentence.
    """
    transform = tft.TFTransformOutput(transform_graph).transform_features_layer()
    tags = np.array(trained.tags, dtype=object)

    start, step = transitions(trained.tags)
    bias = trained.outside_bias * outside_tags(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, 1], tf.string), tf.TensorSpec([None], tf.int64)])
    def tagger_logits(text: tf.Tensor, cuts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = transform({SENTENCE: text})
        starts = features[STARTS].flat_values
        size = tf.size(starts, tf.int64)
        begins = tf.searchsorted(starts, cuts, out_type=tf.int64)
        inner = tf.unique(tf.boolean_mask(begins, (begins > 0) & (begins < size) & (size > LONG))).y
        splits = tf.concat([[tf.constant(0, tf.int64)], inner, [size]], 0)
        ids = {
            name: tf.RaggedTensor.from_row_splits(features[name].values, splits) for name in model_features(features)
        }
        return sentence_logits(trained, ids, TokenPositions.of(splits)), splits  # [tokens, tags], [sentences + 1]

    answers = []
    for text in sentences:
        cuts = [begin for begin, _ in sentence_offsets(text)] if divide else []
        logits, splits = tagger_logits(tf.constant([[text]]), tf.constant(cuts, tf.int64))
        biased = tf.nn.log_softmax(logits + bias).numpy()
        parts = np.split(biased, splits.numpy()[1:-1]) if len(biased) else []
        ids = [constrained_path(part, start, step) if constrained else np.argmax(part, -1) for part in parts]
        answer = [tag for part in ids for tag in tags[part].tolist()]
        if min_scores:
            scaled = trained.calibration.logits(logits, outside_tags(trained.tags))
            begins = TokenPositions.of(splits).begins
            probabilities = tag_probabilities(scaled, begins, trained.tags) if constrained else tf.nn.softmax(scaled)
            answer = _without_low_scores(answer, probabilities.numpy(), trained.tags, min_scores)
        answers.append(answer)
    return answers


def _without_low_scores(
    answer: Sequence[str], probabilities: np.ndarray, tags: Sequence[str], min_scores: Mapping[str, float]
) -> list[str]:
    kept = list(answer)
    outside = np.flatnonzero(outside_tags(tags))
    for entity in spans(answer):
        tokens = range(entity.start, entity.end)
        score = np.mean([probabilities[token, tags.index(answer[token])] for token in tokens], dtype=np.float32)
        if score < np.float32(min_scores.get(entity.type, 0.0)):
            for token in tokens:
                kept[token] = tags[outside[probabilities[token, outside].argmax()]]
    return kept
