from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store import version_files
from components.registry.store.mlflow_entities import TOO_LONG
from components.registry.store.version import VersionRecord


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _stored(version) -> Path:
    return Path(version.uri) / "data" / "Format-Serving"


def test_fetch_returns_every_byte(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    before = _contents(model_dir)
    shutil.rmtree(model_dir)
    fetched = registry.fetch(version, tmp_path / "deep" / "fetched")
    assert _contents(fetched) == before
    assert list(fetched.parent.iterdir()) == [fetched]


def test_tags_metrics_time_and_files_are_stored(registry, model_dir, tmp_path):
    card = tmp_path / "card.md"
    card.write_text("# A model")
    version = registry.register(
        model_dir,
        "ner",
        VersionRecord(
            tags={"run_fingerprint": "5f", "code_version": "é'\n"},
            metrics={"f1": 0.1 + 0.2},
            metrics_by_type={"PER": {"f1": 0.5}},
            metrics_by_slice={"source=a": {"f1": 0.25}},
            params={"trainer.epochs": "20"} | {f"p{number}": "x" * 7000 for number in range(150)},
            files=(card,),
            blessed=True,
        ),
    )
    assert registry.get("ner", 1) == version
    assert (version.name, version.version, type(version.version)) == ("ner", 1, int)
    assert version.tags["code_version"] == "é'\n"
    assert version.tags["metric.f1"] == "0.30000000000000004"
    assert version.tree_hash == tree_hash(model_dir) == version.tags["tree_hash"]
    assert (version.metrics, version.blessed) == ({"f1": 0.1 + 0.2}, True)
    assert version.metrics_by_slice == {"source=a": {"f1": 0.25}}
    assert version.metrics_by_type == {"PER": {"f1": 0.5}}
    assert version.tags["params"] == TOO_LONG
    assert version.params == {}
    assert timedelta(0) <= datetime.now(UTC) - version.created < timedelta(minutes=1)
    assert (Path(version.uri).parent / "card" / "card.md").read_text() == "# A model"
    with registry.client() as client:
        run = client.get_run(client.get_model_version("ner", "1").run_id)
    assert run.data.metrics == {"f1": 0.1 + 0.2, "f1_by_slice/source: a": 0.25, "f1_by_type/PER": 0.5}
    assert run.data.params["trainer.epochs"] == "20"
    assert run.data.params["p149"] == "x" * 6000
    assert len(run.data.params) == 151
    assert run.info.status == "FINISHED"


@pytest.mark.extended
def test_mlflow_can_serve_a_stored_version(registry, model_dir):
    from mlflow.models import Model

    flavor = Model.load(registry.register(model_dir, "ner").uri).flavors["python_function"]
    assert flavor["loader_module"] == "ner_pyfunc_loader"
    assert flavor["data"] == "data/Format-Serving"


def test_a_repeated_registration_returns_the_existing_version(registry, registry_uri, model_dir):
    first = registry.register(model_dir, "ner", VersionRecord(tags={"run_fingerprint": "a"}, metrics={"f1": 0.5}))
    again = ModelRegistry(registry_uri).register(
        model_dir, "ner", VersionRecord(tags={"run_fingerprint": "a"}, metrics={"f1": 0.5})
    )
    assert again == first
    assert registry.versions("ner") == (first,)


def test_other_bytes_runs_and_models_are_other_versions(registry, make_model):
    one, two = make_model("one"), make_model("two")
    assert registry.register(one, "ner", VersionRecord(tags={"run_fingerprint": "a"})).version == 1
    assert registry.register(two, "ner", VersionRecord(tags={"run_fingerprint": "a"})).version == 2
    assert registry.register(one, "ner", VersionRecord(tags={"run_fingerprint": "b"})).version == 3
    assert registry.register(one, "ner").version == 4
    assert registry.register(one, "other", VersionRecord(tags={"run_fingerprint": "a"})).version == 1
    assert [version.version for version in registry.versions("ner")] == [1, 2, 3, 4]


def test_a_failed_upload_leaves_no_version(registry, model_dir, monkeypatch):
    def full_disk(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(version_files, "fsync_tree", full_disk)
        with pytest.raises(OSError, match="disk full"):
            registry.register(model_dir, "ner")
    assert registry.versions("ner") == ()
    assert registry.register(model_dir, "ner").version == 1


def test_reading_does_not_create_a_registry(tmp_path):
    registry = ModelRegistry(f"sqlite:///{tmp_path}/registry/mlflow.db")
    assert registry.get("ner", "champion") is None
    assert registry.versions("ner") == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.extended
def test_get_of_a_missing_version_is_none(registry):
    for version in ("champion", 1, "1", 7, "v1"):
        assert registry.get("ner", version) is None


@pytest.mark.extended
def test_get_of_an_unknown_alias_is_none(registry, model_dir):
    registry.register(model_dir, "ner")
    assert registry.get("ner", "champion") is None
    assert registry.get("ner", 2) is None


@pytest.mark.extended
def test_get_of_a_deleted_version_is_none(registry, model_dir):
    registry.register(model_dir, "ner")
    registry.champions("ner").promote(1, None, "first", force=True)
    with registry.client() as client:
        client.delete_model_version("ner", "1")  # as in MLflow's web interface; MLflow removes the alias as well
    assert registry.get("ner", "champion") is None
    assert registry.get("ner", 1) is None


def test_fetch_refuses_changed_files_and_leaves_nothing(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    (_stored(version) / "assets" / "vocabulary.txt").write_text("other")
    with pytest.raises(RegistryError, match=r"ner version 1: .*changed or damaged"):
        registry.fetch(version, tmp_path / "fetched" / "model")
    assert list((tmp_path / "fetched").iterdir()) == []


@pytest.mark.extended
def test_fetch_of_missing_files_is_an_error(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    shutil.rmtree(Path(version.uri))
    with pytest.raises(RegistryError, match="ner version 1: its files cannot be read"):
        registry.fetch(version, tmp_path / "fetched" / "model")


@pytest.mark.extended
def test_fetch_keeps_a_folder_that_holds_the_model(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    destination = registry.fetch(version, tmp_path / "fetched")
    inode = destination.stat().st_ino
    assert registry.fetch(version, destination).stat().st_ino == inode


def test_fetch_finds_the_model_that_another_process_fetched_meanwhile(registry, model_dir, tmp_path, monkeypatch):
    version = registry.register(model_dir, "ner")
    fetched = registry.fetch(version, tmp_path / "fetched")
    inode = fetched.stat().st_ino
    seen = iter([False])
    lexists = os.path.lexists
    monkeypatch.setattr("os.path.lexists", lambda path: next(seen, None) is not False and lexists(path))
    assert registry.fetch(version, fetched).stat().st_ino == inode
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_fetch_refuses_a_link_that_points_nowhere(registry, model_dir, tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(RegistryError, match=r"link: holds another model than ner version 1 .*Remove it or choose"):
        registry.fetch(registry.register(model_dir, "ner"), tmp_path / "link")


def test_fetch_refuses_a_folder_that_holds_another_model(registry, model_dir, make_model):
    version = registry.register(model_dir, "ner")
    other = make_model("other")
    before = _contents(other)
    with pytest.raises(RegistryError, match="holds another model"):
        registry.fetch(version, other)
    assert _contents(other) == before


def test_set_alias_refuses_reserved_aliases_and_missing_versions(registry, model_dir):
    registry.register(model_dir, "ner")
    for alias, version in (("champion", 1), ("previous", 1), ("latest", 1), ("candidate", 2)):
        with pytest.raises(RegistryError):
            registry.set_alias("ner", alias, version)
    assert registry.get("ner", 1).aliases == ()


def _champion(registry, model_dir, **tags):
    version = registry.register(model_dir, "ner", VersionRecord(tags=tags))
    registry.champions("ner").promote(version.version, None, "a test", force=True)


def test_the_baseline_of_a_run_is_the_champion(registry, model_dir):
    registry.register(model_dir, "ner", VersionRecord(tags={"run_fingerprint": "0"}))
    assert registry.baseline("ner", "a") == "none", "there is no champion"
    _champion(registry, model_dir, run_fingerprint="a", baseline_version="1")
    assert registry.baseline("ner", "b") == "2"
    assert registry.resolve_baseline("ner", "champion", "b") == ("2", registry.require("ner", 2).content)
    assert registry.resolve_baseline("ner", "none", "b") == ("none", "")
    assert registry.baseline("ner", "a") == "1", "the champion's own run keeps the baseline that it had"
    registry.remove("ner", [1])
    assert registry.baseline("ner", "a") == "2", "unless it was removed"


def test_removed_versions_are_absent_with_their_files_and_versions_with_an_alias_are_refused(three_champions):
    folders = {version.version: Path(version.uri).parent for version in three_champions.versions("ner")}
    with pytest.raises(RegistryError, match=r"version 2: has the alias previous"):
        three_champions.remove("ner", [1, 2])
    three_champions.remove("ner", [1, 7])
    assert [version.version for version in three_champions.versions("ner")] == [2, 3]
    assert {number: folder.exists() for number, folder in folders.items()} == {1: False, 2: True, 3: True}
    assert three_champions.stored_folders("ner", ()) == {}
    with pytest.raises(RegistryError, match=r"version 1: was never champion|no version 1"):
        three_champions.champions("ner").rollback(1)


@pytest.mark.extended
@pytest.mark.parametrize("tags", [{"baseline_version": ""}, {"baseline_version": "none"}, {}])
def test_the_baseline_of_the_first_champions_run_is_none(registry, model_dir, tags):
    _champion(registry, model_dir, run_fingerprint="a", **tags)
    assert registry.baseline("ner", "a") == "none"


@pytest.mark.extended
def test_two_runs_without_a_fingerprint_are_not_the_same(registry, model_dir):
    _champion(registry, model_dir, run_fingerprint="")
    assert registry.baseline("ner", "") == "1"


def test_a_renamed_model_whose_history_names_a_champion_is_found_before_a_training(three_champions):
    three_champions.check_ready("ner")
    with three_champions.client() as client:
        client.rename_registered_model("ner", "tagger")
    with pytest.raises(RegistryError, match=r"names version 3 as champion.*renamed.*delete ner.history"):
        three_champions.check_ready("ner")
    three_champions.check_ready("another")


def test_a_champion_deleted_in_mlflow_is_logged_before_a_training(three_champions, caplog):
    with three_champions.client() as client:
        client.delete_model_version("ner", "3")
    with caplog.at_level("WARNING"):
        three_champions.check_ready("ner")
    assert "the champion, version 3, was deleted outside of ner" in caplog.text


def test_a_registry_that_does_not_exist_is_ready_and_is_not_created(tmp_path):
    ModelRegistry(f"sqlite:///{tmp_path}/a/b/mlflow.db").check_ready("ner")
    assert not list(tmp_path.iterdir())


def test_a_registry_that_cannot_be_written_is_found_before_a_training(registry, monkeypatch):
    monkeypatch.setattr("components.registry.store.mlflow_store.is_writable", lambda path: path != registry.database)
    with pytest.raises(RegistryError, match=r"mlflow\.db cannot be written"):
        registry.check_ready("ner")
