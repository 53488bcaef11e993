"""What is served: raw sentences in, tokens, tags, scores, offsets and entities out."""

from __future__ import annotations

from collections.abc import Collection

import tensorflow as tf

from components.exporter.decoding import decode_legal
from components.exporter.entity_spans import entity_spans
from components.exporter.settings import LEGAL, ExportSettings
from components.exporter.transform_graph import TransformGraph
from components.trainer.trained_model import TrainedModel
from components.transform.features import ENDS, SENTENCE, STARTS, TOKENS, model_features

_COMPLETE = ("tokens", "scores", "offsets")


class ServingModule(tf.Module):
    """Preprocessing, tagger and label lookup in one graph.

    Tracks the tagger's raw variables and never the Keras model: a KerasVariable is exported as a second variable, and
    the one that the graph reads stays uninitialized in every loader but Python's (keras-team/keras#19274). The model
    itself lives in a closure.
    """

    def __init__(self, trained: TrainedModel, transform_graph: str, settings: ExportSettings) -> None:
        """Puts the parts together.

        Args:
            trained: the tagger.
            transform_graph: tf.Transform's output folder.
            settings: decoding, padding, and which outputs `tag` gives.
        """
        super().__init__(name="ner_serving")
        model = trained.model
        self._windows = trained.windows
        self._settings = settings
        self.transform = TransformGraph(transform_graph)
        self.model_variables = [variable.value for variable in model.variables]
        self._logits = lambda features: model(features, training=False)
        # Ids are positions in the vocabulary: a lookup table would add nothing but a file to lose.
        self._tag_names = tuple(trained.tags)
        self._tags = tf.constant(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, name=SENTENCE)])
    def tag(self, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tags a batch of raw sentences.

        Args:
            sentence: string [batch].

        Returns:
            `tags` and the configured groups of outputs: `tokens` string, `scores` float32 (the tag's probability),
            `starts` and `ends` int32 (code points of the raw sentence), all [batch, tokens]; of the group `entities`
            what `entity_spans` gives, [batch, entities]. Rows are padded with the configured text and 0. No token at
            all gives [batch, 0]. With a fixed `token_length` there is `truncated` bool [batch], too.
        """
        return self._answer(sentence, self._settings.outputs, self._settings.token_length)

    def tag_completely(self, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same with tokens, scores and offsets whatever is configured, and never cut: for evaluation.

        Calls the graph of `tag` where that gives all this, so that the tagger is in the model once.
        """
        if self._settings.token_length is None and {*_COMPLETE} <= {*self._settings.outputs}:
            return self.tag(sentence)
        return self._answer(sentence, {*self._settings.outputs, *_COMPLETE}, None)

    def _answer(self, sentence: tf.Tensor, outputs: Collection[str], length: int | None) -> dict[str, tf.Tensor]:
        features = self.transform({SENTENCE: tf.expand_dims(sentence, 1)})
        lengths = features[TOKENS].row_lengths()
        best, scores = self._best(features, lengths)
        starts, ends = (tf.cast(features[name], tf.int32) for name in (STARTS, ENDS))
        tags = best.with_flat_values(tf.gather(self._tags, best.flat_values))
        ragged = {"tags": tags}
        if "tokens" in outputs:
            ragged["tokens"] = features[TOKENS]
        if "scores" in outputs:
            ragged["scores"] = scores
        if "offsets" in outputs:
            ragged |= {"starts": starts, "ends": ends}
        answer = {name: self._rows(value, length) for name, value in ragged.items()}
        if "entities" in outputs:
            found = entity_spans(sentence, best, scores, starts, ends, self._tag_names)
            answer |= {name: self._rows(value, None) for name, value in found.items()}
        if length is not None:
            answer["truncated"] = lengths > length
        return answer

    def _best(
        self, features: dict[str, tf.RaggedTensor], lengths: tf.Tensor
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Ids of tags and their probabilities, ragged [batch, tokens]."""
        cut = {name: _padded(self._windows.cut(features[name])) for name in model_features(features)}
        probabilities = tf.nn.softmax(self._logits(cut))  # [windows, width, tags]
        if self._settings.decoding != LEGAL:
            best = self._windows.stitch(tf.argmax(probabilities, -1), lengths)
            return best, self._windows.stitch(tf.reduce_max(probabilities, -1), lengths)
        stitched = self._windows.stitch(probabilities, lengths)
        legal = decode_legal(stitched, self._tag_names)
        chosen = tf.gather(stitched.flat_values, legal.flat_values, batch_dims=1)
        return legal, legal.with_flat_values(chosen)

    def _rows(self, values: tf.RaggedTensor, length: int | None) -> tf.Tensor:
        filler = self._settings.pad if values.dtype == tf.string else tf.zeros([], values.dtype)
        return values.to_tensor(filler, shape=[None, length])


def _padded(ids: tf.RaggedTensor) -> tf.Tensor:
    """Pads with 0 to the longest row, and to one column at least: not every kernel knows matrices without columns."""
    dense = ids.to_tensor(0)  # [windows, width] or [windows, width, columns]
    missing = tf.cast(tf.equal(tf.shape(dense)[1], 0), tf.int32)
    return tf.pad(dense, [[0, 0], [0, missing], *[[0, 0]] * (dense.shape.rank - 2)])
