"""`ner add-signatures` and `ner inspect`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.lazy import LazyModule

from components import exporter
from components.exporter.contract.contract import Contract
from components.exporter.saved_model.inspecting import Inspection
from components.exporter.validator.validation_report import CheckResult, ValidationReport
from pipeline.cli.main import main

tf = LazyModule("tensorflow")


@pytest.fixture(scope="module")
def price_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("price") / "model"
    module = tf.Module()
    module.weight = tf.Variable([[2.0], [0.5]])
    specs = [tf.TensorSpec([None, 1], tf.float32, name=name) for name in ("tax_rate", "rooms")]

    @tf.function(input_signature=specs)
    def price(tax_rate, rooms):
        return {"price": tf.concat([tax_rate, rooms], 1) @ module.weight}

    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(module, str(folder), signatures=price, options=options)
    return folder


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_of_the_documentation_works(price_model, tmp_path):
    made, report = tmp_path / "made", tmp_path / "validation.json"
    options = ("--default", "keyed", "--forward", "tax_rate,source,page:int64", "--rename", "rooms=size", "--prune")
    more = ("--keep-default-as", "unkeyed_signature", "--report", report)
    result = run("add-signatures", price_model, made, *options, *more)
    assert result.exit_code == 0, result.output
    assert "feature_forward, keyed, serving_default, unkeyed_signature" in result.output
    assert "the additions take more than pruning saves" in " ".join(result.output.split())  # four signatures for one
    assert json.loads(report.read_text())["passed"] is True
    contract = json.loads(run("inspect", made, "--json").stdout)
    assert (contract["format"], contract["unread_bytes"], contract["unsafe"]) == (1, 0, "")
    assert {*contract["signatures"]["keyed"]["inputs"]} == {"key", "size", "tax_rate"}
    assert (contract["passed"], contract["checks"]) == (None, None)
    facts = {"entity_types", "provenance", "tensorflow", "variables", "variable_bytes", "assets", "ops", "tree_hash"}
    assert facts <= {*contract}
    forward = contract["signatures"]["feature_forward"]
    assert {name: tensor["dtype"] for name, tensor in forward["outputs"].items()} == {
        "price": "float32",
        "tax_rate": "float32",
        "source": "string",
        "page": "int64",
    }
    shown = run("inspect", made, "--check")
    assert shown.exit_code == 0, shown.output
    assert "serving_default" in shown.output
    assert " in 1 variable, " in shown.output
    assert "forwarded [keyed]: ok" in shown.output
    assert "skipped for some signatures: " in shown.output
    assert "had nothing to check" in shown.output.splitlines()[-1]


@pytest.mark.extended
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing to do"),
        (("--forward", "tax_rate:double"), "Use one of string, float32, int64"),
        (("--key", "key", "--base", "other"), "no signature other"),
    ],
)
def test_errors_have_no_traceback(price_model, tmp_path, options, message):
    result = run("add-signatures", price_model, tmp_path / "made", *options)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "made").exists()


def test_known_requests_are_read_line_by_line(price_model, tmp_path):
    golden = tmp_path / "golden.jsonl"
    golden.write_text('{"signature": "serving_default", "inputs": {"tax_rate": [[1]], "rooms": [[2]]}}\n{"x": 1}\n')
    result = run("add-signatures", price_model, tmp_path / "made", "--key", "key", "--golden", golden)
    assert result.exit_code == 1
    assert "golden.jsonl:2" in result.output


@pytest.mark.extended
def test_inspect_of_a_folder_without_a_model_says_so(tmp_path):
    result = run("inspect", tmp_path)
    assert result.exit_code == 1
    assert "no saved_model.pb in" in result.output
    (tmp_path / "7").mkdir()
    (tmp_path / "7/saved_model.pb").touch()
    assert "but in its subfolder 7. Give the subfolder of a version" in run("inspect", tmp_path).output
    (tmp_path / "ner/7").mkdir(parents=True)
    (tmp_path / "7/saved_model.pb").rename(tmp_path / "ner/7/saved_model.pb")
    assert "but in its subfolder ner/7. Give the subfolder of a version" in run("inspect", tmp_path).output
    refused = run("add-signatures", tmp_path, tmp_path / "copy", "--key", "key")
    assert refused.exit_code == 1
    assert f"Give the folder of a version: {tmp_path}/ner/7." in refused.output


@pytest.mark.parametrize("passed", [True, False])
def test_checks_as_json_are_one_object_and_the_code_says_whether_they_passed(monkeypatch, tmp_path, passed):
    contract = Contract.from_dict({"version": 1, "signatures": {}})
    load = CheckResult("load", "", passed=True, detail="1 signature")
    checks = (load, CheckResult("files", "", passed, "changed", "Export again.", "file_changed"))
    report = ValidationReport(checks, "", 0, "", "", contract)
    inspected = Inspection(contract, {"size": "1 byte"}, {"variables": 1}, "2.16", report)
    monkeypatch.setattr(exporter, "inspect_model", lambda model, check: inspected if check else None)
    result = run("inspect", tmp_path, "--check", "--json")
    assert result.exit_code == (0 if passed else 1)
    written = json.loads(result.stdout)
    assert (written["format"], written["passed"], written["variables"]) == (1, passed, 1)
    assert [(each["name"], each["passed"]) for each in written["checks"]] == [("load", True), ("files", passed)]
    assert written["checks"][1]["fix"] == "Export again."
