"""Which features a tagger's linear part knows."""

from __future__ import annotations

import keras
import numpy as np
from absl import logging

from components.model.cnn_linear_tagger import ProductionModel, columns
from components.trainer.data.batches import Batches
from components.trainer.data.window_table import WindowTable
from components.trainer.feature_counter import FeatureCounter

_WINDOWS = 512
# Batches whose features are counted together: to sort is the work, and to sort much at once is less of it.
_TOGETHER = 8
# What stands once in the training split can only be learned by heart.
_LEAST = 2


def choose_linear_features(model: keras.Model, table: WindowTable) -> None:
    """Lets the linear expert of a production tagger keep the features that are frequent in the training split.

    Args:
        model: a built tagger; one without a linear expert stays as it is.
        table: windows of the training split.
    """
    if not isinstance(model, ProductionModel):
        return
    counter, waiting = FeatureCounter(), []
    for batch in Batches(table, _WINDOWS).epoch(0):
        hashes = keras.ops.convert_to_numpy(model.linear.hashes(columns(batch.features)))  # [windows, tokens, features]
        waiting.append(hashes[batch.tags != 0].reshape(-1))
        if len(waiting) == _TOGETHER:
            counter.add(np.concatenate(waiting))
            waiting.clear()
    counter.add(np.concatenate([np.empty(0, np.uint32), *waiting]))
    hashes, counts = counter.at_least(_LEAST)
    model.linear.choose_owners(hashes, counts)
    kept = np.count_nonzero(keras.ops.convert_to_numpy(model.linear.owners))
    logging.info("linear features: %d stand %d times or more, %d are kept", len(hashes), _LEAST, kept)
