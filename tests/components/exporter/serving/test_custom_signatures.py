"""Signatures of the user's own code: exported, validated and served like all others."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.common.errors import NerError
from components.exporter import require_valid, validate_export
from components.exporter.contract.contract import build_contract
from components.exporter.contract.contract_changes import breaking_changes

exporter = LazyModule("components.exporter")

PATH = "support.custom_signature:token_count"
SENTENCES = ["Joe Biden visited Paris", "", "Kyiv, \U0001f633"]


def test_a_function_of_the_configuration_becomes_a_signature(trained, transformed, serve, tmp_path):
    settings = exporter_settings(signatures={"token_count": PATH})
    contract = exporter.export(trained, transformed.graph, str(tmp_path / "model"), settings)
    server = serve(tmp_path / "model")
    assert server("token_count", sentence=SENTENCES)["count"].tolist() == [4, 0, 3]
    assert server.names == set(contract.signatures)
    signature = contract.signatures["token_count"]
    assert signature.meaning == "The number of tokens of each sentence."
    assert signature.inputs["sentence"].role == "text"
    assert (signature.outputs["count"].dtype, signature.outputs["count"].shape) == ("int32", (None,))
    require_valid(validate_export(tmp_path / "model", contract, batches=(0, 3)))
    assert breaking_changes(contract, build_contract(settings)) == ["signature token_count is gone"]


def test_functions_that_cannot_be_used_are_named(trained, transformed, tmp_path):
    cases = [
        ("support.absent:f", r"exporter\.signatures\.mine: there is no module support\.absent"),
        ("absent.module:f", r"exporter\.signatures\.mine: there is no module absent\.module"),
        ("support.custom_signature:absent", r"exporter\.signatures\.mine: module \S+ has no absent"),
        ("support.custom_signature:without_input_signature", r"exporter\.signatures\.mine: .* cannot be traced"),
    ]
    for path, message in cases:
        with pytest.raises(NerError, match=message):
            exporter.export(
                trained, transformed.graph, str(tmp_path / "model"), exporter_settings(signatures={"mine": path})
            )
    assert not (tmp_path / "model").exists()
