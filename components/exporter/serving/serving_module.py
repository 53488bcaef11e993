"""The exported graph of a tagger: raw sentences in; tokens, tags, scores, offsets and entities out."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection

import tensorflow as tf

from components.exporter.contract.contract_template import COMPLETE
from components.exporter.serving.cnn_linear_graph import CnnLinearGraph
from components.exporter.serving.decoding import decode_constrained
from components.exporter.serving.entity_spans import entity_spans, without_low_scores
from components.exporter.serving.sentence_logits import sentence_logits
from components.exporter.serving.sentence_splits import sentence_splits
from components.exporter.settings import ExporterSettings
from components.model.cnn_linear_tagger import CnnLinearTagger
from components.text.tag_probabilities import tag_probabilities
from components.text.token_positions import TokenPositions
from components.text.transitions import outside_tags
from components.trainer.trained_model import TrainedModel
from components.transform.features import ENDS, SENTENCE, STARTS, TOKENS, model_features
from components.transform.transform_graph import TransformGraph


class ServingModule(tf.Module):
    """Preprocessing, tagger and label lookup in one graph.

    Tracks the tagger's raw variables and never the Keras model: a KerasVariable is exported as a second variable, and
    the one that the graph reads stays uninitialized in every loader except Python's (keras-team/keras#19274). A closure
    holds the model itself.

    tests/components/exporter/saved_model/test_exporting.py shows its answers.
    """

    def __init__(self, trained: TrainedModel, transform_graph: str, settings: ExporterSettings) -> None:
        """Combines the parts.

        Args:
            trained: the tagger.
            transform_graph: tf.Transform's output folder.
            settings: decoding, least scores, padding, and the outputs of `tag`.

        Raises:
            ExportError: the least scores do not fit the tagger.
        """
        super().__init__(name="ner_serving")
        self._settings = settings
        self.transform = TransformGraph(transform_graph)
        self._features = model_features(self.transform.names())
        if type(trained.model) is CnnLinearTagger:
            graph = CnnLinearGraph(trained.model)
            trained, self.model_variables = dataclasses.replace(trained, model=graph), graph.variables
        else:
            self.model_variables = [variable.value for variable in trained.model.variables]
        self._logits = functools.partial(sentence_logits, trained)  # hides the model from tf.Module
        # Ids are positions in the vocabulary, so no lookup table is needed.
        self._tag_names = tuple(trained.tags)
        self._outside_bias, self._calibration = trained.outside_bias, trained.calibration
        self._min_scores = settings.min_scores(trained.tags)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, name=SENTENCE)])
    def tag(self, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tags a batch of raw sentences.

        Args:
            sentence: string [batch].

        Returns:
            `tags` and the configured groups of outputs: `tokens` string, `scores` float32 (the tag's probability),
            `starts` and `ends` int32 (code points of the raw sentence), all [batch, tokens]; for the group `entities`
            the outputs of `entity_spans`, [batch, entities]. Rows are padded with the configured text and 0. A batch
            without tokens gives [batch, 0]. A fixed `token_length` adds `truncated` bool [batch].
        """
        return self._answer(sentence, self._settings.outputs, self._settings.token_length)

    def tag_completely(self, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tags with tokens, scores and offsets regardless of the settings, and never cuts: for evaluation.

        Calls the graph of `tag` if that gives all of this, so that the model holds the tagger once.
        """
        if self._settings.token_length is None and {*COMPLETE} <= {*self._settings.outputs}:
            return self.tag(sentence)
        return self._answer(sentence, {*self._settings.outputs, *COMPLETE}, None)

    def _answer(self, sentence: tf.Tensor, outputs: Collection[str], length: int | None) -> dict[str, tf.Tensor]:
        needed = {TOKENS, STARTS, ENDS, *self._features}
        sentence = self._limited(sentence)
        features = self.transform.only(needed, {SENTENCE: tf.expand_dims(sentence, 1)})
        splits = self._bounded(features[TOKENS].row_splits, length)  # the same for all features
        best, probabilities = self._best(features, self._sentences(sentence, features, splits))
        if self._min_scores:
            best = without_low_scores(_ragged(best, splits), probabilities, self._tag_names, self._min_scores)
        scores = tf.gather(probabilities, best, batch_dims=1)
        starts, ends = (tf.cast(features[name].flat_values, tf.int32) for name in (STARTS, ENDS))
        flat = {"tags": tf.gather(tf.constant(self._tag_names), best)}
        if "tokens" in outputs:
            flat["tokens"] = features[TOKENS].flat_values
        if "scores" in outputs:
            flat["scores"] = scores
        if "offsets" in outputs:
            flat |= {"starts": starts, "ends": ends}
        answer = {name: self._rows(_ragged(value, splits), length) for name, value in flat.items()}
        if "entities" in outputs:
            best, scores, starts, ends = (_ragged(value, splits) for value in (best, scores, starts, ends))
            entities = entity_spans(sentence, best, scores, starts, ends, self._tag_names)
            answer |= {name: self._rows(value, None) for name, value in entities.items()}
        if length is not None:
            answer["truncated"] = splits[1:] - splits[:-1] > length
        return answer

    def _sentences(self, text: tf.Tensor, features: dict[str, tf.RaggedTensor], splits: tf.Tensor) -> tf.Tensor:
        """Returns the row splits that the tagger reads: a long text is divided, its answer stays one row."""
        return sentence_splits(text, _ragged(features[STARTS].flat_values, splits)) if self._settings.divide else splits

    def _limited(self, sentence: tf.Tensor) -> tf.Tensor:
        """Returns the sentences; refuses a request with too many characters."""

        # A separate function: ops inside a branch cost time in every request, even if it is not taken.
        @tf.function(autograph=False, experimental_attributes={"_noinline": True})
        def characters(sentence: tf.Tensor) -> tf.Tensor:
            text = tf.strings.unicode_transcode(sentence, "UTF-8", "UTF-8")  # invalid bytes become U+FFFD
            return tf.reduce_sum(tf.strings.length(text, "UTF8_CHAR"))

        size = tf.reduce_sum(tf.strings.length(sentence))  # bytes, of which a character has at least one
        count = tf.cond(size > self._settings.max_characters, lambda: characters(sentence), lambda: size)
        return self._require(count, "characters in the sentences of one request", sentence)

    def _bounded(self, splits: tf.Tensor, length: int | None) -> tf.Tensor:
        """Returns the row splits; refuses a request whose answer would be mostly padding."""
        rows = tf.size(splits, tf.int64) - 1
        columns = tf.reduce_max(splits[1:] - splits[:-1]) if length is None else tf.constant(length, tf.int64)
        count = rows * tf.maximum(columns, 0)  # the largest of no numbers is negative
        return self._require(count, "tokens of one answer, all sentences padded to the longest", splits)

    def _require(self, count: tf.Tensor, unit: str, value: tf.Tensor) -> tf.Tensor:
        limit = self._settings.max_characters
        message = f"{unit}; the limit is {limit:,} (exporter.max_characters). Send fewer or shorter sentences."
        # The op itself, because `tf.debugging.Assert` adds a branch.
        check = tf.raw_ops.Assert(condition=count <= limit, data=["sentence:", count, message])
        with tf.control_dependencies([check]):
            return tf.identity(value)

    def _best(self, features: dict[str, tf.RaggedTensor], splits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns ids of tags, int64 [tokens], of sentences, and probabilities, float32 [tokens, tags]."""
        ids = {name: _ragged(features[name].values, splits) for name in self._features}
        positions = TokenPositions.of(splits)
        logits = self._logits(ids, positions)  # [tokens, tags]
        biased = logits
        if self._outside_bias:
            biased = logits + self._outside_bias * outside_tags(self._tag_names)
        if self._settings.constrained:
            best = decode_constrained(biased, positions, self._tag_names)
        else:
            best = tf.argmax(biased, -1)
        # After the decoding: a calibration never changes a tag.
        scaled = self._calibration.logits(logits, outside_tags(self._tag_names))
        if self._settings.constrained:
            return best, tag_probabilities(scaled, positions.begins, self._tag_names)
        return best, tf.nn.softmax(scaled)

    def _rows(self, values: tf.RaggedTensor, length: int | None) -> tf.Tensor:
        filler = self._settings.pad if values.dtype == tf.string else tf.zeros([], values.dtype)
        return values.to_tensor(filler, shape=[None, length])


def _ragged(values: tf.Tensor, splits: tf.Tensor) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_splits(values, splits, validate=False)
