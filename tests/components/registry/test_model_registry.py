from __future__ import annotations

import dataclasses
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


def test_model_registry_gives_back_every_byte(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    before = _contents(model_dir)
    shutil.rmtree(model_dir)
    fetched = registry.fetch(version, tmp_path / "deep" / "fetched")
    assert _contents(fetched) == before
    assert list(fetched.parent.iterdir()) == [fetched]


def test_model_registry_keeps_tags_metrics_time_and_cards(registry, model_dir, tmp_path):
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
    assert run.data.metrics == {"f1": 0.1 + 0.2}
    assert run.data.params["trainer.epochs"] == "20"
    assert run.data.params["p149"] == "x" * 6000
    assert len(run.data.params) == 151
    assert run.info.status == "FINISHED"


def test_model_registry_stores_what_mlflow_can_serve(registry, model_dir):
    from mlflow.models import Model

    flavor = Model.load(registry.register(model_dir, "ner").uri).flavors["python_function"]
    assert flavor["loader_module"] == "ner_pyfunc_loader"
    assert flavor["data"] == "data/Format-Serving"


def test_model_registry_makes_no_second_version_of_a_repeated_push(registry, registry_uri, model_dir):
    first = registry.register(model_dir, "ner", VersionRecord(tags={"run_fingerprint": "a"}, metrics={"f1": 0.5}))
    again = ModelRegistry(registry_uri).register(
        model_dir, "ner", VersionRecord(tags={"run_fingerprint": "a"}, metrics={"f1": 0.5})
    )
    assert again == first
    assert registry.versions("ner") == (first,)


def test_model_registry_tells_apart_other_bytes_runs_and_models(registry, make_model):
    one, two = make_model("one"), make_model("two")
    assert registry.register(one, "ner", VersionRecord(tags={"run_fingerprint": "a"})).version == 1
    assert registry.register(two, "ner", VersionRecord(tags={"run_fingerprint": "a"})).version == 2
    assert registry.register(one, "ner", VersionRecord(tags={"run_fingerprint": "b"})).version == 3
    assert registry.register(one, "ner").version == 4
    assert registry.register(one, "other", VersionRecord(tags={"run_fingerprint": "a"})).version == 1
    assert [version.version for version in registry.versions("ner")] == [1, 2, 3, 4]


def test_model_registry_shows_no_version_when_storing_fails(registry, model_dir, monkeypatch):
    def full_disk(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(version_files, "fsync_tree", full_disk)
        with pytest.raises(OSError, match="disk full"):
            registry.register(model_dir, "ner")
    assert registry.versions("ner") == ()
    assert registry.register(model_dir, "ner").version == 1


def test_model_registry_that_nobody_wrote_is_empty_and_stays_so(tmp_path):
    registry = ModelRegistry(f"sqlite:///{tmp_path}/registry/mlflow.db")
    assert registry.get("ner", "champion") is None
    assert registry.versions("ner") == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wanted", ["champion", 1, "1", 7, "v1"])
def test_model_registry_get_of_what_is_not_there_is_none(registry, wanted):
    assert registry.get("ner", wanted) is None


def test_model_registry_get_of_an_unknown_alias_or_version_is_none(registry, model_dir):
    registry.register(model_dir, "ner")
    assert registry.get("ner", "champion") is None
    assert registry.get("ner", 2) is None


def test_model_registry_get_of_a_deleted_version_is_none(registry, model_dir):
    registry.register(model_dir, "ner")
    registry.champions("ner").promote(1, None, "first", force=True)
    with registry.client() as client:
        client.delete_model_version("ner", "1")  # somebody in the MLflow UI; MLflow drops the alias with it
    assert registry.get("ner", "champion") is None
    assert registry.get("ner", 1) is None


def test_model_registry_fetch_refuses_tampered_files_and_leaves_nothing(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    (_stored(version) / "assets" / "vocabulary.txt").write_text("other")
    with pytest.raises(RegistryError, match=r"ner version 1: .*changed or damaged"):
        registry.fetch(version, tmp_path / "fetched" / "model")
    assert list((tmp_path / "fetched").iterdir()) == []


def test_model_registry_fetch_says_when_the_files_are_gone(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    shutil.rmtree(Path(version.uri))
    with pytest.raises(RegistryError, match="ner version 1: its files cannot be read"):
        registry.fetch(version, tmp_path / "fetched" / "model")


def test_model_registry_fetch_keeps_a_folder_that_holds_the_model(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    destination = registry.fetch(version, tmp_path / "fetched")
    inode = destination.stat().st_ino
    assert registry.fetch(version, destination).stat().st_ino == inode


def test_model_registry_fetch_refuses_a_folder_that_holds_another(registry, model_dir, make_model):
    version = registry.register(model_dir, "ner")
    other = make_model("other")
    before = _contents(other)
    with pytest.raises(RegistryError, match="holds another model"):
        registry.fetch(version, other)
    assert _contents(other) == before


@pytest.mark.parametrize(("alias", "version"), [("champion", 1), ("previous", 1), ("latest", 1), ("candidate", 2)])
def test_model_registry_set_alias_refuses(registry, model_dir, alias, version):
    registry.register(model_dir, "ner")
    with pytest.raises(RegistryError):
        registry.set_alias("ner", alias, version)
    assert registry.get("ner", 1).aliases == ()


def test_model_registry_versions_are_immutable(registry, model_dir):
    version = registry.register(model_dir, "ner")
    with pytest.raises(dataclasses.FrozenInstanceError):
        version.version = 2


def _champion(registry, model_dir, **tags):
    version = registry.register(model_dir, "ner", VersionRecord(tags=tags))
    registry.champions("ner").promote(version.version, None, "a test", force=True)


def test_resolve_baseline_without_a_champion_is_none(registry, model_dir):
    registry.register(model_dir, "ner", VersionRecord(tags={"run_fingerprint": "a"}))
    assert registry.baseline("ner", "a") == "none"


@pytest.mark.parametrize("tags", [{"run_fingerprint": "a", "baseline_version": "7"}, {}])
def test_resolve_baseline_of_a_new_run_is_the_champion(registry, model_dir, tags):
    _champion(registry, model_dir, **tags)
    assert registry.baseline("ner", "b") == "1"


@pytest.mark.parametrize(
    ("tags", "baseline"),
    [
        ({"baseline_version": "7"}, "7"),
        ({"baseline_version": ""}, "none"),
        ({"baseline_version": "none"}, "none"),
        ({}, "none"),
    ],
)
def test_resolve_baseline_of_the_champions_own_run_is_what_it_was_compared_with(registry, model_dir, tags, baseline):
    _champion(registry, model_dir, run_fingerprint="a", **tags)
    assert registry.baseline("ner", "a") == baseline


def test_resolve_baseline_takes_no_two_unknown_runs_for_the_same(registry, model_dir):
    _champion(registry, model_dir, run_fingerprint="")
    assert registry.baseline("ner", "") == "1"
