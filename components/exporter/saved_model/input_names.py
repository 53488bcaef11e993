"""Input names that Python does not allow, such as `image/encoded` or `class`.

TensorFlow 1 took them and `tf.saved_model.save` cannot write them: it turns inputs into parameters of Python functions.
A signature is therefore traced with allowed names, and the real ones are put into the saved file afterwards.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.exporter.contract.tensors import TensorContract
from components.keys import SAVED_MODEL_FILE

if TYPE_CHECKING:
    import tensorflow as tf


def safe_names(names: Sequence[str]) -> dict[str, str]:
    """Returns real name -> a name that Python allows; the same one if possible.

    Example:
        >>> safe_names(["word", "class"])
        {'word': 'word', 'class': 'input_1'}
    """
    taken = set(names)
    safe = {}
    for number, name in enumerate(names):
        allowed = name.isidentifier() and not keyword.iskeyword(name) and _is_parameter(name)
        short = name if allowed else f"input_{number}"
        while short != name and short in taken:
            short += "_"
        taken.add(short)
        safe[name] = short
    return safe


def pass_through(
    answer: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    inputs: Mapping[str, TensorContract],
    passed: Sequence[str],
) -> Any:
    """Traces a signature that answers like a function and returns some of its inputs next to the answer.

    An input that is only returned and holds a value for each row must have as many as another input or an output has
    rows; another number is an error of the request.

    Args:
        answer: inputs by name -> outputs by name.
        inputs: of the signature, including those that are only returned.
        passed: names of inputs to return unchanged.

    Returns:
        A concrete function for `tf.saved_model.save`, with `safe_names`; see `restore_input_names`.
    """
    import tensorflow as tf

    safe = safe_names(list(inputs))
    keys = [name for name in passed if inputs[name].role == "key" and inputs[name].shape == (None,)]

    @tf.function(autograph=False)
    def signature(**request: tf.Tensor) -> dict[str, tf.Tensor]:
        values = {real: request[short] for real, short in safe.items()}
        answers = dict(answer(values))
        # Any of them, because a ragged input comes as values and splits, and then only the answer has its rows.
        sized = [value for name, value in (*values.items(), *answers.items()) if name not in keys]
        rows = [tf.shape(value)[:1] for value in sized if value.shape.rank != 0]
        with tf.control_dependencies([_require_as_many(name, values[name], rows) for name in keys if rows]):
            return answers | {name: tf.identity(values[name]) for name in passed}

    specs = {short: tf.TensorSpec(inputs[real].shape, inputs[real].dtype, short) for real, short in safe.items()}
    return signature.get_concrete_function(**specs)


def restore_input_names(model_dir: Path, signatures: Mapping[str, Sequence[str]]) -> None:
    """Puts the real names into a saved model whose signatures were traced with `safe_names`.

    Args:
        model_dir: folder of the SavedModel; saved_model.pb is changed if names differ.
        signatures: name -> real input names, in the order passed to `safe_names`.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    renamed = {
        name: {short: real for real, short in safe_names(inputs).items() if short != real}
        for name, inputs in signatures.items()
    }
    if not any(renamed.values()):
        return
    file = model_dir / SAVED_MODEL_FILE
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in saved.meta_graphs:
        for name, names in renamed.items():
            for short, real in names.items():
                inputs = graph.signature_def[name].inputs
                inputs[real].CopyFrom(inputs[short])
                del inputs[short]
        _rename_for_python(graph.object_graph_def, renamed)
    file.write_bytes(saved.SerializeToString())
    (model_dir / "fingerprint.pb").unlink(missing_ok=True)  # it holds a checksum of the old file


def _rename_for_python(objects: Any, renamed: Mapping[str, Mapping[str, str]]) -> None:
    """Renames for `tf.saved_model.load`, which reads the graph of objects instead of the signatures.

    Only the keywords of calls change: the structure of inputs holds parameters, whose names Python must allow.
    """
    [signatures] = [child.node_id for child in objects.nodes[0].children if child.local_name == "signatures"]
    for child in objects.nodes[signatures].children:
        names = renamed.get(child.local_name, {})
        function = objects.nodes[child.node_id].bare_concrete_function
        function.argument_keywords[:] = [names.get(word, word) for word in function.argument_keywords]
    for concrete in objects.concrete_functions.values():
        for value in concrete.canonicalized_input_signature.tuple_value.values:
            fields = value.dict_value.fields
            for name in [name for name in fields if keyword.iskeyword(name)]:  # a function of the source model
                fields[f"{name}_"].CopyFrom(fields[name])
                del fields[name]


def _require_as_many(name: str, values: tf.Tensor, rows: Sequence[tf.Tensor]) -> tf.Operation:
    """Returns the op that refuses another number of values than one of `rows` (shape [1] each, [0] of a scalar)."""
    import tensorflow as tf

    counts = tf.concat(rows, 0)
    fits = tf.reduce_any(tf.equal(tf.size(values), counts)) | tf.equal(tf.size(counts), 0)
    # The op itself, because `tf.debugging.Assert` adds a branch.
    return tf.raw_ops.Assert(
        condition=fits, data=[f"{name}:", tf.size(values), "values, rows:", counts, "Send one value for each row."]
    )


def _is_parameter(name: str) -> bool:
    try:
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
    except ValueError:
        return False
    return True
