"""End-to-end scores of the Evaluator."""

from __future__ import annotations

import numpy as np
from support.lazy import LazyModule

from components.evaluator.counts.slice_counts import SliceCounts, count_slices, end_to_end
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.labelled_corpus.tagged_text import Answer

tf = LazyModule("tensorflow")
columns_module = LazyModule("components.evaluator.tfma.example_columns")
module = LazyModule("components.evaluator.tfma.retokenized")

USE = ("B-TOOL", "O", "B-TOOL")


def example(sentence, raw=None):
    values = {"sentence": sentence} | ({} if raw is None else {"raw_text": raw})
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()])) for name, text in values.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


class Server:
    """A model that returns an answer for each text."""

    def __init__(self, **answers):
        self.answers_by_text, self.tagged = answers, []

    def answers(self, examples, key):
        texts = [
            tf.train.Example.FromString(one).features.feature["sentence"].bytes_list.value[0].decode()
            for one in examples
        ]
        self.tagged += texts
        return [self.answers_by_text[text.replace("/", "_")] for text in texts]


def count(texts, gold, predicted, server, *, raw=None, finer=None):
    """Returns the scores of the batch, split in two, and the end-to-end scores."""
    total, vocabulary = SliceCounts(), TagVocabulary()
    for row in range(len(texts)):
        columns = columns_module.ExampleColumns(
            examples=[example(texts[row], (raw or {}).get(row))],
            keys=[f"k{row}"],
            texts=[texts[row]],
            lengths=np.array([len(gold[row])]),
            gold=vocabulary.encode(gold[row]),
            features={},
        )
        own = {0: finer[row]} if row in (finer or {}) else {}
        retokenized = module.retokenized_sentences(columns, server, own, vocabulary)
        batch = TaggedBatch(
            vocabulary, columns.keys, columns.texts, columns.lengths, columns.gold,
            vocabulary.encode(predicted[row]), retokenized=retokenized,
        )  # fmt: skip
        for cut, counts in count_slices({"": batch}, {}, Slicer((), (), ()), 5, ""):
            if not cut.column:
                total.add(counts)
    return end_to_end(total)


def micro(served):
    scores = served.entities.micro
    return scores.precision.value, scores.recall.value, scores.support


def test_labels_inside_a_word_of_the_raw_text_are_missed():
    server = Server(Jira_Zoom=Answer(("B-TOOL",), (), (0,), (9,)))
    served = count(["Jira / Zoom", "Ann"], [USE, ("B-PER",)], [USE, ("B-PER",)], server, raw={0: "Jira/Zoom"})
    assert server.tagged == ["Jira/Zoom"]
    assert micro(served) == (1 / 2, 1 / 3, 3)
    assert (served.sentences, served.lost) == (1, 2)
    assert served.entities.micro.f1.low is not None


def test_tokens_of_the_corpus_that_the_model_cuts_finer_are_scored_to_the_character():
    finer = {0: Answer(("B-LOC", "O"), (), (0, 4), (4, 5))}  # Kyiv and a period
    served = count(["Kyiv."], [("B-LOC",)], [("B-LOC",)], Server(), finer=finer)
    assert (micro(served), served.lost) == ((0, 0, 1), 0)


def test_sentences_with_the_tokens_of_the_corpus_need_no_end_to_end_scores():
    assert count(["Ann", "Bob"], [("B-PER",), ("B-PER",)], [("B-PER",), ("O",)], Server()) is None


def test_texts_that_are_divided_in_another_way_are_scored_but_not_counted_as_cut():
    server = Server(Ann_Bob=Answer(("B-PER",), (), (0,), (7,)), **{"Ann.": Answer(("O", "O"), (), (0, 3), (3, 4))})
    gold, raw = [("B-PER", "O"), ("O", "O", "B-PER")], {0: "Ann.", 1: "Ann/Bob"}
    assert count(["Ann ."], gold[:1], gold[:1], server, raw={0: "Ann."}) is None
    served = count(["Ann .", "Ann / Bob"], gold, gold, server, raw=raw)
    assert micro(served)[1:] == (0, 2)
    assert (served.sentences, served.lost) == (1, 1)
