"""Folder of the model that a user names; files of registered versions are checked, and read without writing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.snapshot import snapshot

from components.common.errors import NerError
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_sync import sync
from components.registry.store.version import VersionRecord
from components.serving import saved_model_tagger
from configs.loading import load_config
from pipeline.cli.main import main
from pipeline.registry_view.model_reference import resolve_model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with the served versions 1 and 2."""
    folder = tmp_path_factory.mktemp("made")
    registry = ModelRegistry(f"sqlite:///{folder}/registry/mlflow.db")
    for number in (1, 2):
        model = folder / "models" / str(number)
        (model / "variables").mkdir(parents=True)
        (model / "saved_model.pb").write_bytes(b"%d" % number)
        (model / "variables" / "variables.index").write_bytes(b"index")
        record = VersionRecord(blessed=True, trained={"data_profile.json": model / "saved_model.pb"})
        registry.register(model, "ner", record)
        registry.champions("ner").promote(number, number - 1 or None, "a test", who="tester", force=True)
    sync(registry, "ner", folder / "serving")
    return folder


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    """A copy whose registry still stores its files in the original."""
    return Path(shutil.copytree(made, tmp_path / "work"))


def _config(work: Path):
    return load_config(None, [f"work_dir={work}"])


def test_the_served_copy_is_used_and_otherwise_the_files_of_the_registry(work):
    assert resolve_model(None, _config(work)) == work / "serving" / "ner" / "2"
    shutil.rmtree(work / "serving")
    before = snapshot(work)
    assert (resolve_model(None, _config(work)) / "saved_model.pb").read_bytes() == b"2"
    assert snapshot(work) == before


def test_a_damaged_copy_is_an_error_of_predict_and_package(work, monkeypatch):
    monkeypatch.setattr(saved_model_tagger, "SavedModelTagger", lambda folder: pytest.fail("the model was loaded"))
    (work / "serving" / "ner" / "2" / "variables" / "variables.index").write_bytes(b"inde")
    for command in (["predict", "x"], ["package", str(work / "out"), "--for", "tf-serving"]):
        result = CliRunner().invoke(main, [*command, "--set", f"work_dir={work}"])
        assert result.exit_code == 1
        assert f"{work}/serving/ner/2: differs" in result.output
        assert "variables/variables.index has other content. `ner registry sync --repair`" in result.output
    assert not (work / "out").exists()


def test_a_damaged_previous_version_is_not_packaged(work):
    (work / "serving" / "ner" / "1" / "saved_model.pb").unlink()
    result = CliRunner().invoke(
        main, ["package", str(work / "out"), "--for", "tf-serving", "--set", f"work_dir={work}"]
    )
    assert result.exit_code == 1
    assert "saved_model.pb is missing" in result.output


def test_a_missing_copy_that_servers_expect_is_an_error(work):
    shutil.rmtree(work / "serving" / "ner" / "2")
    with pytest.raises(NerError, match=r"serving/ner/2: is missing, but models.config offers.*sync --repair"):
        resolve_model(None, _config(work))


def test_repair_is_an_option_of_sync_and_names_the_damaged_folder(work):
    (work / "serving" / "ner" / "2" / "more").write_text("x")
    arguments = ["registry", "sync", "--set", f"work_dir={work}"]
    assert "more was added" in CliRunner().invoke(main, arguments).output
    result = CliRunner().invoke(main, [*arguments, "--repair"])
    assert result.exit_code == 0, result.output
    assert f"damaged, set aside: {work}/serving/ner/.damaged-2-1\n" in result.output
    assert resolve_model(None, _config(work)) == work / "serving" / "ner" / "2"


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("models:/ner@champion", 2), ("models:/ner@previous", 1), ("models:/ner/1", 1), ("1", 1), ("2", 2),
        ("champion", 2), ("previous", 1), ("{work}", 2), ("{work}/serving", 2), ("{work}/serving/ner", 2),
        ("{work}/serving/ner/1", 1), ("{work}/serving/ner/1/", 1),
    ],
)  # fmt: skip
def test_each_form_of_a_reference_leads_to_its_version(work, reference, version):
    folder = resolve_model(reference.format(work=work), _config(work))
    assert folder == work / "serving" / "ner" / str(version)


def test_a_folder_of_the_working_directory_precedes_a_version_only_if_it_holds_a_model(work, monkeypatch):
    monkeypatch.chdir(work / "serving" / "ner")
    assert resolve_model("1", _config(work)) == Path("1")
    (work / "elsewhere" / "1").mkdir(parents=True)
    monkeypatch.chdir(work / "elsewhere")
    assert resolve_model("1", _config(work)) == work / "serving" / "ner" / "1"


def test_the_name_in_a_reference_precedes_that_of_the_configuration(work):
    config = load_config(None, [f"work_dir={work}", "name=other"])
    assert resolve_model("models:/ner@champion", config) == work / "serving" / "ner" / "2"
    assert resolve_model(str(work), config) == work / "serving" / "ner" / "2"
    with pytest.raises(NerError, match=r"no champion of the model 'other'.*--set work_dir="):
        resolve_model("champion", config)


def test_a_work_folder_of_several_models_asks_for_the_name(work):
    ModelRegistry(f"sqlite:///{work}/registry/mlflow.db").register(work / "models" / "1", "people")
    assert resolve_model(str(work), _config(work)) == work / "serving" / "ner" / "2"
    with pytest.raises(NerError, match=r"has the models ner, people. Choose one with --set name"):
        resolve_model(str(work), load_config(None, [f"work_dir={work}", "name=other"]))


def test_the_registry_of_the_configuration_does_not_replace_that_of_a_work_folder(work, tmp_path):
    config = load_config(None, [f"registry.uri=sqlite:///{tmp_path}/none.db", f"registry.serving_dir={tmp_path}/no"])
    assert resolve_model(str(work), config) == work / "serving" / "ner" / "2"


def test_a_serving_folder_without_labels_offers_its_newest_complete_version(work):
    (work / "serving" / "models.config").unlink()
    (work / "serving" / "ner" / "10").mkdir()
    assert resolve_model(str(work / "serving"), _config(work)) == work / "serving" / "ner" / "2"
    shutil.copytree(work / "serving" / "ner" / "1", work / "serving" / "people" / "0007")
    assert resolve_model(str(work / "serving" / "people"), _config(work)).name == "0007"
    with pytest.raises(NerError, match="serves the models ner, people"):
        resolve_model(str(work / "serving"), load_config(None, [f"work_dir={work}", "name=other"]))


def test_a_serving_folder_without_its_champion_is_an_error(work):
    (work / "serving" / "ner" / "2" / "saved_model.pb").unlink()
    with pytest.raises(NerError, match=r"ner/2: is missing or incomplete, but models.config offers this version"):
        resolve_model(str(work / "serving"), _config(work))


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("models:/ner", "not the address of a registered model. Write models:/NAME@ALIAS"),
        ("models:/ner/latest", "not the address of a registered model"),
        ("models:/ner@nobody", "no version 'nobody'"),
        ("models:/else@champion", "no champion of the model 'else'"),
        ("9", "ner: no version 9"),
        ("candidates", "'candidates': there is no folder of this name, and no alias of the model 'ner' in "),
        ("{work}/absent", "does not exist. Give models:/NAME@ALIAS"),
        ("{work}/registry/mlflow.db", "is a file. Give"),
        ("{work}/models/1/variables", "holds neither saved_model.pb, nor a registry, nor versions of a model. Give"),
        ("", "model '': is empty. Give"),
    ],
)
def test_a_reference_to_no_model_is_one_sentence_of_predict(work, reference, problem):
    arguments = ["predict", "x", "--model", reference.format(work=work), "--set", f"work_dir={work}"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert problem in result.output
    assert "defect" not in result.output


@pytest.mark.parametrize("empty", [False, True])
def test_commands_that_only_read_write_nothing(work, tmp_path, monkeypatch, empty):
    class Tagger:
        def __init__(self, folder):
            pass

        def tag(self, sentences):
            return ()

    monkeypatch.setattr(saved_model_tagger, "SavedModelTagger", Tagger)
    monkeypatch.chdir(tmp_path)
    if empty:
        work = tmp_path / "empty"
        work.mkdir()
    before = snapshot(tmp_path)
    for command in (
        ["registry", "list"], ["registry", "list", "--json"], ["registry", "show", "champion"],
        ["registry", "diff", "1", "2"], ["registry", "history"], ["lineage", "champion"], ["predict", "x"],
        ["report", "--list"], ["report", "--no-open"],
    ):  # fmt: skip
        result = CliRunner().invoke(main, [*command, "--set", f"work_dir={work}"])
        assert "defect" not in result.output, result.output
        assert snapshot(tmp_path) == before, command
    if not empty:
        fetched = CliRunner().invoke(
            main, ["registry", "fetch", "champion", str(tmp_path / "out"), "--set", f"work_dir={work}"]
        )
        assert fetched.exit_code == 0
        shutil.rmtree(tmp_path / "out")
        assert snapshot(tmp_path) == before
