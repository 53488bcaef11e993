"""Walks a compiled pipeline task by task, as Kubeflow Pipelines does."""

from __future__ import annotations

import graphlib
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.kubeflow.container.mirror import is_mirrored
from support.kfp_emulator.conditions import holds
from support.kfp_emulator.driver import provision_outputs, resolve_inputs
from support.kfp_emulator.emulator_error import EmulatorError, TaskError
from support.kfp_emulator.importer import imported
from support.kfp_emulator.launcher import OUTPUT_FILE, Launcher
from support.kfp_emulator.metadata_store import MetadataStore
from support.kfp_emulator.object_store import ObjectStore
from support.kfp_emulator.parameters import run_parameters
from support.kfp_emulator.pipeline_file import PipelineFile
from support.kfp_emulator.run_context import GraphContext, RunContext
from support.kfp_emulator.run_result import RunResult
from support.kfp_emulator.task_result import State, TaskResult


class Emulator:
    """Runs compiled pipelines: one task after the other, each container's command as a process, and without a cache.

    As on a cluster, a task sees its declared inputs and nothing else, and only its declared outputs are kept. What is
    not emulated: images, resources, volumes, secrets (their variables are taken from the environment) and anything
    parallel.

    Attributes:
        store: the object store; it outlives runs.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str], None] = lambda line: None,
        wait: Callable[[float], None] = time.sleep,
        retry: bool = True,
    ) -> None:
        """Makes an emulator.

        Args:
            folder: holds the object store (`store`), logs by run (`logs`) and, while they run, pods.
            report: is given one line a task.
            wait: waits the given number of seconds before a failed task is tried again.
            retry: whether failed tasks are tried again as the pipeline says, or not at all.
        """
        self._folder = folder.absolute()
        self.store = ObjectStore(self._folder / "store")
        self._report = report
        self._wait = wait
        self._retry = retry

    def run(
        self,
        pipeline: PipelineFile,
        parameters: Mapping[str, Any] | None = None,
        root: str = "minio://mlpipeline/v2/artifacts",
        run_name: str = "emulated run",
    ) -> RunResult:
        """Runs a pipeline to its end, good or bad.

        Args:
            pipeline: the compiled pipeline.
            parameters: values of its parameters by name.
            root: the pipeline root: `minio://bucket/path`, `s3://...` or `gs://...`.
            run_name: name of the run.

        Raises:
            EmulatorError: Kubeflow Pipelines would not even begin.
        """
        if not is_mirrored(root):
            raise EmulatorError(f"pipeline root {root}: unsupported scheme. Use minio://, s3:// or gs://.")
        values = run_parameters(pipeline.spec.root.input_definitions, parameters or {})
        run_id, name = str(uuid.uuid4()), pipeline.spec.pipeline_info.name
        run = RunContext(name, run_id, run_name, f"{root.rstrip('/')}/{name}/{run_id}")
        walk = _Walk(pipeline, run, self.store, self._folder, self._report, self._wait if self._retry else None)
        try:
            walk.graph(pipeline.spec.root.dag, GraphContext(values))
        finally:
            shutil.rmtree(self._folder / "pods" / run_id, ignore_errors=True)
        return RunResult(run_id, run.root, tuple(walk.results), walk.artifacts)


class _Walk:
    """One run."""

    def __init__(
        self,
        pipeline: PipelineFile,
        run: RunContext,
        store: ObjectStore,
        folder: Path,
        report: Callable[[str], None],
        wait: Callable[[float], None] | None,
    ) -> None:
        self.results: list[TaskResult] = []
        self.artifacts: dict[str, dict[str, object]] = {}
        self._pipeline = pipeline
        self._run = run
        self._store = store
        self._metadata = MetadataStore()
        self._pods = folder / "pods" / run.run_id
        self._logs = folder / "logs" / run.run_id
        self._logs.mkdir(parents=True)
        self._report = report
        self._wait = wait

    def graph(self, dag: Any, graph: GraphContext) -> State:
        """Runs the tasks of a graph; a failed one ends it, and exit handlers run in any case."""
        states: dict[str, State] = {}
        for name in _order(dag):
            task = dag.tasks[name]
            obstacle = _obstacle(task, states)
            if obstacle:
                self._end(TaskResult(name, "skipped", message=obstacle))
                states[name] = "skipped"
            else:
                states[name] = self._task(name, task, graph)
            graph.final_states[name] = _final_state(name, states[name], self.results, self._run)
        return "failed" if "failed" in states.values() else "succeeded"

    def _task(self, name: str, task: Any, graph: GraphContext) -> State:
        component = self._pipeline.spec.components[task.component_ref.name]
        began = time.monotonic()
        try:
            message = resolve_inputs(task, component, graph, self._run)
            condition = task.trigger_policy.condition
            if condition and not holds(condition, message):
                return self._end(TaskResult(name, "skipped", message=f"not {condition}"))
            if component.HasField("dag"):
                return self.graph(component.dag, GraphContext(dict(message.inputs.parameter_values)))
            executor = self._pipeline.deployment.executors[component.executor_label]
            if executor.HasField("importer"):
                output, artifact = imported(executor.importer, component, message)
                self._record(name, {output: artifact}, graph)
                return self._end(TaskResult(name, "succeeded", time.monotonic() - began))
        except TaskError as error:
            return self._end(TaskResult(name, "failed", time.monotonic() - began, str(error)))
        return self._end(self._container(name, task, component, message, graph))

    def _container(self, name: str, task: Any, component: Any, inputs: Any, graph: GraphContext) -> TaskResult:
        """Runs the pod, again and again where the task says so."""
        began, tries, why = time.monotonic(), 0, ""
        log = self._logs / f"{name}.log"
        while not tries or (self._wait and tries <= task.retry_policy.max_retry_count):
            if tries and self._wait:
                self._wait(_backoff(task.retry_policy, tries))
            tries += 1
            log.write_bytes(b"")
            try:
                self._pod(name, task, component, inputs, graph, log)
            except TaskError as error:
                why = str(error)
            else:
                return TaskResult(name, "succeeded", time.monotonic() - began, tries=tries, log=log)
        return TaskResult(name, "failed", time.monotonic() - began, why, tries, log)

    def _pod(self, name: str, task: Any, component: Any, inputs: Any, graph: GraphContext, log: Path) -> None:
        label = component.executor_label
        deadline = self._pipeline.pods.get(label, {}).get("activeDeadlineSeconds")
        message = type(inputs)()
        message.CopyFrom(inputs)
        launcher = Launcher(self._pods / name, self._store)
        try:
            provision_outputs(message, task.task_info.name, component, self._run, str(launcher.pod / OUTPUT_FILE))
            container = self._pipeline.deployment.executors[label].container
            output = launcher.run(container, message, log, float(deadline) if deadline else None)
            found = {key: artifacts.artifacts[0] for key, artifacts in message.outputs.artifacts.items()}
            self._record(name, found, graph)
            graph.values[name] = dict(output.parameter_values)
        finally:
            launcher.close()

    def _record(self, name: str, artifacts: Mapping[str, Any], graph: GraphContext) -> None:
        graph.artifacts[name] = {key: self._metadata.record(key, artifact) for key, artifact in artifacts.items()}
        self.artifacts[name] = dict(graph.artifacts[name])

    def _end(self, result: TaskResult) -> State:
        self.results.append(result)
        self._report(result.line())
        return result.state


def _order(dag: Any) -> list[str]:
    """The tasks' names, each after those that it says it depends on; nothing else orders them on a cluster."""
    sorter = graphlib.TopologicalSorter({name: dag.tasks[name].dependent_tasks for name in sorted(dag.tasks)})
    try:
        names = list(sorter.static_order())
    except graphlib.CycleError as error:
        raise EmulatorError(f"the tasks {', '.join(error.args[1])} wait for each other") from error
    for name in names:
        if name not in dag.tasks:
            raise EmulatorError(f"a task depends on {name}, which is no task")
    return names


def _obstacle(task: Any, states: Mapping[str, State]) -> str:
    """Why a task does not run; an exit handler always does."""
    if task.trigger_policy.strategy == task.trigger_policy.ALL_UPSTREAM_TASKS_COMPLETED:
        return ""
    before = [name for name in task.dependent_tasks if states[name] != "succeeded"]
    if before:
        return f"{before[0]} {'was skipped' if states[before[0]] == 'skipped' else 'failed'}"
    failed = [name for name, state in states.items() if state == "failed"]
    return f"the run ended with {failed[0]}" if failed else ""


def _backoff(policy: Any, tries: int) -> float:
    """Seconds before the next try: `backoffDuration`, times `backoffFactor` with each further one."""
    seconds = policy.backoff_duration.ToTimedelta().total_seconds() * (policy.backoff_factor or 1.0) ** (tries - 1)
    longest = policy.backoff_max_duration.ToTimedelta().total_seconds()
    return float(min(seconds, longest) if longest else seconds)


def _final_state(name: str, state: State, results: list[TaskResult], run: RunContext) -> dict[str, Any]:
    """What an exit handler is told of a task, as Kubeflow writes it."""
    failed = next((result for result in results if result.state == "failed"), None)
    final: dict[str, Any] = {
        "state": state.upper(),
        "pipelineJobResourceName": run.run_name,
        "pipelineTaskName": name,
        "error": {},
    }
    if failed is not None and state == "failed":
        final["error"] = {"message": f"{failed.name}: {failed.message}"}
    return final
