"""Large and broken requests: bounded memory, a limit with a clear error, answers that are always UTF-8."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from benchmarks.ours.request_memory import MILLION, REQUESTS, request_cost

exporter, tf = LazyModule("components.exporter"), LazyModule("tensorflow")
LIMIT = 10_000


@pytest.fixture(scope="module")
def export(trained, transformed, tmp_path_factory):
    """Function from settings to the folder of an export."""

    def make(**settings):
        folder = tmp_path_factory.mktemp("large") / "model"
        exporter.export(trained, transformed.graph, str(folder), exporter_settings(**settings))
        return folder

    return make


@pytest.fixture(scope="module")
def limited(export):
    """`support.server.Server` of a model with the smallest limit."""
    from support.server import Server

    server = Server(export(max_characters=LIMIT, outputs=["tokens", "scores", "offsets", "entities"]))
    yield server
    server.session.close()


@pytest.mark.parametrize("character", ["a", "é", "😳", "\u0301"])
def test_the_limit_counts_characters_of_all_sentences_together(limited, character):
    for sentences in ([character * LIMIT], [character * (LIMIT - 7), character * 7, ""]):
        assert limited(sentence=sentences)["tags"].shape[0] == len(sentences)
    with pytest.raises(tf.errors.InvalidArgumentError) as refused:
        limited(sentence=[character * (LIMIT - 7), character * 8])
    assert "[10001] [characters in the sentences of one request; the limit is 10,000" in str(refused.value)
    assert "exporter.max_characters" in str(refused.value)


@pytest.mark.parametrize("byte", [b"\xff", b"\x80", b"\xc3", b"\xf0\x9f\x98"])
def test_an_invalid_sequence_is_one_character(limited, byte):
    assert limited(sentence=[byte * LIMIT])["tokens"].shape[0] == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="10001"):
        limited(sentence=[byte * (LIMIT + 1)])


def test_every_signature_has_the_limit(limited):
    long = "a" * (LIMIT + 1)
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[long.encode()]))
    example = tf.train.Example(features=tf.train.Features(feature={"sentence": feature})).SerializeToString()
    for signature, inputs in {
        "keyed": {"sentence": [long], "key": ["k"]},
        "serving_examples": {"examples": [example]},
    }.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match="the limit is 10,000"):
            limited(signature, **inputs)


def test_padding_counts_towards_the_limit(limited):
    assert limited(sentence=["a " * 1000, *[""] * 9])["tags"].shape == (10, 1000)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[11000\] \[tokens of one answer, all sentences padded"):
        limited(sentence=["a " * 1000, *[""] * 10])


def test_every_string_of_an_answer_is_utf8(limited):
    sentences = [b"caf\xe9 in Paris", b"\xff\xfe Joe Biden\xc3 visited Kyiv\x80 Ukraine \xed\xa0\x80", b"Joe \xf0\x9f"]
    answer = limited(sentence=sentences)
    assert answer["tokens"][0, :4].tolist() == [b"caf", "\ufffd".encode(), b"in", b"Paris"]
    assert answer["entity_texts"].size, "there must be entities"
    for name, starts, ends in (("tokens", "starts", "ends"), ("entity_texts", "entity_starts", "entity_ends")):
        for raw, row in zip(sentences, zip(answer[name], answer[starts], answer[ends], strict=True), strict=True):
            text = raw.decode("utf-8", "replace")
            for piece, start, end in zip(*row, strict=True):
                assert end == 0 or piece.decode() == text[start:end]


def test_a_million_invalid_bytes_take_little_memory(export):
    cost = request_cost(export(), [b"\xff" * MILLION])
    assert not cost.error
    assert cost.megabytes < 600


@pytest.mark.extended
def test_no_request_takes_more_than_600_megabytes(export):
    folder = export(outputs=["tokens", "scores", "offsets", "entities"])
    for name, sentences in REQUESTS.items():
        cost = request_cost(folder, sentences)
        assert cost.megabytes is not None, f"{name}: {cost.error}"
        assert cost.megabytes < 600, name
        if sum(map(len, sentences)) <= MILLION and len(sentences) == 1:
            assert not cost.error, name


@pytest.mark.extended
def test_memory_grows_with_the_text_and_not_faster(export):
    folder = export()
    for text in (b"ab ", b"a\xff ", b".,;:", "\ufdd0b ".encode(), b"Joe Biden "):
        half, whole = (request_cost(folder, [text * (size // len(text))]) for size in (MILLION // 2, MILLION))
        assert whole.megabytes < 3.2 * half.megabytes + 20, text  # 4 times: it grows with the square
        assert whole.megabytes < 600
