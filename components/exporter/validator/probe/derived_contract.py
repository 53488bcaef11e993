"""A contract for models that came with none: what their signatures say, and what can be guessed from names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .saved_graph import SavedGraph, TensorInfo

_PAD = "[PAD]"


def derived_contract(graph: SavedGraph, golden: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns a contract as JSON.

    An output with the name and dtype of an input counts as that input handed through. Where known sentences are given,
    a string input that is not handed through is taken for text and an output called `tags` for tags.

    Args:
        graph: the parsed file.
        golden: known answers.
    """
    sentences = any("sentence" in case for case in golden)
    signatures = {name: _signature(graph, name, sentences) for name in sorted(graph.methods)}
    return {"version": 0, "pad": _PAD if sentences else "", "signatures": signatures}


def _signature(graph: SavedGraph, name: str, sentences: bool) -> dict[str, Any]:
    inputs, outputs = graph.inputs(name), graph.outputs(name)
    given = {key: _tensor(info) for key, info in inputs.items()}
    answer = {key: _tensor(info) for key, info in outputs.items()}
    for key in set(inputs) & set(outputs):
        if inputs[key].dtype == outputs[key].dtype:
            answer[key]["forwards"] = key
    if sentences:
        texts = [key for key, info in inputs.items() if info.dtype == "string" and key not in outputs]
        if len(texts) == 1:
            given[texts[0]]["role"] = "text"
        if "tags" in answer:
            answer["tags"]["role"] = "tags"
    return {"inputs": given, "outputs": answer}


def _tensor(info: TensorInfo) -> dict[str, Any]:
    return {"dtype": info.dtype, "shape": None if info.shape is None else list(info.shape)}
