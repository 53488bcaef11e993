"""Command of the Trainer's pod if `trainer.hosts` is more than 1: it starts the hosts, each with the usual command.

The pod is a small one without GPUs. A folder on a volume takes the way that Kubeflow's launcher takes in other nodes:
the inputs go there from the mirror of the object store, and the chief's outputs come back from there. Each host runs
`pipeline.kubeflow.container.entry_point` with the node's own arguments, in which only these places differ.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import logging
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from components.common.errors import NerError
from pipeline.kubeflow.container.entry_point import end_process, parse_arguments, run_node
from pipeline.kubeflow.container.executor_input import node_and_run
from pipeline.kubeflow.container.host_job import (
    INDEX_VARIABLE,
    TRAINER,
    HostCommand,
    HostJob,
    HostSettings,
    read_owner,
)
from pipeline.kubeflow.container.mirror import to_path

SETTINGS_VARIABLE = "NER_TRAINING_HOSTS"
"""Environment variable with the JSON of the HostSettings; Kubeflow's cache key does not hold it."""

IMAGE_ARGUMENT = "--hosts_image"
"""Argument with the image of the hosts, which the cache key holds."""

_CHECKPOINTS = "checkpoints"
_OUTPUT = "output_metadata.json"


class SharedTask:
    """The Trainer's input with all places in a folder that the hosts share.

    Attributes:
        message: the ExecutorInput of the hosts; `$(HOST_INDEX)` stands for the host's index.
    """

    def __init__(self, invocation: str, executor_class_path: str, folder: str) -> None:
        """Computes the places; `copy_inputs` writes.

        Args:
            invocation: JSON of the node's ExecutorInput.
            executor_class_path: names the node if the outputs' URIs do not.
            folder: the shared folder.
        """
        self.message = json_format.Parse(invocation, spec_pb2.ExecutorInput(), ignore_unknown_fields=True)
        self.node, self.run = node_and_run(self.message, executor_class_path)
        self._output_file = to_path(self.message.outputs.output_file)
        artifacts = [one.artifacts[0] for one in self.message.outputs.artifacts.values()]
        # .../<run>/<node>/<uuid>/<output>: the hosts take the names of node and run from there.
        run, node, self.execution = artifacts[0].uri.split("/")[-4:-1]
        self._own = Path(folder, "hosts", f"{run}-{node}")
        self._uris = {name: one.artifacts[0].uri for name, one in self.message.outputs.artifacts.items()}
        self._inputs: list[tuple[str, str]] = []
        for name, entry in self.message.inputs.artifacts.items():
            for number, artifact in enumerate(entry.artifacts):
                copy = str(self._own / "inputs" / name / str(number))
                self._inputs.append((to_path(artifact.uri), copy))
                artifact.uri = copy
        # A folder for each host: all of them write outputs, and only the chief's count.
        for name, entry in self.message.outputs.artifacts.items():
            entry.artifacts[0].uri = f"{self._host()}/{run}/{node}/{self.execution}/{name}"
        self.message.outputs.output_file = f"{self._host()}/{_OUTPUT}"
        checkpoints = self.message.inputs.parameter_values["checkpoint_dir"]
        if not checkpoints.string_value:
            checkpoints.string_value = f"{folder}/{_CHECKPOINTS}"

    def _host(self, index: str = f"$({INDEX_VARIABLE})") -> str:
        return str(self._own / index)

    def copy_inputs(self) -> None:
        """Copies the inputs into the shared folder, in place of those of an earlier try."""
        self.remove()
        for source, copy in self._inputs:
            logging.info("copying %s to %s", source, copy)
            if os.path.isdir(source):
                shutil.copytree(source, copy, copy_function=shutil.copyfile)
            else:
                os.makedirs(copy)  # an artifact without files, which an object store does not hold

    def take_outputs(self) -> None:
        """Copies the chief's outputs to the node's, and writes the ExecutorOutput.

        Raises:
            NerError: the chief has written none.
        """
        from pipeline.kubeflow.container.executor_output import write_output

        file = Path(self._host("0"), _OUTPUT)
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise NerError(
                f"{file}: the chief has not written it. hosts.folder must be on a volume that the pods of all machines "
                "share (ReadWriteMany)."
            ) from error
        output = json_format.Parse(text, spec_pb2.ExecutorOutput())
        for name, entry in output.artifacts.items():
            [artifact] = entry.artifacts
            target = to_path(self._uris[name])
            logging.info("copying %s to %s", artifact.uri, target)
            if os.path.isdir(artifact.uri):
                shutil.copytree(artifact.uri, target, copy_function=shutil.copyfile, dirs_exist_ok=True)
            elif os.path.exists(artifact.uri):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(artifact.uri, target)
            artifact.uri = target
        write_output(output, self._output_file)

    def remove(self) -> None:
        """Removes the copies; checkpoints stay."""
        if self._own.exists():
            shutil.rmtree(self._own)


def host_command(task: SharedTask, known: Any, rest: Sequence[str]) -> list[str]:
    """Returns the command of the hosts: that of a Trainer on one host, with the shared places.

    Args:
        task: the input.
        known: the node's arguments.
        rest: Beam's.
    """
    reference = f"$({INDEX_VARIABLE})"
    message = json_format.MessageToJson(task.message, indent=None)
    # Kubernetes replaces $(NAME) in a command, and reads $$ as a dollar sign.
    parts = [part.replace("$", "$$") for part in message.split(reference)]
    plain = [known.executor_class_path, known.json_serialized_inputs_spec_args, *rest]
    class_path, inputs_spec, *others = (one.replace("$", "$$") for one in plain)
    return [
        "python", "-m", "pipeline.kubeflow.container.entry_point",
        "--executor_class_path", class_path,
        "--json_serialized_invocation_args", reference.join(parts),
        "--json_serialized_inputs_spec_args", inputs_spec,
        *others,
    ]  # fmt: skip


def run(arguments: Sequence[str]) -> None:
    """Trains on several hosts.

    Args:
        arguments: of the usual entry point, and `--hosts_image`.

    Raises:
        NerError: the hosts cannot be started, or reported an error.
    """
    from pipeline.kubeflow.kubernetes_api import kubernetes_client

    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", allow_abbrev=False)
    parser.add_argument(IMAGE_ARGUMENT, required=True, help="image of the hosts")
    own, others = parser.parse_known_args(list(arguments))
    known, rest = parse_arguments(others)
    settings = HostSettings.model_validate_json(os.environ[SETTINGS_VARIABLE])
    if not os.path.isdir(settings.folder):
        raise NerError(f"hosts.folder: {settings.folder} is not a folder in this pod. Mount a volume there.")
    task = SharedTask(known.json_serialized_invocation_args, known.executor_class_path, settings.folder)
    client = kubernetes_client()
    owner = read_owner(client, os.environ.get("KFP_POD_NAME") or os.environ["HOSTNAME"])
    command = HostCommand(
        own.hosts_image, host_command(task, known, rest), f"ner-hosts-{task.execution[:8]}", task.run, task.node
    )
    job = HostJob(client, owner, settings, command)
    job.delete_earlier()  # before the folder that they use is replaced
    try:
        task.copy_inputs()
        job.train()
        task.take_outputs()
    finally:
        task.remove()


def main() -> None:
    """Runs the launcher; the last line of a failure is `error: Trainer: <problem>`."""
    end_process(lambda: run_node(lambda: TRAINER, lambda: run(sys.argv[1:])))


if __name__ == "__main__":
    main()
