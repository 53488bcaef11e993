"""Transfer of a registered model between registries: export into a folder or a tar file, and import from it.

An export holds what MLflow stores of the model: versions with tags, aliases and history, MLflow runs with parameters,
metrics, data and files. Numbers stay the same. An import stores all files first, where no reader of the registry sees
them; then a new model becomes visible under its name in one transaction, complete with its champion.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.common.files import fsync_path, fsync_tree, incoming_folder, packed_by_name, rename_into_place
from components.common.hashing import file_hashes, tree_differences
from components.registry import names
from components.registry.champions.champion_changes import settle_aliases
from components.registry.champions.lookup import champion_line, history_entries, require_version, true_aliases
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store.mlflow_entities import create_registered_model, ignoring, log_batches
from components.registry.store.mlflow_store import MlflowStore, local_path
from components.registry.store.pipeline_runs import MODEL_TAG, PIPELINE_RUN_TAG
from components.registry.store.pyfunc_folder import DATA_ARTIFACT, MODEL_ARTIFACT, stored_model
from components.registry.store.readers import RegistryReader, StoredRun
from components.registry.store.version import RegisteredVersion
from components.registry.store.version_files import describe_damage, verify

MANIFEST = "registry.json"
_FORMAT = 1
_GZIP = (".gz", ".tgz")
_RUNS = "runs"  # folder with the files of each MLflow run, by its id
_RUN_NAME_TAG = "mlflow.runName"
_IMPORTED_TAG = "ner.imported_run"  # of an imported MLflow run: its id in the registry that it came from
# `ModelRegistry.names` does not show names with this end, and users cannot choose them.
_INCOMING_MODEL = f".incoming{names.HISTORY_SUFFIX}"
_INCOMING_HISTORY = f".incoming-log{names.HISTORY_SUFFIX}"


@dataclasses.dataclass(frozen=True)
class Transfer:
    """Result of an export or an import.

    Attributes:
        name: name of the registered model.
        versions: versions that were written.
        present: versions that the target held already.
        runs: number of MLflow runs that were written.
        entries: number of entries of the history that were written.
        champion: champion of the target.
    """

    name: str
    versions: tuple[int, ...]
    present: tuple[int, ...]
    runs: int
    entries: int
    champion: int | None


def export_model(registry: ModelRegistry, name: str, target: Path, versions: Collection[int | str] = ()) -> Transfer:
    """Writes a model of a registry into a new folder, or into a tar file if `target` ends in `.tar`.

    Args:
        registry: the registry.
        name: name of the registered model.
        target: path that does not exist yet; it appears complete.
        versions: numbers or aliases to export, without the history; empty: everything.

    Raises:
        RegistryError: the path exists, there is no such version, or files of a version are missing or damaged.
    """
    if target.name.lower().endswith(_GZIP) or packed_by_name(target.name):
        raise RegistryError(f"{target}: only folders and .tar files are written. Give FILE.tar, or a folder.")
    if os.path.lexists(target):
        raise RegistryError(f"{target}: exists already. Remove it, or export to another path.")
    store = registry.store
    with incoming_folder(target.absolute()) as folder, store.reader() as reader, store.client() as client:
        if versions:
            chosen = [require_version(reader, name, version, store.uri) for version in versions]
        else:
            chosen = reader.versions(names.check_model_name(name))
        if not chosen:
            raise RegistryError(f"{name}: no versions in {store.uri}. Check the name, and registry.uri.")
        chosen = sorted({version.version: version for version in chosen}.values(), key=lambda each: each.version)
        manifest = _manifest(client, reader, name, chosen, complete=not versions)
        for run in manifest["runs"]:
            files = folder / _RUNS / run["id"]
            _copy_files(store, client, run["id"], files)
            run["files"] = file_hashes(files)
        for version in chosen:
            _check_model(version, folder)
        manifest["hash"] = _hash(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if target.suffix == ".tar":
            file = folder / "export.tar"
            with tarfile.open(file, "w") as tar:
                tar.add(folder / MANIFEST, MANIFEST)
                tar.add(folder / _RUNS, _RUNS)
            fsync_path(file)
            os.rename(file, target)
            fsync_path(target.absolute().parent)
        else:
            fsync_tree(folder)
            rename_into_place(folder, target, shared=False)
    numbers = tuple(version.version for version in chosen)
    champion = manifest["aliases"].get(names.CHAMPION)
    return Transfer(name, numbers, (), len(manifest["runs"]), len(manifest["history"]), champion)


def import_model(registry: ModelRegistry, source: Path) -> Transfer:
    """Adds an exported model to a registry; versions that it holds already stay as they are.

    A model that the registry does not have appears in one transaction. To an existing one the versions and the entries
    of the history that it lacks are appended. After a kill the next import removes what the first one left.

    Args:
        registry: the registry. Only one import at a time may write to it.
        source: folder or tar file of an export.

    Raises:
        RegistryError: the export is incomplete or damaged, or contradicts the registry: a version of the same number
            has other content, or both histories went on separately.
        UnsafeModelError: a server may not load a model of the export.
    """
    with _opened(source) as folder:
        manifest = _read_manifest(folder, source)
        _check_files(manifest, folder, source)
        target = _Target(registry.store, manifest, folder)
        return target.write()


def _manifest(
    client: Any, reader: RegistryReader, name: str, chosen: list[RegisteredVersion], *, complete: bool
) -> dict[str, Any]:
    numbers = {version.version for version in chosen}
    without_run = [version.version for version in chosen if not version.run_id]
    if without_run:
        raise RegistryError(f"{name} version {without_run[0]}: was not registered by ner. Leave it out.")
    run_ids = [version.run_id for version in chosen]
    if complete:
        own = reader.runs(MODEL_TAG, name)
        run_ids += [run.id for run in own if run.status != "RUNNING" and names.UPLOAD_TAG not in run.tags]
    model = client.get_registered_model(name)
    aliases = {**reader.aliases(name), **true_aliases(reader, name)}
    return {
        "format": _FORMAT,
        "name": name,
        "complete": complete,
        "description": model.description or "",
        "tags": dict(model.tags),
        "aliases": {alias: number for alias, number in sorted(aliases.items()) if number in numbers},
        "versions": [
            {
                "version": version.version,
                "run": version.run_id,
                "created": version.created.isoformat(),
                "description": client.get_model_version(name, str(version.version)).description or "",
                "tags": dict(version.tags),
            }
            for version in chosen
        ],
        "history": [
            {"number": entry.number, "created": entry.when.isoformat(), "tags": entry.to_tags()}
            for entry in (history_entries(reader, name) if complete else ())
        ],
        "runs": [_run(client, run_id) for run_id in dict.fromkeys(run_ids)],
    }


def _run(client: Any, run_id: str) -> dict[str, Any]:
    run = client.get_run(run_id)
    points = [point for key in sorted(run.data.metrics) for point in client.get_metric_history(run_id, key)]
    return {
        "id": run_id,
        "name": run.info.run_name or "",
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "params": dict(run.data.params),
        "tags": {key: value for key, value in run.data.tags.items() if key != _RUN_NAME_TAG},
        "metrics": [[point.key, point.value, point.timestamp, point.step] for point in points],
        "data": [
            {"dataset": each.dataset.to_dictionary(), "tags": {tag.key: tag.value for tag in each.tags}}
            for each in run.inputs.dataset_inputs
        ],
    }


def _copy_files(store: MlflowStore, client: Any, run_id: str, target: Path) -> None:
    target.mkdir(parents=True)
    folder = None if store.database is None else store.artifact_folder / run_id / "artifacts"
    if folder is None or not folder.is_dir():
        folder = None if store.over_http else local_path(client.get_run(run_id).info.artifact_uri)
    if folder is not None:
        if folder.is_dir():
            shutil.copytree(folder, target, dirs_exist_ok=True)
    elif client.list_artifacts(run_id):
        client.download_artifacts(run_id, "", str(target))


def _check_model(version: RegisteredVersion, folder: Path) -> None:
    data = folder / _RUNS / version.run_id / DATA_ARTIFACT
    difference = describe_damage(version, stored_model(data)) if data.is_dir() else "they are missing"
    if difference:
        raise RegistryError(
            f"{version.name} version {version.version}: its files differ from the registered ones: {difference}. "
            "Restore them from a copy, or export other versions."
        )


def _hash(manifest: Mapping[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@contextmanager
def _opened(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise RegistryError(f"{source}: does not exist. Give the folder or tar file of `ner registry export`.")
    with TemporaryDirectory() as scratch:
        try:
            with tarfile.open(source) as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError) as error:
            problem = str(error).partition("\n")[0].rstrip(":")
            raise RegistryError(
                f"{source}: cannot be read as a tar file ({problem}). Give the file of `ner registry export`, or copy "
                "it again."
            ) from error
        yield Path(scratch)


def _read_manifest(folder: Path, source: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegistryError(f"{source}: not an export of a registry, it lacks {MANIFEST}. Give another path.") from None
    except ValueError as error:
        raise RegistryError(f"{source}: {MANIFEST} is damaged ({error}). Copy the export again.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise RegistryError(f"{source}: {MANIFEST} has another format. Use the version of ner that wrote it.")
    if manifest.get("hash") != _hash(manifest):
        raise RegistryError(f"{source}: {MANIFEST} was changed or damaged. Copy the export again.")
    names.check_model_name(manifest["name"])
    return manifest


def _check_files(manifest: Mapping[str, Any], folder: Path, source: Path) -> None:
    """Compares every file with its hash, before anything is written."""
    from components.exporter.validator.fresh_process import require_safe_to_serve  # numpy; readers need none

    for run in manifest["runs"]:
        files = folder / _RUNS / run["id"]
        differences = tree_differences(files, run["files"]) if files.is_dir() else []
        if run["files"] and not files.is_dir():
            differences = ["its folder is missing"]
        if differences:
            raise RegistryError(f"{source}: run {run['id']}: {', '.join(differences[:3])}. Copy the export again.")
    for version in manifest["versions"]:
        require_safe_to_serve(stored_model(folder / _RUNS / version["run"] / DATA_ARTIFACT))


class _Target:
    """The registry that an import writes to."""

    def __init__(self, store: MlflowStore, manifest: Mapping[str, Any], folder: Path) -> None:
        self._store, self._manifest, self._folder = store, manifest, folder
        self._name = str(manifest["name"])
        self._runs: dict[str, Mapping[str, Any]] = {run["id"]: run for run in manifest["runs"]}

    def write(self) -> Transfer:
        name = self._name
        with self._store.client(write=True) as client, self._store.reader() as reader:
            self._remove_leftovers(client, reader)
            present = {version.version: version for version in reader.versions(name)}
            entries = self._missing_entries(reader)
            lacking = [version for version in self._manifest["versions"] if not self._is_present(present, version)]
            is_new = not reader.has_model(name)
            imported = {version["run"]: self._import_run(client, version["run"]) for version in lacking}
            others = self._import_other_runs(client, reader)
            if is_new:
                self._create_model(client, lacking, imported)
            else:
                for version in lacking:
                    self._create_version(client, name, version, imported[version["run"]])
            self._append_history(client, reader, entries)
            self._settle(client, reader)
            champion = champion_line(reader, name).champion
            numbers = tuple(version["version"] for version in lacking)
            added = [require_version(reader, name, number, self._store.uri) for number in numbers]
        for version in added:
            verify(self._store, version)
        return Transfer(name, numbers, tuple(sorted(present)), len(imported) + others, len(entries), champion)

    def _is_present(self, present: Mapping[int, RegisteredVersion], version: Mapping[str, Any]) -> bool:
        number, tags = version["version"], version["tags"]
        held = present.get(number)
        if held is None:
            if present and number < max(present):
                raise self._conflict(f"version {number} was removed there, and numbers are not used again")
            return False
        for tag in (names.TREE_HASH_TAG, names.RUN_FINGERPRINT_TAG):
            if held.tags.get(tag, "") != tags.get(tag, ""):
                raise self._conflict(f"version {number} there is another model (its {tag} differs)")
        return True

    def _missing_entries(self, reader: RegistryReader) -> list[Mapping[str, Any]]:
        exported = list(self._manifest["history"])
        held = [entry.to_tags() for entry in history_entries(reader, self._name)]
        tags = [entry["tags"] for entry in exported]
        if self._manifest["complete"] and held != tags[: len(held)] and tags != held[: len(tags)]:
            raise self._conflict("both histories went on separately")
        return exported[len(held) :]

    def _conflict(self, problem: str) -> RegistryError:
        return RegistryError(
            f"{self._name}: the export contradicts the registry {self._store.uri}: {problem}. Nothing was imported. "
            "Import into another registry with --set registry.uri=..."
        )

    def _import_run(self, client: Any, run_id: str) -> Any:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

        run = self._runs[run_id]
        created = client.create_run(
            self._store.experiment_id(client), run["start"], {_IMPORTED_TAG: run_id}, run["name"] or None
        )
        new = created.info.run_id
        tags = [RunTag(key, value) for key, value in run["tags"].items() if key != _IMPORTED_TAG]
        params = [Param(key, value) for key, value in run["params"].items()]
        metrics = [Metric(*point) for point in run["metrics"]]
        log_batches(client, new, params=params, tags=tags, metrics=metrics)
        if run["data"]:
            client.log_inputs(
                new,
                datasets=[
                    DatasetInput(
                        Dataset(**each["dataset"]), [InputTag(key, value) for key, value in each["tags"].items()]
                    )
                    for each in run["data"]
                ],
            )
        if run["files"]:
            client.log_artifacts(new, str(self._folder / _RUNS / run_id))
        folder = local_path(created.info.artifact_uri)
        if folder is not None and folder.is_dir():
            fsync_tree(folder)
        client.set_terminated(new, run["status"], run["end"])
        return created

    def _import_other_runs(self, client: Any, reader: RegistryReader) -> int:
        """Imports runs without a version: refused, failed and interrupted ones."""
        of_versions = {version["run"] for version in self._manifest["versions"]}
        count = 0
        for run_id, run in self._runs.items():
            pipeline_run = run["tags"].get(PIPELINE_RUN_TAG, "")
            if run_id in of_versions or (pipeline_run and reader.runs(PIPELINE_RUN_TAG, pipeline_run)):
                continue
            self._import_run(client, run_id)
            count += 1
        return count

    def _create_model(self, client: Any, versions: list[Mapping[str, Any]], imported: Mapping[str, Any]) -> None:
        """Creates the model under a hidden name and renames it, which is one transaction."""
        incoming = self._name + _INCOMING_MODEL
        client.create_registered_model(incoming, self._manifest["tags"], self._manifest["description"] or None)
        for version in versions:
            self._create_version(client, incoming, version, imported[version["run"]])
        for alias, number in self._manifest["aliases"].items():
            client.set_registered_model_alias(incoming, alias, str(number))
        client.rename_registered_model(incoming, self._name)

    def _create_version(self, client: Any, model: str, version: Mapping[str, Any], run: Any) -> None:
        source, tags = f"{run.info.artifact_uri}/{MODEL_ARTIFACT}", version["tags"]
        self._create_numbered(
            client,
            model,
            version["version"],
            source=source,
            run_id=run.info.run_id,
            tags={**tags, names.REGISTERED_TAG: tags.get(names.REGISTERED_TAG, version["created"])},
            description=version["description"] or None,
        )

    def _create_numbered(self, client: Any, model: str, number: int, **arguments: Any) -> None:
        """Creates a version with this number; MLflow counts, and does not use the numbers of deleted versions again."""
        while True:
            created = int(client.create_model_version(model, **arguments).version)
            if created == number:
                return
            client.delete_model_version(model, str(created))
            if created > number:
                raise self._conflict(f"version {number} was removed there, and numbers are not used again")

    def _append_history(self, client: Any, reader: RegistryReader, entries: list[Mapping[str, Any]]) -> None:
        if not entries:
            return
        history = self._name + names.HISTORY_SUFFIX
        is_new = not reader.has_model(history)
        model = self._name + _INCOMING_HISTORY if is_new else history
        create_registered_model(client, model, f"History of the model {self._name}, written by ner. Do not edit.")
        for entry in entries:
            tags, version = entry["tags"], entry["tags"]["version"]
            exists = names.is_version(version) and reader.version(self._name, int(version)) is not None
            self._create_numbered(
                client,
                model,
                entry["number"],
                source=f"models:/{self._name}/{version}" if exists else f"history:/{self._name}",
                tags={**tags, names.REGISTERED_TAG: entry["created"]},
                description=f"{tags['action']}: {tags['why']}"[:5000],
            )
        if is_new:
            client.rename_registered_model(model, history)

    def _settle(self, client: Any, reader: RegistryReader) -> None:
        """Sets the aliases: those of the history, and the user's own that the target lacks."""
        if reader.has_model(self._name + names.HISTORY_SUFFIX):
            settle_aliases(client, reader, self._name)
        held = reader.aliases(self._name)
        for alias, number in self._manifest["aliases"].items():
            if alias not in held and alias not in (names.CHAMPION, names.PREVIOUS):
                client.set_registered_model_alias(self._name, alias, str(number))

    def _remove_leftovers(self, client: Any, reader: RegistryReader) -> None:
        """Removes what a killed import left: hidden models, and MLflow runs without a version."""
        for suffix in (_INCOMING_MODEL, _INCOMING_HISTORY):
            if reader.has_model(self._name + suffix):
                client.delete_registered_model(self._name + suffix)
        registered = {version.run_id for version in reader.versions(self._name)}
        for run_id in self._runs:
            for run in reader.runs(_IMPORTED_TAG, run_id):
                unfinished = run.status == "RUNNING" or names.UPLOAD_TAG in run.tags
                if unfinished and run.id not in registered:
                    self._remove_run(client, run)

    def _remove_run(self, client: Any, run: StoredRun) -> None:
        folder = None if self._store.database is None else self._store.artifact_folder / run.id
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        with ignoring("RESOURCE_DOES_NOT_EXIST"):
            client.delete_run(run.id)
