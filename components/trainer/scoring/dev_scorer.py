"""Loss and entity scores of a tagger on the eval split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.common import interruption
from components.keys import VAL_ENTITIES, VAL_ENTITY_F1
from components.trainer.data.batches import Batches
from components.trainer.data.window_table import Batch
from components.trainer.devices import Devices
from components.trainer.scoring.biased_decoder import BiasedDecoder
from components.trainer.scoring.calibration import Calibration, TaggedTokens, fitted_calibration
from components.trainer.scoring.entity_counter import EntityCounter

_MOST_WINDOWS = 4000
"""Windows from which a calibration is fitted: about 100,000 tokens, whose logits are held in memory."""


class DevScorer:
    """Scorer of a model on the eval split; the training loop calls it after each epoch.

    Early stopping uses entity F1, because token accuracy and loss say little about entities. Scores are those at the
    best outside bias (`EntityCounter`), counted on windows; the Evaluator scores whole sentences of the exported model.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Callable[[Any, Any], Any],
        batches: Batches,
        tags: Sequence[str],
        devices: Devices,
        usual_bias: float,
    ) -> None:
        """Stores the arguments.

        Args:
            model: the tagger.
            loss: (tag ids, logits) -> mean over the tokens that have a tag.
            batches: batches of the eval split; larger ones are faster.
            tags: tag vocabulary in the order of the logits, `[PAD]` first.
            devices: several hosts share the work.
            usual_bias: outside bias that an eval split with few entities does not move far from (`EntityCounter`).
        """
        self._model, self._loss, self._batches, self._tags = model, loss, batches, tags
        self._devices, self._usual_bias = devices, usual_bias
        self._run: Callable[..., Any] | None = None

    def score(self) -> dict[str, float]:
        """Scores the model with its present weights.

        Returns:
            `val_loss`, `val_entity_precision`, `val_entity_recall`, `val_entity_f1`, the number of labelled entities
            `val_entities`, and `outside_bias`, the bias on the outside logits that these scores were reached with.

        Raises:
            Interrupted: a signal came, between two batches.
        """
        counter, losses = EntityCounter(self._tags, self._usual_bias), np.zeros(2)  # weighted sum, weights
        for number, batch in enumerate(self._batches.epoch(0)):
            interruption.check()
            if number % self._devices.hosts != self._devices.host:
                continue
            logits, loss = self._scored(batch)
            counter.add(logits.numpy(), batch.tags)
            tokens = np.count_nonzero(batch.tags > 0)
            losses += float(loss) * tokens, tokens
        shape = counter.counts.shape
        counter.counts = self._devices.sum_over_hosts(counter.counts.reshape(-1)).reshape(shape)
        total, tokens = self._devices.sum_over_hosts(losses).tolist()
        bias, scores = counter.best()
        return {
            "val_loss": total / max(tokens, 1),
            "val_entity_precision": scores.precision,
            "val_entity_recall": scores.recall,
            VAL_ENTITY_F1: scores.f1,
            VAL_ENTITIES: float(scores.support),
            "outside_bias": bias,
        }

    def calibration(self, outside_bias: float) -> Calibration:
        """Returns the calibration of the scores of the model with its present weights.

        Every host reads the same batches, evenly spread over a large split.

        Args:
            outside_bias: of the decoding.
        """
        every = -(-len(self._batches.table) // _MOST_WINDOWS)
        decoder, parts = BiasedDecoder(self._tags), []
        for number, batch in enumerate(self._batches.epoch(0)):
            if number % every == 0:
                real = batch.tags != 0
                logits = self._scored(batch)[0].numpy()
                [chosen] = decoder.decode(logits, real, (outside_bias,))
                begins = np.broadcast_to(np.arange(real.shape[1]) == 0, real.shape)
                parts.append(TaggedTokens(logits[real], begins[real], chosen[real], batch.tags[real]))
        return fitted_calibration(parts, self._tags)

    def _scored(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns logits [rows, tokens, tags] and the loss."""
        if self._run is None:
            self._run = tf.function(self._logits_and_loss, autograph=False, input_signature=batch.signature)
        return self._run(batch.features, batch.tags)

    def _logits_and_loss(self, features: dict[str, tf.Tensor], tags: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = self._model(features, training=False)  # [rows, tokens, tags]
        return logits, self._loss(tags, logits)
