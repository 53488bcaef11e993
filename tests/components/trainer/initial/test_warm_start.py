"""Warm start, compared with the predictions of the earlier model."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

keras = LazyModule("keras")
taggers = LazyModule("components.model.taggers")
initial = LazyModule("components.trainer.initial.warm_start")
WORDS, TAGS = "words", "tags"
OPTIONS = {
    "transformer": {"embed_dim": 16, "num_heads": 2, "ff_dim": 16, "rate": 0.1, "word_dropout": 0.05},
    "cnn_linear": {
        "embed_dim": 16, "width": 16, "dilations": [1, 2],
        "input_dropout": 0.1, "dropout": 0.1, "word_dropout": 0.1, "subword_dropout": 0.1,
        "linear_weights": 1000, "linear_members": 2, "linear_dropout": 0.1,
    },
}  # fmt: skip
OLD = {WORDS: ["[PAD]", "[UNK]", "paris", "joe", "visited", "old"], TAGS: ["[PAD]", "O", "B-LOC", "B-PER"]}
# Another order, one word gone, two new; tags in another order.
NEW = {WORDS: ["[PAD]", "[UNK]", "joe", "new", "paris", "visited", "newer"], TAGS: ["[PAD]", "B-PER", "O", "B-LOC"]}
SENTENCE = ["joe", "visited", "paris", "unheard-of"]


def _tagger(kind, vocabularies, seed, **options):
    keras.utils.set_random_seed(seed)
    sizes = {"vocab_size": len(vocabularies[WORDS]), "num_tags": len(vocabularies[TAGS])}
    sizes |= {"num_cases": 7, "num_subwords": 64, "maxlen": 8, "seed": seed}
    return taggers.build_tagger(kind, sizes, **{**OPTIONS[kind], **options})


def _logits(model, vocabularies, words, tags):
    """Logits [tokens, tags] in the order of `tags`."""
    ids = [vocabularies[WORDS].index(word) if word in vocabularies[WORDS] else 1 for word in words]
    features = {
        "word_ids": np.array([ids]),
        "case_ids": np.ones((1, len(ids)), int),
        "subword_ids": np.full((1, len(ids), 10), 3),
    }
    positions = [vocabularies[TAGS].index(tag) for tag in tags]
    return keras.ops.convert_to_numpy(model(features))[0][:, positions]


@pytest.mark.parametrize("kind", sorted(OPTIONS))
def test_a_warm_started_model_starts_with_the_predictions_of_the_earlier_one(kind):
    old, new = _tagger(kind, OLD, 1), _tagger(kind, NEW, 2)
    report = initial.warm_start(new, old, NEW, OLD)
    before = _logits(old, OLD, SENTENCE, OLD[TAGS])
    np.testing.assert_allclose(_logits(new, NEW, SENTENCE, OLD[TAGS]), before, atol=1e-5)
    # A word that is new in the vocabulary is read like the earlier model's [UNK].
    unknown = _logits(old, OLD, ["joe", "visited", "new"], OLD[TAGS])
    np.testing.assert_allclose(_logits(new, NEW, ["joe", "visited", "new"], OLD[TAGS]), unknown, atol=1e-5)
    assert report.fresh == ()
    assert set(report.matched.values()) == {(5, 7), (4, 4)}
    assert "5 of 7 matched" in report.summary()


@pytest.mark.parametrize("kind", sorted(OPTIONS))
def test_copying_by_position_would_give_other_predictions(kind):
    """The error that the module avoids: it raises nothing."""
    shuffled = {WORDS: [*OLD[WORDS][:2], *OLD[WORDS][:1:-1]], TAGS: [OLD[TAGS][0], *OLD[TAGS][:0:-1]]}
    old, new = _tagger(kind, OLD, 1), _tagger(kind, shuffled, 2)
    new.set_weights(old.get_weights())
    before = _logits(old, OLD, SENTENCE, OLD[TAGS])
    assert np.abs(_logits(new, shuffled, SENTENCE, OLD[TAGS]) - before).max() > 0.1
    initial.warm_start(new, old, shuffled, OLD)
    np.testing.assert_allclose(_logits(new, shuffled, SENTENCE, OLD[TAGS]), before, atol=1e-5)


def test_a_new_tag_starts_fresh_and_the_others_are_kept():
    more = {**NEW, TAGS: [*NEW[TAGS], "B-ORG"]}
    old, new = _tagger("transformer", OLD, 1), _tagger("transformer", more, 2)
    fresh = keras.ops.convert_to_numpy(new.scores.kernel)[:, 4].copy()
    report = initial.warm_start(new, old, more, OLD)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(new.scores.kernel)[:, 4], fresh)
    np.testing.assert_allclose(
        _logits(new, more, SENTENCE, OLD[TAGS]), _logits(old, OLD, SENTENCE, OLD[TAGS]), atol=1e-5
    )
    assert report.matched["scores/bias"] == (4, 5)


def test_variables_of_another_size_start_fresh_and_are_named():
    old, new = _tagger("cnn_linear", OLD, 1), _tagger("cnn_linear", NEW, 2, width=24)
    before = keras.ops.convert_to_numpy(new.widen.kernel).copy()
    report = initial.warm_start(new, old, NEW, OLD)
    assert {"widen/kernel", "widen/bias", "scores/kernel"} <= set(report.fresh)
    assert "fresh: widen/kernel" in report.summary()
    assert report.matched["word_embedding/embeddings"] == (5, 7)
    assert "subword_embedding/table/embeddings" in report.copied
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(new.widen.kernel), before)


WORDS_OF_THE_CORPUS = ["[PAD]", "[UNK]", *(f"w{number}" for number in range(2, 40))]


@pytest.mark.parametrize("occurs", [True, False])
def test_the_linear_expert_keeps_its_weights_by_feature(made_up, tmp_path, occurs):
    """Also of features that the new train split does not contain."""
    from components.model.cnn_linear_tagger import columns
    from components.trainer.data.window_table import WindowTable
    from components.trainer.initial.linear_features import choose_linear_features

    old_words = {WORDS: WORDS_OF_THE_CORPUS, TAGS: list(made_up.tags)}
    more = {WORDS: [*WORDS_OF_THE_CORPUS, "new"], TAGS: ["[PAD]", *made_up.tags[:0:-1], "B-NEW"]}
    options = {"linear_dropout": 0.0, "linear_members": 3}
    old = _tagger("cnn_linear", old_words, 1, linear_weights=5 << 13, **options)
    new = _tagger("cnn_linear", more, 2, linear_weights=6 << 13, **options)
    choose_linear_features(old, made_up.train)
    hashes, weights = old.linear.owned()
    weights = np.random.default_rng(0).normal(size=weights.shape).astype(np.float32)
    old.linear.assign_weights(hashes, weights, np.full(len(hashes), -1))

    report = initial.warm_start(new, old, more, old_words)
    choose_linear_features(new, made_up.train if occurs else WindowTable.write(tmp_path, []), report.linear)
    features = made_up.train.pool([0]).batch(np.arange(20)).features
    order = [more[TAGS].index(tag) for tag in made_up.tags]
    before, after = (keras.ops.convert_to_numpy(model.linear(columns(features))) for model in (old, new))
    assert np.abs(before).max() > 1
    np.testing.assert_allclose(after[..., order], before, atol=1e-4)
    assert not after[..., -1].any()
    if occurs:  # what the members learn from is what serving adds up
        members = keras.ops.convert_to_numpy(new.linear(columns(features), training=True))
        np.testing.assert_allclose(members.mean(0), after, atol=1e-4)
    assert f"{len(hashes)} linear features" in report.summary()


def test_gazetteers_may_be_added_and_removed(made_up):
    """A fresh one starts without effect; the weights of the others are kept by type."""
    from components.model.cnn_linear_tagger import columns
    from components.trainer.initial.linear_features import choose_linear_features

    words = {WORDS: WORDS_OF_THE_CORPUS, TAGS: list(made_up.tags)}
    plain = made_up.train.pool([0]).batch(np.arange(20)).features
    codes = {f"gazetteer_{name}": plain["word_ids"] % shift for name, shift in (("CITY", 6), ("A", 5), ("B", 4))}
    city, other, without = [["CITY"], ["A", "CITY"], []]
    options = {"linear_dropout": 0.0, "linear_weights": 5 << 13}
    old = _tagger("cnn_linear", words, 1, gazetteers=city, **options)
    old.gazetteers[0].table.embeddings.assign(np.random.default_rng(1).normal(size=(6, 16)))
    inputs = {**plain, "gazetteer_CITY": codes["gazetteer_CITY"]}
    hashes = np.unique(keras.ops.convert_to_numpy(old.linear.hashes(columns(inputs))))
    old.linear.choose_owners(hashes, np.ones(len(hashes), int))
    hashes, weights = old.linear.owned()
    old.linear.assign_weights(hashes, np.random.default_rng(0).normal(size=weights.shape), np.full(len(hashes), -1))
    new = _tagger("cnn_linear", words, 2, gazetteers=other, **options)
    report = initial.warm_start(new, old, words, words)
    assert report.fresh == ("gazetteer_A/table/embeddings",)
    new.linear.choose_owners(report.linear.hashes, np.ones(len(hashes), int))
    new.linear.assign_weights(report.linear.hashes, report.linear.weights, np.full(len(hashes), -1))
    before = keras.ops.convert_to_numpy(old(inputs))
    after = keras.ops.convert_to_numpy(new({**inputs, "gazetteer_A": codes["gazetteer_A"]}))
    np.testing.assert_allclose(after, before, atol=1e-4)
    back = _tagger("cnn_linear", words, 3, gazetteers=without, **options)
    report = initial.warm_start(back, new, words, words)
    choose_linear_features(back, made_up.train, report.linear)
    assert report.fresh == ()
    kept = np.isin(hashes, back.linear.owned()[0])
    assert kept.mean() > 0.5, "features of words"


def test_words_with_other_ids_leave_the_linear_expert_fresh():
    old, new = _tagger("cnn_linear", OLD, 1), _tagger("cnn_linear", NEW, 2)
    assert initial.warm_start(new, old, NEW, OLD).linear is None


def test_random_states_are_not_copied():
    old, new = _tagger("cnn_linear", OLD, 1), _tagger("cnn_linear", NEW, 2)

    def states(model):
        return [keras.ops.convert_to_numpy(v).tolist() for v in model.variables if "seed_generator" in v.path]

    before = states(new)
    report = initial.warm_start(new, old, NEW, OLD)
    assert states(new) == before
    assert not any("seed_generator" in path for path in (*report.copied, *report.fresh))


TAG_NAMES = ("[PAD]", "O", "B-X")
SIZES = {"num_tags": 3, "num_cases": 7, "num_subwords": 64, "maxlen": 8, "seed": 0}
TRANSFORMER = {"embed_dim": 8, "num_heads": 2, "ff_dim": 8, "rate": 0.1, "word_dropout": 0.05}


class _Graph:
    """The vocabularies of a transform graph."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def vocabulary_by_name(self, name: str) -> list[bytes]:
        return [entry.encode() for entry in {"word_vocabulary": self._words, "tag_vocabulary": TAG_NAMES}[name]]


def _transformer(words: int) -> keras.Model:
    return taggers.build_tagger("transformer", {**SIZES, "vocab_size": words}, **TRANSFORMER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An earlier model over four words, one of them odd."""
    from components.text.windows import Windows
    from components.trainer.trained_model import TrainedModel

    TrainedModel(_transformer(5), Windows(8, 1), TAG_NAMES).save(str(tmp_path))
    (tmp_path / "word_vocabulary").write_text("[PAD]\n[UNK]\na\nb\u2028c\nd\n", encoding="utf-8")
    return tmp_path


def test_warm_start_from_reads_weights_and_vocabularies(folder, caplog):
    model = _transformer(4)
    with caplog.at_level(logging.INFO, logger="absl"):
        report = initial.warm_start_from(str(folder), model, _Graph(["[PAD]", "[UNK]", "b\u2028c", "new"]))
    assert report.matched["embedding/token_embedding/embeddings"] == (3, 4)
    earlier = keras.saving.load_model(folder / "model.keras", compile=False)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model.embedding.token_embedding.embeddings)[2],
        keras.ops.convert_to_numpy(earlier.embedding.token_embedding.embeddings)[3],
    )
    assert "warm start: " in caplog.text


def test_warm_start_from_another_class_of_tagger_is_none(folder, caplog):
    options = {"embed_dim": 8, "width": 8, "dilations": [1], "linear_weights": 100, "linear_members": 1}
    options |= dict.fromkeys(("input_dropout", "dropout", "word_dropout", "subword_dropout", "linear_dropout"), 0.0)
    model = taggers.build_tagger("cnn_linear", {**SIZES, "vocab_size": 4}, **options)
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert initial.warm_start_from(str(folder), model, _Graph(["[PAD]", "[UNK]", "a", "d"])) is None
    assert "the champion is a TransformerTagger, this is a CnnLinearTagger" in caplog.text


def test_the_share_of_the_network_is_read_from_a_saved_tagger(folder, tmp_path):
    assert initial.earlier_network_share(str(folder)) is None
    _tagger("cnn_linear", OLD, 1, network_share=0.25).save(tmp_path / "model.keras")
    assert initial.earlier_network_share(str(tmp_path)) == 0.25


def test_damaged_files_are_reported(folder):
    model = _transformer(4)
    for file in ("model.keras", "trained_model.json", "word_vocabulary"):
        content = (folder / file).read_bytes()
        for damage in (None, b"\xff" if file == "word_vocabulary" else b"garbage"):
            (folder / file).unlink(missing_ok=True)
            if damage:
                (folder / file).write_bytes(damage)
            with pytest.raises(NerError, match=r"[Rr]un without a warm start"):
                initial.warm_start_from(str(folder), model, _Graph(["[PAD]", "[UNK]", "a", "d"]))
        (folder / file).write_bytes(content)


def test_a_saved_model_names_its_class(folder):
    """`warm_start_from` relies on this; Keras does not document it."""
    import zipfile

    with zipfile.ZipFile(folder / "model.keras") as archive:
        assert json.loads(archive.read("config.json"))["class_name"] == "TransformerTagger"


def test_the_projection_of_other_vectors_starts_fresh():
    """Each dimension of other vectors means something else."""
    sizes = {"ids": 8, "rows": 4, "dim": 3}
    models = [
        _tagger("cnn_linear", NEW, seed, vectors={**sizes, "version": version}) for seed, version in enumerate("aab")
    ]
    same = initial.warm_start(models[1], models[0], NEW, NEW)
    assert same.fresh == ()
    assert "word_vectors/project_a/kernel" in same.copied
    assert initial.warm_start(models[2], models[0], NEW, NEW).fresh == ("word_vectors/project_b/kernel",)
