"""Input names that Python does not allow, such as `image/encoded` or `class`.

TensorFlow 1 took them and `tf.saved_model.save` cannot write them: it makes inputs parameters of Python functions. So a
signature is traced with names that are allowed, and the real ones are put into the saved file afterwards.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def safe_names(names: Sequence[str]) -> dict[str, str]:
    """Returns real name -> a name that Python takes; the same one where that is possible."""
    taken = set(names)
    safe = {}
    for number, name in enumerate(names):
        short = (
            name if name.isidentifier() and not keyword.iskeyword(name) and _is_parameter(name) else f"input_{number}"
        )
        while short != name and short in taken:
            short += "_"
        taken.add(short)
        safe[name] = short
    return safe


def restore_input_names(model_dir: Path, signatures: Mapping[str, Sequence[str]]) -> None:
    """Puts the real names into a saved model whose signatures were traced with `safe_names`.

    Args:
        model_dir: folder of the SavedModel; saved_model.pb is changed where names differ.
        signatures: name -> real input names, in the order that `safe_names` was given.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    renamed = {
        name: {short: real for real, short in safe_names(inputs).items() if short != real}
        for name, inputs in signatures.items()
    }
    if not any(renamed.values()):
        return
    file = model_dir / "saved_model.pb"
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
    """The same for `tf.saved_model.load`, which reads the graph of objects and not the signatures.

    Only the keywords of calls: the structure of inputs holds parameters, which must be such as Python takes.
    """
    [signatures] = [child.node_id for child in objects.nodes[0].children if child.local_name == "signatures"]
    for child in objects.nodes[signatures].children:
        names = renamed.get(child.local_name, {})
        function = objects.nodes[child.node_id].bare_concrete_function
        keywords = [names.get(word, word) for word in function.argument_keywords]
        function.argument_keywords[:] = keywords
    for concrete in objects.concrete_functions.values():
        for value in concrete.canonicalized_input_signature.tuple_value.values:
            fields = value.dict_value.fields
            for name in [name for name in fields if keyword.iskeyword(name)]:  # a function of the source's own
                fields[f"{name}_"].CopyFrom(fields[name])
                del fields[name]


def _is_parameter(name: str) -> bool:
    try:
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
    except ValueError:
        return False
    return True
