"""What travels inside a model's folder for whoever gets it later: contract, provenance, and the hashes of its files.

Both lie in assets.extra, which servers ignore but for warm-up requests.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from components.exporter.contract.contract import Contract

EXTRA = "assets.extra"
CONTRACT_FILE = "serving_contract.json"
PROVENANCE_FILE = "provenance.json"
MANIFEST_FILE = "manifest.json"


def embed_metadata(
    model_dir: str | os.PathLike[str], contract: Contract, provenance: Mapping[str, str] | None = None
) -> None:
    """Writes the files; the last thing that an export does to the folder, but for warm-up requests.

    Args:
        model_dir: a SavedModel.
        contract: what it promises.
        provenance: what it was made from, text by text; no paths of the machine that made it.
    """
    folder = Path(model_dir)
    (folder / EXTRA).mkdir(exist_ok=True)
    (folder / EXTRA / CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
    origin = json.dumps(dict(provenance or {}), indent=1, sort_keys=True)
    (folder / EXTRA / PROVENANCE_FILE).write_text(f"{origin}\n", encoding="utf-8")
    manifest = json.dumps(_hashes(folder), indent=1, sort_keys=True)
    (folder / EXTRA / MANIFEST_FILE).write_text(f"{manifest}\n", encoding="utf-8")


def embedded_contract(model_dir: str | os.PathLike[str]) -> Contract | None:
    """Reads the contract; None: the model has none.

    Raises:
        ContractError: the file is damaged.
    """
    file = Path(model_dir, EXTRA, CONTRACT_FILE)
    return Contract.from_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def embedded_manifest(model_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Reads file name -> sha256; empty: the model has no such list."""
    return _texts(Path(model_dir, EXTRA, MANIFEST_FILE))


def embedded_provenance(model_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Reads what the model was made from; empty: it does not say."""
    return _texts(Path(model_dir, EXTRA, PROVENANCE_FILE))


def _texts(file: Path) -> dict[str, str]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _hashes(folder: Path) -> dict[str, str]:
    """All files but those in assets.extra, which may come and go."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] != EXTRA:
            with path.open("rb") as handle:
                hashes[name.as_posix()] = hashlib.file_digest(handle, "sha256").hexdigest()
    return hashes
