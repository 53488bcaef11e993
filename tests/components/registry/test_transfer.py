from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store.pipeline_runs import PUSHED, REFUSED
from components.registry.store.version import DataSplit, VersionRecord
from components.registry.transfer import export_model, import_model


@pytest.fixture(scope="session")
def exporting(migrated_database, tmp_path_factory) -> Path:
    """Folder of a registry: versions 1 and 3, a removed version 2, a refused run, and a replaced champion."""
    folder = tmp_path_factory.mktemp("exporting")
    shutil.copy(migrated_database, folder / "mlflow.db")
    registry = ModelRegistry(f"sqlite:///{folder / 'mlflow.db'}")
    runs = registry.pipeline_runs("ner")
    page = folder / "report.html"
    page.write_text("<html>")
    for number, baseline in ((1, None), (2, 1), (3, 1)):
        record = VersionRecord(
            tags={"run_id": f"run {number}", "run_fingerprint": str(number), "baseline_version": str(baseline or "")},
            metrics={"entity_f1": number / 4},
            params={"trainer.epochs": "2"},
            epochs=({"loss": 2.0}, {"loss": 1.0}),
            data=(DataSplit("train", 600, "5" * 36, "/corpus"),),
            files=(page,),
            blessed=True,
        )
        model = folder / f"model {number}" / "Format-Serving"
        (model / "variables").mkdir(parents=True)
        (model / "saved_model.pb").write_bytes(b"\x08\x01\x00" + str(number).encode())
        (model / "variables" / "variables.index").write_bytes(bytes(1000))
        registry.register(model, "ner", record)
        runs.end(record, PUSHED, f"version {number}")
        if number != 2:
            registry.champions("ner").promote(number, baseline, f"reason {number}", who="tester")
    registry.remove("ner", [2])
    runs.end(VersionRecord(tags={"run_id": "run 4"}), REFUSED, "too low")
    registry.set_alias("ner", "mobile", 1)
    return folder


@pytest.fixture
def source(exporting, tmp_path) -> ModelRegistry:
    """A copy of the registry that tests may change."""
    shutil.copytree(exporting, tmp_path / "source")
    return ModelRegistry(f"sqlite:///{tmp_path / 'source' / 'mlflow.db'}")


@pytest.fixture
def target(migrated_database, tmp_path) -> ModelRegistry:
    database = tmp_path / "elsewhere" / "mlflow.db"
    database.parent.mkdir()
    shutil.copy(migrated_database, database)
    return ModelRegistry(f"sqlite:///{database}")


def state(registry: ModelRegistry) -> object:
    versions = [
        (version.version, version.aliases, version.created, {**version.tags, "registered": ""})
        for version in registry.versions("ner")
    ]
    return versions, registry.champions("ner").history(), registry.champions("ner").line(), _runs(registry)


def _runs(registry: ModelRegistry) -> list[object]:
    with registry.client() as client:
        (experiment,) = [each for each in client.search_experiments() if each.name == "ner"]
        runs = client.search_runs([experiment.experiment_id], order_by=["tags.`ner.pipeline_run`"])
        return [
            (
                (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time),
                (run.data.params, run.data.metrics),
                {key: value for key, value in run.data.tags.items() if key != "ner.imported_run"},
                [(each.dataset.digest, each.tags[0].value) for each in run.inputs.dataset_inputs],
                [
                    (p.step, p.value, p.timestamp)
                    for p in client.get_metric_history(run.info.run_id, "epoch/train_loss")
                ],
                sorted(each.path for each in client.list_artifacts(run.info.run_id, "card")),
            )
            for run in runs
        ]


@pytest.mark.parametrize("file", ["export", "export.tar"])
def test_an_import_restores_everything_and_changes_nothing_when_repeated(source, target, tmp_path, file):
    exported = export_model(source, "ner", tmp_path / file)
    assert (exported.versions, exported.runs, exported.entries) == ((1, 3), 3, 2)
    done = import_model(target, tmp_path / file)
    assert (done.versions, done.present, done.runs, done.entries, done.champion) == ((1, 3), (), 3, 2, 3)
    assert state(target) == state(source)
    assert target.names() == ("ner",)
    again = import_model(target, tmp_path / file)
    assert (again.versions, again.present, again.runs, again.entries) == ((), (1, 3), 0, 0)
    assert state(target) == state(source)


def test_a_part_keeps_its_number_and_later_versions_follow(source, target, make_model, tmp_path):
    assert export_model(source, "ner", tmp_path / "part", ["champion"]).versions == (3,)
    done = import_model(target, tmp_path / "part")
    assert (done.versions, done.entries, done.champion) == ((3,), 0, 3)
    assert target.champions("ner").history() == ()
    source.register(make_model("model 4"), "ner", VersionRecord(tags={"baseline_version": "3"}, blessed=True))
    source.champions("ner").promote(4, 3, "reason 4", who="tester")
    export_model(source, "ner", tmp_path / "next", [4])
    assert import_model(target, tmp_path / "next").versions == (4,)
    assert [version.version for version in target.versions("ner")] == [3, 4]
    assert target.get("ner", "champion").version == 3  # its own history decides


def test_a_later_export_continues_the_history(source, target, make_model, tmp_path):
    export_model(source, "ner", tmp_path / "first")
    import_model(target, tmp_path / "first")
    source.register(make_model("model 4"), "ner", VersionRecord(tags={"baseline_version": "3"}, blessed=True))
    source.champions("ner").promote(4, 3, "reason 4", who="tester")
    export_model(source, "ner", tmp_path / "second")
    done = import_model(target, tmp_path / "second")
    assert (done.versions, done.present, done.entries, done.champion) == ((4,), (1, 3), 1, 4)
    assert state(target) == state(source)
    assert import_model(target, tmp_path / "first").champion == 4  # an older export


def test_an_export_that_contradicts_the_registry_is_refused(source, target, make_model, tmp_path):
    export_model(source, "ner", tmp_path / "export")
    target.register(make_model("other"), "ner", VersionRecord(blessed=True))
    before = target.versions("ner")
    with pytest.raises(RegistryError, match=r"ner: the export contradicts .* version 1 there is another model"):
        import_model(target, tmp_path / "export")
    assert target.versions("ner") == before


def test_histories_that_went_on_separately_are_refused(source, target, tmp_path):
    export_model(source, "ner", tmp_path / "first")
    import_model(target, tmp_path / "first")
    target.champions("ner").rollback(1, "there", who="tester")
    source.champions("ner").note("refused", "here", who="tester")
    export_model(source, "ner", tmp_path / "second")
    with pytest.raises(RegistryError, match=r"both histories went on separately. Nothing was imported"):
        import_model(target, tmp_path / "second")
    assert target.champions("ner").line().champion == 1


@pytest.mark.parametrize(
    ("step", "call"),
    [
        ("log_artifacts", 2),
        ("create_model_version", 3),  # the second creates the removed version 2
        ("rename_registered_model", 1),
        ("rename_registered_model", 2),
    ],
)
def test_a_killed_import_shows_nothing_or_a_complete_model_and_can_be_repeated(
    source, target, tmp_path, monkeypatch, step, call
):
    export_model(source, "ner", tmp_path / "export")
    left = call
    with target.client() as client, monkeypatch.context() as patch:
        original = getattr(client, step)

        def die(*arguments, **keywords):
            nonlocal left
            left -= 1
            if not left:
                raise KeyboardInterrupt
            return original(*arguments, **keywords)

        patch.setattr(client, step, die)
        with pytest.raises(KeyboardInterrupt):
            import_model(target, tmp_path / "export")
    champion = target.get("ner", "champion")
    if (step, call) == ("rename_registered_model", 2):  # of the history; the model is complete
        assert champion.version == 3
    else:
        assert target.names() == ()
    import_model(target, tmp_path / "export")
    assert state(target) == state(source)
    assert len(list(target.database.parent.glob("artifacts/*"))) == 2  # the refused run has no files


def _change_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "registry.json").read_text())
    manifest["aliases"]["champion"] = 1
    (folder / "registry.json").write_text(json.dumps(manifest))


def _change_file(folder: Path) -> None:
    next(folder.rglob("variables.index")).write_bytes(b"other")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_change_manifest, "registry.json was changed or damaged. Copy the export again."),
        (_change_file, "variables/variables.index has other content. Copy the export again."),
        (lambda folder: shutil.rmtree(next(folder.rglob("model"))), "is missing"),
        (lambda folder: (folder / "registry.json").unlink(), "not an export of a registry, it lacks registry.json"),
    ],
)
def test_a_damaged_export_is_refused_before_anything_is_written(source, target, tmp_path, damage, problem):
    export_model(source, "ner", tmp_path / "export")
    damage(tmp_path / "export")
    with pytest.raises(RegistryError, match=problem):
        import_model(target, tmp_path / "export")
    assert target.names() == ()
    assert not list(target.database.parent.glob("artifacts/*"))


def test_a_damaged_version_is_not_exported(source, tmp_path):
    next(Path(source.get("ner", 3).uri).rglob("variables.index")).write_bytes(b"other")
    with pytest.raises(RegistryError, match="ner version 3: its files differ from the registered ones"):
        export_model(source, "ner", tmp_path / "export")
    assert not (tmp_path / "export").exists()
    with pytest.raises(RegistryError, match=r"ner: no version 9"):
        export_model(source, "ner", tmp_path / "export", [9])


def test_a_registry_that_cannot_be_written_is_exported(source, target, tmp_path, monkeypatch):
    def refused(path):
        raise OSError(30, "Read-only file system", str(path))

    # Not by permissions: they do not restrict root, which runs the tests in containers.
    monkeypatch.setattr("components.registry.store.mlflow_store.is_writable", lambda path: False)
    with monkeypatch.context() as patched:
        patched.setattr("components.registry.store.mlflow_store.locked", refused)
        exported = export_model(source, "ner", tmp_path / "out.tar")
    assert import_model(target, tmp_path / "out.tar").versions == exported.versions


def test_a_cut_tar_file_and_an_existing_target_are_refused(source, target, tmp_path):
    export_model(source, "ner", tmp_path / "export.tar", [1])
    with pytest.raises(RegistryError, match=r"exists already. Remove it, or export to another path."):
        export_model(source, "ner", tmp_path / "export.tar")
    with pytest.raises(RegistryError, match=r"export\.tgz: only folders and \.tar files are written\. Give FILE\.tar"):
        export_model(source, "ner", tmp_path / "export.tgz")
    content = (tmp_path / "export.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: len(content) // 2])
    with pytest.raises(RegistryError, match=r"cut.tar: cannot be read as a tar file|Copy the export again"):
        import_model(target, tmp_path / "cut.tar")
    assert target.names() == ()
