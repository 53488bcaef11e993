"""Hosts of a training, checks and manifests with Kubernetes' own API server, controllers, scheduler and rights."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import textwrap
import threading
import uuid
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from support import processes
from support.kubernetes_cluster import KubernetesCluster, kubernetes_cluster, kubernetes_executable, wait_for
from support.repository import ROOT

from components.common.errors import NerError
from components.common.interruption import Interrupted
from configs.cluster_loading import load_cluster
from pipeline.kubeflow.client.check import KubernetesChecks
from pipeline.kubeflow.container import host_job
from pipeline.kubeflow.container.host_job import RIGHTS, HostCommand, HostJob, HostSettings, read_owner
from pipeline.kubeflow.kubernetes_api import kubernetes_client

pytestmark = pytest.mark.slow
FOLDER = ROOT / "docs" / "kubeflow"
OVERLAYS = ("sqlite", "postgresql")
PAGE = (ROOT / "docs" / "kubeflow.md").read_text(encoding="utf-8")
HOSTS_YAML = FOLDER / "training-hosts.yaml"
ACCOUNT = "pipeline-runner"
POD = {"containers": [{"name": "main"}]}
# A first try in which host 1 is lost, and a second one that ends.
LOST_ONCE = """
    first = not os.path.exists(f"{folder}/tried-{index}")
    open(f"{folder}/tried-{index}", "w").close()
    if first and index == 1:
        while not os.path.exists(f"{folder}/tried-0"):
            time.sleep(0.01)
        sys.exit(70)
    if first:
        time.sleep(600)
    print("done")
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster with the account of Kubeflow's pods, whose rights are those of docs/kubeflow/training-hosts.yaml."""
    program = kubernetes_executable(build=False)  # ten CPU minutes
    if program is None:
        pytest.skip("Kubernetes is not in the cache of the tests")
    with kubernetes_cluster(program, tmp_path_factory.mktemp("kubernetes")) as cluster:
        cluster.kubectl("create", "namespace", "kubeflow", check=True)
        cluster.kubectl("--namespace=kubeflow", "create", "serviceaccount", ACCOUNT, check=True)
        cluster.kubectl("apply", "-f", HOSTS_YAML, check=True)
        yield cluster


class Launcher:
    """A launcher's pod, and the hosts that it starts."""

    def __init__(self, cluster: KubernetesCluster, folder: Path) -> None:
        self.cluster, self.folder, self.name = cluster, folder, f"trainer-{uuid.uuid4().hex[:8]}"
        self.hosts = f"hosts-of-{self.name}"
        self.client = cluster.account(ACCOUNT, "kubeflow")
        container = {"name": "main", "image": "ner:1"}
        pod = {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.name, "namespace": "kubeflow"},
            "spec": {"containers": [container], "serviceAccountName": ACCOUNT},
        }  # fmt: skip
        cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump(pod), check=True)

    def job(self, program: str, *, restarts: int = 0, pod: dict = POD) -> HostJob:
        """Hosts that run a program; it knows `index` and `folder`."""
        head = f"""
            import json, os, sys, time
            index, folder = json.loads(os.environ["TF_CONFIG"])["task"]["index"], {str(self.folder)!r}
        """
        command = ["python", "-S", "-c", textwrap.dedent(head) + textwrap.dedent(program)]
        settings = HostSettings(hosts=2, folder=str(self.folder), restarts=restarts, pod=pod)
        hosts = HostCommand("ner:1", command, self.hosts, self.name, "Trainer")
        return HostJob(self.client, read_owner(self.client, self.name, "kubeflow"), settings, hosts)

    def leave(self, program: str) -> None:
        """Starts hosts and deletes nothing, as a launcher that is killed."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HostJob, "_delete", lambda self, name: None)
            patch.setattr(HostJob, "_wait", lambda self, name: None)
            self.job(program).train()
        wait_for(lambda: self.left().get("pod") == 2, "the pods")

    def left(self) -> dict[str, int]:
        """Numbers of the objects of this launcher's hosts."""
        command = ("--namespace=kubeflow", "get", "jobs,services,pods", "--output=name")
        names = self.cluster.kubectl(*command, check=True).stdout.split()
        return dict(Counter(one.partition("/")[0] for one in names if self.hosts in one))


@pytest.fixture
def launcher(cluster, tmp_path, monkeypatch, lines):
    monkeypatch.setattr(host_job, "_POLL", 0.05)
    return Launcher(cluster, tmp_path)


def test_a_training_uses_the_rights_of_the_role_and_no_others(cluster, launcher, lines, capfd, monkeypatch):
    monkeypatch.setattr(host_job, "_RENEWAL", 0.0)
    job = launcher.job(LOST_ONCE, restarts=1)
    job.delete_earlier()
    job.train()
    assert "host 1 was lost (Error, exit code 70). All hosts start again from the last saved state (1 of 1)." in lines
    assert capfd.readouterr().err.splitlines() == ["done"], "the chief's log, once"
    wait_for(lambda: not launcher.left(), "the end of Job, Service and pods")
    requests = cluster.requests(f"system:serviceaccount:kubeflow:{ACCOUNT}")
    used = {
        (one["verb"], "/".join(filter(None, (of["resource"], of.get("subresource")))), of.get("apiGroup", ""))
        for one in requests
        if (of := one["objectRef"])
    }
    assert used == set(RIGHTS)
    assert [one for one in requests if one["responseStatus"]["code"] >= 400] == []


@pytest.mark.parametrize("evicted", [False, True])
def test_a_deleted_pod_starts_all_hosts_again(cluster, launcher, lines, evicted):
    def end_host():
        wait_for(lambda: all((launcher.folder / f"tried-{index}").exists() for index in (0, 1)), "both hosts")
        [name] = [name for name in cluster.kubelet.pods if re.match(rf"{launcher.hosts}-0-\w+-1-", name)]
        if evicted:
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            path = f"/api/v1/namespaces/kubeflow/pods/{name}/eviction"
            cluster.kubectl("create", f"--raw={path}", "-f", "-", input=json.dumps(eviction), check=True)
        else:
            cluster.kubectl("--namespace=kubeflow", "delete", "pod", name, check=True)

    thread = threading.Thread(target=end_host)
    thread.start()
    launcher.job(LOST_ONCE.replace("sys.exit(70)", "time.sleep(600)"), restarts=1).train()
    thread.join()
    [lost] = [line for line in lines if "All hosts start again" in line]
    assert ("EvictionByEvictionAPI" in lost) is evicted, lost


def test_an_interrupted_launcher_deletes_all_and_one_that_follows_starts(launcher, monkeypatch):
    job = launcher.job("time.sleep(600)", restarts=5)
    with monkeypatch.context() as patch:
        patch.setattr(host_job, "_require_alive", Mock(side_effect=Interrupted(signal.SIGTERM)))
        with pytest.raises(Interrupted):
            job.train()
    launcher.job("pass").train()  # under the same name
    wait_for(lambda: not launcher.left(), "the end of Job, Service and pods")


def test_the_hosts_of_a_killed_launcher_are_deleted_by_the_next_one(launcher):
    launcher.leave("time.sleep(600)")
    job = launcher.job("pass")
    job.delete_earlier()
    assert "pod" not in launcher.left()
    job.train()


def test_kubernetes_ends_the_hosts_of_a_launcher_that_renews_no_deadline(cluster, launcher, monkeypatch):
    monkeypatch.setattr(host_job, "_LEASE", 4.0)
    monkeypatch.setattr(host_job, "_KEPT_SECONDS", 2)
    launcher.leave("time.sleep(600)")
    assert launcher.left() == {"job.batch": 1, "service": 1, "pod": 2}
    wait_for(lambda: not launcher.left(), "the deadline, and the end of the ended Job")


def test_a_launcher_sees_the_deadline_of_its_hosts(launcher, monkeypatch):
    monkeypatch.setattr(host_job, "_LEASE", 3.0)
    with pytest.raises(NerError, match=r"the hosts were ended \(DeadlineExceeded: "):
        launcher.job("time.sleep(600)").train()


def test_the_hosts_end_with_their_launchers_pod(cluster, launcher):
    launcher.leave("time.sleep(600)")
    cluster.kubectl("--namespace=kubeflow", "delete", "pod", launcher.name, "--force", check=True)
    wait_for(lambda: not launcher.left(), "the end of Job, Service and pods")


def test_hosts_without_a_machine_say_what_the_scheduler_says(launcher, lines, monkeypatch):
    limits = {"limits": {"nvidia.com/gpu": "3"}}
    monkeypatch.setattr(host_job, "_LEASE", 3.0)
    with pytest.raises(NerError, match="DeadlineExceeded"):
        launcher.job("pass", pod={"containers": [{"name": "main", "resources": limits}]}).train()
    assert any("2 of 2 hosts (0/1 nodes are available: 1 Insufficient nvidia.com/gpu" in line for line in lines)


def test_a_right_that_is_missing_shows_in_the_check_and_in_the_launcher(cluster, launcher, monkeypatch):
    role = next(one for one in yaml.safe_load_all(HOSTS_YAML.read_text()) if one["kind"] == "Role")
    name = f"rights of {ACCOUNT} to start hosts"

    def apply(entry):
        cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump(entry), check=True)

    def has(text):
        return lambda: checks_of(cluster, monkeypatch)[name].text == text  # the server learns of a change in a moment

    wait_for(has("yes"), "all rights")
    for verb, resource, group in RIGHTS:
        rules = [
            {**rule, "verbs": [one for one in rule["verbs"] if one != verb]}
            if (resource, group) == (rule["resources"][0], rule["apiGroups"][0])
            else rule
            for rule in role["rules"]
        ]
        apply({**role, "rules": [rule for rule in rules if rule["verbs"]]})
        wait_for(has(f"may not {verb} {resource}"), f"a role that may not {verb} {resource}")
        if (verb, resource) == ("create", "services"):
            reason = r"cannot create jobs and services \(services is forbidden: User \"system:serviceaccount:kubeflow:"
            with pytest.raises(NerError, match=reason):
                launcher.job("time.sleep(600)", restarts=5).train()
            wait_for(lambda: not launcher.left(), "the end of Job and pods")
    apply(role)
    wait_for(has("yes"), "all rights")


CLUSTER = """
data: minio://mlpipeline/corpus
images: {cpu: ner:1, gpu: ner:1, pull_secrets: [registry]}
settings: {trainer.hosts: 2}
hosts: {folder: /shared}
nodes:
  RegistryPusher: {secret_env: {mlflow: {USER: user, PASSWORD: password}}}
  Trainer:
    gpu: {type: nvidia.com/gpu, count: 2}
    node_selector: {pool: gpu}
    shared_memory: 1Gi
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
    volumes: [{claim: ner-shared, path: /shared}]
    run_as: {user: 1000, non_root: true}
"""


def checks_of(cluster, monkeypatch, *settings, token=None):
    """The checks of `ner kfp check` with a configuration of kubectl."""
    file = cluster.configuration(*([token] if token else []))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    text = file.with_suffix(".yaml")
    text.write_text(CLUSTER)
    config = load_cluster("kubeflow", text, settings)
    checks = KubernetesChecks(kubernetes_client(), "kubeflow").all(config, config.nodes, multi_user=False)
    return {one.name: one for one in checks}


@pytest.fixture(scope="module")
def complete(cluster):
    """The cluster with what CLUSTER needs."""
    own = ("--namespace=kubeflow", "create")
    cluster.kubectl(*own, "deployment", "ml-pipeline", "--image=ghcr.io/kubeflow/kfp-api-server:2.17.0", check=True)
    for name, *keys in (("mlflow", "user", "password"), ("mlpipeline-minio-artifact", "accesskey", "secretkey")):
        literals = [f"--from-literal={key}=x" for key in keys]
        cluster.kubectl(*own, "secret", "generic", name, *literals, check=True)
    cluster.kubectl(*own, "secret", "docker-registry", "registry", "--docker-username=u", "--docker-password=p")
    cluster.kubectl(*own, "serviceaccount", "ada", check=True)
    cluster.kubectl(*own, "rolebinding", "ada", "--clusterrole=edit", "--serviceaccount=kubeflow:ada", check=True)
    return cluster


def test_the_checks_of_a_complete_cluster_are_ok(complete, monkeypatch):
    checks = checks_of(complete, monkeypatch)
    assert {name: one for name, one in checks.items() if one.state != "ok"} == {}
    assert checks["volume ner-shared"].text == "exists, not bound yet"
    assert checks["machine for Trainer"].text == "1 with 2 nvidia.com/gpu"
    assert len(checks) == 13


def test_what_an_account_may_not_see_is_unknown(complete, monkeypatch):
    token = complete.kubectl("create", "token", "ada", "--namespace=kubeflow", check=True).stdout.strip()
    wait_for(lambda: checks_of(complete, monkeypatch, token=token)["namespace kubeflow"].state == "ok", "the role")
    checks = checks_of(complete, monkeypatch, token=token)
    states = {name: (one.state, one.text) for name, one in checks.items() if one.state != "ok"}
    assert states == {
        "right to create workflows": ("wrong", "no"),
        "machine for Trainer": ("unknown", "not allowed from here (403)"),
        f"rights of {ACCOUNT} to start hosts": ("unknown", "not allowed from here (403)"),
    }


def test_what_the_server_refuses_is_wrong_with_its_reason(complete, monkeypatch):
    def pod(*settings):
        return checks_of(complete, monkeypatch, *settings)["pod of a host"]

    complete.kubectl("label", "namespace", "kubeflow", "pod-security.kubernetes.io/enforce=restricted", check=True)
    wait_for(lambda: pod("nodes.Trainer.run_as=null").state == "wrong", "the policy")
    assert 'violates PodSecurity "restricted:latest": runAsNonRoot != true' in pod("nodes.Trainer.run_as=null").text
    assert pod().state == "ok"
    complete.kubectl("label", "namespace", "kubeflow", "pod-security.kubernetes.io/enforce-", check=True)
    quota = ("--namespace=kubeflow", "create", "quota", "gpus", "--hard=requests.nvidia.com/gpu=1")
    complete.kubectl(*quota, check=True)
    wait_for(lambda: "exceeded quota: gpus" in pod().text, "the quota")
    assert pod().state == "wrong"
    complete.kubectl("--namespace=kubeflow", "delete", "quota", "gpus", check=True)


def test_the_server_accepts_the_manifests_of_the_documentation(cluster, tmp_path):
    """It refuses unknown fields, and warns of old versions and of containers with rights."""
    cluster.kubectl("create", "namespace", "strict", check=True)
    cluster.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/warn=restricted", check=True)
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for file in tmp_path.rglob("*.yaml"):
        file.write_text(file.read_text().replace("namespace: kubeflow", "namespace: strict"))
    profiles = tmp_path / "mlflow" / "postgresql" / "kustomization.yaml"
    for change in ("", "components: [../profiles]\n"):
        profiles.write_text(profiles.read_text() + change)
        for source in (("-f", tmp_path / HOSTS_YAML.name), *(("-k", tmp_path / "mlflow" / one) for one in OVERLAYS)):
            applied = cluster.kubectl("apply", "--dry-run=server", *source)
            assert (applied.returncode, applied.stderr) == (0, "")
            assert all("strict" not in line or "created" in line for line in applied.stdout.splitlines())


def test_the_commands_of_the_documentation_create_the_registry(cluster, tmp_path):
    [block] = [one for one in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) if "secret generic mlflow " in one]
    cluster.kubectl("--namespace=kubeflow", "delete", "secret", "mlflow", "--ignore-not-found", check=True)
    (tmp_path / "kubectl").write_text(f'#!/bin/sh\nexec {cluster.program} kubectl "$@"\n')
    (tmp_path / "kubectl").chmod(0o755)
    environment = {**cluster.environment(), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for _ in range(2):
        result = processes.run(["bash", "-ec", block], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (0, "")
        block = block[block.index("kubectl apply") :].replace("sqlite", "postgresql")
    names = cluster.kubectl("--namespace=kubeflow", "get", "deployments,statefulsets", "--output=name").stdout.split()
    assert {"deployment.apps/mlflow", "statefulset.apps/mlflow-postgresql"} <= {*names}
