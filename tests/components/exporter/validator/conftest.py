"""What the broken exports of the pitfall clinic have in common."""

from __future__ import annotations

import dataclasses
import functools
import types

import keras
import pytest
import tensorflow as tf

from components.exporter.validator import validate_export
from components.exporter.validator.probe.pitfalls import PITFALLS

# What test_pitfall_clinic_folders.py has broken exports for; both clinics check themselves against it.
FOLDER_PITFALLS = frozenset(
    {
        "build_paths",
        "lambda_layer",
        "py_function",
        "not_a_saved_model",
        "loss_saved",
        "file_changed",
        "training_state",
        "off_contract",
        "file_missing",
        "custom_op",
        "weights_twice",
        "cannot_load",
    }
)


def save(tagger_class, folder, *signatures, **options):
    """Saves some signatures of a tagger; with `options` (of SaveOptions) as TensorFlow writes it, paths and all."""
    tagger = tagger_class(folder / "source")
    found = {name: function for name, function in tagger.signatures().items() if name in signatures}
    tagger.signatures = lambda: found
    if not options:
        return tagger.save(folder / "model")
    saving = tf.saved_model.SaveOptions(**options)
    tf.saved_model.save(tagger, str(folder / "model"), signatures=found, options=saving)
    return folder / "model"


def with_keras_layer(tagger_class, track):
    """A tagger whose scores go through a Keras layer that changes nothing; `track(tagger, model)` keeps it."""

    class Keras(tagger_class):
        def __init__(self, folder):
            super().__init__(folder)
            model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(6, kernel_initializer="identity")])
            self.apply = lambda values: model(values)
            track(self, model)

        def logits(self, ids):
            return tf.ragged.map_flat_values(self.apply, super().logits(ids))

    return Keras


def golden_cases(tiny):
    """Known sentences, and a known answer of the sound model."""
    answer = tf.saved_model.load(str(tiny.folder)).signatures["serving_default"](tf.constant(["Paris", "Joe"]))
    outputs = {"scores": answer["scores"].numpy()}
    case = {"signature": "serving_default", "inputs": {"sentence": ["Paris", "Joe"]}, "outputs": outputs}
    return [*tiny.golden, case]


def diagnose(tiny, golden, folder, check, pitfall, detail, signatures):
    """Asserts that the validator finds this mistake by this check, and no other one."""
    wanted = set(tiny.contract.signatures) if is_a_copy(folder, tiny) else set(signatures)
    contract = dataclasses.replace(tiny.contract, signatures={name: tiny.contract.signatures[name] for name in wanted})
    contract = dataclasses.replace(contract, legal=check == "legal_tags")
    contract = None if check == "serving_only" else contract
    cases = golden if check in ("golden_answers", "golden_sentences") else []
    failures = validate_export(folder, contract, cases).failures
    assert check in {failure.name for failure in failures}
    assert {failure.pitfall for failure in failures} == {pitfall}
    found = next(failure for failure in failures if failure.name == check)
    assert detail in found.detail
    assert found.fix == PITFALLS[pitfall].cure
    others = {failure.name for failure in failures} - {check}
    if others:
        assert validate_export(folder, contract, cases, skip=others).failures, "other checks find it on their own"


def is_a_copy(folder, tiny):
    pb = folder / "saved_model.pb"
    return pb.exists() and pb.stat().st_size >= (tiny.folder / "saved_model.pb").stat().st_size - 200


@pytest.fixture(scope="session")
def clinic(tiny):
    """`tiny`, with `save`, `with_keras_layer`, and `diagnose`, which asserts what the validator finds."""
    return types.SimpleNamespace(
        **vars(tiny),
        save=save,
        with_keras_layer=functools.partial(with_keras_layer, tiny.Tagger),
        diagnose=functools.partial(diagnose, tiny, golden_cases(tiny)),
        folder_pitfalls=FOLDER_PITFALLS,
    )
