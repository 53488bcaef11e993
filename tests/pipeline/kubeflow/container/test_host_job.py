"""Hosts of a training as pods of a Job, with a server that plays Kubernetes; each pod is a process."""

from __future__ import annotations

import json
import os
import signal
import textwrap

import pytest
from support.fake_kubernetes import FakeKubernetes, InvalidError, require_valid

from components.common.errors import NerError
from components.common.interruption import Interrupted
from pipeline.kubeflow.container import host_job
from pipeline.kubeflow.container.host_job import HostCommand, HostJob, HostSettings, Owner

OWNER = Owner("trainer-pod", "uid-of-the-launcher", "kubeflow", "pipeline-runner")
RUN = "7b9e1c52-30f4-4d57-9a59-1f2f6c3e8a01"
POD = {"containers": [{"name": "main", "env": [{"name": "GREETING", "value": "hello"}]}]}


@pytest.fixture
def kubernetes(tmp_path, monkeypatch):
    monkeypatch.setattr(host_job, "_POLL", 0.01)
    fake = FakeKubernetes(tmp_path, ports=(7001, 7002))
    yield fake
    fake.close()


def job_of(kubernetes, program, *, restarts=0):
    """Hosts that run a program; it knows `index`, `job` (the number of the try) and `folder`."""
    head = f"""
        import json, os, signal, sys, time
        config = json.loads(os.environ["TF_CONFIG"])
        index, folder = config["task"]["index"], {str(kubernetes.folder)!r}
    """
    command = ["python", "-S", "-c", textwrap.dedent(head) + textwrap.dedent(program).replace("$", "$$")]
    settings = HostSettings(hosts=2, folder=str(kubernetes.folder), restarts=restarts, pod=POD)
    return HostJob(kubernetes.client, OWNER, settings, HostCommand("ner:1", command, "ner-hosts-ab", RUN, "Trainer"))


def test_each_host_knows_all_hosts_and_itself_and_nothing_is_left(kubernetes, capfd, lines):
    job_of(
        kubernetes,
        """
        with open(f"{folder}/{index}.json", "w") as file:
            json.dump([config, os.environ["GREETING"], os.environ["HOST_INDEX"]], file)
        print("epoch 1/2", flush=True)
        print("cost: $5 $(HOST_INDEX)")
        """,
    ).train()
    workers = {"worker": ["localhost:7001", "localhost:7002"]}
    for index in range(2):
        config, greeting, variable = json.loads((kubernetes.folder / f"{index}.json").read_text())
        assert config == {"cluster": workers, "task": {"type": "worker", "index": index}}
        assert (greeting, variable) == ("hello", str(index))
    assert capfd.readouterr().err.splitlines() == ["epoch 1/2", "cost: $5 $(HOST_INDEX)"], "the chief's log, once"
    assert not kubernetes.jobs
    assert not kubernetes.services
    assert not kubernetes.pods
    [job] = kubernetes.created
    assert job["metadata"]["ownerReferences"][0] == {
        "apiVersion": "v1", "kind": "Pod", "name": "trainer-pod", "uid": "uid-of-the-launcher",
    }  # fmt: skip
    template = job["spec"]["template"]
    assert template["spec"]["serviceAccountName"] == "pipeline-runner"
    assert template["metadata"]["labels"]["pipeline/runid"] == RUN
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["ttlSecondsAfterFinished"] > 0, "a launcher that was killed deletes nothing"


def test_after_the_loss_of_one_host_all_start_again(kubernetes, lines, capfd):
    job_of(
        kubernetes,
        """
        first = not os.path.exists(f"{folder}/tried-{index}")
        open(f"{folder}/tried-{index}", "w").close()
        if first and index == 1:
            while not os.path.exists(f"{folder}/tried-0"):
                time.sleep(0.01)
            print("step 7", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if first:
            time.sleep(600)  # as in a sum that waits for the other host
        print("done")
        """,
        restarts=1,
    ).train()
    names = [job["metadata"]["name"] for job in kubernetes.created]
    assert [name[:-4] for name in names] == ["ner-hosts-ab-0-", "ner-hosts-ab-1-"]
    assert names[0][-4:] != names[1][-4:], "the Service of an earlier try may still exist"
    assert "host 1 was lost (Error, exit code 137). All hosts start again from the last saved state (1 of 1)." in lines
    assert capfd.readouterr().err.splitlines() == ["host 1: step 7", "done"]
    assert not kubernetes.pods


def test_losses_are_bounded(kubernetes, lines):
    with pytest.raises(NerError, match=r"host 0 was lost \(Error, exit code 70\); this was the last of 2 tries"):
        job_of(kubernetes, "sys.exit(70) if index == 0 else time.sleep(600)", restarts=1).train()
    assert len(kubernetes.created) == 2
    assert not kubernetes.pods


def test_an_error_that_a_host_explains_is_not_tried_again(kubernetes, lines, capfd):
    program = """
        if index == 0:
            time.sleep(600)
        print("reading")
        print("error: Trainer: training split: no sentence has an entity")
        sys.exit(1)
        """
    with pytest.raises(NerError, match=r"^training split: no sentence has an entity$"):
        job_of(kubernetes, program, restarts=5).train()
    assert len(kubernetes.created) == 1
    assert "host 1: reading" in capfd.readouterr().err, "the lines of the host that failed"


def test_a_signal_deletes_the_hosts(kubernetes, lines, monkeypatch):
    def interrupted(pods, job):
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr(host_job, "_require_alive", interrupted)
    with pytest.raises(Interrupted):
        job_of(kubernetes, "time.sleep(600)", restarts=5).train()
    assert len(kubernetes.created) == 1
    assert not kubernetes.jobs
    assert not kubernetes.pods


def test_the_hosts_of_a_killed_launcher_are_deleted_before_new_ones_start(kubernetes, lines):
    job = job_of(kubernetes, "time.sleep(600)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HostJob, "_delete", lambda self, name: None)  # as after SIGKILL
        patch.setattr(HostJob, "_wait", lambda self, name: None)
        job.train()
    assert len(kubernetes.pods) == 2
    job.delete_earlier()
    assert not kubernetes.pods


def test_the_deadline_is_renewed_while_the_launcher_lives(kubernetes, lines, monkeypatch):
    monkeypatch.setattr(host_job, "_RENEWAL", 0.0)
    job_of(kubernetes, "os.path.exists(f'{folder}/renewed') or time.sleep(0.2)").train()
    deadlines = [patch["spec"]["activeDeadlineSeconds"] for patch in kubernetes.patches]
    assert deadlines
    assert min(deadlines) >= kubernetes.created[0]["spec"]["activeDeadlineSeconds"] == host_job._LEASE


def test_an_api_that_fails_for_a_while_ends_no_training(kubernetes, lines):
    kubernetes.refused = {("GET", "/pods"): [503, 500, 429]}
    job_of(kubernetes, "pass").train()
    assert sum("does not answer" in line for line in lines) == 3
    kubernetes.refused = {("GET", "/pods"): [503] * 100}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_job, "_LEASE", 0.05)
        with pytest.raises(NerError, match="Kubernetes: refused by the test"):
            job_of(kubernetes, "pass").train()
    assert not kubernetes.jobs


def test_a_missing_right_is_named_with_its_cure(kubernetes, lines):
    kubernetes.refused = {("POST", "/services"): [403]}
    with pytest.raises(NerError, match=r"cannot create jobs and services \(refused by.*training-hosts.yaml"):
        job_of(kubernetes, "time.sleep(600)", restarts=5).train()
    assert not kubernetes.jobs


def test_a_log_that_breaks_off_goes_on_without_repeated_lines(kubernetes, lines, capfd):
    kubernetes.machine.cut_log = 2
    job_of(kubernetes, "print('a\\nb\\nc\\nd')").train()
    assert capfd.readouterr().err.split() == ["a", "b", "c", "d"]


def test_hosts_that_cannot_start_are_reported_with_the_reason():
    from kubernetes import client

    job = client.V1Job(
        metadata=client.V1ObjectMeta(name="hosts", namespace="team"), spec=client.V1JobSpec(template={}, completions=2)
    )
    condition = client.V1PodCondition(type="PodScheduled", status="False", message="0/3 nodes have nvidia.com/gpu")
    pod = client.V1Pod(status=client.V1PodStatus(phase="Pending", conditions=[condition]))
    assert host_job._pending({0: pod, 1: pod}, job) == "2 of 2 hosts (0/3 nodes have nvidia.com/gpu)"
    running = client.V1Pod(status=client.V1PodStatus(phase="Running"))
    assert host_job._pending({0: running, 1: running}, job) == ""
    assert "`kubectl -n team describe job hosts` says why" in host_job._pending({0: running}, job)


def test_hosts_on_a_lost_machine_are_lost_before_their_pods_end():
    from kubernetes import client

    def entry(kind, status, **metadata):
        return kind(metadata=client.V1ObjectMeta(**metadata), status=status)

    target = {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}
    job = entry(client.V1Job, client.V1JobStatus(conditions=[client.V1JobCondition(**target)]))
    held = entry(client.V1Pod, client.V1PodStatus(phase="Running"), deletion_timestamp="2026-11-28T00:00:00Z")
    with pytest.raises(host_job.HostsLostError, match=r"the hosts were ended \(BackoffLimitExceeded: limit\)"):
        host_job._require_alive({1: held}, job)
    reason = {"reason": "DeletionByTaintManager", "message": "due to NoExecute taint"}
    held.status.conditions = [client.V1PodCondition(type="DisruptionTarget", status="True", **reason)]
    with pytest.raises(host_job.HostsLostError, match=r"host 1 was lost \(DeletionByTaintManager: due to"):
        host_job._require_alive({1: held}, job)


def test_the_owner_is_the_launchers_pod(kubernetes):
    kubernetes.launcher["trainer-pod"] = {
        "metadata": {"uid": "u"}, "spec": {"serviceAccountName": "default-editor", "containers": [{"name": "main"}]},
    }  # fmt: skip
    assert host_job.read_owner(kubernetes.client, "trainer-pod", "team") == Owner(
        "trainer-pod", "u", "team", "default-editor"
    )
    with pytest.raises(NerError, match="several hosts are started from a pod of Kubeflow only"):
        host_job.read_owner(kubernetes.client, os.environ.get("HOSTNAME", "x"))


def test_the_server_of_these_tests_refuses_what_kubernetes_refuses():
    job = host_job.job_manifest(
        HostSettings(hosts=2, folder="/f", restarts=0, pod=POD), HostCommand("i", ["c"], "n", RUN, "T"), "n", "a"
    )
    require_valid(job, "V1Job")
    for change, text in (
        ({"completion_mode": "Indexed"}, "unknown field .spec.completion_mode"),
        ({"completions": "2"}, "not of type int"),
        ({"template": {"spec": {}}}, "containers"),
    ):
        with pytest.raises(InvalidError, match=text):
            require_valid({**job, "spec": {**job["spec"], **change}}, "V1Job")
