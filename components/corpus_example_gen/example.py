"""From a sentence to the `tf.train.Example` that the pipeline trains on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.text.words import whitespace_offsets

if TYPE_CHECKING:
    import tensorflow as tf
import hashlib
from collections import Counter

KEY, SENTENCE, TAGS, SOURCE = "key", "sentence", "tags", "source"


def check_metadata_columns(columns: Sequence[str]) -> None:
    """Checks the names of the declared metadata columns.

    Raises:
        NerError: a name is empty, stands twice, or is one of the features that every example has.
    """
    for i, name in enumerate(columns):
        found = None
        if not name.strip():
            found = "an empty name"
        elif name in (KEY, SENTENCE, TAGS, SOURCE):
            found = f"{name!r}, which is a feature of every example"
        elif name in columns[:i]:
            found = f"{name!r} twice"
        if found:
            raise NerError(f"[corpus -> metadata] holds {found}. Take it out or rename it in the corpus.")


def to_example(sentence: Sentence, key: str, source: str, metadata_columns: Sequence[str] = ()) -> tf.train.Example:
    """Returns the example of one sentence.

    Features, all bytes: `key` [1], `sentence` [1] (tokens joined by one space), `tags` [tokens] (absent for an
    unlabelled sentence), `source` [1], and each metadata column [1], empty where the sentence has no such value.

    Args:
        sentence: a clean sentence.
        key: its unique key.
        source: its file, relative to the corpus folder.
        metadata_columns: names of the metadata that are carried along.

    Raises:
        RuntimeError: splitting `sentence` at white space does not give back the tokens, or tags and tokens differ in
            number: a defect of the reader.
    """
    text = sentence.text
    if not _splits_into(text, sentence.tokens):
        raise RuntimeError(f"{source}:{sentence.line}: {text!r} does not split into its tokens {sentence.tokens!r}")
    features = {KEY: [key], SENTENCE: [text], SOURCE: [source]}
    if sentence.tags is not None:
        if len(sentence.tags) != len(sentence.tokens):
            raise RuntimeError(f"{source}:{sentence.line}: {len(sentence.tokens)} tokens, {len(sentence.tags)} tags")
        features[TAGS] = list(sentence.tags)
    for name in metadata_columns:
        features[name] = [sentence.metadata.get(name, "")]
    return _example(features)


def _splits_into(text: str, tokens: tuple[str, ...]) -> bool:
    # str.split cuts at all White_Space and at four control characters more: where it gives the tokens, so does the
    # exact rule, ten times slower.
    return text.split() == [*tokens] or tuple(text[start:end] for start, end in whitespace_offsets(text)) == tokens


def _example(features: dict[str, list[str]]) -> tf.train.Example:
    import tensorflow as tf  # 8 seconds, which the readers' users need not wait for

    return tf.train.Example(
        features=tf.train.Features(
            feature={
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))
                for name, values in features.items()
            }
        )
    )


class KeyMaker:
    """Makes the keys of one file's sentences.

    The key is the given id, or the first 16 hexadecimal digits of the sentence's SHA-256 and how often the same
    sentence came before in the file: inserting a sentence changes no other sentence's key. The source stands before
    both, so keys are unique in a corpus.
    """

    def __init__(self, source: str) -> None:
        """Begins a file, named relative to the corpus folder."""
        self._source = source
        self._seen: Counter[str] = Counter()
        self._keys: set[str] = set()

    def make(self, sentence: Sentence) -> str:
        """Returns the key, such as `train.conll:3fa9c1d2e4b5a697-0`.

        Raises:
            RuntimeError: the key is taken, which the reader has to prevent.
        """
        name = sentence.key
        if name is None:
            digest = hashlib.sha256(sentence.text.encode()).hexdigest()[:16]
            name = f"{digest}-{self._seen[digest]}"
            self._seen[digest] += 1
        key = f"{self._source}:{name}"
        if key in self._keys:
            raise RuntimeError(f"{self._source}:{sentence.line}: key {key!r} is used twice")
        self._keys.add(key)
        return key
