"""Every configuration gives the model that its contract describes."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.exporter import require_valid, validate_export

exporter = LazyModule("components.exporter")

# Settings hardly depend on the tagger: one is enough.
pytestmark = [pytest.mark.extended, pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True, scope="session")]

tf = LazyModule("tensorflow")
ENTITIES = {"entity_texts", "entity_types", "entity_starts", "entity_ends", "entity_scores"}


@pytest.fixture(scope="module")
def exported(trained, transformed, tmp_path_factory):
    """Exports with settings, validates, returns the default signature."""

    def make(settings):
        folder = tmp_path_factory.mktemp("export") / "model"
        contract = exporter.export(trained, transformed.graph, str(folder), settings)
        require_valid(validate_export(folder, contract, batches=(0, 1, 3)))
        return tf.saved_model.load(str(folder)).signatures

    return make


def test_entities_of_valid_tags_with_another_padding_text(exported):
    settings = exporter_settings(
        outputs=("tokens", "scores", "offsets", "entities"), pad="<none>", decoding="constrained"
    )
    answer = exported(settings)["serving_default"](
        tf.constant(["Joe Biden visited New Delhi India", "Biden", "went to"])
    )
    assert set(answer) == {"tokens", "tags", "scores", "starts", "ends", *ENTITIES}
    assert answer["entity_texts"][0].numpy().tolist() == [b"Joe Biden", b"New Delhi India"]
    assert answer["entity_types"].numpy().tolist()[0] == [b"NAME", b"LOCATION"]
    assert answer["entity_starts"].numpy().tolist()[0] == [0, 18]
    assert answer["entity_ends"].numpy().tolist()[0] == [9, 33]
    assert answer["tags"].numpy()[2].tolist()[2:] == [b"<none>"] * 4
    assert not answer["tags"].numpy()[1, 0].startswith(b"I-")


def test_truncated_tells_when_tags_of_a_fixed_length_were_cut(exported):
    signatures = exported(exporter_settings(default="keyed", forward={"source": "string"}, outputs=(), token_length=4))
    answer = signatures["unkeyed_signature"](tf.constant(["Joe Biden visited New Delhi India", "Paris", ""]))
    assert set(answer) == {"tags", "truncated"}
    assert answer["tags"].shape == (3, 4)
    assert answer["truncated"].numpy().tolist() == [True, False, False]
    examples = signatures["serving_examples"].structured_outputs
    assert {"tokens", "scores", "starts", "ends"} <= set(examples)
    assert "truncated" not in examples
