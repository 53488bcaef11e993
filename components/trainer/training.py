"""Training of a tagger from files to a trained model, without TFX."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging

from components.common.errors import NerError, percent
from components.keys import EVAL_SPLIT, TRAIN_SPLIT, VAL_ENTITIES, VAL_ENTITY_F1
from components.model.taggers import check_tagger, linear_loss, tagger_loss
from components.text.unlabelled import read_texts
from components.text.windows import Windows
from components.trainer.data.batches import Batches
from components.trainer.data.dataset import read_windows
from components.trainer.data.window_table import Chunk, WindowTable
from components.trainer.devices import Devices, choose_devices
from components.trainer.initial.building import new_tagger
from components.trainer.initial.linear_expert import fit_linear_expert
from components.trainer.initial.linear_features import choose_linear_features
from components.trainer.initial.warm_start import earlier_network_share, warm_start_from
from components.trainer.inputs import TrainingInputs
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.loop.epoch_log import EpochLog, Row
from components.trainer.loop.training_loop import CLOSE_ENTITIES, TrainingLoop
from components.trainer.loop.training_step import supervised
from components.trainer.scoring.dev_scorer import DevScorer
from components.trainer.scoring.entity_counter import usual_bias
from components.trainer.settings import SizedSettings, TrainerSettings
from components.trainer.teacher.soft_labels import (
    distillation_objective,
    soft_label_windows,
    with_empty_soft_labels,
)
from components.trainer.teacher.teacher import Teacher
from components.trainer.trained_model import TrainedModel, plain_copy
from components.transform.clusters import MOST_IDS, NONE
from components.transform.features import CLUSTER_IDS, GAZETTEER, TAG_IDS, TAG_VOCABULARY
from components.transform.transform_graph import TransformGraph

# Larger is faster and takes more memory; some hundred windows take at most as much as a training step.
_EVAL_BATCH = 128
# An eval split with fewer entities prefers shares of the network by chance.
_FEWEST_ENTITIES = 100
# A loss that fell to this part of the first epoch's, with a best F1 below that, is worth a warning.
_FALLEN, _NEAR_ZERO = 0.5, 0.1


def train(
    settings: TrainerSettings,
    inputs: TrainingInputs,
    *,
    log_dir: str | None = None,
    checkpoint: Checkpoint | None = None,
    devices: Devices | None = None,
) -> TrainedModel:
    """Trains a tagger and keeps the weights of the epoch that scores best on the eval split (`TrainingLoop.fit`).

    Args:
        settings: trainer settings.
        inputs: files to read.
        log_dir: folder for TensorBoard's files; None writes none.
        checkpoint: saved state of the training, to resume from and to write; None saves nothing.
        devices: devices to train on; None chooses them by the settings.

    Raises:
        NerError: the tagger is not valid, the training split holds no entity, the devices are missing, or the
            training cannot continue.
    """
    devices = devices or choose_devices(settings.devices, settings.hosts)
    check_tagger(settings.tagger, settings.tagger_options)
    _make_deterministic(settings, devices)
    transform = tft.TFTransformOutput(inputs.transform_graph)
    tags = [tag.decode() for tag in transform.vocabulary_by_name(TAG_VOCABULARY)]
    check_tags(tags)
    windows = Windows(settings.window_size, settings.window_context)
    with tempfile.TemporaryDirectory(prefix="trainer-") as folder:
        # Data
        spec = transform.transformed_feature_spec()
        train_windows = read_windows(inputs.train_files, spec, windows)
        if inputs.teacher:
            train_windows = _with_soft_labels(train_windows, inputs, settings, tags)
        train_set = WindowTable.write(Path(folder, TRAIN_SPLIT), train_windows)
        log_matches(train_set, spec)
        eval_set = WindowTable.write(Path(folder, EVAL_SPLIT), read_windows(inputs.eval_files, spec, windows))

        # Model with its initial weights
        share = earlier_network_share(inputs.earlier_model) if inputs.earlier_model else None
        sized, other_shares = settings.for_windows(len(train_set), share), settings.other_network_shares(len(train_set))
        with devices.strategy.scope():
            model = new_tagger(sized, transform, len(tags))
        logging.info("%s tagger: %d weights, %d tags", settings.tagger, model.count_params(), len(tags))
        earlier = warm_start_from(inputs.earlier_model, model, transform) if inputs.earlier_model else None
        objective = distillation_objective if inputs.teacher else supervised
        choose_linear_features(model, train_set, earlier.linear if earlier else None)
        fit_linear_expert(model, train_set, objective(linear_loss(tags)))

        # Training
        loss = tagger_loss(settings.tagger, tags)
        begins = [tag.startswith("B-") for tag in tags]
        usual = usual_bias(int(train_set.counts(TAG_IDS, len(tags))[begins].sum()))

        def scorer() -> DevScorer:
            return DevScorer(model, loss, Batches(eval_set, _EVAL_BATCH), tags, devices, usual)

        loop = TrainingLoop(model, objective(loss), sized, devices, warm=earlier is not None)
        batches = Batches(
            train_set,
            sized.batch_size,
            sized.seed,
            fixed_shapes=sized.jit_compile,
            least_steps=sized.epoch_steps,
        )
        _log_sizes(sized, other_shares, batches)
        history, best_epoch = loop.fit(batches, scorer(), checkpoint=checkpoint, log=EpochLog(log_dir, settings.epochs))

        # Choices on the eval split: network share, outside bias, calibration
        best = _with_best_share(model, other_shares, scorer, history[best_epoch])
        history = (*history[:best_epoch], best, *history[best_epoch + 1 :])
        bias = best["outside_bias"] or 0.0
        calibration = scorer().calibration(bias)
    if other_shares:
        sized = sized.replace({"cnn_linear.network_share": model.network_share})
    if warning := disagreement(history):
        logging.warning("%s", warning)
    return TrainedModel(
        plain_copy(model),
        windows,
        tuple(tags),
        history,
        outside_bias=bias,
        calibration=calibration,
        settings=sized,
        best_epoch=best_epoch,
    )


def _with_best_share(model: keras.Model, shares: Sequence[float], scorer: Callable[[], DevScorer], best: Row) -> Row:
    """Sets the network's share that has the highest entity F1 on the eval split.

    Args:
        model: the trained tagger.
        shares: shares to try in addition to the one that it has.
        scorer: makes a scorer of the model, whose graph has the present share.
        best: scores with the present share.

    Returns:
        `best` with the scores of the chosen share.
    """
    if (best[VAL_ENTITIES] or 0) < _FEWEST_ENTITIES:
        return best
    for share in shares:
        previous, model.network_share = model.network_share, share
        scores = scorer().score()
        before, after = best[VAL_ENTITY_F1] or 0.0, scores[VAL_ENTITY_F1]
        if after - before > CLOSE_ENTITIES / scores[VAL_ENTITIES]:
            logging.info("network share %s: entity F1 %.3f on the eval split instead of %.3f", share, after, before)
            best = {**best, **scores}
        else:
            model.network_share = previous
    return best


def _with_soft_labels(
    train_windows: Iterator[Chunk], inputs: TrainingInputs, settings: TrainerSettings, tags: Sequence[str]
) -> Iterator[Chunk]:
    """Yields the windows of the train split and those of the unlabelled texts, which the teacher tags."""
    texts, teacher = read_texts(inputs.unlabelled or ""), Teacher.load(inputs.teacher or "")
    graph = TransformGraph(inputs.transform_graph)
    more = soft_label_windows(texts, teacher, graph, tags, settings.window_size, settings.teacher_min_score)
    return itertools.chain(with_empty_soft_labels(train_windows, len(tags)), more)


def log_matches(train_set: WindowTable, features: Collection[str]) -> None:
    """Logs how many tokens belong to names of each list, or have a cluster; a file of another form matches none.

    Args:
        train_set: windows of the train split.
        features: names of the transformed features.

    Example: tests/components/trainer/test_training.py.
    """
    for name in sorted(features):
        if name.startswith(GAZETTEER) or name == CLUSTER_IDS:
            counts = train_set.counts(name, MOST_IDS)  # [ids]
            matches, tokens = counts[NONE + 1 :].sum(), counts[NONE:].sum()
            level = logging.INFO if matches else logging.WARNING
            setting = "clusters" if name == CLUSTER_IDS else f"gazetteers ({name.removeprefix(GAZETTEER)})"
            share = percent(matches / max(tokens, 1), 1)
            logging.log(level, "transform.%s: %s of the tokens to train on match", setting, share)


def _log_sizes(settings: SizedSettings, other_shares: Sequence[float], batches: Batches) -> None:
    """Logs what follows from the size of the train split."""
    steps = batches.steps(0)
    passes = f", read {batches.passes} times in an epoch" if batches.passes > 1 else ""
    shares = (settings.cnn_linear.network_share, *other_shares)
    share = (
        f", network share {' or '.join(map(str, shares))}, linear experts by {settings.cnn_linear.linear_optimizer}"
        if settings.tagger == "cnn_linear"
        else ""
    )
    logging.info(
        "train split: %d windows%s: batch %d, %d steps an epoch, patience %d%s",
        len(batches.table),
        passes,
        settings.batch_size,
        steps,
        settings.patience,
        share,
    )


def disagreement(history: Sequence[Row]) -> str:
    """Returns a warning if the tagger learned the train split but finds no entities in the eval split, or "".

    An eval split without entities has its own warning.

    Example:
        >>> rows = [{"loss": 0.9, "val_entity_f1": 0.0}, {"loss": 0.1, "val_entity_f1": 0.01}]
        >>> disagreement(rows).partition(":")[0]
        'the loss on the train split fell from 0.9 to 0.1, but the best entity F1 on the eval split is 0.010'
        >>> disagreement([rows[0], {"loss": 0.1, "val_entity_f1": 0.6}])
        ''
        >>> disagreement([{**row, "val_entities": 0} for row in rows]).partition(",")[0]
        'the eval split has no entity'
    """
    if not any(row.get(VAL_ENTITIES, 1) for row in history):
        return (
            "the eval split has no entity, so the last epoch is kept, and the outside bias is the usual one: label "
            "entities in the eval split."
        )
    first, last = (history[number]["loss"] or 0.0 for number in (0, -1))
    best = max(row[VAL_ENTITY_F1] or 0.0 for row in history)
    if last > _FALLEN * first or best >= _NEAR_ZERO:
        return ""
    return (
        f"the loss on the train split fell from {first:.3g} to {last:.3g}, but the best entity F1 on the eval split is "
        f"{best:.3f}: check that both splits have the same types and language, label more sentences, or lower "
        "trainer.averaging."
    )


def _make_deterministic(settings: TrainerSettings, devices: Devices) -> None:
    """Makes initial weights, dropout and a GPU's sums depend on the seed alone, for the rest of the process."""
    keras.utils.set_random_seed(settings.seed)
    if devices.gpus and settings.deterministic:
        tf.config.experimental.enable_op_determinism()


def check_tags(tags: Sequence[str]) -> None:
    """Checks that a tag vocabulary names an entity.

    Raises:
        NerError: it does not.
    """
    if not any(tag.startswith("B-") for tag in tags):
        raise NerError(
            f"training split: no sentence has an entity; its tags are {', '.join(tags[1:]) or 'none'}. "
            "Add sentences with B- and I- tags."
        )
