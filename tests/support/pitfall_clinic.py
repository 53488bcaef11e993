"""Helpers of the pitfall clinic: broken exports, and the assertion that the validator finds the mistake."""

from __future__ import annotations

import dataclasses
import shutil

from components.exporter.validator.probe.pitfalls import PITFALLS
from components.exporter.validator.validate import validate_export
from support.lazy import LazyModule

tf = LazyModule("tensorflow")


def save(tagger_class, folder, *signatures, **options):
    """Saves some signatures of a tagger; with `options` (of SaveOptions) without removing paths."""
    tagger = tagger_class(folder / "source")
    chosen = {name: function for name, function in tagger.signatures().items() if name in signatures}
    tagger.signatures = lambda: chosen
    if not options:
        return tagger.save(folder / "model")
    saving = tf.saved_model.SaveOptions(**options)
    tf.saved_model.save(tagger, str(folder / "model"), signatures=chosen, options=saving)
    return folder / "model"


def with_keras_layer(tagger_class, track):
    """Returns a tagger whose scores pass through an identity Keras layer; `track(tagger, model)` keeps the model."""
    import keras

    class Keras(tagger_class):
        def __init__(self, folder):
            super().__init__(folder)
            model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(6, kernel_initializer="identity")])
            self.apply = lambda values: model(values)
            track(self, model)

        def logits(self, ids):
            return tf.ragged.map_flat_values(self.apply, super().logits(ids))

    return Keras


def edited(source, folder, edit):
    """Copies a model and applies a function to its meta graph."""
    from tensorflow.core.protobuf import saved_model_pb2

    copy = shutil.copytree(source, folder / "model")
    saved = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    edit(saved.meta_graphs[0])
    (copy / "saved_model.pb").write_bytes(saved.SerializeToString())
    return copy


def diagnose(tiny, folder, broken, isolate=True):
    """Asserts that the validator finds the mistake of a broken export by its check, and no other mistake.

    With `isolate`, the check must also find it if the other failing checks are skipped.
    """
    copied = _is_a_copy(folder, tiny)
    names = set(tiny.contract.signatures) if copied else set(broken.signatures)
    contract = dataclasses.replace(tiny.contract, signatures={name: tiny.contract.signatures[name] for name in names})
    limit = 1_000_000 if broken.check == "max_characters" else 0
    contract = dataclasses.replace(contract, valid_iob2=broken.check == "valid_tags", max_characters=limit)
    contract = None if broken.check == "serving_only" else contract
    cases = _golden_cases(tiny) if broken.check in ("golden_answers", "golden_sentences") else []
    failures = validate_export(folder, contract, cases).failures
    assert broken.check in {failure.name for failure in failures}
    assert {failure.pitfall for failure in failures} == {broken.pitfall}
    failure = next(failure for failure in failures if failure.name == broken.check)
    assert broken.detail in failure.detail
    assert failure.fix == PITFALLS[broken.pitfall].cure
    others = {failure.name for failure in failures} - {broken.check}
    if isolate and others:
        assert validate_export(folder, contract, cases, skip=others).failures, "this check finds it without the others"


def _golden_cases(tiny):
    """Known sentences, and a known answer of the sound model."""
    answer = tf.saved_model.load(str(tiny.folder)).signatures["serving_default"](tf.constant(["Paris", "Joe"]))
    outputs = {"scores": answer["scores"].numpy()}
    case = {"signature": "serving_default", "inputs": {"sentence": ["Paris", "Joe"]}, "outputs": outputs}
    return [*tiny.golden, case]


def _is_a_copy(folder, tiny):
    pb = folder / "saved_model.pb"
    return pb.exists() and pb.stat().st_size >= (tiny.folder / "saved_model.pb").stat().st_size - 200
