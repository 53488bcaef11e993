"""The `tf.train.Example` of a sentence, and its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.sentence import DOCUMENTS, Sentence
from components.corpus_example_gen.cleaning.written_sentence import WrittenSentence
from components.corpus_example_gen.digest_map import DigestMap, text_digest
from components.keys import KEY, RAW_TEXT, SENTENCE, SOURCE, TAGS
from components.text.sentences import LONG
from components.text.words import whitespace_offsets

if TYPE_CHECKING:
    import tensorflow as tf

DOCUMENT = DOCUMENTS[0]


def check_metadata_columns(columns: Sequence[str]) -> None:
    """Checks the names of the metadata columns.

    Raises:
        NerError: a name is empty, repeated, or a feature of the examples.
    """
    for i, name in enumerate(columns):
        problem = None
        if not name.strip():
            problem = "an empty name"
        elif name in (KEY, SENTENCE, TAGS, SOURCE, RAW_TEXT):
            problem = f"{name!r}, which is a feature of the examples"
        elif name in columns[:i]:
            problem = f"{name!r} twice"
        if problem:
            raise NerError(f"corpus.metadata: contains {problem}. Remove it, or rename it in the corpus.")


def to_example(
    sentence: Sentence, key: str, source: str, metadata_columns: Sequence[str] = (), tokenizer: str = ""
) -> tf.train.Example:
    """Returns the example of one sentence.

    Its features are bytes: `key` [1], `sentence` [1] (tokens joined by single spaces), `tags` [tokens], `source` [1]
    and each metadata column [1], empty if the sentence has no such value. The column `document` names its document.
    If its text differs from the joined tokens, a sentence that the tokenizer cuts into other tokens there, or that is
    so long that the model divides it, also has `raw_text` [1]: the Evaluator scores what a caller gets.

    Args:
        sentence: a clean sentence.
        key: its unique key.
        source: its file, relative to the corpus folder.
        metadata_columns: names of the metadata to keep.
        tokenizer: its name, as in the graph; empty: no raw text.

    Raises:
        RuntimeError: splitting the sentence at white space does not return its tokens, or the numbers of tags and
            tokens differ. Both are defects of the reader.
    """
    text = sentence.text
    if not _splits_into(text, sentence.tokens):
        raise RuntimeError(f"{source}:{sentence.line}: {text!r} does not split into its tokens {sentence.tokens!r}")
    if len(sentence.tags) != len(sentence.tokens):
        raise RuntimeError(f"{source}:{sentence.line}: {len(sentence.tokens)} tokens, {len(sentence.tags)} tags")
    metadata = {DOCUMENT: sentence.document or "", **sentence.metadata}
    features = {KEY: [key], SENTENCE: [text], SOURCE: [source], TAGS: list(sentence.tags)}
    for name in metadata_columns:
        features[name] = [metadata.get(name, "")]
    if tokenizer:
        written = WrittenSentence.of(sentence)
        if written.text != text and (len(sentence.tokens) > LONG or not written.is_cut_by(tokenizer)):
            features[RAW_TEXT] = [written.text]
    return _example(features)


def _splits_into(text: str, tokens: tuple[str, ...]) -> bool:
    # str.split cuts at all White_Space and at four more control characters. If it returns the tokens, so does the exact
    # rule, which is ten times slower.
    return text.split() == [*tokens] or tuple(text[start:end] for start, end in whitespace_offsets(text)) == tokens


def _example(features: dict[str, list[str]]) -> tf.train.Example:
    import tensorflow as tf  # takes seconds, and most users of the readers do not need it

    return tf.train.Example(
        features=tf.train.Features(
            feature={
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))
                for name, values in features.items()
            }
        )
    )


class KeyMaker:
    """Generates the keys of one file's sentences.

    A key is the source and either the id of the sentence, or the first 16 hexadecimal digits of its SHA-256 and the
    number of earlier equal sentences in the file. Inserting a sentence thus changes no other key, and keys are unique
    in a corpus.

    Example:
        >>> keys = KeyMaker("train.conll")
        >>> keys.make(Sentence(("Peru", "won"), ("B-LOC", "O")))
        'train.conll:61b44f5c206b5c0e-0'
        >>> keys.make(Sentence(("Peru", "won"), ("B-LOC", "O"), key="s7"))
        'train.conll:s7'
    """

    def __init__(self, source: str) -> None:
        """Starts a file, named relative to the corpus folder."""
        self._source = source
        self._seen, self._names = DigestMap(), DigestMap()

    def make(self, sentence: Sentence) -> str:
        """Returns the key of the next sentence.

        Raises:
            RuntimeError: the key is in use, which the reader has to prevent.
        """
        name = sentence.key
        if name is None:
            digest = text_digest(sentence.text)
            name = f"{digest:016x}-{self._seen.count(digest)}"
        key = f"{self._source}:{name}"
        if self._names.count(text_digest(name)):
            raise RuntimeError(f"{self._source}:{sentence.line}: key {key!r} is used twice")
        return key
