"""Checks of a folder's files, without loading the model."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

from .endpoint import Context
from .pitfalls import CheckFailedError, NothingToCheck, counted
from .safe_graph import require_plain_assets
from .saved_graph import SavedGraph

OTHER_GRAPHS = ("saved_model.cpb", "saved_model.pbtxt")
"""Files that loaders take for a graph, next to saved_model.pb or in its place."""

_BLOCK = 2**20  # bytes read at a time
_SHARD = re.compile(r"variables\.data-(\d{5})-of-(\d{5})$")


def saved_model(context: Context) -> str:
    """The folder has a saved_model.pb whose graph is tagged `serve`."""
    folder = context.folder
    archives = [folder] if folder.is_file() else [*folder.glob("*.keras"), *folder.glob("*.h5")]
    if not (folder / "saved_model.pb").is_file():
        if archives:
            raise _archive_failure(archives[0])
        if (folder / "saved_model.cpb").exists():
            raise CheckFailedError("cannot_load", "saved_model.cpb: graphs over 2 GB are not supported")
        if versions := models_below(folder):
            names = f"its subfolder{'s' * (len(versions) > 1)} {', '.join(versions[-5:])}"
            raise CheckFailedError("folder_of_versions", f"no saved_model.pb in {folder.name}, but in {names}")
        raise CheckFailedError("not_a_saved_model", f"no saved_model.pb in {folder.name}")
    try:
        context.graph = SavedGraph(folder)
    except ValueError as error:
        raise CheckFailedError("cannot_load", str(error)) from error
    size = (folder / "saved_model.pb").stat().st_size
    return f"saved_model.pb, {size:,} bytes, signatures {', '.join(sorted(context.graph.methods))}"


def models_below(folder: Path) -> list[str]:
    """Returns the SavedModels below a folder, as in a serving or work directory; the newest version is last."""
    folders = [file.parent for depth in ("*", "*/*", "*/*/*") for file in folder.glob(f"{depth}/saved_model.pb")]
    return sorted((str(each.relative_to(folder)) for each in folders), key=lambda name: (len(name), name))


def safe_files(context: Context) -> str:
    """There is one graph, and assets have plain names inside assets/."""
    if others := [name for name in OTHER_GRAPHS if (context.folder / name).exists()]:
        raise CheckFailedError("unsafe_files", f"{', '.join(others)} lies next to saved_model.pb")
    require_plain_assets(context.parsed.saved)
    return counted(len(context.parsed.assets), "asset")


def serving_only(context: Context) -> str:
    """The folder holds nothing of Keras's training side: no loss, no Lambda, no class that only Python has."""
    metadata = context.folder / "keras_metadata.pb"
    if not metadata.exists():
        return "no Keras metadata"
    text = metadata.read_bytes().decode("utf-8", "replace")
    if '"class_name": "Lambda"' in text:
        raise CheckFailedError("lambda_layer", "keras_metadata.pb holds a Lambda layer")
    if match := re.search(r'"training_config": \{"loss": (\{.*?\}|\[.*?\]|"[^"]*")', text):
        raise CheckFailedError("loss_saved", f"keras_metadata.pb holds the loss {match.group(1)}")
    raise CheckFailedError("not_a_saved_model", "keras_metadata.pb: the model was saved for Keras, with model.save()")


def files(context: Context) -> str:
    """All files that the graph names exist."""
    missing = [f"assets/{name}" for name in context.parsed.assets if not (context.folder / "assets" / name).is_file()]
    if context.parsed.variables():
        missing += _missing_variables(context.folder / "variables")
    if missing:
        raise CheckFailedError("file_missing", f"missing: {', '.join(missing)}")
    assets, variables = context.parsed.assets, context.parsed.variables()
    return f"{counted(len(assets), 'asset')}, {counted(len(variables), 'variable')}"


def manifest(context: Context) -> str | NothingToCheck:
    """Every file is the exported one, byte for byte."""
    expected: dict[str, str] = context.options.get("manifest") or {}
    if not expected:
        return NothingToCheck("no manifest to compare with")
    for name, digest in sorted(expected.items()):
        path = context.folder / name
        if not path.is_file():
            raise CheckFailedError("file_missing", f"missing: {name}")
        actual = hashlib.sha256()
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK):
                actual.update(block)
        if actual.hexdigest() != digest:
            raise CheckFailedError(
                "file_changed", f"{name} ({path.stat().st_size:,} bytes) differs from the exported file"
            )
    return f"{counted(len(expected), 'file')} as exported"


def _missing_variables(folder: Path) -> list[str]:
    missing = [] if (folder / "variables.index").is_file() else ["variables/variables.index"]
    shards = sorted(path.name for path in folder.glob("variables.data-*"))
    if not shards:
        return [*missing, "variables/variables.data-*"]
    match = _SHARD.search(shards[0])
    total = int(match.group(2)) if match else len(shards)
    expected = [f"variables.data-{number:05d}-of-{total:05d}" for number in range(total)]
    return [*missing, *(f"variables/{name}" for name in expected if name not in shards)]


def _archive_failure(path: Path) -> CheckFailedError:
    """Describes a Keras archive that was taken for an export."""
    if path.suffix == ".keras" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        text = json.dumps(config)
        if '"class_name": "Lambda"' in text:
            return CheckFailedError("lambda_layer", f"{path.name} is a Keras archive and holds a Lambda layer")
        loss = (config.get("compile_config") or {}).get("loss")
        if loss:
            name = loss.get("class_name", loss) if isinstance(loss, dict) else loss
            return CheckFailedError("loss_saved", f"{path.name} is a Keras archive and holds the loss {name}")
    return CheckFailedError("not_a_saved_model", f"{path.name} is a Keras archive; a server cannot read it")
