"""Execution of a compiled pipeline, task by task."""

from __future__ import annotations

import dataclasses
import graphlib
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from components.common.progress import report_progress
from support.kfp_emulator.driver import (
    Run,
    cache_key,
    import_artifact,
    provision_outputs,
    resolve_inputs,
    will_trigger,
)
from support.kfp_emulator.errors import EmulatorError, TaskError
from support.kfp_emulator.launcher import Launcher
from support.kfp_emulator.pipeline_file import PipelineFile, run_parameters
from support.kfp_emulator.stores import MetadataStore, ObjectStore, is_in_store


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """End of a task.

    Attributes:
        name: name of the task.
        state: "failed" after all tries; "skipped" if its condition is false or an upstream task did not succeed;
            "cached" if the outputs are those of an earlier run.
        seconds: duration of all tries.
        message: the reason of a failure (the last line of the pod's log) or skip; otherwise empty.
        tries: number of started pods.
        log: output of the last pod; None without one.
    """

    name: str
    state: Literal["succeeded", "cached", "failed", "skipped"]
    seconds: float = 0.0
    message: str = ""
    tries: int = 0
    log: Path | None = None

    def line(self) -> str:
        """Returns the result as one line."""
        again = f", {self.tries} tries" if self.tries > 1 else ""
        reason = f": {self.message}" if self.message else ""
        state = "ok" if self.state == "succeeded" else self.state
        return f"{self.name:<24} {self.seconds:7.1f} s  {state}{again}{reason}"


@dataclasses.dataclass(frozen=True)
class RunResult:
    """End of a run.

    Attributes:
        run_id: ID of the run.
        root: URI prefix of its outputs.
        tasks: in the order of their ends.
        artifacts: task -> output -> `RuntimeArtifact` as downstream tasks receive it.
    """

    run_id: str
    root: str
    tasks: tuple[TaskResult, ...]
    artifacts: dict[str, dict[str, Any]]

    @property
    def succeeded(self) -> bool:
        """True if no task failed."""
        return all(task.state != "failed" for task in self.tasks)

    def task(self, name: str) -> TaskResult:
        """Returns the result of a task."""
        return next(task for task in self.tasks if task.name == name)


class Emulator:
    """Runs compiled pipelines sequentially, each container's command as a process.

    Attributes:
        store: the object store; it outlives runs, as the metadata and the cache do.
    """

    def __init__(self, folder: Path, report: Callable[[str], None] = lambda line: None, *, retry: bool = True) -> None:
        """Creates an emulator.

        Args:
            folder: holds the object store (`store`), logs by run (`logs`) and the pods of a run in progress.
            report: receives one line a task.
            retry: retry failed tasks at once, as often as the pipeline says.
        """
        self._folder = folder.absolute()
        self.store = ObjectStore(self._folder / "store")
        self._metadata = MetadataStore()
        self._cache: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._report = report
        self._retry = retry

    def run(
        self,
        pipeline: PipelineFile,
        parameters: Mapping[str, Any] | None = None,
        root: str = "minio://mlpipeline/v2/artifacts",
        run_name: str = "emulated run",
        time_of_schedule: str | None = None,
    ) -> RunResult:
        """Runs a pipeline to its end.

        Args:
            pipeline: the compiled pipeline.
            parameters: values of its parameters by name.
            root: the pipeline root: `minio://bucket/path`, `s3://...` or `gs://...`.
            run_name: display name of the run.
            time_of_schedule: ISO 8601 in UTC; None for now.

        Raises:
            EmulatorError: Kubeflow Pipelines would not start the run.
        """
        if not is_in_store(root):
            raise EmulatorError(f"pipeline root {root}: unsupported scheme. Use minio://, s3:// or gs://.")
        values = run_parameters(pipeline.spec.root.input_definitions, parameters or {})
        run_id = str(uuid.uuid4())
        moment = time_of_schedule or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        prefix = f"{root.rstrip('/')}/{pipeline.spec.pipeline_info.name}/{run_id}"
        run = Run(run_id, run_name, prefix, values, moment)
        results: dict[str, TaskResult] = {}
        try:
            names = _order(pipeline.spec.root.dag)
            for name in names:
                report_progress(name, len(results), len(names))
                obstacle = _obstacle(pipeline.spec.root.dag.tasks[name], results)
                skipped = TaskResult(name, "skipped", message=obstacle)
                results[name] = skipped if obstacle else self._run_task(name, pipeline, run)
                self._report(results[name].line())
        finally:
            shutil.rmtree(self._folder / "pods" / run_id, ignore_errors=True)
        return RunResult(run_id, run.root, tuple(results.values()), dict(run.artifacts))

    def _run_task(self, name: str, pipeline: PipelineFile, run: Run) -> TaskResult:
        task = pipeline.spec.root.dag.tasks[name]
        component = pipeline.spec.components[task.component_ref.name]
        executor = pipeline.deployment.executors[component.executor_label]
        begin, tries, log = time.monotonic(), 0, None
        try:
            inputs = resolve_inputs(task, component, run)
            if executor.HasField("importer"):
                output, artifact = import_artifact(executor.importer, component, inputs)
                run.artifacts[name] = {output: self._metadata.imported(artifact, reimport=executor.importer.reimport)}
                return TaskResult(name, "succeeded", time.monotonic() - begin)
            if not will_trigger(task, inputs):
                return TaskResult(name, "skipped", message="its condition is false")
            pod = pipeline.pods.get(component.executor_label, {})
            claims = [volume["constant"] for volume in pod.get("pvcMount", ())]
            provisioned = type(inputs)()
            provisioned.CopyFrom(inputs)
            provision_outputs(provisioned, task.task_info.name, component, run, 0)
            key = cache_key(provisioned, component, executor.container, claims)
            if task.caching_options.enable_cache and key in self._cache:
                run.artifacts[name], run.outputs[name] = self._cache[key]
                return TaskResult(name, "cached", time.monotonic() - begin)
            log = self._folder / "logs" / run.run_id / f"{name}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            deadline = pod.get("activeDeadlineSeconds")
            while True:
                tries += 1
                message = type(inputs)()
                message.CopyFrom(inputs)
                provision_outputs(message, task.task_info.name, component, run, tries - 1)
                try:
                    parameters = self._run_pod(run, name, executor.container, message, log, deadline)
                    outputs = message.outputs.artifacts.items()
                    recorded = {name: self._metadata.record(one.artifacts[0], name) for name, one in outputs}
                    run.artifacts[name], run.outputs[name] = recorded, parameters
                    if task.caching_options.enable_cache:
                        self._cache[key] = recorded, parameters
                    return TaskResult(name, "succeeded", time.monotonic() - begin, tries=tries, log=log)
                except TaskError:
                    if not self._retry or tries > task.retry_policy.max_retry_count:
                        raise
        except TaskError as error:
            return TaskResult(name, "failed", time.monotonic() - begin, str(error), tries, log)

    def _run_pod(self, run: Run, name: str, container: Any, message: Any, log: Path, deadline: str | None) -> Any:
        log.write_bytes(b"")
        launcher = Launcher(self._folder / "pods" / run.run_id / name, self.store)
        try:
            return launcher.run(container, message, log, float(deadline) if deadline else None)
        finally:
            launcher.close()


def _order(dag: Any) -> list[str]:
    """Returns the tasks' names in the order of their declared dependencies; a cluster knows no other order."""
    sorter = graphlib.TopologicalSorter({name: dag.tasks[name].dependent_tasks for name in sorted(dag.tasks)})
    try:
        names = list(sorter.static_order())
    except graphlib.CycleError as error:
        raise EmulatorError(f"the tasks {', '.join(error.args[1])} wait for each other") from error
    for name in names:
        if name not in dag.tasks:
            raise EmulatorError(f"a task depends on {name}, which does not exist")
    return names


def _obstacle(task: Any, results: Mapping[str, TaskResult]) -> str:
    """Returns the reason to skip a task; empty if it runs."""
    for name in task.dependent_tasks:
        if results[name].state not in ("succeeded", "cached"):
            return f"{name} {'was skipped' if results[name].state == 'skipped' else 'failed'}"
    failed = [name for name, result in results.items() if result.state == "failed"]
    return f"the run ended with {failed[0]}" if failed else ""
