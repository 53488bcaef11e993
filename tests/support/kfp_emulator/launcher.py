"""Does what Kubeflow's launcher does in a task's pod: brings the inputs, runs the command, takes the outputs away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import ROOT_VARIABLE, is_mirrored, to_path
from support.kfp_emulator.driver import LOGS
from support.kfp_emulator.emulator_error import TaskError
from support.kfp_emulator.object_store import ObjectStore

OUTPUT_FILE = "tmp/kfp_outputs/output_metadata.json"
"""Where, in a pod, the component tells of its outputs."""

_LONGEST_ARGUMENT = 128 * 1024  # bytes with the final zero: Linux' MAX_ARG_STRLEN


class Launcher:
    """One pod.

    Attributes:
        pod: folder that stands for the root of the pod's file system: mirrors, `/tmp/kfp_outputs` and the folder that
            the command starts in.
    """

    def __init__(self, pod: Path, store: ObjectStore) -> None:
        """Makes an empty pod."""
        self.pod = pod
        self._store = store
        shutil.rmtree(pod, ignore_errors=True)
        pod.mkdir(parents=True)

    def run(self, container: Any, message: spec_pb2.ExecutorInput, log: Path, timeout: float | None) -> Any:
        """Runs the container's command.

        Args:
            container: the `PipelineContainerSpec`; its image does not matter.
            message: the task's input; its outputs get URI and metadata that the component tells.
            log: file that gets what the command prints.
            timeout: seconds after which the pod is ended; None for never.

        Returns:
            The component's `ExecutorOutput`.

        Raises:
            TaskError: the command failed, or what it tells of its outputs is not understood.
        """
        for artifact in _artifacts(message.inputs):
            if not is_mirrored(artifact.uri):  # a path on a volume, say
                raise TaskError(
                    f"failed to parse bucketConfig for artifact with uri {artifact.uri!r}: unrecognized uri format"
                )
            self._store.download(artifact.uri, self.pod)
        for artifact in _artifacts(message.outputs):
            if not is_mirrored(artifact.uri):
                raise TaskError(f"failed to generate local path for URI {artifact.uri}: unsupported storage scheme")
            self._path(artifact.uri).parent.mkdir(parents=True, exist_ok=True)
        self._execute(_command(container, message, str(self.pod)), container, log, timeout)
        logs = message.outputs.artifacts[LOGS].artifacts[0].uri
        shutil.copyfile(log, self._path(logs))
        output = _read_output(Path(message.outputs.output_file))
        self._collect(message, output)
        return output

    def close(self) -> None:
        """Removes the pod and whatever was left in it."""
        shutil.rmtree(self.pod, ignore_errors=True)

    def _path(self, uri: str) -> Path:
        return Path(to_path(uri, str(self.pod)))

    def _execute(self, command: list[str], container: Any, log: Path, timeout: float | None) -> None:
        start = self.pod / "workdir"
        start.mkdir(exist_ok=True)
        with log.open("ab") as printed:
            try:
                done = subprocess.run(
                    command, cwd=start, env=self._environment(container), stdout=printed, stderr=printed, check=False,
                    timeout=timeout, stdin=subprocess.DEVNULL,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise TaskError(f"DeadlineExceeded: pod was active longer than {timeout:g} s") from error
            except OSError as error:
                raise TaskError(f"the command cannot be started: {error}") from error
        if done.returncode:
            raise TaskError(_last_line(log) or f"exit status {done.returncode}")

    def _environment(self, container: Any) -> dict[str, str]:
        python = os.path.dirname(sys.executable)  # the image's `python` is this one
        environment = {**os.environ, "PATH": f"{python}{os.pathsep}{os.environ.get('PATH', '')}"}
        environment |= {variable.name: variable.value for variable in container.env}
        return environment | {ROOT_VARIABLE: str(self.pod)}

    def _collect(self, message: spec_pb2.ExecutorInput, output: Any) -> None:
        """Merges what the component tells into the outputs that it was given, and uploads these and no others."""
        for name, artifacts in message.outputs.artifacts.items():
            [artifact] = artifacts.artifacts
            told = output.artifacts[name].artifacts if name in output.artifacts else []
            if told:
                artifact.uri = told[0].uri or artifact.uri
                for key, value in told[0].metadata.fields.items():
                    artifact.metadata.fields[key].CopyFrom(value)
            if is_mirrored(artifact.uri):  # else the launcher warns, and uploads nothing
                self._store.upload(artifact.uri, self.pod)
        for name, parameter in message.outputs.parameters.items():
            if name not in output.parameter_values:
                raise TaskError(f'failed to read output parameter name="{name}" path="{parameter.output_file}"')


def _artifacts(side: Any) -> list[Any]:
    return [artifact for artifacts in side.artifacts.values() for artifact in artifacts.artifacts[:1]]


def _command(container: Any, message: spec_pb2.ExecutorInput, root: str) -> list[str]:
    if not container.command:
        raise TaskError("the container has no command, and images are not run here")
    places = _placeholders(message, root)
    arguments = []
    for argument in (*container.command, *container.args):
        for place, value in places.items():
            argument = argument.replace(place, value)
        if len(argument.encode()) >= _LONGEST_ARGUMENT:
            raise TaskError(
                f"argument list too long: an argument of {len(argument.encode())} bytes (it begins with "
                f"{argument[:40]!r}), and Linux takes {_LONGEST_ARGUMENT}. Keep execution properties short."
            )
        arguments.append(argument)
    return arguments


def _placeholders(message: spec_pb2.ExecutorInput, root: str) -> Mapping[str, str]:
    places = {"{{$}}": json_format.MessageToJson(message, indent=None)}
    for side, part in (("inputs", message.inputs), ("outputs", message.outputs)):
        for name, artifacts in part.artifacts.items():
            uri = artifacts.artifacts[0].uri
            places[f"{{{{$.{side}.artifacts['{name}'].uri}}}}"] = uri
            places[f"{{{{$.{side}.artifacts['{name}'].path}}}}"] = to_path(uri, root)
    for name, value in message.inputs.parameter_values.items():
        places[f"{{{{$.inputs.parameters['{name}']}}}}"] = _text(json_format.MessageToDict(value))
    for name, parameter in message.outputs.parameters.items():
        places[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = parameter.output_file
    return places


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.17g}"
    return value if isinstance(value, str) else json.dumps(value)


def _read_output(file: Path) -> Any:
    output = spec_pb2.ExecutorOutput()
    if not file.exists():
        return output  # as the launcher: the component may have nothing to tell
    try:
        return json_format.Parse(file.read_text(encoding="utf-8"), output)
    except json_format.ParseError as error:
        raise TaskError(f'failed to unmarshall ExecutorOutput in file "{file.name}": {error}') from error


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")
