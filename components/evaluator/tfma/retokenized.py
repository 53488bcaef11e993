"""Sentences that the served model cuts into other tokens than the corpus, scored as a caller gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from components.corpus_example_gen.cleaning.written_sentence import WrittenSentence
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import RetokenizedSentences, TaggedBatch
from components.evaluator.labelled_corpus.raw_text import tags_of_characters
from components.evaluator.labelled_corpus.tagged_text import Answer
from components.evaluator.tfma.example_columns import ExampleColumns
from components.evaluator.tfma.predictor import Predictor
from components.keys import RAW_TEXT, SENTENCE
from components.text.spans import spans

_NAME = RAW_TEXT.encode()


def retokenized_sentences(
    columns: ExampleColumns, predictor: Predictor, finer: Mapping[int, Answer], vocabulary: TagVocabulary
) -> RetokenizedSentences:
    """Tags the raw texts of a batch, and aligns them and the sentences that are cut finer to the character.

    All other sentences have the same tokens in raw text, and are not divided, so the model gives them the same tags
    (tests/components/transform/test_subwords.py).

    Args:
        columns: the batch.
        predictor: the model.
        finer: its answers by row that cut a gold token of the joined sentence into several tokens.
        vocabulary: receives the tags.
    """
    answers = dict(finer)
    texts = dict(enumerate(columns.texts))
    raw = _raw_texts(columns.examples)
    if raw:
        rows = [*raw]
        examples = [example for _, example in raw.values()]
        answers.update(zip(rows, predictor.answers(examples, lambda at: columns.keys[rows[at]]), strict=True))
        texts.update((row, text) for row, (text, _) in raw.items())
    if not answers:
        return RetokenizedSentences(np.zeros(0, np.int64), None, np.zeros(0, bool), np.zeros(0, np.int64))
    rows = sorted(answers)
    offsets = np.cumsum(columns.lengths) - columns.lengths
    gold_tags, predicted_tags, pieces, cut, lost = [], [], [], [], []
    for row in rows:
        gold = tuple(vocabulary.decode(columns.gold[offsets[row] : offsets[row] + columns.lengths[row]]))
        written = WrittenSentence.located(texts[row], columns.texts[row].split(" "))
        if written is None:
            raise RuntimeError(f"{columns.keys[row]}: {texts[row]!r} does not have the tokens of the sentence")
        aligned = tags_of_characters(written, gold, answers[row], columns.keys[row])
        gold_tags.append(aligned.gold)
        predicted_tags.append(aligned.predicted)
        pieces.append(" ".join(aligned.tokens))
        cut.append((answers[row].starts, answers[row].ends) != (written.starts, written.ends))
        lost.append(_lost(written, gold, answers[row]))
    keys = [columns.keys[row] for row in rows]
    batch = TaggedBatch.of(vocabulary, keys, pieces, gold_tags, predicted_tags, [None] * len(rows))
    return RetokenizedSentences(np.array(rows, np.int64), batch, np.array(cut), np.array(lost, np.int64))


def _raw_texts(examples: Sequence[bytes]) -> dict[int, tuple[str, bytes]]:
    """Returns the raw texts by row, each with the Example that has it as its sentence."""
    texts = {}
    for row, serialized in enumerate(examples):
        if _NAME not in serialized:  # most Examples have none; parsing all of them would take longer than tagging
            continue
        example = tf.train.Example.FromString(serialized)
        values = example.features.feature[RAW_TEXT].bytes_list.value
        if values:
            example.features.feature[SENTENCE].bytes_list.value[:] = values
            texts[row] = values[0].decode(), example.SerializeToString()
    return texts


def _lost(written: WrittenSentence, gold: Sequence[str], answer: Answer) -> int:
    """Counts the gold entities with an edge inside a token of the answer."""
    starts, ends = set(answer.starts), set(answer.ends)
    return sum(
        written.starts[span.start] not in starts or written.ends[span.end - 1] not in ends for span in spans(gold)
    )
