"""Weights of linear experts by L-BFGS, before or after the training of the network."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import scipy.optimize
import scipy.sparse
import tensorflow as tf
from absl import logging

from components.common.errors import NerError
from components.common.progress import report_progress
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
    """Sets the weights of the linear expert by L-BFGS if its `linear_optimizer` is `lbfgs`, before the training.

    The penalty is that of the distance to the present weights: zero, or those of an earlier model (Chelba and Acero
    2004, "Adaptation of Maximum Entropy Capitalizer").

    Args:
        model: a built tagger, whose linear features are chosen.
        table: windows of the train split.
        objective: the function to minimize; it gets a callable that returns logits [1, windows, tokens, tags].

    Raises:
        NerError: the loss is not finite.

    Example: tests/components/trainer/initial/test_linear_expert.py.
    """
    if isinstance(model, CnnLinearTagger) and model.linear_optimizer == "lbfgs":
        start = keras.ops.convert_to_numpy(model.linear.table.embeddings)
        model.linear.table.embeddings.assign(_minimizing_weights(model, table, objective, start))


def blend_linear_expert(model: keras.Model, table: WindowTable, objective: Objective) -> bool:
    """Gives the linear experts a further one by L-BFGS if their `linear_optimizer` is `both`, after the training.

    It counts as much as all experts of Adam together: the weights become the mean of both kinds, whose errors differ
    (docs/decisions/0025-both-optimizers.md).

    Args:
        model: a trained tagger.
        table: windows of the train split.
        objective: as of `fit_linear_expert`.

    Returns:
        Whether the weights have changed.

    Raises:
        NerError: the loss is not finite.

    Example: tests/components/trainer/initial/test_linear_expert.py.
    """
    if not isinstance(model, CnnLinearTagger) or model.linear_optimizer != "both":
        return False
    adam = model.linear.folded()
    mean = (adam + _minimizing_weights(model, table, objective, np.zeros_like(adam))) / 2
    model.linear.table.embeddings.assign(np.tile(mean, model.linear.members))
    return True


def _minimizing_weights(
    model: CnnLinearTagger, table: WindowTable, objective: Objective, start: np.ndarray
) -> np.ndarray:
    """Returns the weights of one linear expert that minimize an objective with an L2 penalty.

    With `ConstrainedCrfLoss` this is a conditional random field (Lafferty et al. 2001): the objective is convex, so the
    result depends neither on a seed nor on a step size. The method is L-BFGS (Liu and Nocedal 1989, "On the Limited
    Memory BFGS Method for Large Scale Optimization").

    All features of the train split are in memory: about 1,000 bytes a token.

    Args:
        model: gives the features.
        table: windows of the train split.
        objective: the function to minimize.
        start: float32 [rows, tags], weights whose distance is penalized; rows without features in the split keep them.
    """
    batches = list(Batches(table, _WINDOWS).epoch(0))
    rows = [_rows(model, batch) for batch in batches]
    used = np.unique(np.concatenate([np.empty(0, np.int32), *(batch[batch >= 0] for batch in rows)]))
    if not len(used):
        return start
    features = scipy.sparse.vstack([_indicators(batch, used) for batch in rows], format="csr")  # [tokens, used]
    del rows
    center = LINEAR_STEP * start[used].astype(np.float64)
    loss_of = _loss_and_gradient(objective, batches[0], center.shape[1])

    def penalized(flat: np.ndarray) -> tuple[float, np.ndarray]:
        now = flat.reshape(center.shape)
        scores, gradients, total, begin = features @ now, [], 0.0, 0
        for batch in batches:
            real = batch.tags != 0
            end = begin + np.count_nonzero(real)
            logits = np.zeros((*real.shape, center.shape[1]), np.float32)
            logits[real] = scores[begin:end]
            loss, gradient = loss_of(batch.features, batch.tags, logits)
            total += float(loss)
            gradients.append(gradient.numpy()[real])
            begin = end
        distance = now - center
        slope = features.T @ np.concatenate(gradients) + _PENALTY * distance
        return total + _PENALTY / 2 * np.sum(distance**2), slope.ravel()

    done = itertools.count(1)

    def iterated(_: np.ndarray) -> None:
        report_progress("linear expert", next(done), _MOST_ITERATIONS, steady=True)

    options = {"maxiter": _MOST_ITERATIONS, "maxcor": 6, "ftol": _CLOSE}
    result = scipy.optimize.minimize(
        penalized, center.ravel(), jac=True, method="L-BFGS-B", options=options, callback=iterated
    )
    if not np.isfinite(result.fun):
        raise NerError(
            "trainer.cnn_linear.linear_optimizer: the loss of the linear expert is NaN or infinite. Set it to adam."
        )
    if result.status > 1:  # neither converged nor at the limit of iterations
        logging.warning("linear expert: L-BFGS stopped early (%s)", result.message)
    logging.info("linear expert: %d features, %d iterations of L-BFGS", len(used), result.nit)
    weights = start.copy()
    weights[used] = result.x.reshape(center.shape) / LINEAR_STEP
    return weights


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
