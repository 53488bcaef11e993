"""Pretrained files."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from configs.loading import load_config
from pipeline.run.inputs import prepare_inputs
from pipeline.run.pretrained import pretrained_parts, require_preset_for_cluster, require_pretrained, teacher_tags

VECTORS = "trainer.cnn_linear.vectors.path"
CNN_LINEAR = "trainer.tagger=cnn_linear"


def test_a_missing_file_of_vectors_is_named_before_anything_runs():
    with pytest.raises(NerError, match=r"trainer\.cnn_linear\.vectors\.path: nowhere\.txt does not exist"):
        require_pretrained(load_config(None, [CNN_LINEAR, f"{VECTORS}=nowhere.txt"]))


def test_a_folder_in_place_of_a_file_is_named_before_anything_runs(tmp_path):
    for setting in (f"{VECTORS}={tmp_path}", f"transform.clusters={tmp_path}"):
        with pytest.raises(
            NerError, match=rf"^{setting.partition('=')[0]}: {tmp_path} is not a file\. Name a text file"
        ):
            require_pretrained(load_config(None, [CNN_LINEAR, setting]))


def test_clusters_with_swapped_columns_are_named_before_anything_runs(tmp_path):
    file = tmp_path / "clusters.txt"
    file.write_text("7 Paris\n7 Rome\n")
    with pytest.raises(NerError, match=r"clusters\.txt:2: a second cluster of '7'\. .*are the columns swapped\? Use"):
        require_pretrained(load_config(None, [f"transform.clusters={file}"]))


@pytest.mark.parametrize(("text", "problem"), [
    (b"Paris\t75001\n", r"names\.txt:1: a tab in the name"),
    (b"K\xf6ln\n", r"names\.txt:1: byte 0xF6 in the name"),
    (b"# cities\n", r"names\.txt: has no name\. Use UTF-8 text"),
])  # fmt: skip
def test_a_gazetteer_that_cannot_be_read_is_named_before_anything_runs(tmp_path, text, problem):
    file = tmp_path / "names.txt"
    file.write_bytes(text)
    with pytest.raises(NerError, match=problem):
        require_pretrained(load_config(None, [f"transform.gazetteers=[{{path: {file}, type: CITY}}]"]))


def test_a_file_that_is_not_one_of_vectors_is_named_before_anything_runs(tmp_path):
    file = tmp_path / "vectors.txt"
    file.write_text("word,0.1,0.2\n")
    with pytest.raises(NerError, match=r"vectors\.txt:1: 'word,0\.1,0\.2' is not a word with numbers\. Use UTF-8"):
        require_pretrained(load_config(None, [CNN_LINEAR, f"{VECTORS}={file}"]))


def test_a_wrong_tagger_by_path_is_named_before_anything_runs():
    by_path = "trainer.tagger=support.custom_tagger:WindowTagger"
    require_pretrained(load_config(None, [by_path, "trainer.options.width=4"]))
    with pytest.raises(NerError, match=r"trainer\.options\.height: is not an argument of .*Its options: width"):
        require_pretrained(load_config(None, [by_path, "trainer.options.height=4"]))
    with pytest.raises(NerError, match=r"trainer\.tagger: support\.lazy:LazyModule is not a subclass of keras\.Model"):
        require_pretrained(load_config(None, ["trainer.tagger=support.lazy:LazyModule"]))


@pytest.mark.parametrize("settings", [[], ["trainer.tagger=transformer", f"{VECTORS}=nowhere.txt"],
                                      [CNN_LINEAR, f"{VECTORS}=gs://bucket/vectors.txt"]])  # fmt: skip
def test_what_is_not_read_or_not_here_is_not_looked_for(settings):
    require_pretrained(load_config(None, settings))


def test_an_encoder_is_checked_before_anything_runs(tmp_path):
    config = load_config(None, ["trainer.tagger=encoder", f"trainer.encoder.preset={tmp_path}"])
    for check in (require_pretrained, require_preset_for_cluster):
        with pytest.raises(NerError, match=r"^trainer\.encoder\.preset: .*: has no config\.json\. Give"):
            check(config)
    elsewhere = load_config(None, ["trainer.tagger=encoder", "trainer.encoder.preset=/image/model"])
    require_preset_for_cluster(elsewhere)
    with pytest.raises(NerError, match="/image/model: does not exist"):
        require_pretrained(elsewhere)


def test_names_of_presets_have_no_version_and_folders_have_one(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for preset, has_one in (("bert_tiny_en_uncased", False), (tmp_path, True)):
        config = load_config(None, ["trainer.tagger=encoder", f"trainer.encoder.preset={preset}"])
        assert bool(pretrained_parts(config)["encoder"]["version"]) == has_one


def test_a_teacher_is_a_folder_or_a_version_and_the_texts_are_one_file(tmp_path):
    (tmp_path / "teacher").mkdir()
    for name in ("model.keras", "transform_graph.zip"):
        (tmp_path / "teacher" / name).write_text("x")
    (tmp_path / "teacher" / "trained_model.json").write_text('{"tags": ["[PAD]", "O", "B-PER"]}')
    (tmp_path / "a.txt").write_text("Ann came.")
    settings = [f"work_dir={tmp_path / 'work'}", f"trainer.unlabelled=[{tmp_path / 'a.txt'}]"]
    parts = pretrained_parts(load_config(None, [*settings, f"trainer.teacher={tmp_path / 'teacher'}"]))
    assert [*parts] == ["unlabelled", "teacher"]
    assert parts["teacher"]["path"] == str(tmp_path / "teacher")
    assert parts["unlabelled"]["path"].startswith(str(tmp_path / "work" / "unlabelled"))
    assert all(part["version"] for part in parts.values())
    assert teacher_tags(tmp_path / "teacher") == ("[PAD]", "O", "B-PER")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "model.keras").write_text("x")
    for reference, message in [
        (tmp_path / "old", r"old has no trained_model\.json and no transform_graph\.zip: .*Train the teacher again"),
        (tmp_path, "holds no model.keras. Give a version"),
        (tmp_path / "none", "does not exist. Give a version"),
        ("models:/other/3", r"^trainer\.teacher: other: no "),
    ]:
        with pytest.raises(NerError, match=message):
            pretrained_parts(load_config(None, [*settings, f"trainer.teacher={reference}"]))


def test_a_changed_file_of_vectors_is_another_run(tmp_path):
    file = tmp_path / "vectors.txt"
    prints = set()
    for content in ("a 1\n", "a 12\n"):
        file.write_text(content)
        config = load_config(None, [f"work_dir={tmp_path}", CNN_LINEAR, f"{VECTORS}={file}"])
        prints.add(prepare_inputs(config).fingerprint)
    assert len(prints) == 2


def test_a_changed_file_that_an_option_of_a_tagger_by_path_names_is_another_run(tmp_path, monkeypatch):
    (tmp_path / "own_tagger.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "places.txt"
    settings = ["trainer.tagger=own_tagger:Tagger", f"trainer.options={{gazetteers: [{file}], kind: '', width: 4}}"]
    versions = []
    for content in ("Rome\n", "Bonn\n"):
        file.write_text(content)
        config = load_config(None, [f"work_dir={tmp_path}", *settings])
        versions.append((pretrained_parts(config)["gazetteers.0"]["version"], prepare_inputs(config).fingerprint))
        assert [*pretrained_parts(config)] == ["gazetteers.0"]
    assert not {*versions[0]} & {*versions[1]}


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("transform.gazetteers.0.path", "transform.gazetteers=[{path: FILE, type: CITY}]"),
        ("transform.clusters", "transform.clusters=FILE"),
    ],
)
def test_gazetteers_and_clusters_are_looked_for_and_their_content_counts(tmp_path, name, setting):
    file, versions = tmp_path / "cities.txt", []
    config = load_config(None, [f"work_dir={tmp_path}", setting.replace("FILE", str(file))])
    with pytest.raises(NerError, match=rf"{name}: .*cities\.txt does not exist\. Name a text file"):
        require_pretrained(config)
    for content in ("Rome 1\n", "Bonn 1\n"):
        file.write_text(content)
        require_pretrained(config)
        versions.append((pretrained_parts(config)[name]["version"], prepare_inputs(config).fingerprint))
    assert not {*versions[0]} & {*versions[1]}
