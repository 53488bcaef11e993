"""Removal of old runs and versions: protected things stay, and every interruption leaves a state that works."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.filesize import decimal
from support.snapshot import snapshot

from components.common.files import locked
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_directory import published_versions
from components.registry.serving_directory.serving_sync import check_directory, sync
from components.registry.store.version import VersionRecord
from configs.loading import load_config
from pipeline.cleaning import clean as clean_module
from pipeline.cleaning.clean import clean, plan_removal
from pipeline.cli.main import main

RUNS = 6
"""Run N pushed version N, except run 6, which was killed in the Trainer."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with six runs and five versions, of which 5 is champion, 4 previous, 3 and 4 served."""
    work = tmp_path_factory.mktemp("made") / "work"
    metadata = _Metadata(work)
    registry = ModelRegistry(f"sqlite:///{work}/registry/mlflow.db")
    for number in range(1, RUNS + 1):
        metadata.run(f"run-{number}", pushed=number if number < RUNS else None)
        if number < RUNS:
            folder = work / "artifacts" / "Exporter" / "exported_model" / str(metadata.execution)
            record = VersionRecord(tags={"run_fingerprint": str(number)}, blessed=True)
            registry.register(folder / "Format-Serving", "ner", record, link=True)
            registry.champions("ner").promote(number, number - 1 or None, "a test", who="tester", force=True)
            sync(registry, "ner", work / "serving", keep=9)
    for folder, names in (("logs", "20260101-{}.log"), ("reports", "run-{}.html"), ("reports", "run-{}.scores.csv")):
        (work / folder).mkdir(exist_ok=True)
        for number in range(1, RUNS + 1):
            (work / folder / names.format(number)).write_text("x" * 5000)
    return work


class _Metadata:
    """ML Metadata as TFX writes it, and the folders of its artifacts."""

    def __init__(self, work: Path) -> None:
        from ml_metadata import metadata_store
        from ml_metadata.proto import metadata_store_pb2 as mlmd

        self.mlmd, self.work, self.execution = mlmd, work, 0
        (work / "metadata").mkdir(parents=True)
        source = mlmd.SqliteMetadataSourceConfig(filename_uri=str(work / "metadata" / "ner.sqlite"))
        self.store = metadata_store.MetadataStore(mlmd.ConnectionConfig(sqlite=source))
        self.context_type = self.store.put_context_type(mlmd.ContextType(name="pipeline_run"))
        self.artifact_type = self.store.put_artifact_type(mlmd.ArtifactType(name="Model"))
        self.execution_types = {
            node: self.store.put_execution_type(mlmd.ExecutionType(name=node))
            for node in ("Transform", "Trainer", "Exporter", "RegistryPusher")
        }
        self.shared = 0

    def run(self, name: str, pushed: int | None) -> None:
        """Transform is executed by the first run and cached by the others."""
        context = self.mlmd.Context(type_id=self.context_type, name=name)
        [number] = self.store.put_contexts([context])
        self.shared = self.shared or self._node("Transform", "graph")
        self._publish("Transform", "graph", self.shared, number)
        if pushed is None:
            self._node("Trainer", "model", killed=True)
            return
        self._publish("Trainer", "model", self._node("Trainer", "model"), number)
        version = self._node("RegistryPusher", "pushed_model", registry_version=pushed)
        self._publish("RegistryPusher", "pushed_model", version, number)
        self._publish("Exporter", "exported_model", self._node("Exporter", "exported_model"), number)

    def _node(self, node: str, output: str, killed: bool = False, **properties: int) -> int:
        """Writes the folder of an output; returns the artifact's id."""
        execution = self.mlmd.Execution(type_id=self.execution_types[node], last_known_state=2 if killed else 3)
        [self.execution] = self.store.put_executions([execution])
        folder = self.work / "artifacts" / node / output / str(self.execution)
        model = folder / "Format-Serving" if node == "Exporter" else folder
        model.mkdir(parents=True)
        (model / "saved_model.pb").write_bytes(os.urandom(50_000))
        system = self.work / "artifacts" / node / ".system" / "executor_execution" / str(self.execution)
        system.mkdir(parents=True)
        if killed:
            return 0
        artifact = self.mlmd.Artifact(type_id=self.artifact_type, uri=str(folder), state=self.mlmd.Artifact.LIVE)
        for key, value in properties.items():
            artifact.custom_properties[key].int_value = value
        return self.store.put_artifacts([artifact])[0]

    def _publish(self, node: str, output: str, artifact: int, run: int) -> None:
        execution = self.mlmd.Execution(type_id=self.execution_types[node], last_known_state=5)
        event = self.mlmd.Event(artifact_id=artifact, type=self.mlmd.Event.OUTPUT)
        event.path.steps.add().key = output
        stored = self.mlmd.Artifact()
        stored.CopyFrom(self.store.get_artifacts_by_id([artifact])[0])
        context = self.store.get_contexts_by_id([run])[0]
        self.store.put_execution(execution, [(stored, event)], [context])


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "work", symlinks=True, copy_function=_copy_with_links())
    return tmp_path / "work"


def _copy_with_links():
    """Returns a function for copytree that keeps hard links among the copies."""
    copies: dict[int, str] = {}

    def copy(source: str, target: str) -> None:
        number = os.stat(source).st_ino
        if number in copies:
            os.link(copies[number], target)
        else:
            copies[number] = shutil.copy2(source, target)

    return copy


def _config(work: Path, *settings: str):
    return load_config(None, [f"work_dir={work}", *settings])


def _registry(work: Path) -> ModelRegistry:
    return ModelRegistry(f"sqlite:///{work}/registry/mlflow.db")


def _ner(work: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--set", f"work_dir={work}"])


def _folders(work: Path) -> dict[str, int]:
    """Number of artifact folders a node."""
    return {node.name: len(list(node.glob("[!.]*/*"))) for node in sorted((work / "artifacts").iterdir())}


def _state(work: Path) -> tuple:
    return (
        _folders(work),
        [version.version for version in _registry(work).versions("ner")],
        published_versions(work / "serving", "ner"),
        sorted(path.name for path in (work / "registry" / "artifacts").iterdir() if not path.name.startswith(".")),
    )


def test_a_dry_run_changes_nothing_and_shows_what_a_removal_frees(work):
    before = snapshot(work)
    shown = _ner(work, "clean", "--keep", "1", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert snapshot(work) == before
    size, freed = _disk_usage(work), plan_removal(_config(work), 1).freed
    done = _ner(work, "clean", "--keep", "1")
    assert done.exit_code == 0, done.output
    assert done.output == shown.output.replace("would free", "freed")
    assert f"freed {decimal(freed)}\n" in done.output
    assert abs(size - _disk_usage(work) - freed) < 60_000 + 0.1 * freed  # folders, and the growth of the databases


def _disk_usage(folder: Path) -> int:
    files = {(file.lstat().st_ino): file.lstat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()}
    return sum(files.values())


def test_champion_previous_the_newest_run_and_what_they_use_stay(work):
    plan = clean(_config(work), 1)
    assert plan.runs == ("run-6", "run-5", "run-4")
    assert dict(plan.versions) == {4: "previous", 5: "champion"}
    assert plan.removed_versions == (1, 2, 3)
    assert _folders(work) == {"Exporter": 2, "RegistryPusher": 2, "Trainer": 2, "Transform": 1}
    registry = _registry(work)
    assert [version.version for version in registry.versions("ner")] == [4, 5]
    for version in registry.versions("ner"):
        registry.verify(version)
    assert published_versions(work / "serving", "ner") == (4, 5)
    check_directory(registry, "ner", work / "serving")
    assert {path.name for path in (work / "reports").iterdir()} == {
        f"run-{number}.{name}" for number in (4, 5, 6) for name in ("html", "scores.csv")
    }
    assert {path.name for path in (work / "logs").iterdir()} == {"20260101-6.log"}
    assert len(list((work / "registry" / "artifacts").iterdir())) == 2
    assert registry.champions("ner").rollback(why="a test").version == 4
    assert sync(registry, "ner", work / "serving").labels == {"champion": 4}


def test_removed_artifacts_have_the_state_deleted_and_kept_ones_are_live(work):
    from ml_metadata import metadata_store
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    clean(_config(work), 1)
    source = mlmd.SqliteMetadataSourceConfig(filename_uri=str(work / "metadata" / "ner.sqlite"))
    store = metadata_store.MetadataStore(mlmd.ConnectionConfig(sqlite=source))
    for artifact in store.get_artifacts():
        exists = (work / "artifacts").joinpath(*artifact.uri.split("/")[-3:]).is_dir()
        assert artifact.state == (mlmd.Artifact.LIVE if exists else mlmd.Artifact.DELETED)
    assert len(store.get_contexts_by_type("pipeline_run")) == RUNS, "the records of the runs stay"


def test_a_repeated_removal_finds_nothing(work):
    clean(_config(work), 1)
    before = snapshot(work)
    assert clean(_config(work), 1).removals == ()
    assert snapshot(work) == before


def test_versions_with_an_alias_a_pin_or_a_server_stay_with_their_runs(work):
    registry = _registry(work)
    with registry.client() as client:
        client.set_registered_model_alias("ner", "customer-a", "1")
        client.set_model_version_tag("ner", "2", "pinned", "true")
    (work / "serving" / "models.config").write_text(
        (work / "serving" / "models.config").read_text().replace("versions: 4", "versions: 3")
    )
    plan = clean(_config(work), 1)
    assert dict(plan.versions) == {1: "customer-a", 2: "pinned", 3: "in models.config", 4: "previous", 5: "champion"}
    assert plan.runs == tuple(f"run-{number}" for number in (6, 5, 4, 3, 2, 1))


def test_nothing_is_removed_while_a_run_uses_the_folder(work):
    before = snapshot(work)
    with locked(work / ".run.lock", shared=True), locked(work / ".run.lock", shared=True):
        result = _ner(work, "clean", "--keep", "1")
    assert result.exit_code == 75
    assert "a run uses" in result.output
    (work / ".run.lock").unlink()
    assert snapshot(work) == before


class KilledError(BaseException):
    """The end of a process."""


def _clean_and_count_steps(work: Path, monkeypatch: pytest.MonkeyPatch, most: float = float("inf")) -> int:
    """Each step is a rename, a deletion, or a call of MLflow; the process ends before step number `most`."""
    from mlflow import MlflowClient

    steps = 0

    def counted(function):
        def call(*arguments, **options):
            nonlocal steps
            if steps >= most:
                raise KilledError
            steps += 1
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for place, name in (
            (os, "rename"),
            (shutil, "rmtree"),
            (MlflowClient, "delete_model_version"),
            (MlflowClient, "delete_run"),
        ):
            patch.setattr(place, name, counted(getattr(place, name)))
        clean(_config(work), 1)
    return steps


@pytest.mark.parametrize("most", range(0, 40, 3))
def test_a_removal_that_is_killed_anywhere_leaves_a_working_state_and_is_finished_by_the_next(
    work, made, tmp_path, monkeypatch, most
):
    expected = tmp_path / "expected" / "work"
    shutil.copytree(made, expected, symlinks=True)
    steps = _clean_and_count_steps(expected, monkeypatch)
    assert steps > 20
    with pytest.raises(KilledError) if most < steps else contextlib.nullcontext():
        _clean_and_count_steps(work, monkeypatch, most)
    registry = _registry(work)
    for version in registry.versions("ner"):
        registry.verify(version)  # a version is complete or absent
    check_directory(registry, "ner", work / "serving")
    for folder in (work / "artifacts").glob("[!.]*/[!.]*/*"):
        assert list(folder.rglob("saved_model.pb")), f"{folder} is incomplete"
    clean(_config(work), 1)
    assert _state(work) == _state(expected)
    assert not list(work.rglob(".removed-*"))


def test_another_pipeline_in_the_same_folder_keeps_its_artifacts(work):
    shutil.copy(work / "metadata" / "ner.sqlite", work / "metadata" / "other.sqlite")
    before = _folders(work)
    clean(_config(work), 1)
    assert _folders(work) == {**before, "Trainer": before["Trainer"] - 1}, "only that of the killed Trainer"


def test_states_of_interrupted_trainings_stay_for_the_newest_runs(work):
    for name, age in (("old", 9e6), ("new", 0)):
        (work / "checkpoints" / name).mkdir(parents=True)
        for path in (work / "checkpoints" / name / "state.npz", work / "checkpoints" / name):
            path.touch() if path.suffix else None
            os.utime(path, (time.time() - age,) * 2)
    clean(_config(work), 1)
    assert [path.name for path in (work / "checkpoints").iterdir()] == ["new"]


def test_texts_that_recent_runs_read_stay(work):
    for name, age in (("oldest", 9e6), ("old", 8e6), ("new", 1000), ("newer", 0)):
        path = work / "unlabelled" / f"{name}.jsonl.gz"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    assert "2 files of unlabelled texts" in [removal.text for removal in plan_removal(_config(work), 2).removals]
    clean(_config(work), 2)
    assert {path.name for path in (work / "unlabelled").iterdir()} == {"new.jsonl.gz", "newer.jsonl.gz"}


def test_leftovers_of_killed_commands_are_removed(work):
    (work / "serving" / "ner" / ".incoming-1").mkdir()
    (work / "serving" / "ner" / ".damaged-4-1").mkdir()
    (work / "artifacts" / ".removed-1").mkdir()
    (work / "unlabelled").mkdir()
    for old in (work / "reports" / ".incoming-2", work / "unlabelled" / ".incoming-3"):
        old.write_text("half")
        os.utime(old, (time.time() - 7200,) * 2)
    clean(_config(work), 1)
    assert not list(work.rglob(".incoming-*")) + list(work.rglob(".damaged-*")) + list(work.rglob(".removed-*"))


def test_files_of_the_user_in_the_work_folder_stay(work):
    for name in ("notes.txt", "artifacts/notes.txt", "artifacts/mine/data/x", "artifacts/Trainer/model/best/x"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("mine")
    clean(_config(work), 1)
    for name in ("notes.txt", "artifacts/notes.txt", "artifacts/mine/data/x", "artifacts/Trainer/model/best/x"):
        assert (work / name).read_text() == "mine"


def test_a_copied_work_folder_does_not_remove_files_of_the_original(made, work):
    before = snapshot(made)
    clean(_config(work), 1)
    assert snapshot(made) == before


def test_without_metadata_no_artifact_is_removed(work):
    (work / "metadata" / "ner.sqlite").unlink()
    before = _folders(work)
    result = _ner(work, "clean", "--keep", "1")
    assert "artifacts: not cleaned, because" in result.output
    assert _folders(work) == before
    assert [version.version for version in _registry(work).versions("ner")] == [4, 5]


def test_a_registry_on_a_server_is_not_changed(work, monkeypatch):
    versions = {version.version: version for version in _registry(work).versions("ner")}
    monkeypatch.setattr(clean_module.ModelRegistry, "versions", lambda *_: tuple(versions.values()))
    monkeypatch.setattr(clean_module.ModelRegistry, "remove", lambda *_: pytest.fail("versions were removed"))
    plan = clean(_config(work, "registry.uri=http://127.0.0.1:9"), 1)
    assert plan.removed_versions == ()
    assert "other machines share it" in plan.notes[0]


def test_an_empty_work_folder_and_a_missing_one(tmp_path):
    assert plan_removal(_config(tmp_path), 1).removals == ()
    result = _ner(tmp_path / "absent", "clean", "--keep", "1")
    assert result.exit_code == 2
    assert not (tmp_path / "absent").exists()
