"""Removal of the build machine's paths; tables stay intact."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.exporter import scrub_build_paths

tf = LazyModule("tensorflow")


def save(tagger_class, folder):
    tagger = tagger_class(folder / "source")
    signatures = tagger.signatures()
    tf.saved_model.save(tagger, str(folder / "model"), signatures=signatures)
    return folder / "model"


def tags(folder, sentence):
    return (
        tf.saved_model.load(str(folder)).signatures["serving_default"](tf.constant([sentence]))["tags"].numpy().tolist()
    )


def test_names_of_tables_and_debug_information_are_removed(tiny, tmp_path):
    folder = save(tiny.Tagger, tmp_path)
    before = tags(folder, "Joe Biden visited Paris")
    assert str(tmp_path).encode() in (folder / "saved_model.pb").read_bytes()
    assert scrub_build_paths(folder) == 2
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert str(tmp_path).encode() not in content
    assert not (folder / "debug").exists()
    assert tags(folder, "Joe Biden visited Paris") == before
    assert scrub_build_paths(folder) == 0


@pytest.mark.extended
def test_models_with_other_words_do_not_share_tables_in_one_process(tiny, tmp_path):
    class Other(tiny.Tagger):
        def __init__(self, folder):
            super().__init__(folder)
            lines = (folder / "tags.txt").read_text().replace("B-LOCATION", "B-CITY")
            (folder / "tags.txt").write_text(lines)

    folders = [save(tiny.Tagger, tmp_path / "one"), save(Other, tmp_path / "other")]
    for folder in folders:
        scrub_build_paths(folder)
    loaded = [tf.saved_model.load(str(folder)).signatures["serving_default"] for folder in folders]
    tagged = [model(tf.constant(["Paris"]))["tags"].numpy().tolist() for model in loaded]
    assert tagged == [[[b"B-LOCATION"]], [[b"B-CITY"]]]
