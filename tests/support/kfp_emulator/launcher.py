"""KFP's launcher: downloads the inputs of a pod, runs its command and uploads its outputs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import ROOT_VARIABLE, to_path
from support.kfp_emulator.driver import LOGS
from support.kfp_emulator.errors import TaskError
from support.kfp_emulator.stores import ObjectStore, is_in_store

_LONGEST_ARGUMENT = 128 * 1024  # bytes with the final zero: Linux' MAX_ARG_STRLEN


class Launcher:
    """A pod.

    Attributes:
        pod: stands for the root of the pod's file system: mirrors and the working directory.
    """

    def __init__(self, pod: Path, store: ObjectStore) -> None:
        """Creates an empty pod."""
        self.pod = pod
        self._store = store
        shutil.rmtree(pod, ignore_errors=True)
        pod.mkdir(parents=True)

    def run(
        self, container: Any, message: spec_pb2.ExecutorInput, log: Path, timeout: float | None
    ) -> dict[str, struct_pb2.Value]:
        """Runs the container's command.

        Args:
            container: the `PipelineContainerSpec`; its image is ignored.
            message: the task's input; its outputs receive the component's URIs and metadata.
            log: file that receives the command's output.
            timeout: seconds after which the pod is killed; None for never.

        Returns:
            The values of the output parameters.

        Raises:
            TaskError: the command failed, or its ExecutorOutput is invalid.
        """
        for artifact in _artifacts(message.inputs):
            if not is_in_store(artifact.uri):
                raise TaskError(
                    f"failed to parse bucketConfig for artifact with uri {artifact.uri!r}: unrecognized uri format"
                )
            self._store.download(artifact.uri, self.pod)
        for artifact in _artifacts(message.outputs):
            self._path(artifact.uri).parent.mkdir(parents=True, exist_ok=True)
        output_file = self._path(message.outputs.output_file)
        message.outputs.output_file = str(output_file)
        for parameter in message.outputs.parameters.values():
            parameter.output_file = f"{self.pod}{parameter.output_file}"
            Path(parameter.output_file).parent.mkdir(parents=True, exist_ok=True)
        self._execute(_command(container, message, str(self.pod)), container, log, timeout)
        logs = message.outputs.artifacts[LOGS].artifacts[0].uri
        shutil.copyfile(log, self._path(logs))
        output = _read_output(output_file)
        self._collect(message, output)
        return _output_parameters(message, output)

    def close(self) -> None:
        """Removes the pod."""
        shutil.rmtree(self.pod, ignore_errors=True)

    def _path(self, uri: str) -> Path:
        return Path(to_path(uri, str(self.pod)))

    def _execute(self, command: list[str], container: Any, log: Path, timeout: float | None) -> None:

        directory = self.pod / "workdir"
        directory.mkdir(exist_ok=True)
        with log.open("ab") as printed:
            try:
                done = subprocess.run(
                    command, cwd=directory, env=self._environment(container), stdout=printed, stderr=printed,
                    check=False, timeout=timeout, stdin=subprocess.DEVNULL,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise TaskError(f"DeadlineExceeded: pod was active longer than {timeout:g} s") from error
            except OSError as error:
                raise TaskError(f"the command cannot be started: {error}") from error
        if done.returncode:
            raise TaskError(_last_line(log) or f"exit status {done.returncode}")

    def _environment(self, container: Any) -> dict[str, str]:
        python = os.path.dirname(sys.executable)  # stands for the image's `python`
        environment = {**os.environ, "PATH": f"{python}{os.pathsep}{os.environ.get('PATH', '')}"}
        environment |= {variable.name: variable.value for variable in container.env}
        return environment | {ROOT_VARIABLE: str(self.pod)}

    def _collect(self, message: spec_pb2.ExecutorInput, output: Any) -> None:
        """Merges the component's ExecutorOutput into its declared outputs, and uploads those only."""
        for name, artifacts in message.outputs.artifacts.items():
            [artifact] = artifacts.artifacts
            reported = output.artifacts[name].artifacts if name in output.artifacts else []
            if reported:
                artifact.uri = reported[0].uri or artifact.uri
                for key, value in reported[0].metadata.fields.items():
                    artifact.metadata.fields[key].CopyFrom(value)
            if is_in_store(artifact.uri):  # otherwise the launcher warns and uploads nothing
                self._store.upload(artifact.uri, self.pod)


def _output_parameters(message: spec_pb2.ExecutorInput, output: Any) -> dict[str, struct_pb2.Value]:
    """Returns the parameters of the ExecutorOutput, and others from their files, as texts."""
    values = {}
    for name, parameter in message.outputs.parameters.items():
        if name in output.parameter_values:
            values[name] = output.parameter_values[name]
            continue
        file = Path(parameter.output_file)
        if not file.exists():
            raise TaskError(f"failed to read output parameter name={name!r} path={parameter.output_file!r}")
        values[name] = struct_pb2.Value(string_value=file.read_text(encoding="utf-8"))
    return values


def _artifacts(side: Any) -> list[Any]:
    return [artifact for artifacts in side.artifacts.values() for artifact in artifacts.artifacts[:1]]


def _command(container: Any, message: spec_pb2.ExecutorInput, root: str) -> list[str]:
    if not container.command:
        raise TaskError("the container has no command, and the emulator runs no images")
    placeholders = _placeholders(message, root)
    arguments = []
    for argument in (*container.command, *container.args):
        for placeholder, value in placeholders.items():
            argument = argument.replace(placeholder, value)
        if len(argument.encode()) >= _LONGEST_ARGUMENT:
            raise TaskError(
                f"argument list too long: {len(argument.encode())} bytes (it begins with {argument[:40]!r}), "
                f"Linux accepts {_LONGEST_ARGUMENT}. Keep execution properties short."
            )
        arguments.append(argument)
    return arguments


def _placeholders(message: spec_pb2.ExecutorInput, root: str) -> Mapping[str, str]:
    """Returns `{{$}}`, which TFX uses, and the few that the emulator's own tests use."""
    placeholders = {"{{$}}": json_format.MessageToJson(message, indent=None)}
    for side, part in (("inputs", message.inputs), ("outputs", message.outputs)):
        for name, artifacts in part.artifacts.items():
            placeholders[f"{{{{$.{side}.artifacts['{name}'].path}}}}"] = to_path(artifacts.artifacts[0].uri, root)
    for name, parameter in message.outputs.parameters.items():
        placeholders[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = parameter.output_file
    for name, value in message.inputs.parameter_values.items():
        plain = json_format.MessageToDict(value)
        placeholders[f"{{{{$.inputs.parameters['{name}']}}}}"] = plain if isinstance(plain, str) else json.dumps(plain)
    return placeholders


def _read_output(file: Path) -> Any:
    output = spec_pb2.ExecutorOutput()
    if not file.exists():
        return output  # the launcher accepts this too
    try:
        return json_format.Parse(file.read_text(encoding="utf-8"), output)
    except json_format.ParseError as error:
        raise TaskError(f'failed to unmarshall ExecutorOutput in file "{file.name}": {error}') from error


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")
