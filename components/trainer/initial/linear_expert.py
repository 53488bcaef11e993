"""Weights of the linear expert by L-BFGS, before the network is trained."""

from __future__ import annotations

import keras
import numpy as np
import scipy.optimize
import scipy.sparse
import tensorflow as tf
from absl import logging

from components.common.errors import NerError
from components.model.cnn_linear_tagger import LINEAR_STEP, CnnLinearTagger, columns
from components.text.transitions import FORBIDDEN
from components.trainer.data.batches import Batches
from components.trainer.data.window_table import Batch, WindowTable
from components.trainer.loop.training_step import Objective

_PENALTY = 0.2  # of half the sum of squared weights, against the sum of the losses of all tokens
_MOST_ITERATIONS = 100
_WINDOWS = 512
_CLOSE = 1e-6  # relative change of the objective that ends the iterations; the losses are float32


def fit_linear_expert(model: keras.Model, table: WindowTable, objective: Objective) -> None:
    """Sets the weights of the linear expert to those that minimize an objective with an L2 penalty.

    With `ConstrainedCrfLoss` this is a conditional random field (Lafferty et al. 2001): the objective is convex, so the
    result depends neither on a seed nor on a step size. The method is L-BFGS (Liu and Nocedal 1989, "On the Limited
    Memory BFGS Method for Large Scale Optimization"). The penalty is that of the distance to the present weights: zero,
    or those of an earlier model (Chelba and Acero 2004, "Adaptation of Maximum Entropy Capitalizer").

    All features of the train split are in memory: about 1,000 bytes a token.

    Args:
        model: a built tagger, whose linear features are chosen; one without a linear expert that L-BFGS trains does not
            change.
        table: windows of the train split.
        objective: the function to minimize; it gets a callable that returns logits [1, windows, tokens, tags].

    Raises:
        NerError: the loss is not finite.

    Example: tests/components/trainer/initial/test_linear_expert.py.
    """
    if not isinstance(model, CnnLinearTagger) or model.linear.trainable:
        return
    batches = list(Batches(table, _WINDOWS).epoch(0))
    rows = [_rows(model, batch) for batch in batches]
    used = np.unique(np.concatenate([np.empty(0, np.int32), *(batch[batch >= 0] for batch in rows)]))
    if not len(used):
        return
    features = scipy.sparse.vstack([_indicators(batch, used) for batch in rows], format="csr")  # [tokens, used]
    weights = keras.ops.convert_to_numpy(model.linear.table.embeddings).copy()
    start = LINEAR_STEP * weights[used].astype(np.float64)
    loss_of = _loss_and_gradient(objective, batches[0], start.shape[1])

    def penalized(flat: np.ndarray) -> tuple[float, np.ndarray]:
        now = flat.reshape(start.shape)
        scores, gradients, total, begin = features @ now, [], 0.0, 0
        for batch in batches:
            real = batch.tags != 0
            end = begin + np.count_nonzero(real)
            logits = np.zeros((*real.shape, start.shape[1]), np.float32)
            logits[real] = scores[begin:end]
            loss, gradient = loss_of(batch.features, batch.tags, logits)
            total += float(loss)
            gradients.append(gradient.numpy()[real])
            begin = end
        distance = now - start
        slope = features.T @ np.concatenate(gradients) + _PENALTY * distance
        return total + _PENALTY / 2 * np.sum(distance**2), slope.ravel()

    options = {"maxiter": _MOST_ITERATIONS, "maxcor": 6, "ftol": _CLOSE}
    result = scipy.optimize.minimize(penalized, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    if not np.isfinite(result.fun):
        raise NerError(
            "trainer.cnn_linear.linear_optimizer: the loss of the linear expert is NaN or infinite. Set it to adam."
        )
    if result.status > 1:  # neither converged nor at the limit of iterations
        logging.warning("linear expert: L-BFGS stopped early (%s)", result.message)
    weights[used] = result.x.reshape(start.shape) / LINEAR_STEP
    model.linear.table.embeddings.assign(weights)
    logging.info("linear expert: %d features, %d iterations of L-BFGS", len(used), result.nit)


def _rows(model: CnnLinearTagger, batch: Batch) -> np.ndarray:
    """Returns the row of each feature of the real tokens, int32 [tokens, features]; -1 if the feature owns none."""
    hashes = model.linear.hashes(columns(batch.features))[batch.tags != 0]
    rows = keras.ops.convert_to_numpy(model.linear.rows_of(hashes))
    owners = keras.ops.convert_to_numpy(model.linear.owners)
    return np.where(owners[rows] == keras.ops.convert_to_numpy(hashes), rows, -1)


def _indicators(rows: np.ndarray, used: np.ndarray) -> scipy.sparse.csr_matrix:
    """Returns how often each token has each of the used rows, float32 [tokens, used]."""
    token, feature = np.nonzero(rows >= 0)
    column = np.searchsorted(used, rows[token, feature])
    ones = np.ones(len(token), np.float32)
    return scipy.sparse.csr_matrix((ones, (token, column)), (len(rows), len(used)))


def _loss_and_gradient(objective: Objective, example: Batch, tags: int) -> tf.types.experimental.GenericFunction:
    """Returns (features, tags, logits) -> sum of the losses of a batch, and its gradient by the logits."""
    pad = tf.one_hot(0, tags) * FORBIDDEN

    def compute(features: dict[str, tf.Tensor], tag_ids: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        tokens = tf.reduce_sum(tf.cast(tag_ids > 0, tf.float32))
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = tokens * objective(lambda inputs, training: (logits + pad)[None], features, tag_ids)
        return loss, tape.gradient(loss, logits)

    signature = [*example.signature, tf.TensorSpec([None, None, tags], tf.float32)]
    return tf.function(compute, autograph=False, input_signature=signature)
