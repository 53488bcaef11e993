from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.settings import exporter_settings

from components.exporter.contract.contract import build_contract
from components.exporter.errors import ContractError
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.registry.store.pyfunc_folder import write_pyfunc_folder
from components.registry.store.served_interface import input_example, mlflow_signature, model_contract


@pytest.fixture(params=[pytest.param("plain", marks=pytest.mark.extended), "keyed"])
def contract(request, model_dir):
    made = build_contract(exporter_settings(default=request.param, forward={"source": "string", "age": "int64"}))
    embed_metadata(model_dir, made)
    return model_contract(model_dir)


def test_inputs_of_other_signatures_are_optional_columns(contract):
    signature = mlflow_signature(contract).to_dict()
    inputs = {column["name"]: (column["type"], column["required"]) for column in json.loads(signature["inputs"])}
    keyed = "key" in contract.signatures["serving_default"].inputs
    assert inputs == {
        "sentence": ("string", True),
        "key": ("string", keyed),
        "source": ("string", False),
        "age": ("long", False),
    }
    outputs = {column["name"]: column for column in json.loads(signature["outputs"])}
    assert outputs["tags"]["type"] == "array"
    assert outputs["scores"]["items"] == {"type": "float"}
    assert ("key" in outputs) == keyed
    assert json.loads(signature["params"])[0]["default"] == "serving_default"


@pytest.mark.extended
def test_input_example_is_a_request_for_the_default(contract):
    example = input_example(contract)
    assert set(example) == set(contract.signatures["serving_default"].inputs)
    assert example["sentence"] == ["Justin Trudeau went to New Delhi India"]


def test_stored_folder_has_signature_and_input_example(contract, model_dir, tmp_path):
    from mlflow.models import Model

    write_pyfunc_folder(model_dir, tmp_path / "model")
    stored = Model.load(str(tmp_path / "model"))
    assert stored.signature == mlflow_signature(contract)
    assert json.loads((tmp_path / "model" / "input_example.json").read_text())["columns"] == list(
        input_example(contract)
    )


@pytest.mark.extended
def test_a_model_without_a_contract_has_no_signature(model_dir, tmp_path):
    from mlflow.models import Model

    assert model_contract(model_dir) is None
    write_pyfunc_folder(model_dir, tmp_path / "model")
    assert Model.load(str(tmp_path / "model")).signature is None


@pytest.mark.extended
def test_a_damaged_contract_is_an_error(model_dir: Path):
    (model_dir / "assets.extra").mkdir()
    (model_dir / "assets.extra" / "serving_contract.json").write_text("{")
    with pytest.raises(ContractError, match="not a serving contract"):
        model_contract(model_dir)


@pytest.mark.extended
def test_the_contract_version_is_registered(registry, contract, model_dir):
    assert registry.register(model_dir, "ner").tags["contract_version"] == str(contract.version)
