"""Scores, pages and registration in the user interface of Kubeflow Pipelines: outputs of its artifact types.

TFX cannot compile these types. `add_ui_outputs` adds them to the compiled pipeline; in the pod the entry point hides
them from TFX, and `fill_ui_outputs` fills them.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from components.keys import MODEL_CARD_MARKDOWN_FILE, REPORT_FILE

METRICS = "system.Metrics"
CONFUSION = "system.ClassificationMetrics"
HTML = "system.HTML"
MARKDOWN = "system.Markdown"

_SCHEMA_VERSION = "0.0.1"  # of all of Kubeflow's types
_DIGITS = 4
_HEADER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)

# (TFX's artifact with the data, path of the file to write) -> metadata
_Fill = Callable[[Any, Path], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class UiOutput:
    """An output for the user interface.

    Attributes:
        node: name of the node.
        name: name of the output, which is its heading.
        schema: Kubeflow's type.
        source: the node's TFX output with the data.
        fill: writes the file, if the type has one, and returns the metadata.
    """

    node: str
    name: str
    schema: str
    source: str
    fill: _Fill


def add_ui_outputs(spec: dict[str, Any]) -> None:
    """Adds the outputs to the components of the pipeline's nodes.

    Args:
        spec: a PipelineSpec as a dict, in the JSON form of protos; it is changed.
    """
    for node, component in _components_by_node(spec):
        artifacts = component.get("outputDefinitions", {}).get("artifacts", {})
        for output in UI_OUTPUTS:
            if output.node == node and output.source in artifacts:
                artifacts[output.name] = {"artifactType": ui_type(output.schema)}


def ui_type(schema: str) -> dict[str, str]:
    """Returns one of Kubeflow's artifact types, for example `MARKDOWN`, in the JSON form of protos."""
    return {"schemaTitle": schema, "schemaVersion": _SCHEMA_VERSION}


def fill_ui_outputs(message: Any, artifacts: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """Fills the outputs of a finished node.

    Args:
        message: the node's `ExecutorOutput`; the outputs are added to it.
        artifacts: the node's outputs of Kubeflow's types by name (`RuntimeArtifact`, with paths for URIs).
        outputs: the node's TFX artifacts by name.
    """
    by_name = {output.name: output for output in UI_OUTPUTS}
    for name, artifact in artifacts.items():
        output = by_name.get(name)
        if output is None or output.source not in outputs:
            continue  # executor-logs: the launcher writes them
        shown = message.artifacts[name].artifacts.add(uri=artifact.uri)
        shown.metadata.update(output.fill(outputs[output.source], Path(artifact.uri)))


def _components_by_node(spec: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for task in spec["root"]["dag"]["tasks"].values():
        yield task["taskInfo"]["name"], spec["components"][task["componentRef"]["name"]]


def _scores(evaluation: Any, file: Path) -> dict[str, Any]:
    """Returns the scores of all examples; of those by type only F1, the report has the others."""
    del file
    from components.evaluator.results.scores_file import read_evaluation

    result = read_evaluation(evaluation.uri)
    shown: dict[str, Any] = {"blessed": int(result.blessing.blessed)}  # the interface puts texts into quotes
    reasons = "; ".join([*result.blessing.failures, *result.blessing.notes])
    if reasons:
        shown["blessed_against" if result.blessing.blessed else "not_blessed_because"] = reasons
    if result.overall is None:
        return shown
    for name, estimate in result.overall.candidate.metrics().items():
        if estimate.value is not None and ("/" not in name or name.startswith("entity_f1/")):
            shown[name] = round(estimate.value, _DIGITS)
    if result.overall.champion is not None:
        number = result.champion_version
        shown["champion_version"] = int(number) if number.isdecimal() else number
        champion = result.overall.champion.metrics()["entity_f1"].value
        if champion is not None:
            shown["champion_entity_f1"] = round(champion, _DIGITS)
    return shown


def _confusion(evaluation: Any, file: Path) -> dict[str, Any]:
    """Returns token counts by gold (rows) and predicted type (columns), as `kfp.dsl.ClassificationMetrics` does."""
    del file
    from components.evaluator.results.scores_file import read_evaluation

    overall = read_evaluation(evaluation.uri).overall
    confusion = None if overall is None else overall.candidate.confusion
    if confusion is None:
        return {}
    labels = [{"displayName": label} for label in confusion.labels]
    return {"confusionMatrix": {"annotationSpecs": labels, "rows": [{"row": list(row)} for row in confusion.counts]}}


def _registration(pushed_model: Any, file: Path) -> dict[str, Any]:
    del file
    pushed = bool(pushed_model.get_int_custom_property("pushed"))
    shown: dict[str, Any] = {"pushed": int(pushed)}
    if pushed_model.has_custom_property("registry_version"):
        shown["version"] = pushed_model.get_int_custom_property("registry_version")
        shown["alias"] = pushed_model.get_string_custom_property("registry_alias")
    for name in ("reason", "pushed_destination"):
        if pushed_model.has_custom_property(name):
            shown[name] = pushed_model.get_string_custom_property(name)
    return shown


def _report(report: Any, file: Path) -> dict[str, Any]:
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(report.uri, REPORT_FILE), file)
    return {}


def _model_card(report: Any, file: Path) -> dict[str, Any]:
    """Writes the card without its YAML header, which a Markdown viewer would show as one long heading."""
    text = Path(report.uri, MODEL_CARD_MARKDOWN_FILE).read_text(encoding="utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_HEADER.sub("", text), encoding="utf-8")
    return {}


UI_OUTPUTS = (
    UiOutput("Evaluator", "scores", METRICS, "evaluation", _scores),
    UiOutput("Evaluator", "confusion_matrix", CONFUSION, "evaluation", _confusion),
    UiOutput("Reporter", "report_page", HTML, "report", _report),
    UiOutput("Reporter", "model_card_page", MARKDOWN, "report", _model_card),
    UiOutput("RegistryPusher", "registration", METRICS, "pushed_model", _registration),
)
"""All outputs for the user interface."""
