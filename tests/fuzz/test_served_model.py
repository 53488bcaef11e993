"""Texts of any bytes for an exported model: an answer that is right and UTF-8, the same alone and in a batch."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel
from components.exporter.validator.probe.values import strings
from components.text.tags import to_iob2
from components.text.words import OFFSETS

exporter = LazyModule("components.exporter")
PAD = b"[PAD]"
PIECES = (
    "Joe Biden", "Paris", "U.S.-based", "London's", "l'Italie", "AT&T", "3,14", "@you", "#", "[PAD]", "[UNK]",
    "O'", "..", ",;:", "\u2014", "", " ", "  ", "\t", "\n", "\r\n", "\r", "\0", "\x01\x1f\x7f", "\x85", "\u00a0",
    "\u2028\u2029", "\u3000", "\ufeff", "\u200b", "\u200d", "\u202e\u05d0\u202c", "\u2066a\u2069",
    "محمد", "שלום", "東京", "สมชาย", "é",
    "e\u0301", "\u0301", "a" + "\u0301" * 300, "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff",
    "\U0001fffe", "\ue000", "\U000e0041",
    "👨‍👩‍👧", "👍🏽", "🇫🇷", "İ", "ß", "ǅ",
    "a" * 5000, "ab " * 1500, ". " * 700, "\u0301" * 3000, "\uffff" * 800, "Joe Biden visited Paris " * 150,
)  # fmt: skip
BROKEN = (
    b"\xff", b"\xfe\xff", b"\x80", b"\xbf" * 40, b"\xc3", b"\xc0\xaf", b"\xe2\x82", b"\xf0\x9f\x98",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xed\xbf\xbf",
    b"caf\xe9", b"\xff" * 4000,
    b"a\xff " * 900,
)  # fmt: skip
characters = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(str.encode)
pieces = st.sampled_from([*(piece.encode() for piece in PIECES), *BROKEN])
mixtures = st.lists(pieces | characters | st.binary(max_size=4), max_size=8).map(b"".join)
cut = st.builds(lambda text, size: text[:size], mixtures, st.integers(0, 60))  # inside a character
texts = mixtures | cut | characters | st.binary(max_size=40) | pieces
batches = st.lists(texts, min_size=4, max_size=12)


OTHERS = [("whitespace", "cnn_linear"), ("characters", "transformer")]


@pytest.fixture(
    scope="module",
    params=[("words", "cnn_linear"), *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)],
    ids="-".join,
)
def ask(request, transform_corpus, tmp_path_factory):
    """Function from texts to the answer of a model behind the C API; `reference` is its tokenizer in Python."""
    from support.settings import trainer_settings

    from components.trainer.training import train

    tokenizer, tagger = request.param
    corpus = transform_corpus([f"tokenizer={tokenizer}"])
    trained = train(trainer_settings(tagger=tagger), corpus.inputs, log_dir=str(tmp_path_factory.mktemp("logs")))
    folder = tmp_path_factory.mktemp("fuzzed") / "model"
    outputs = ["tokens", "scores", "offsets", "entities"]
    exporter.export(trained, corpus.graph, str(folder), exporter_settings(outputs=outputs, decoding="constrained"))
    graph, model = SavedGraph(folder), ServedModel(str(folder))
    sentence = graph.inputs("serving_default")["sentence"].tensor
    tensors = {name: info.tensor for name, info in graph.outputs("serving_default").items()}

    def answer(sentences):
        return dict(zip(tensors, model.run({sentence: strings(sentences)}, list(tensors.values())), strict=True))

    answer.reference = OFFSETS[tokenizer]
    answer([b""])  # TensorFlow optimizes the graph in the first call, which is not the time of a case
    return answer


def check_answers(ask, batch):
    """Compares the answer to a batch with the Python tokenizer and with the answers to each text alone."""
    together = ask(batch)
    for row, raw in enumerate(batch):
        text, answer = raw.decode("utf-8", "replace"), {name: values[row] for name, values in together.items()}
        spans = ask.reference(text)
        count, entities = len(spans), int((answer["entity_ends"] > 0).sum())
        assert list(zip(answer["starts"][:count], answer["ends"][:count], strict=True)) == spans
        assert [token.decode() for token in answer["tokens"][:count]] == [text[start:end] for start, end in spans]
        tags = [tag.decode() for tag in answer["tags"][:count]]
        assert "[PAD]" not in tags
        assert to_iob2(tags) == tags
        places = zip(answer["entity_starts"][:entities], answer["entity_ends"][:entities], strict=True)
        assert [piece.decode() for piece in answer["entity_texts"][:entities]] == [text[s:e] for s, e in places]
        assert entities == sum(tag.startswith("B-") for tag in tags)
        alone = ask([raw])
        for name, values in answer.items():
            size = entities if name.startswith("entity_") else count
            filler = PAD if values.dtype == object else 0
            assert (values[size:] == filler).all(), name
            assert alone[name].shape == (1, size), name
            if name.endswith("scores"):
                np.testing.assert_allclose(values[:size], alone[name][0], rtol=1e-3, atol=1e-5)
            else:
                assert values[:size].tolist() == alone[name][0].tolist(), name


def test_texts_of_any_bytes_get_the_right_answer(ask):
    fuzz(named(ask), batches, 60)


@pytest.mark.fuzz
def test_two_thousand_texts_of_any_bytes_get_the_right_answer(ask):
    fuzz(named(ask), batches, 500)


def named(ask):
    """Returns `check_answers` with its first argument, and its name for the report."""
    return functools.update_wrapper(functools.partial(check_answers, ask), check_answers)
