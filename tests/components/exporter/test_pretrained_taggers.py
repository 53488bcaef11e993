"""A tagger with vectors, encoder or gazetteers, or from another package, exported without their files."""

from __future__ import annotations

import json
import shutil
import types

import numpy as np
import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.exporter import build_contract, require_valid, validate_export
from configs.loading import load_config

exporter = LazyModule("components.exporter")

pytestmark = pytest.mark.extended

tf = LazyModule("tensorflow")
SETTINGS = exporter_settings(forward={"source": "string"}, decoding="constrained")
SENTENCES = ["Joe Biden visited Kyiv Ukraine", "", "Xi Jinping was in New Delhi India", "Ludmila saw Zanzibar,ÿ!"]
TAGS = ["B-NAME", "I-NAME", "OUT", "B-LOCATION", "I-LOCATION"]
COMMON = {
    "window_size": 16, "window_context": 2, "epochs": 3, "learning_rate": 0.01, "averaging": 0.0, "devices": "cpu",
    "cnn_linear": {"embed_dim": 16, "width": 16, "dilations": [1, 2]},
}  # fmt: skip


def vectors(folder, request):
    """Writes vectors of words, two of them not in the corpus, that separate names from places."""
    rng = np.random.default_rng(0)
    kinds = {1: ["Joe", "Biden", "Xi", "Jinping", "Ludmila"], -1: ["Kyiv", "Paris", "Zanzibar"]}
    rows = [(word, base + rng.normal(0, 0.1, 8)) for base, words in kinds.items() for word in words]
    path = folder / "vectors.txt"
    path.write_text("".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in rows))
    return ["trainer.tagger=cnn_linear", f"trainer.cnn_linear.vectors.path={path}"]


def encoder(folder, request):
    """Copies the tiny preset."""
    copy = folder / "preset"
    shutil.copytree(request.getfixturevalue("tiny_preset"), copy)
    return ["trainer.tagger=encoder", f"trainer.encoder.preset={copy}", "trainer.encoder.max_pieces=4"]


def by_path(folder, request):
    """Selects a tagger of another package."""
    return ["trainer.tagger=support.custom_tagger:WindowTagger", "trainer.options.width=16"]


def gazetteers_and_clusters(folder, request):
    """Writes a list of places and clusters of names."""
    places, clusters = folder / "places.txt", folder / "clusters.txt"
    places.write_text("New Delhi\nKyiv\nZanzibar\n")
    clusters.write_text("00\tJoe\t7\n01\tLudmila\t1\n1\tKyiv\t3\n")
    files = f"transform={{gazetteers: [{{path: {places}, type: PLACE}}], clusters: {clusters}}}"
    return ["trainer.tagger=cnn_linear", files]


@pytest.fixture(
    scope="module", params=[vectors, encoder, by_path, gazetteers_and_clusters], ids=lambda part: part.__name__
)
def exported(request, transform_corpus, tmp_path_factory):
    """Transforms, trains, saves, loads, exports; the pretrained files are removed before the model is loaded."""
    from components.trainer.trained_model import TrainedModel
    from components.trainer.training import train

    pretrained, folder = tmp_path_factory.mktemp("pretrained"), tmp_path_factory.mktemp("made")
    config = load_config(None, [f"trainer={json.dumps(COMMON)}", *request.param(pretrained, request)])
    trainer, files = config.trainer, [file.model_dump() for file in config.transform.gazetteers]
    settings = [f"gazetteers={json.dumps(files)}", f"clusters={json.dumps(config.transform.clusters)}"]
    corpus = transform_corpus(settings, **trainer.pretrained)
    train(trainer, corpus.inputs).save(str(folder / "trained"))
    shutil.rmtree(pretrained)
    trained = TrainedModel.load(str(folder / "trained"))
    exporter.export(trained, corpus.graph, str(folder / "model"), SETTINGS)
    return types.SimpleNamespace(trained=trained, graph=corpus.graph, folder=folder / "model", work=folder)


def test_the_exported_model_passes_every_check_of_the_contract(exported):
    from components.exporter.serving.golden import training_graph_tags

    tags = training_graph_tags(exported.trained, exported.graph, SENTENCES, constrained=True)
    golden = [{"sentence": sentence, "tags": row} for sentence, row in zip(SENTENCES, tags, strict=True)]
    require_valid(validate_export(exported.folder, build_contract(SETTINGS), golden, exported.work / "report.json"))


def test_the_server_tags_as_the_tagger_learned(exported):
    served = tf.saved_model.load(str(exported.folder)).signatures["serving_default"]
    assert served(sentence=tf.constant(SENTENCES[:1]))["tags"].numpy()[0].astype(str).tolist() == TAGS
    assert exported.trained.history[-1]["val_entity_f1"] > 0.9
