"""Signatures of the user's own code: `exporter.signatures`, name -> `my_package.my_module:my_function`.

The function takes the `ServingModule` and returns a `tf.function` with an input signature and a dictionary of outputs:

    def token_count(module):
        \"\"\"The number of tokens of each sentence.\"\"\"

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="sentence")])
        def count(sentence):
            return {"count": tf.reduce_sum(tf.cast(module.tag(sentence)["ends"] > 0, tf.int32), 1)}

        return count

Its tensors become part of the contract, and the validator checks them like those of every other signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf

from components.common.dotted_path import load_function
from components.exporter.contract.contract_template import ContractTemplate
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.errors import ExportError

if TYPE_CHECKING:
    from components.exporter.serving.serving_module import ServingModule


class CustomSignature(NamedTuple):
    """A traced function and its contract."""

    function: Any
    contract: SignatureContract


def custom_signatures(module: ServingModule, paths: Mapping[str, str]) -> dict[str, CustomSignature]:
    """Traces the configured functions.

    Args:
        module: argument of every function.
        paths: signature -> `module:function`.

    Raises:
        NerError: a function cannot be imported, or does not return a `tf.function` of the required form.
    """
    return {name: _custom_signature(module, name, path) for name, path in paths.items()}


def _custom_signature(module: ServingModule, name: str, path: str) -> CustomSignature:
    setting = f"exporter.signatures.{name}"
    build = load_function(path, setting)
    try:
        function = build(module).get_concrete_function()
        specs = tf.nest.flatten(function.structured_input_signature)
        outputs = {str(key): TensorContract.of_spec(spec) for key, spec in function.structured_outputs.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ExportError(
            f"{setting}: {path} cannot be traced ({type(error).__name__}: {error}). Return a tf.function with an "
            "input_signature of named tensors and a dictionary of outputs."
        ) from error
    meaning = (build.__doc__ or "").strip().partition("\n")[0]
    return CustomSignature(function, SignatureContract({spec.name: _input(spec) for spec in specs}, outputs, meaning))


def _input(spec: tf.TensorSpec) -> TensorContract:
    """Returns an input; `sentence` and `key` have the meaning and role that they have in other signatures."""
    tensor = TensorContract.of_spec(spec)
    known = ContractTemplate.load().inputs.get(spec.name)
    return known if known and (known.dtype, known.shape) == (tensor.dtype, tensor.shape) else tensor
