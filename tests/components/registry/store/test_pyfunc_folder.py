from __future__ import annotations

from importlib.metadata import version

import pytest

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.store.pyfunc_folder import stored_model, write_pyfunc_folder


def test_write_pyfunc_folder_keeps_the_model_and_ships_its_loader(model_dir, tmp_path):
    folder = tmp_path / "model"
    write_pyfunc_folder(model_dir, folder)
    assert tree_hash(stored_model(folder / "data")) == tree_hash(model_dir)
    assert [path.name for path in (folder / "code").iterdir()] == ["ner_pyfunc_loader.py"]
    assert f"tensorflow=={version('tensorflow')}" in (folder / "requirements.txt").read_text().splitlines()


def test_stored_model_refuses_what_it_did_not_write(tmp_path):
    (tmp_path / "model.pkl").touch()
    with pytest.raises(RegistryError, match=r"holds \['model.pkl'\] instead of one model folder"):
        stored_model(tmp_path)
