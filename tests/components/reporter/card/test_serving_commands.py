"""The commands of the card are valid."""

from __future__ import annotations

import ast
import dataclasses
import json
import shlex

import click
import pytest
from support.settings import exporter_settings

from components.exporter.contract.contract import Contract, build_contract
from components.reporter.card.serving_commands import serving_commands
from pipeline.cli.main import main

pytestmark = pytest.mark.extended


def with_default(facts, default):
    return dataclasses.replace(facts, contract=build_contract(exporter_settings(default=default)))


def test_ner_commands_parse(facts):
    words = [shlex.split(command.text) for command in serving_commands(facts) if command.text.startswith("ner ")]
    assert [word[1] for word in words] == ["predict", "package"]
    for _, name, *arguments in words:
        command = main.get_command(click.Context(main), name)
        command.make_context(name, arguments)  # raises for a wrong option or a missing argument


@pytest.mark.parametrize(("default", "inputs"), [("plain", {"sentence"}), ("keyed", {"sentence", "key"})])
def test_request_has_the_inputs_of_the_default_signature(facts, default, inputs):
    [command] = [c for c in serving_commands(with_default(facts, default)) if c.text.startswith("curl ")]
    words = shlex.split(command.text)
    body = json.loads(words[words.index("-d") + 1])
    assert set(body["inputs"]) == inputs
    assert all(isinstance(value, list) and value for value in body["inputs"].values())
    assert words[-1] == "http://localhost:8501/v1/models/ner:predict"


def test_python_snippet_parses(facts):
    [command] = [c for c in serving_commands(facts) if c.language == "python"]
    ast.parse(command.text)
    assert "sentence=tf.constant(" in command.text


def test_model_without_a_contract_has_only_the_ner_commands(facts):
    commands = serving_commands(dataclasses.replace(facts, contract=Contract(0, {})))
    assert [command.text.split()[0] for command in commands] == ["ner", "ner"]
