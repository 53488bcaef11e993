"""RunPlanner in the compiled pipeline: the first node, whose outputs are parameters of the others.

TFX has no nodes with output parameters, so this adds the node to TFX's output. Its parameters are part of the cache
keys of the nodes that read them: with other files at the same address, or another champion, only the nodes that depend
on them are executed (backend/src/v2/driver/cache.go of kubeflow/pipelines). Without a reason to train, the driver skips
the first nodes by their condition, and so Argo omits all others.
"""

from __future__ import annotations

from typing import Any

from configs.spec import PipelineConfig
from pipeline.kubeflow.container.run_planner import CORPUS, DECISION, DUE, OUTPUTS, RUN_PLANNER, TRAIN, PlannerSettings
from pipeline.kubeflow.container.ui_artifacts import MARKDOWN, ui_type
from pipeline.run.inputs import RunInputs

SCHEDULE_TIME = "{{$.pipeline_job_schedule_time_utc}}"
"""Constant that the driver of KFP 2.17 replaces by the time of a schedule, or by the start of another run."""

_IMPORTER = "Corpus"
_MODULE = "pipeline.kubeflow.container.run_planner"
OF_RUN = ("span", "epochs", "run_name", "baseline", TRAIN)  # run parameters that the node reads
ONLY_PLANNED = ("corpus_fingerprint", "run_fingerprint", "baseline_content")  # no parameters of a run
_KINDS = {"epochs": "NUMBER_INTEGER"}


def planner_settings(config: PipelineConfig, inputs: RunInputs, *, warm_start: bool) -> PlannerSettings:
    """Returns what the node knows from the compilation.

    Args:
        config: the whole configuration.
        inputs: as `inputs_of_cluster` returns them.
        warm_start: whether each training starts from the champion's weights.
    """
    return PlannerSettings(
        config=config.model_dump(mode="json", by_alias=True),
        splits=inputs.splits,
        schema_text=inputs.schema,
        pretrained={name: dict(values) for name, values in inputs.pretrained.items()},
        warm_start=warm_start,
    )


def add_run_planner(spec: dict[str, Any], settings: PlannerSettings) -> None:
    """Adds the node, and lets the others take their parameters from it.

    Args:
        spec: JSON form of a PipelineSpec from TFX, with TFX's names of components; it is changed.
        settings: of the node.
    """
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    for name in ONLY_PLANNED:
        parameters.pop(name, None)
    parameters[TRAIN] = {"parameterType": "STRING", "defaultValue": DUE, "isOptional": True}
    tasks = spec["root"]["dag"]["tasks"]
    for name, task in tasks.items():
        if name != _IMPORTER:
            _read_from_planner(task, spec["components"][task["componentRef"]["name"]])
    importer = tasks[_IMPORTER]
    [(output, corpus)] = spec["components"][importer["componentRef"]["name"]]["outputDefinitions"]["artifacts"].items()
    tasks[RUN_PLANNER] = {
        "taskInfo": {"name": RUN_PLANNER},
        "componentRef": {"name": RUN_PLANNER},
        "dependentTasks": [_IMPORTER],
        "inputs": {
            "artifacts": {CORPUS: {"taskOutputArtifact": {"producerTask": _IMPORTER, "outputArtifactKey": output}}},
            "parameters": {
                **{name: {"componentInputParameter": name} for name in OF_RUN},
                "time": {"runtimeValue": {"constant": SCHEDULE_TIME}},
            },
        },
    }
    spec["components"][RUN_PLANNER] = {
        "executorLabel": f"{RUN_PLANNER}_executor",
        "inputDefinitions": {
            "artifacts": {CORPUS: corpus},
            "parameters": {name: {"parameterType": _KINDS.get(name, "STRING")} for name in (*OF_RUN, "time")},
        },
        "outputDefinitions": {
            "artifacts": {DECISION: {"artifactType": ui_type(MARKDOWN)}},
            "parameters": {name: {"parameterType": "STRING"} for name in OUTPUTS},
        },
    }
    arguments = ["--executor_input", "{{$}}", "--settings", settings.model_dump_json()]
    container = {"command": ["python", "-m", _MODULE], "args": arguments}
    spec["deploymentSpec"]["executors"][f"{RUN_PLANNER}_executor"] = {"container": container}


def drop_planned_parameters(spec: dict[str, Any]) -> None:
    """Lets the nodes of a pipeline without RunPlanner compute the values themselves.

    Args:
        spec: as of `add_run_planner`.
    """
    for name in ONLY_PLANNED:
        spec["root"].get("inputDefinitions", {}).get("parameters", {}).pop(name, None)
    for task in spec["root"]["dag"]["tasks"].values():
        parameters = task.get("inputs", {}).get("parameters", {})
        for name, source in parameters.items():
            if source.get("componentInputParameter") in ONLY_PLANNED:
                parameters[name] = {"runtimeValue": {"constant": ""}}


def _read_from_planner(task: dict[str, Any], component: dict[str, Any]) -> None:
    inputs = task.setdefault("inputs", {}).setdefault("parameters", {})
    planned = {name: source.get("componentInputParameter") for name, source in inputs.items()}
    planned = {name: output for name, output in planned.items() if output in OUTPUTS}
    if not set(task.get("dependentTasks", [])) - {_IMPORTER}:  # a first node
        planned[TRAIN] = TRAIN
        component.setdefault("inputDefinitions", {}).setdefault("parameters", {})[TRAIN] = {"parameterType": "STRING"}
        task["triggerPolicy"] = {"condition": f"inputs.parameter_values['{TRAIN}'] == 'yes'"}
    for name, output in planned.items():
        inputs[name] = {"taskOutputParameter": {"producerTask": RUN_PLANNER, "outputParameterKey": output}}
    if planned:
        task["dependentTasks"] = sorted({*task.get("dependentTasks", []), RUN_PLANNER})
