"""A signature that answers like a function does and returns some of its inputs beside the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from components.exporter.contract.tensors import TensorContract
from components.exporter.saved_model.input_names import safe_names


def pass_through(
    answer: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    inputs: Mapping[str, TensorContract],
    passed: Sequence[str],
) -> Any:
    """Traces a signature.

    Args:
        answer: what is asked: inputs by name -> outputs by name.
        inputs: of the signature, those that are only handed through included.
        passed: names of inputs that come back unchanged.

    Returns:
        A concrete function as `tf.saved_model.save` takes it. Inputs whose names Python does not allow have others:
        see `restore_input_names`.
    """
    safe = safe_names(list(inputs))

    @tf.function(autograph=False)
    def signature(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        values = {real: given[short] for real, short in safe.items()}
        return {**answer(values), **{name: tf.identity(values[name]) for name in passed}}

    wanted = {short: tf.TensorSpec(inputs[real].shape, inputs[real].dtype, short) for real, short in safe.items()}
    return signature.get_concrete_function(**wanted)
