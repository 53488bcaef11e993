"""The exported model gives the training graph's tags in every batch, through the loader of servers."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

exporter = LazyModule("components.exporter")


tf, golden = LazyModule("tensorflow"), LazyModule("components.exporter.serving.golden")
WORDS = ["Joe", "Biden", "visited", "New", "Delhi", "unknown", "U.S.", "(Kyiv)", "3,14", "Élysée", "😳", "\u00a0x"]


def random_sentences(count: int, longest: int = 40) -> list[str]:
    rng = random.Random(1)
    return [" ".join(rng.choices(WORDS, k=rng.randrange(longest))) for _ in range(count)]


@pytest.fixture(scope="module", params=["plain", pytest.param("keyed", marks=pytest.mark.extended)])
def served(request, trained, transformed, tmp_path_factory):
    """`support.server.Server` of an export; `plain` is the name of its plain signature."""
    from support.server import Server

    folder = str(tmp_path_factory.mktemp(request.param) / "model")
    settings = exporter_settings(default=request.param, forward={"source": "string", "tax": "float32"})
    exporter.export(trained, transformed.graph, folder, settings)
    server = Server(folder)
    server.default = request.param
    server.plain = "serving_default" if request.param == "plain" else "unkeyed_signature"
    yield server
    server.session.close()


def tags(served, sentences):
    outputs = served(served.plain, sentence=sentences)
    return [
        [t.decode() for t, end in zip(*row, strict=True) if end]
        for row in zip(outputs["tags"], outputs["ends"], strict=True)
    ]


def test_signatures_are_the_configured_ones(served):
    expected = {"serving_default", "keyed", "feature_forward", "serving_examples"}
    expected |= {"unkeyed_signature"} if served.default == "keyed" else set()
    assert served.names == expected
    inputs = {"sentence", "key"} if served.default == "keyed" else {"sentence"}
    assert set(served.signatures["serving_default"].inputs) == inputs


def test_a_thousand_sentences_get_the_training_graphs_tags(served, trained, transformed):
    sentences = random_sentences(1000)
    assert tags(served, sentences) == golden.training_graph_tags(
        trained, transformed.graph, sentences, constrained=False
    )


def test_a_long_text_has_the_tags_of_its_sentences_and_its_own_offsets(served, trained, transformed):
    sentences = [f"So {sentence} end." for sentence in random_sentences(60)]
    text = "\n".join(sentences)
    [long, short] = tags(served, [text, sentences[0]])
    assert long == [tag for row in tags(served, sentences) for tag in row]
    assert short == long[: len(short)]
    assert [long] == golden.training_graph_tags(trained, transformed.graph, [text], constrained=False)


def test_tags_do_not_depend_on_the_batch(served):
    sentences = random_sentences(32)
    long = " ".join(random.Random(2).choices(WORDS, k=300))
    alone = [tags(served, [sentence])[0] for sentence in sentences]
    assert tags(served, sentences) == alone
    assert tags(served, [*sentences, long])[:-1] == alone
    assert tags(served, [long, *sentences])[1:] == alone


def test_nothing_is_truncated(served):
    [row] = tags(served, ["Paris " * 10_000])
    assert len(row) == 10_000


def test_batches_without_tokens_have_no_columns(served):
    for batch in ([], [""], ["", " \u3000"]):
        outputs = served(served.plain, sentence=batch)
        assert {value.shape for value in outputs.values()} == {(len(batch), 0)}


def test_keys_and_features_come_back_unchanged_and_in_order(served):
    keys = [b"b", b"", b"b", b"\xff\x00", b"k" * 10_000]
    sentences = random_sentences(5)
    assert served("keyed", key=keys, sentence=sentences)["key"].tolist() == keys
    tax = np.array([1.5, np.nan, -0.0, np.inf, 3], "float32")
    outputs = served("feature_forward", sentence=sentences, source=keys, tax=tax)
    assert outputs["source"].tolist() == keys
    assert outputs["tax"].tobytes() == tax.tobytes()
    assert outputs["tags"].tolist() == served(served.plain, sentence=sentences)["tags"].tolist()


@pytest.mark.parametrize("number", [1, 3])
def test_another_number_of_keys_or_features_than_sentences_is_refused(served, number):
    two, other = ["Paris", "Oslo"], [b"a"] * number
    with pytest.raises(tf.errors.InvalidArgumentError, match="one value for each sentence"):
        served("keyed", key=other, sentence=two)
    with pytest.raises(tf.errors.InvalidArgumentError, match="one value for each sentence"):
        served("feature_forward", sentence=two, source=other, tax=np.zeros(2, "float32"))


def test_serialized_examples_give_the_same_tags_and_their_key(served):
    sentences = random_sentences(4)

    def example(sentence, **more):
        features = {"sentence": [sentence.encode()], **more}
        return tf.train.Example(
            features=tf.train.Features(
                feature={n: tf.train.Feature(bytes_list=tf.train.BytesList(value=v)) for n, v in features.items()}
            )
        ).SerializeToString()

    outputs = served("serving_examples", examples=[example(s, key=[b"%d" % i]) for i, s in enumerate(sentences)])
    assert outputs["key"].tolist() == [[b"%d" % i] for i in range(4)]
    assert outputs["tags"].tolist() == served(served.plain, sentence=sentences)["tags"].tolist()
    assert served("serving_examples", examples=[example("x")])["key"].tolist() == [[b""]]


def test_offsets_cut_the_tokens_out_of_the_raw_sentence(served):
    sentence = "\u3000Élysée,Paris 😳 3"
    outputs = served(served.plain, sentence=[sentence])
    cut = [sentence[s:e].encode() for s, e in zip(outputs["starts"][0], outputs["ends"][0], strict=True)]
    assert cut == outputs["tokens"][0].tolist() == ["Élysée".encode(), b",", b"Paris", "😳".encode(), b"3"]
    assert ((outputs["scores"] > 0) & (outputs["scores"] <= 1)).all()


def test_padding_is_marked_in_every_output(served):
    outputs = served(served.plain, sentence=["Paris", "Joe Biden visited Paris"])
    assert outputs["tokens"][0, 1:].tolist() == outputs["tags"][0, 1:].tolist() == [b"[PAD]"] * 3
    assert not outputs["scores"][0, 1:].any()
    assert b"[PAD]" not in outputs["tags"][1]


@pytest.mark.extended
def test_bias_calibration_and_least_scores_change_tags_and_scores_as_in_the_training_graph(
    trained, transformed, tmp_path_factory
):
    sentences = random_sentences(50)
    exports, outside, least = {}, {}, 0.0
    for name, bias, calibration in (
        ("plain", 0.0, (1.0, 0.0)), ("biased", -50.0, (1.0, 0.0)), ("calibrated", -50.0, (0.8, -1.0)),
    ):  # fmt: skip
        tagger = dataclasses.replace(trained, outside_bias=bias, calibration=type(trained.calibration)(*calibration))
        folder = str(tmp_path_factory.mktemp(name) / "model")
        contract = exporter.export(tagger, transformed.graph, folder, exporter_settings(min_score=least))
        assert (contract.outside_bias, tuple(contract.calibration.values())) == (bias, calibration)
        answer = tf.saved_model.load(folder).signatures["serving_default"](sentence=tf.constant(sentences))
        tags, real = answer["tags"].numpy(), answer["ends"].numpy() > 0
        assert golden.training_graph_tags(
            tagger, transformed.graph, sentences, constrained=False, min_scores=contract.min_score
        ) == [row[keep].tolist() for row, keep in zip(tags.astype(str), real, strict=True)]
        exports[name] = tags[real], answer["scores"].numpy()[real]
        outside[name] = tags[real] == b"OUT"
        least = float(np.median(exports[name][1])) if name == "biased" else 0.0
    assert outside["biased"].sum() == 0 < outside["plain"].sum()
    assert 0 < outside["calibrated"].sum() < outside["calibrated"].size, "some entities are below the least score"
    (_, plain), (tags, scores), (kept, calibrated) = exports.values()
    # The probability of the tag that was chosen: lower where another was the more probable one.
    assert (scores <= plain + 1e-6).all()
    assert scores.min() < 0.5
    # The calibration itself changes no tag.
    inside = ~outside["calibrated"]
    assert kept[inside].tolist() == tags[inside].tolist()
    assert (calibrated[inside] != scores[inside]).any()
