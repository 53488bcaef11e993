"""All checks in the order in which they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from . import answer_checks, folder_checks, graph_checks, text_checks
from .c_api import TensorFlowError
from .endpoint import Context, Endpoint
from .pitfalls import NothingToCheck, counted, diagnose
from .served_model import ServedModel


@dataclasses.dataclass(frozen=True)
class Check:
    """A function that runs once or for every signature.

    Attributes:
        run: takes the context and, depending on the scope, the name or endpoint of a signature; returns a description
            of its finding, or `NothingToCheck`, or raises `CheckFailedError`. Its docstring is the line in
            docs/serving.md.
        scope: `folder` (once), `signature` (for every one, before loading), `endpoint` (for every one, loaded).
    """

    run: Callable[..., str | NothingToCheck]
    scope: str

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__


def check_safety(context: Context) -> None:
    """Parses the model and runs the checks without which nothing of it may be loaded.

    Raises:
        CheckFailedError: the folder holds no SavedModel, or one that may not be loaded.
    """
    for check in (folder_checks.saved_model, folder_checks.safe_files, graph_checks.safe_graph):
        check(context)


def load(context: Context) -> str:
    """TensorFlow's C++ loader accepts the folder."""
    try:
        model = ServedModel(str(context.folder))
    except TensorFlowError as error:
        raise diagnose(error, "cannot_load", "loading") from error
    context.endpoints = {
        name: Endpoint(name, contract, context.parsed, model, context.golden, context.limit)
        for name, contract in context.contract["signatures"].items()
        if name in context.parsed.methods
    }
    return counted(len(context.endpoints), "signature")


CHECKS: tuple[Check, ...] = (
    Check(folder_checks.saved_model, "folder"),
    Check(folder_checks.safe_files, "folder"),
    Check(graph_checks.safe_graph, "folder"),
    Check(folder_checks.serving_only, "folder"),
    Check(folder_checks.files, "folder"),
    Check(folder_checks.manifest, "folder"),
    Check(graph_checks.stock_ops, "folder"),
    Check(graph_checks.no_build_paths, "folder"),
    Check(graph_checks.weights_once, "folder"),
    Check(graph_checks.all_signatures, "folder"),
    Check(graph_checks.served_dtypes, "signature"),
    Check(graph_checks.names_and_types, "signature"),
    Check(load, "folder"),
    Check(answer_checks.batch_sizes, "endpoint"),
    Check(answer_checks.golden_answers, "endpoint"),
    Check(text_checks.golden_sentences, "endpoint"),
    Check(answer_checks.forwarded, "endpoint"),
    Check(text_checks.unusual_texts, "endpoint"),
    Check(text_checks.max_characters, "endpoint"),
    Check(text_checks.padding, "endpoint"),
    Check(text_checks.offsets, "endpoint"),
    Check(text_checks.valid_tags, "endpoint"),
    Check(answer_checks.repeatable, "endpoint"),
    Check(answer_checks.batch_independence, "endpoint"),
)
# After one of these fails, the remaining checks (of the folder, or of that signature) would only repeat the failure.
NEEDED = frozenset({"saved_model", "safe_files", "safe_graph", "files", "load"})
NEEDED_BY_SIGNATURE = frozenset({"names_and_types", "served_dtypes", "batch_sizes"})
