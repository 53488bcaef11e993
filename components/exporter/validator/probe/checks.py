"""All checks in the order in which they run."""

from __future__ import annotations

from . import answer_checks, folder_checks, graph_checks, text_checks
from .c_api import TensorFlowError
from .check import Check
from .context import Context
from .diagnosis import explain
from .endpoint import Endpoint
from .served_model import ServedModel


def load(context: Context) -> str:
    """TensorFlow's C++ loader takes the folder."""
    try:
        model = ServedModel(str(context.folder))
    except TensorFlowError as error:
        raise explain(error, "cannot_load", "loading") from error
    context.endpoints = {
        name: Endpoint(name, contract, context.parsed, model, context.golden)
        for name, contract in context.contract["signatures"].items()
        if name in context.parsed.methods
    }
    return f"{len(context.endpoints)} signatures"


CHECKS: tuple[Check, ...] = (
    Check(folder_checks.saved_model, "folder"),
    Check(folder_checks.serving_only, "folder"),
    Check(folder_checks.files, "folder"),
    Check(folder_checks.manifest, "folder"),
    Check(graph_checks.stock_ops, "folder"),
    Check(graph_checks.no_build_paths, "folder"),
    Check(graph_checks.weights_once, "folder"),
    Check(graph_checks.all_signatures, "folder"),
    Check(graph_checks.names_and_types, "signature"),
    Check(load, "folder"),
    Check(answer_checks.batch_sizes, "endpoint"),
    Check(answer_checks.golden_answers, "endpoint"),
    Check(text_checks.golden_sentences, "endpoint"),
    Check(answer_checks.forwarded, "endpoint"),
    Check(text_checks.odd_texts, "endpoint"),
    Check(text_checks.padding, "endpoint"),
    Check(text_checks.offsets, "endpoint"),
    Check(text_checks.legal_tags, "endpoint"),
    Check(answer_checks.repeatable, "endpoint"),
    Check(answer_checks.batch_independence, "endpoint"),
)
# What comes after a failure of these says nothing new: of the folder, or of the signature that failed.
NEEDED = frozenset({"saved_model", "files", "load"})
NEEDED_BY_SIGNATURE = frozenset({"names_and_types", "batch_sizes"})
