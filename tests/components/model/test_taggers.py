"""Taggers by name and by dotted path."""

from __future__ import annotations

import typing

import numpy as np
import pytest
from support.lazy import LazyModule
from support.settings import trainer_settings

from components.common.errors import NerError
from components.trainer.settings import BUILT_IN_TAGGERS

keras = LazyModule("keras")
taggers = LazyModule("components.model.taggers")

CUSTOM = "support.custom_tagger:WindowTagger"


def test_settings_list_the_built_in_taggers():
    assert set(taggers.TAGGERS) == set(BUILT_IN_TAGGERS)


def test_taggers_keep_the_registered_names_that_saved_models_hold():
    from components.model.cnn_linear_tagger import CnnLinearTagger
    from components.model.encoder_tagger import EncoderTagger
    from components.model.transformer_tagger import TransformerTagger

    for tagger in (CnnLinearTagger, EncoderTagger, TransformerTagger):
        assert keras.saving.get_registered_name(tagger) == f"ner>{tagger.__name__}"


def test_a_tagger_by_path_receives_the_sizes_in_its_signature():
    sizes = {"num_tags": 3, "vocab_size": 10, "num_cases": 7, "num_subwords": 100, "maxlen": 8, "seed": 1}
    for path in (CUSTOM, CUSTOM.replace(":", ".")):
        model = taggers.build_tagger(path, sizes, width=4)
        assert model.sizes["width"] == 4
        taggers.check_tagger(path, {"width": 4})
    assert type(taggers.tagger_loss(CUSTOM, ["[PAD]", "O", "B-X"])).__name__ == "ConstrainedCrfLoss"


def test_a_path_without_a_tagger_is_rejected():
    for path, text in [
        ("nowhere.at_all:Tagger", r"trainer\.tagger: there is no module nowhere\.at_all\. Install its package"),
        ("support.custom_tagger:Other", r"module support\.custom_tagger has no Other\. Correct"),
        ("support.custom_tagger:layers", r"is not a subclass of keras\.Model"),
    ]:
        with pytest.raises(NerError, match=text):
            taggers.tagger_class(path)


class _Faults:
    """Classes that lack one part of a tagger, by their attribute names."""

    def __init__(self) -> None:
        from support.custom_tagger import WindowTagger as Base

        model = keras.Model
        parts = {name: vars(Base)[name] for name in ("__init__", "receptive_field", "build", "call", "get_config")}

        def without(*names: str, base: type = model, **others: typing.Any) -> type:
            kept = {name: part for name, part in parts.items() if name not in names}
            return self._register(type("Tagger", (base,), {**kept, **others}))

        def fixed(self: typing.Any, num_tags: int) -> None:
            model.__init__(self)

        def without_size(self: typing.Any, **kwargs: typing.Any) -> None:
            model.__init__(self)

        self.Unregistered = type("Unregistered", (Base,), {})
        self.NoField = without("receptive_field", "__init__")
        self.NoBuild = without("build", "__init__")
        self.NoCall = without("call", "__init__")
        self.NoConfig = without("get_config", "__init__")
        self.NoSize = without(__init__=without_size)
        self.NoKwargs = without(__init__=fixed)
        self.WrongField = self._register(type("Tagger", (Base,), {"receptive_field": -1}))
        self.WrongShape = self._register(type("Tagger", (Base,), {"call": _without_tags}))
        self.Padding = self._register(type("Tagger", (Base,), {"call": _zero_logits}))
        self.Forgets = self._register(type("Tagger", (Base,), {"get_config": _forgets_width}))

    @staticmethod
    def _register(cls: type) -> type:
        return keras.saving.register_keras_serializable(package=f"faulty{id(cls)}")(cls)


def _without_tags(self, inputs, training=False):
    return keras.ops.cast(inputs["word_ids"], "float32")


def _zero_logits(self, inputs, training=False):
    return keras.ops.zeros((*inputs["word_ids"].shape, self.sizes["num_tags"]))


def _forgets_width(self):
    return {name: value for name, value in self.sizes.items() if name != "width"}


def test_an_incomplete_class_is_rejected(monkeypatch):
    faults = _Faults()
    monkeypatch.setattr("support.custom_tagger.faults", faults, raising=False)
    for name, text in {
        "Unregistered": "is not registered",
        "NoField": "lacks the property receptive_field. Define it: number of tokens to either side",
        "NoBuild": "lacks the method build. Define it to create all weights",
        "NoCall": "lacks the method call. Define it to return logits",
        "NoConfig": "lacks the method get_config",
        "NoSize": "lacks the constructor argument num_tags",
        "NoKwargs": r"lacks \*\*kwargs",
        "WrongField": "receptive_field of .*WrongField is -1",
        "WrongShape": r"returns logits of shape \[1, 2\] for 1 sentence, 2 tokens and 3 tags",
        "Padding": r"can predict tag 0, \[PAD\]",
        "Forgets": "get_config of .* describes another model",
    }.items():
        monkeypatch.setattr(f"support.custom_tagger.{name}", getattr(faults, name), raising=False)
        with pytest.raises(NerError, match=rf"^trainer\.tagger: .*{text}"):
            taggers.check_tagger(f"support.custom_tagger:{name}", {"width": 4})


def test_a_wrong_option_is_rejected():
    with pytest.raises(
        NerError, match=r"trainer\.options\.height: is not an argument of .*WindowTagger.*options: width"
    ):
        taggers.tagger_class(CUSTOM, {"height": 4})
    with pytest.raises(NerError, match=r"trainer\.options: .*WindowTagger cannot be built \("):
        taggers.check_tagger(CUSTOM, {"width": -4})


def test_a_tagger_by_path_trains_and_loads(transformed, tmp_path):
    """tests/components/exporter/test_pretrained_taggers.py exports one."""
    from components.trainer.trained_model import TrainedModel
    from components.trainer.training import train

    settings = trainer_settings(tagger=CUSTOM, options={"width": 16}, epochs=2)
    trained = train(settings, transformed.inputs)
    assert trained.best_f1 > 0.9
    trained.save(str(tmp_path))
    loaded = TrainedModel.load(str(tmp_path))
    features = {"word_ids": np.array([[2, 3]]), "case_ids": np.array([[1, 2]]), "subword_ids": np.ones((1, 2, 10), int)}
    np.testing.assert_array_equal(loaded.model(features), trained.model(features))
    info = tmp_path / "trained_model.json"
    info.write_text(info.read_text().replace("support.custom_tagger", "not_installed"))
    with pytest.raises(NerError, match="the tagger's module not_installed cannot be imported"):
        TrainedModel.load(str(tmp_path))


def test_tables_of_embeddings_stay_float32_under_mixed_precision():
    # The gradient of a frequent row adds up thousands of tokens; sums in bfloat16 took 90 times as long on a GPU.
    sizes = {"num_tags": 3, "vocab_size": 10, "num_cases": 7, "maxlen": 16, "num_subwords": 100}
    for name in ("transformer", "cnn_linear"):
        options = getattr(trainer_settings(), name).model_dump(exclude={"vectors", "gazetteers"})
        model = taggers.build_tagger(name, sizes, **options, dtype="mixed_bfloat16")
        tables = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
        assert len(tables) >= 3
        assert {layer.compute_dtype for layer in tables} == {"float32"}
