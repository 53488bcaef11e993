"""What is served: raw sentences in, tokens, tags, scores and offsets out."""

from __future__ import annotations

import tensorflow as tf

from components.exporter.transform_graph import TransformGraph
from components.trainer.trained_model import TrainedModel
from components.transform.features import ENDS, MODEL_FEATURES, PAD, SENTENCE, STARTS, TOKENS


class ServingModule(tf.Module):
    """Preprocessing, tagger and label lookup in one graph.

    Tracks the tagger's raw variables and never the Keras model: a KerasVariable is exported as a second variable, and
    the one that the graph reads stays uninitialized in every loader but Python's (keras-team/keras#19274). The model
    itself lives in a closure.
    """

    def __init__(self, trained: TrainedModel, transform_graph: str) -> None:
        """Puts the parts together.

        Args:
            trained: the tagger.
            transform_graph: tf.Transform's output folder.
        """
        super().__init__(name="ner_serving")
        model = trained.model
        self._windows = trained.windows
        self.transform = TransformGraph(transform_graph)
        self.model_variables = [variable.value for variable in model.variables]
        self._logits = lambda features: model(features, training=False)
        # Ids are positions in the vocabulary: a lookup table would add nothing but a file to lose.
        self._tags = tf.constant(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, name=SENTENCE)])
    def tag(self, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tags a batch of raw sentences.

        Args:
            sentence: string [batch].

        Returns:
            `tokens` and `tags` string, `scores` float32 (the tag's probability), `starts` and `ends` int32 (code points
            of the raw sentence), all [batch, tokens], padded with `[PAD]` and 0. No token at all gives [batch, 0].
        """
        features = self.transform({SENTENCE: tf.expand_dims(sentence, 1)})
        lengths = features[TOKENS].row_lengths()
        cut = {name: _padded(self._windows.cut(features[name])) for name in MODEL_FEATURES}
        probabilities = tf.nn.softmax(self._logits(cut))  # [windows, width, tags]
        best = self._windows.stitch(tf.argmax(probabilities, -1), lengths)
        scores = self._windows.stitch(tf.reduce_max(probabilities, -1), lengths)
        return {
            "tokens": features[TOKENS].to_tensor(PAD),
            "tags": best.with_flat_values(tf.gather(self._tags, best.flat_values)).to_tensor(PAD),
            "scores": scores.to_tensor(0.0),
            "starts": tf.cast(features[STARTS].to_tensor(0), tf.int32),
            "ends": tf.cast(features[ENDS].to_tensor(0), tf.int32),
        }


def _padded(ids: tf.RaggedTensor) -> tf.Tensor:
    """Pads with 0 to the longest row, and to one column at least: not every kernel knows matrices without columns."""
    return tf.pad(ids.to_tensor(0), [[0, 0], [0, tf.cast(tf.equal(ids.bounding_shape()[1], 0), tf.int32)]])
