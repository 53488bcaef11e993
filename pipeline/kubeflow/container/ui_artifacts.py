"""What a run shows in the user interface of Kubeflow Pipelines: extra outputs of its own artifact types.

TFX knows none of these types, so a pipeline is compiled without them: `add_ui_outputs` adds them to the compiled
pipeline, and in the pod the entry point takes them off TFX's hands and has `fill_ui_outputs` fill them.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

METRICS = "system.Metrics"
CONFUSION = "system.ClassificationMetrics"
HTML = "system.HTML"
MARKDOWN = "system.Markdown"

_SCHEMA_VERSION = "0.0.1"  # of all of Kubeflow's types
_DIGITS = 4
_HEADER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)

# (TFX's artifact that holds the facts, path of the file to be shown) -> what is shown as metadata
_Fill = Callable[[Any, Path], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class UiOutput:
    """One thing that is shown.

    Attributes:
        node: name of the node.
        name: name of the output; it is the heading.
        schema: Kubeflow's type.
        source: the node's TFX output that holds the facts.
        fill: writes the file, if the type has one, and returns the metadata.
    """

    node: str
    name: str
    schema: str
    source: str
    fill: _Fill


def add_ui_outputs(spec: dict[str, Any]) -> None:
    """Adds the outputs to the components of the nodes that are there.

    Args:
        spec: a PipelineSpec as a dict, in the JSON form of protos; it is changed.
    """
    for node, component in _components_by_node(spec):
        artifacts = component.get("outputDefinitions", {}).get("artifacts", {})
        for output in UI_OUTPUTS:
            if output.node == node and output.source in artifacts:
                kind = {"schemaTitle": output.schema, "schemaVersion": _SCHEMA_VERSION}
                artifacts[output.name] = {"artifactType": kind}


def fill_ui_outputs(message: Any, artifacts: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """Fills the outputs of a node that has run.

    Args:
        message: the node's `ExecutorOutput`, to which they are added.
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
    components = spec.get("components", {})
    for graph in (spec.get("root", {}), *components.values()):
        for task in graph.get("dag", {}).get("tasks", {}).values():
            yield task["taskInfo"]["name"], components[task["componentRef"]["name"]]


def _scores(evaluation: Any, file: Path) -> dict[str, Any]:
    """Scores of all examples; of the types only F1, the others stand in the report."""
    del file
    from components.evaluator.results.scores import read_evaluation

    found = read_evaluation(evaluation.uri)
    shown: dict[str, Any] = {"blessed": "yes" if found.blessing.blessed else "no"}
    against = "; ".join([*found.blessing.failures, *found.blessing.notes])
    if against:
        shown["blessed_against" if found.blessing.blessed else "not_blessed_because"] = against
    if found.overall is None:
        return shown
    values = {name: estimate.value for name, estimate in found.overall.candidate.metrics().items()}
    wanted = {name: value for name, value in values.items() if "/" not in name or name.startswith("entity_f1/")}
    shown |= {name: round(value, _DIGITS) for name, value in wanted.items()}
    if found.overall.champion is not None:
        shown["champion_version"] = found.champion_version
        champion = found.overall.champion.metrics()["entity_f1"].value
        shown["champion_entity_f1"] = round(champion, _DIGITS)
    return shown


def _confusion(evaluation: Any, file: Path) -> dict[str, Any]:
    """Tokens by gold type (rows) and predicted type (columns), in the form of `kfp.dsl.ClassificationMetrics`."""
    del file
    from components.evaluator.results.scores import read_evaluation

    overall = read_evaluation(evaluation.uri).overall
    confusion = None if overall is None else overall.candidate.confusion
    if confusion is None:
        return {}
    labels = [{"displayName": label} for label in confusion.labels]
    return {"confusionMatrix": {"annotationSpecs": labels, "rows": [{"row": list(row)} for row in confusion.counts]}}


def _registration(pushed_model: Any, file: Path) -> dict[str, Any]:
    del file
    pushed = bool(pushed_model.get_int_custom_property("pushed"))
    shown: dict[str, Any] = {"pushed": "yes" if pushed else "no"}
    if pushed_model.has_custom_property("registry_version"):
        shown["version"] = str(pushed_model.get_int_custom_property("registry_version"))
        shown["alias"] = pushed_model.get_string_custom_property("registry_alias")
    for name in ("reason", "pushed_destination"):
        if pushed_model.has_custom_property(name):
            shown[name] = pushed_model.get_string_custom_property(name)
    return shown


def _report(report: Any, file: Path) -> dict[str, Any]:
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(report.uri, "report.html"), file)
    return {}


def _model_card(card: Any, file: Path) -> dict[str, Any]:
    """The card without its YAML header, which a viewer of Markdown would show as one long heading."""
    text = Path(card.uri, "model_card.md").read_text(encoding="utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_HEADER.sub("", text), encoding="utf-8")
    return {}


UI_OUTPUTS = (
    UiOutput("Evaluator", "scores", METRICS, "evaluation", _scores),
    UiOutput("Evaluator", "confusion_matrix", CONFUSION, "evaluation", _confusion),
    UiOutput("Reporter", "report_page", HTML, "report", _report),
    UiOutput("Reporter", "model_card_page", MARKDOWN, "model_card", _model_card),
    UiOutput("RegistryPusher", "registration", METRICS, "pushed_model", _registration),
)
"""Everything that is shown."""
