"""Commands that query a registered model."""

from __future__ import annotations

import dataclasses
import json
import shlex

from components.exporter.contract.tensors import SignatureContract
from components.reporter.model_facts import ModelFacts

_DEFAULT = "serving_default"
_PACKAGE = "packaged"


@dataclasses.dataclass(frozen=True)
class ServingCommand:
    """One way to query a model.

    Attributes:
        purpose: purpose as an imperative phrase.
        language: language of the text, for a Markdown fence.
        text: the command.
    """

    purpose: str
    language: str
    text: str


def serving_commands(facts: ModelFacts) -> list[ServingCommand]:
    """Returns the commands for a registered model, with requests built from the examples in its contract."""
    commands = [
        ServingCommand("tag sentences on this machine", "bash", f"ner predict {shlex.quote(_sentence(facts))}"),
        ServingCommand(
            "package it for TensorFlow Serving; README.md in the folder explains how to start the server",
            "bash",
            f"ner package --for tf-serving {_PACKAGE}",
        ),
    ]
    default = facts.contract.signatures.get(_DEFAULT)
    if default is None:
        return commands
    url = f"http://localhost:8501/v1/models/{facts.name}:predict"
    # Short lines: the web interface of Kubeflow Pipelines neither breaks nor scrolls them.
    body = json.dumps({"signature_name": _DEFAULT, "inputs": _inputs(default)}, ensure_ascii=False)
    body = body.replace(', "inputs"', ',\n "inputs"').replace('], "', '],\n  "')
    commands.append(ServingCommand("query that server", "bash", f"curl -d {shlex.quote(body)} \\\n  {url}"))
    commands.append(ServingCommand("load it in Python; only TensorFlow is needed", "python", _python(facts, default)))
    return commands


def _sentence(facts: ModelFacts) -> str:
    for signature in facts.contract.signatures.values():
        for tensor in signature.inputs.values():
            if tensor.role == "text" and tensor.example:
                return str(tensor.example[0])
    return "Justin Trudeau went to New Delhi India"


def _inputs(signature: SignatureContract) -> dict[str, object]:
    return {name: tensor.example for name, tensor in signature.inputs.items()}


def _python(facts: ModelFacts, signature: SignatureContract) -> str:
    arguments = "".join(
        f"    {name}=tf.constant({json.dumps(tensor.example, ensure_ascii=False)}),\n"
        for name, tensor in signature.inputs.items()
    )
    return "\n".join(
        [
            "import tensorflow as tf",
            "",
            f'model = tf.saved_model.load("{_PACKAGE}/{facts.name}/VERSION")',
            f'answer = model.signatures["{_DEFAULT}"](\n{arguments})',
            'print(answer["tags"].numpy())',
        ]
    )
