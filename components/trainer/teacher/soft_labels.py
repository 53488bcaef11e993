"""Windows of unlabelled texts with the distributions of a teacher, and the objective that learns from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from components.common.errors import NerError, counted
from components.common.iterables import batched
from components.common.progress import report_progress
from components.text.tags import require_types_of_teacher, split_tag
from components.trainer.data.window_table import Chunk
from components.trainer.loop.training_step import Objective
from components.trainer.teacher.teacher import SoftLabels, Teacher
from components.transform.features import ENDS, STARTS, TAG_IDS
from components.transform.transform_graph import TransformGraph

SOFT_LABELS = "soft_labels"
"""Column of the windows: distributions over tags, float32 [tokens, tags]; 0 in labelled windows."""

_TEXTS = 512


def with_empty_soft_labels(chunks: Iterable[Chunk], tags: int) -> Iterator[Chunk]:
    """Adds the empty column `SOFT_LABELS` to windows with labels (`read_windows`)."""
    for lengths, columns in chunks:
        yield lengths, {**columns, SOFT_LABELS: np.zeros((len(columns[TAG_IDS]), tags), np.float32)}


def soft_label_windows(
    texts: Iterable[str],
    teacher: Teacher,
    transform: TransformGraph,
    tags: Sequence[str],
    window_size: int,
    least_score: float = 0.0,
) -> Iterator[Chunk]:
    """Yields windows of unlabelled texts in the form of `read_windows`, with the column `SOFT_LABELS`.

    The tag of a token is the teacher's most probable one. A text is one window; a longer one is left out.

    Args:
        texts: raw texts.
        teacher: gives the distributions.
        transform: transform graph of the tagger to train.
        tags: its tag vocabulary.
        window_size: most tokens of a window.
        least_score: a text with a lower score (`SoftLabels.score`) is left out.

    Raises:
        NerError: teacher and tagger have different entity types, or all texts are left out.

    Example: tests/components/trainer/teacher/test_soft_labels.py.
    """
    ids, inside = own_ids(teacher.tags, tags), _inside(tags)
    read, windows, tokens, uncertain = 0, 0, 0, 0
    for chunk in batched(texts, _TEXTS):
        lengths, columns = transform.token_columns(chunk)
        ends = np.cumsum(lengths)
        starts, stops = columns.pop(STARTS), columns.pop(ENDS)
        kept = np.zeros(len(chunk), bool)
        soft = np.zeros((len(starts), len(tags)), np.float32)
        for number, answer in enumerate(teacher.soft_labels(chunk)):
            own = slice(ends[number] - lengths[number], ends[number])
            if answer is not None and 0 < lengths[number] <= window_size and len(answer.starts):
                if answer.score < least_score:
                    uncertain += 1
                    continue
                kept[number] = True
                in_own_tags = answer._replace(probabilities=_summed(answer.probabilities, ids, len(tags)))
                soft[own] = align(starts[own], stops[own], in_own_tags, inside)
        of_kept = np.repeat(kept, lengths)
        chosen = {name: values[of_kept] for name, values in columns.items()}
        yield lengths[kept], {**chosen, TAG_IDS: soft[of_kept].argmax(-1), SOFT_LABELS: soft[of_kept]}
        read, windows, tokens = read + len(chunk), windows + int(kept.sum()), tokens + int(of_kept.sum())
        report_progress("teaching", read, 0)
    unfit = read - windows - uncertain
    left_out = f", {counted(uncertain, 'text')} left out by trainer.teacher_min_score" if uncertain else ""
    left_out += f", {counted(unfit, 'text')} left out as empty or too long" if unfit else ""
    logging.info("the teacher tagged %s with %d tokens%s", counted(windows, "text"), tokens, left_out)
    if not windows:
        raise NerError(
            f"trainer.unlabelled: the teacher labels no text{left_out}. Give other texts, or lower the score."
        )


def distillation_objective(loss: Callable[[Any, Any], Any]) -> Objective:
    """Makes an objective from a loss: labelled windows count with their tags, others with their soft labels.

    Args:
        loss: (distributions over tags, logits) -> mean over the tokens.

    Example: tests/components/trainer/teacher/test_soft_labels.py.
    """

    def objective(model: Callable[..., Any], features: dict[str, Any], tags: Any) -> Any:
        soft = features[SOFT_LABELS]
        # A window with a tag that training never saw does not count.
        counts = (tags > 0) & tf.reduce_all(tags >= 0, 1, keepdims=True)
        gold = tf.one_hot(tags, soft.shape[-1]) * tf.cast(counts, tf.float32)[:, :, None]
        is_soft = tf.reduce_sum(soft, -1, keepdims=True) > 0
        inputs = {name: values for name, values in features.items() if name != SOFT_LABELS}
        return loss(tf.where(is_soft, soft, gold), model(inputs, training=True))

    return objective


def align(starts: np.ndarray, ends: np.ndarray, soft: SoftLabels, inside: np.ndarray) -> np.ndarray:
    """Returns the distributions for the tokens of another tokenizer: float32 [tokens, tags].

    A token has the distribution of the first token of the teacher that it overlaps. If it begins after that one, it
    continues an entity: the probability of B-X is that of I-X. Without such a token it is padding, all 0.

    Args:
        starts: int [tokens], code points.
        ends: int [tokens].
        soft: the teacher's answer.
        inside: int [tags], id of I-X for B-X, and of each other tag for itself.

    Example:
        >>> soft = SoftLabels(np.array([0]), np.array([5]), np.array([[0.2, 0.7, 0.1]], np.float32))
        >>> align(np.array([0, 3]), np.array([3, 5]), soft, np.array([0, 2, 2])).astype(float).round(1).tolist()
        [[0.2, 0.7, 0.1], [0.2, 0.0, 0.8]]
    """
    place = np.minimum(np.searchsorted(soft.ends, starts, side="right"), len(soft.ends) - 1)
    answer = soft.probabilities[place].copy()
    answer[(soft.starts[place] >= ends) | (soft.ends[place] <= starts)] = 0
    later = soft.starts[place] < starts
    answer[later] = _summed(answer[later], inside, len(inside))
    return answer


def own_ids(of_teacher: Sequence[str], tags: Sequence[str]) -> np.ndarray:
    """Returns the tagger's id of each tag of the teacher: int [tags of the teacher].

    The entity types must be the same. An I- tag that only the teacher has counts as the B- tag of its type: each entity
    of this type in the train split has one token.

    Raises:
        NerError: an entity type of one is missing in the other.

    Example:
        >>> own_ids(["", "O", "B-X", "I-X", "B-Y"], ["", "O", "B-Y", "I-Y", "B-X"]).tolist()
        [0, 1, 4, 4, 2]
    """
    require_types_of_teacher(of_teacher, tags)
    ids = {tag: number for number, tag in enumerate(tags)}
    outside = next((number for number, tag in enumerate(tags) if number and split_tag(tag)[1] == ""), None)
    if outside is None:
        raise NerError(
            "trainer.teacher: each token of the train split is part of an entity, so no tag is that of other tokens. "
            "Train without a teacher."
        )
    return np.array([ids.get(tag, ids.get(f"B-{split_tag(tag)[1]}", outside)) for tag in of_teacher])


def _summed(probabilities: np.ndarray, ids: np.ndarray, tags: int) -> np.ndarray:
    """Returns the columns summed by their new id: [tokens, tags]."""
    sums = np.zeros((len(probabilities), tags), probabilities.dtype)
    np.add.at(sums.T, ids, probabilities.T)
    return sums


def _inside(tags: Sequence[str]) -> np.ndarray:
    ids = {tag: number for number, tag in enumerate(tags)}
    return np.array([ids.get(f"I-{split_tag(tag)[1]}", ids[tag]) if tag.startswith("B-") else ids[tag] for tag in tags])
