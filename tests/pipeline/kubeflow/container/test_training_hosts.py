"""The launcher of several hosts as a program: its input, the shared folder, the outputs of the chief."""

from __future__ import annotations

import shutil
import sys

import pytest
from support.fake_kubernetes import FakeKubernetes
from support.lazy import LazyModule

from components.common.errors import NerError
from pipeline.kubeflow.container import host_job

training_hosts = LazyModule("pipeline.kubeflow.container.training_hosts")
TYPES = {"model": {"instanceSchema": "title: tfx.Model\ntype: object\n"}, "model_run": {"instanceSchema": ""}}

# Stands for the usual entry point: it takes the same arguments, and trains nothing.
TRAINER = """
import json, os, sys
command = sys.argv[1:]
task = json.loads(command[command.index("--json_serialized_invocation_args") + 1])
values, index = task["inputs"]["parameterValues"], os.environ["HOST_INDEX"]
examples = task["inputs"]["artifacts"]["examples"]["artifacts"][0]["uri"]
model, logs = (task["outputs"]["artifacts"][name]["artifacts"][0]["uri"] for name in ("model", "model_run"))
os.makedirs(model)
with open(os.path.join(examples, "data")) as file, open(os.path.join(model, "weights"), "w") as weights:
    weights.write(f"{index} {file.read()} {values['note']} {values['checkpoint_dir']} {command[-1]}")
artifact = {"uri": model, "metadata": {"epochs": 3, "none": None}}
with open(task["outputs"]["outputFile"], "w") as file:
    json.dump({"artifacts": {"model": {"artifacts": [artifact]}}}, file)
print("trained by", index)
"""


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture
def kubernetes(tmp_path, pod, shared, monkeypatch):
    """Kubernetes with the launcher's pod, whose files the hosts do not see."""
    (tmp_path / "trainer.py").write_text(TRAINER)
    fake = FakeKubernetes(tmp_path, ports=(7001, 7002))
    fake.launcher["me"] = {"metadata": {"uid": "u"}, "spec": {"containers": [{"name": "main"}]}}
    entry_point = ("python", "-m", "pipeline.kubeflow.container.entry_point")
    fake.machine.replaced = {entry_point: [sys.executable, "-S", str(tmp_path / "trainer.py")]}
    pods = {"containers": [{"name": "main", "env": []}]}
    settings = host_job.HostSettings(hosts=2, folder=str(shared), restarts=0, pod=pods)
    monkeypatch.setenv("NER_TRAINING_HOSTS", settings.model_dump_json())
    monkeypatch.setenv("KFP_POD_NAME", "me")
    namespace = tmp_path / "namespace"
    namespace.write_text("team\n")
    monkeypatch.setattr(host_job, "_NAMESPACE_FILE", namespace)
    monkeypatch.setattr(host_job, "_POLL", 0.01)
    monkeypatch.setattr("pipeline.kubeflow.kubernetes_api.kubernetes_client", lambda: fake.client)
    yield fake
    fake.close()


def arguments(pod, **parameters):
    inputs = {"examples": ("minio://bucket/examples", {}), "warm_start": ("minio://bucket/nothing", {})}
    invocation = pod.invocation(node="Trainer", inputs=inputs, parameters=parameters, outputs=TYPES)
    return [
        "--hosts_image", "ner:gpu",
        "--executor_class_path", "components.trainer.executor.Executor",
        "--json_serialized_invocation_args", invocation,
        "--json_serialized_inputs_spec_args", '{"parameters": {}}',
        "--beam=$(HOME) $x",
    ]  # fmt: skip


def test_the_chiefs_model_becomes_the_nodes(pod, shared, kubernetes, capfd):
    examples = pod.path("minio://bucket/examples")
    examples.mkdir(parents=True)
    (examples / "data").write_text("sentences")
    training_hosts.run(arguments(pod, note="$(HOME) $$ {{x}}", checkpoint_dir=""))
    [model] = pod.output()["artifacts"]["model"]["artifacts"]
    assert model["uri"].startswith(pod.root), "the address in the object store"
    assert model["metadata"] == {"epochs": 3.0}
    text = (pod.path(model["uri"]) / "weights").read_text()
    assert text == f"0 sentences $(HOME) $$ {{{{x}}}} {shared}/checkpoints --beam=$(HOME) $x"
    assert "trained by 0\n" in capfd.readouterr().err
    assert not list((shared / "hosts").iterdir()), "inputs and outputs of the hosts"
    [job] = kubernetes.created
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "ner:gpu"
    assert job["metadata"]["labels"] == {
        "deployable-ner/hosts": job["metadata"]["name"], "deployable-ner/node": "Trainer", "pipeline/runid": pod.run_id,
    }  # fmt: skip


def test_a_checkpoint_folder_of_the_user_stays(pod, shared):
    [flag] = [number for number, one in enumerate(arguments(pod)) if one == "--json_serialized_invocation_args"]
    invocation = arguments(pod, checkpoint_dir="gs://bucket/states")[flag + 1]
    task = training_hosts.SharedTask(invocation, "components.trainer.executor.Executor", str(shared))
    assert task.message.inputs.parameter_values["checkpoint_dir"].string_value == "gs://bucket/states"
    assert (task.node, task.run) == ("Trainer", pod.run_id)


def test_the_hosts_take_node_and_run_from_their_own_outputs(pod, shared):
    from google.protobuf import json_format

    from pipeline.kubeflow.container.executor_input import read_input

    task = training_hosts.SharedTask(arguments(pod)[5], "x", str(shared))
    of_host = read_input(json_format.MessageToJson(task.message))
    assert (of_host.node, of_host.run_id) == ("Trainer", pod.run_id)
    own = f"{shared}/hosts/{pod.run_id}-Trainer/$(HOST_INDEX)"
    assert of_host.message.outputs.output_file == f"{own}/output_metadata.json"


def test_a_volume_that_is_not_shared_is_an_error_with_its_cure(pod, shared, kubernetes, tmp_path):
    script = f"import shutil; shutil.rmtree({str(shared / 'hosts')!r}, ignore_errors=True)"
    (tmp_path / "trainer.py").write_text(script)
    with pytest.raises(NerError, match=r"the chief has not written it\. hosts\.folder must be on a volume"):
        training_hosts.run(arguments(pod))
    shutil.rmtree(shared)
    with pytest.raises(NerError, match="is not a folder in this pod"):
        training_hosts.run(arguments(pod))
