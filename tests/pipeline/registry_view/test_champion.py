"""Files of the champion: checked before use, and read without writing."""

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
from pipeline.registry_view.champion import champion_folder


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
    assert champion_folder(_config(work)) == work / "serving" / "ner" / "2"
    shutil.rmtree(work / "serving")
    before = snapshot(work)
    assert (champion_folder(_config(work)) / "saved_model.pb").read_bytes() == b"2"
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
        champion_folder(_config(work))


def test_repair_is_an_option_of_sync_and_names_the_damaged_folder(work):
    (work / "serving" / "ner" / "2" / "more").write_text("x")
    arguments = ["registry", "sync", "--set", f"work_dir={work}"]
    assert "more was added" in CliRunner().invoke(main, arguments).output
    result = CliRunner().invoke(main, [*arguments, "--repair"])
    assert result.exit_code == 0, result.output
    assert f"damaged, set aside: {work}/serving/ner/.damaged-2-1\n" in result.output
    assert champion_folder(_config(work)) == work / "serving" / "ner" / "2"


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
