"""Checks of a cluster, against a server with the paths and objects of Kubernetes' API."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components.common.errors import NerError
from configs.cluster_loading import load_cluster
from pipeline.kubeflow.client import check
from pipeline.kubeflow.client.check import KubernetesChecks, check_cluster, check_data, check_images, check_registry

DIGEST = "@sha256:" + "a" * 64
CLUSTER = f"""
data: minio://mlpipeline/corpus
images: {{cpu: ner{DIGEST}, gpu: ner-gpu}}
nodes:
  RegistryPusher: {{secret_env: {{mlflow: {{USER: user, PASSWORD: password}}}}}}
  Trainer:
    gpu: {{type: nvidia.com/gpu, count: 2}}
    node_selector: {{pool: gpu}}
    volumes: [{{claim: ner-state, path: /state}}]
"""
TAINT = {"key": "nvidia.com/gpu", "effect": "NoSchedule", "value": "present"}


def machine(gpus, labels, *taints):
    return {
        "metadata": {"name": "m", "labels": labels},
        "spec": {"taints": list(taints)},
        "status": {"allocatable": {"nvidia.com/gpu": str(gpus), "cpu": "8"}},
    }


def good():
    """A cluster with everything that CLUSTER needs: path -> object."""
    containers = [{"name": "c", "image": "ghcr.io/kubeflow/kfp-api-server:2.17.0"}]
    deployment = {"spec": {"selector": {}, "template": {"spec": {"containers": containers}}}}
    own = "/api/v1/namespaces/kubeflow"
    return {
        own: {},
        "/apis/apps/v1/namespaces/kubeflow/deployments/ml-pipeline": deployment,
        f"{own}/serviceaccounts/pipeline-runner": {},
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {"spec": {}, "status": {"allowed": True}},
        f"{own}/secrets/mlflow": {"data": {"user": "YQ==", "password": "YQ=="}},
        f"{own}/secrets/mlpipeline-minio-artifact": {"data": {"accesskey": "YQ==", "secretkey": "YQ=="}},
        f"{own}/persistentvolumeclaims/ner-state": {"status": {"phase": "Bound"}},
        "/api/v1/nodes": {"items": [machine(0, {}), machine(4, {"pool": "gpu"}, TAINT)]},
    }


@pytest.fixture
def kubernetes():
    """The API; `objects` is path -> object, or a status."""
    from kubernetes import client

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            entry = server.objects.get(self.path.partition("?")[0], 404)
            if isinstance(entry, int):
                entry = {"kind": "Status", "code": entry}
            body = json.dumps(entry).encode()
            self.send_response(entry.get("code", 200))
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.objects = good()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{server.server_port}")
    configuration.retries = False
    server.client = client.ApiClient(configuration)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    file = tmp_path_factory.mktemp("cluster") / "cluster.yaml"
    file.write_text(CLUSTER)
    return load_cluster("kubeflow", file)


def checks_of(kubernetes, cluster):
    checks = KubernetesChecks(kubernetes.client, "kubeflow").all(cluster, cluster.nodes, multi_user=False)
    return {one.name: one for one in checks}


def test_a_cluster_with_everything_is_ok(kubernetes, cluster):
    checks = checks_of(kubernetes, cluster)
    assert {name: one.state for name, one in checks.items()} == dict.fromkeys(
        [
            "namespace kubeflow", "version of the server",
            "service account pipeline-runner", "right to create workflows",
            "secret mlflow", "secret mlpipeline-minio-artifact", "volume ner-state", "machine for Trainer",
        ],
        "ok",
    )  # fmt: skip
    assert checks["machine for Trainer"].text == "1 with 2 nvidia.com/gpu"


@pytest.mark.parametrize(
    ("path", "value", "name", "state", "text"),
    [
        ("/secrets/mlflow", 404, "secret mlflow", "wrong", "does not exist"),
        ("/secrets/mlflow", 403, "secret mlflow", "unknown", "not allowed from here (403)"),
        ("/secrets/mlflow", {"data": {"user": "YQ=="}}, "secret mlflow", "wrong", "has no password, only user"),
        ("/persistentvolumeclaims/ner-state", 404, "volume ner-state", "wrong", "does not exist"),
        ("/persistentvolumeclaims/ner-state", {"status": {"phase": "Lost"}}, "volume ner-state", "wrong", "its"),
        ("/selfsubjectaccessreviews", {"spec": {}, "status": {"allowed": False}}, "right to create workflows", "wrong",
         "no"),
        ("/nodes", {"items": [machine(1, {"pool": "gpu"})]}, "machine for Trainer", "wrong", "none of 1 has 2 nvidia"),
        ("/nodes", {"items": [machine(4, {"pool": "cpu"})]}, "machine for Trainer", "wrong", "none has the label pool"),
        ("/nodes", {"items": [machine(4, {"pool": "gpu"}, {"key": "spot", "effect": "NoSchedule"})]},
         "machine for Trainer", "wrong", "not tolerated: spot"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_cure(kubernetes, cluster, path, value, name, state, text):
    key = next(key for key in kubernetes.objects if key.endswith(path))
    kubernetes.objects[key] = value
    one = checks_of(kubernetes, cluster)[name]
    assert (one.state, one.text[: len(text)]) == (state, text)
    assert one.cure


HOSTS = ("settings={trainer.hosts: 2}", "hosts.folder=/shared", "nodes.Trainer.volumes=[{claim: ner, path: /shared}]")
REVIEWS = "/apis/authorization.k8s.io/v1/namespaces/kubeflow/localsubjectaccessreviews"
JOBS, CLAIM = "/apis/batch/v1/namespaces/kubeflow/jobs", "/api/v1/namespaces/kubeflow/persistentvolumeclaims/ner"
PODS = "/api/v1/namespaces/kubeflow/pods"
QUOTA = 'pods "ner-check" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=8'
RIGHT = 'pods is forbidden: User "ada" cannot create resource "pods" in API group "" in the namespace "kubeflow"'
CHECKS = {
    REVIEWS: "rights of pipeline-runner to start hosts", JOBS: "Job of the hosts", PODS: "pod of a host",
    CLAIM: "volume ner for all hosts",
}  # fmt: skip


def hosts_of(kubernetes, *settings):
    """Checks of a training on two hosts, all of them ok."""
    accepted = {"spec": {"completionMode": "Indexed", "template": {"spec": {"containers": []}}}}
    kubernetes.objects |= {
        REVIEWS: {"spec": {}, "status": {"allowed": True}},
        JOBS: accepted,
        PODS: {"spec": {"containers": []}},
        CLAIM: {"spec": {"accessModes": ["ReadWriteMany"]}, "status": {"phase": "Bound"}},
        **kubernetes.objects,
    }
    return checks_of(kubernetes, load_cluster("kubeflow", None, settings or HOSTS))


@pytest.mark.parametrize(
    ("path", "value", "state", "text"),
    [
        (REVIEWS, {"spec": {}, "status": {"allowed": True}}, "ok", "yes"),
        (REVIEWS, {"spec": {}, "status": {"allowed": False}}, "wrong", "may not create jobs, get jobs, list jobs"),
        (REVIEWS, 403, "unknown", "not allowed from here (403)"),
        (JOBS, {"spec": {"template": {"spec": {"containers": []}}}}, "wrong", "this Kubernetes has no indexed Jobs"),
        (JOBS, 422, "wrong", "refused"),
        (JOBS, 403, "unknown", "not allowed"),
        (PODS, 403, "unknown", "not allowed"),
        (PODS, {"code": 403, "message": QUOTA}, "wrong", f"refused: {QUOTA}"),
        (PODS, {"code": 403, "message": RIGHT}, "unknown", "not allowed"),
        (CLAIM, {"spec": {"accessModes": ["ReadWriteOnce"]}, "status": {"phase": "Bound"}}, "wrong", "is ReadW"),
        (CLAIM, 404, "wrong", "does not exist"),
    ],
)
def test_what_several_hosts_need_is_checked(kubernetes, path, value, state, text):
    kubernetes.objects[path] = value
    checks = hosts_of(kubernetes)
    assert (checks[CHECKS[path]].state, checks[CHECKS[path]].text[: len(text)]) == (state, text)
    assert {checks[name].state for other, name in CHECKS.items() if other != path} == {"ok"}
    assert state == "ok" or checks[CHECKS[path]].cure


def test_hosts_without_a_folder_are_wrong_before_the_compilation(kubernetes):
    one = hosts_of(kubernetes, HOSTS[0])["hosts of the Trainer"]
    assert (one.state, one.text[:13]) == ("wrong", "hosts.folder:")


def test_an_old_server_is_wrong_and_one_without_a_version_unknown(kubernetes, cluster):
    deployment = kubernetes.objects["/apis/apps/v1/namespaces/kubeflow/deployments/ml-pipeline"]
    for tag, state in (("2.5.1", "wrong"), ("master", "unknown"), ("v2.14.0", "ok")):
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = f"server:{tag}"
        assert checks_of(kubernetes, cluster)["version of the server"].state == state


def test_without_its_namespace_nothing_else_is_asked(kubernetes, cluster):
    kubernetes.objects["/api/v1/namespaces/kubeflow"] = 404
    assert [one.state for one in checks_of(kubernetes, cluster).values()] == ["wrong"]


def test_images_registry_and_corpus_are_checked_without_kubernetes(kubernetes, cluster):
    assert [one.state for one in check_images(cluster)] == ["wrong", "ok"]
    address = f"http://127.0.0.1:{kubernetes.server_port}"
    assert "responds with 404" in check_registry(address).text
    for status, state in ((200, "ok"), (401, "ok"), (500, "wrong")):
        kubernetes.objects["/health"] = {} if status == 200 else status
        assert check_registry(address).state == state
    assert check_registry("http://mlflow.invalid:5000").state == "unknown"
    assert check_registry("sqlite:////tmp/x.db").state == "wrong"
    assert check_data(cluster).state == "unknown"
    assert check_data(cluster.model_copy(update={"data": "s3://bucket"})).state == "wrong"


def test_a_server_that_cannot_be_reached_does_not_hide_the_other_checks(cluster, monkeypatch):
    def connect():
        raise NerError("http://x: cannot be reached. Check the address")

    monkeypatch.setattr(check, "kubernetes_client", lambda: None)
    monkeypatch.setattr(check, "check_registry", lambda uri: check.Check("model registry", "ok", uri))
    checks = list(check_cluster(cluster, connect, tuner=False))
    assert (checks[0].name, checks[0].state) == ("server", "wrong")
    assert (checks[0].text, checks[0].cure) == ("http://x: cannot be reached", "Check the address")
    assert checks[-1].name == "Kubernetes"
