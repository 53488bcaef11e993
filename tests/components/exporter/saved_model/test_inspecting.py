"""Description of models of unknown origin."""

from __future__ import annotations

import shutil

import pytest

from components.exporter import inspect_model
from components.exporter.errors import ContractError


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\xff\xfe", b'{"version": 1, "version": 2}', b"{}", b" " * ((1 << 24) + 1)]
)
def test_damaged_metadata_of_a_model_is_an_error_that_names_the_file(tiny, tmp_path, content):
    for name in ("serving_contract.json", "provenance.json"):
        copy = shutil.copytree(tiny.folder, tmp_path / name / "model")
        (copy / "assets.extra").mkdir(exist_ok=True)
        (copy / "assets.extra" / name).write_bytes(content)
        if (name, content) == ("provenance.json", b"{}"):
            continue
        with pytest.raises(ContractError, match=r"contract|provenance|larger than|UTF-8"):
            inspect_model(copy)
