"""Metadata inside a model's folder: contract, provenance, known answers, and the hashes of its files.

All of it is in assets.extra, from which servers read only warm-up requests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.common.hashing import file_hashes
from components.common.json_lines import parse_json_object
from components.exporter.contract.contract import Contract
from components.exporter.errors import ContractError
from components.keys import ASSETS_EXTRA, EMBEDDED_CONTRACT_FILE, GOLDEN_FILE, MANIFEST_FILE, PROVENANCE_FILE

_LARGEST = 1 << 24  # bytes


def embed_metadata(
    model_dir: str | os.PathLike[str],
    contract: Contract,
    provenance: Mapping[str, str] | None = None,
    golden: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Writes the files. Call it last: only warm-up requests may be added afterwards.

    Args:
        model_dir: a SavedModel.
        contract: of the model.
        provenance: label -> text on the origin of the model, without paths of the build machine.
        golden: requests and the model's answers, from `reference_answers`; left out if they take more than 16 MB.
    """
    folder = Path(model_dir)
    (folder / ASSETS_EXTRA).mkdir(exist_ok=True)
    (folder / ASSETS_EXTRA / EMBEDDED_CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
    _write(folder / ASSETS_EXTRA / PROVENANCE_FILE, provenance or {})
    text = json.dumps({"requests": list(golden)}, ensure_ascii=False)
    if golden and len(text.encode()) < _LARGEST:
        (folder / ASSETS_EXTRA / GOLDEN_FILE).write_text(f"{text}\n", encoding="utf-8")
    # assets.extra is left out, because its files may come and go.
    _write(folder / ASSETS_EXTRA / MANIFEST_FILE, file_hashes(folder, skip=[ASSETS_EXTRA]))


def embedded_contract(model_dir: str | os.PathLike[str]) -> Contract | None:
    """Reads the contract; None if the model has none.

    Raises:
        ContractError: the file is damaged, or too large.
    """
    file = Path(model_dir, ASSETS_EXTRA, EMBEDDED_CONTRACT_FILE)
    return Contract.from_json(_text(file)) if file.is_file() else None


def embedded_manifest(model_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Reads file name -> sha256; empty if the model has no manifest."""
    return _read(Path(model_dir, ASSETS_EXTRA, MANIFEST_FILE))


def embedded_provenance(model_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Reads the origin of the model; empty if it is not recorded."""
    return _read(Path(model_dir, ASSETS_EXTRA, PROVENANCE_FILE))


def embedded_golden(model_dir: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Reads requests with the model's answers; empty if it has none.

    Raises:
        ContractError: the file is damaged, or too large.
    """
    file = Path(model_dir, ASSETS_EXTRA, GOLDEN_FILE)
    if not file.is_file():
        return []
    try:
        cases = json.loads(_text(file))["requests"]  # keys may hold any characters, which `parse_json_object` refuses
        fields = {"signature": str, "inputs": dict, "outputs": dict}
        if not all(isinstance(case[name], kind) for case in cases for name, kind in fields.items()):
            raise TypeError("a request without signature, inputs and outputs")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ContractError(
            f"{ASSETS_EXTRA}/{file.name}: no requests ({type(error).__name__}: {error}). Export the model again."
        ) from error
    return list(cases)


def _write(file: Path, texts: Mapping[str, str]) -> None:
    file.write_text(json.dumps(dict(texts), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _read(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    try:
        return {str(name): str(text) for name, text in parse_json_object(_text(file)).items()}
    except ValueError as error:
        raise ContractError(
            f"{ASSETS_EXTRA}/{file.name}: {error}. Remove the file, or export the model again."
        ) from error


def _text(file: Path) -> str:
    """Reads a file that may come with a model of unknown origin."""
    if file.stat().st_size > _LARGEST:
        raise ContractError(f"{ASSETS_EXTRA}/{file.name}: larger than {_LARGEST:,} bytes. Export the model again.")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(f"{ASSETS_EXTRA}/{file.name}: not UTF-8. Export the model again.") from error
