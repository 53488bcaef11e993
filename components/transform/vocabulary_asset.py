"""A vocabulary that is not analyzed from data, as a file of the transform graph and a table over it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft


def vocabulary_table(name: str, lines: Iterable[str], with_ids: bool, default: int) -> tf.lookup.StaticHashTable:
    """Makes a table that the transform graph carries with it, in a file of its assets.

    Args:
        name: of the asset; `tft.TFTransformOutput.vocabulary_file_by_name` finds the file by it.
        lines: what is looked up, one a line.
        with_ids: whether a line ends in a tab and its id; the id is the line's number from 0 otherwise.
        default: id of whatever is not in the table.
    """
    path = Path(tempfile.mkdtemp(dir=_folder().name), name)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    tft.annotate_asset(name, name)
    whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    key, value = (0, 1) if with_ids else (whole, number)

    def make() -> tf.lookup.StaticHashTable:
        content = tf.lookup.TextFileInitializer(str(path), tf.string, key, tf.int64, value, delimiter="\t")
        return tf.lookup.StaticHashTable(content, default)

    return tft.make_and_track_object(make)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Lives as long as the process: TensorFlow copies an asset when the graph is saved, long after this module ran."""
    return tempfile.TemporaryDirectory(prefix="ner-vocabulary-")
