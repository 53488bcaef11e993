"""Lookup tables of vocabularies that are not analyzed from data."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft


def vocabulary_table(
    name: str, lines: Iterable[str], *, with_ids: bool, default: int, key_type: tf.DType = tf.string
) -> tf.lookup.StaticHashTable:
    """Creates a lookup table whose file is an asset of the transform graph.

    Args:
        name: name of the asset, for `tft.TFTransformOutput.vocabulary_file_by_name`.
        lines: keys, one per line, without a line feed.
        with_ids: whether a tab and the id follow the key; otherwise ids are line numbers from 0.
        default: id of missing keys.
        key_type: `tf.int64` for keys that are numbers.

    Example: tests/components/transform/test_pretrained_features.py.
    """
    path = Path(tempfile.mkdtemp(dir=_folder().name), name)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    tft.annotate_asset(name, name)
    whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    key, value = (0, 1) if with_ids else (whole, number)

    def make() -> tf.lookup.StaticHashTable:
        content = tf.lookup.TextFileInitializer(str(path), key_type, key, tf.int64, value, delimiter="\t")
        return tf.lookup.StaticHashTable(content, default)

    return tft.make_and_track_object(make)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Returns a folder that exists until the process ends: saving the graph copies the assets."""
    return tempfile.TemporaryDirectory(prefix="ner-vocabulary-")
