"""A Kubernetes cluster on this machine: etcd, API server, Job controller, scheduler and kubectl are Kubernetes' own.

They are one executable, built once from their Go modules and kept in the user's cache: that takes minutes, so tests use
it only if it is there. `python -m support.kubernetes_cluster` builds it.

The kubelet is a thread of the test: each pod is a process of this machine, and images are ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support import processes
from support.pod_process import Machine, PodProcess

VERSION = "1.37.2"
_ETCD = "3.7.0"  # of Kubernetes' go.mod
_FLAGS = f"-s -w -X k8s.io/component-base/version.gitVersion=v{VERSION}"
_STARTS = 120  # seconds
_NODE = "machine"
_ADMIN = "token-of-the-administrator"
_CONTROLLERS = (
    "job",
    "garbage-collector",
    "ttl-after-finished",
    "serviceaccount",
    "clusterrole-aggregation",
    "resourcequota",
)
_AUDIT = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, userGroups: ["system:serviceaccounts"]}]
"""


def kubernetes_executable(*, build: bool) -> Path | None:
    """Returns the executable from the cache.

    Args:
        build: whether to build it if it is missing; None is returned without Go, or if the build fails.
    """
    source = Path(__file__).with_suffix(".go").read_bytes()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = f"kubernetes-{VERSION}-{hashlib.sha256(source).hexdigest()[:8]}"
    folder = caches / "deployable-ner-tests" / name
    program = folder / "kubernetes"
    if program.exists():
        return program
    if not build or shutil.which("go") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_bytes(source)
    module = f"k8s.io/kubernetes@v{VERSION}"
    command = ["go", "mod", "download", "-json", module]
    answer = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if answer.returncode:
        return None
    # Kubernetes' own parts have the version v0.0.0 there, and folders of its repository in their place.
    parts = re.findall(r"(\S+) => \./staging", Path(json.loads(answer.stdout)["GoMod"]).read_text(encoding="utf-8"))
    required = [f"k8s.io/kubernetes v{VERSION}", f"go.etcd.io/etcd/server/v3 v{_ETCD}"]
    lines = ["module kubernetes", "go 1.26.0", *(f"require {one}" for one in required)]
    lines += [f"replace {part} => {part} v0.{VERSION.partition('.')[2]}" for part in parts]
    (folder / "go.mod").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = f"kubernetes.{os.getpid()}"
    command = ["go", "build", "-mod=mod", "-trimpath", f"-ldflags={_FLAGS}", "-o", made, "main.go"]
    if subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, check=False).returncode:
        return None
    return (folder / made).rename(program)


class KubernetesCluster:
    """A running cluster with one machine.

    Attributes:
        program: the executable; `program kubectl` is kubectl.
        machine: where pods run.
        kubelet: the pods of that machine.
    """

    def __init__(self, program: Path, folder: Path, port: int) -> None:
        self.program, self._folder, self._port = program, folder, port
        self.machine = Machine(folder)
        self.kubelet: Kubelet

    def kubectl(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess:
        """Runs kubectl as the administrator."""
        command = [self.program, "kubectl", *arguments]
        return processes.run(command, env=self.environment(), capture_output=True, text=True, **options)

    def environment(self) -> dict[str, str]:
        """Returns the environment of kubectl."""
        return {**os.environ, "KUBECONFIG": str(self.configuration()), "HOME": str(self._folder)}

    def configuration(self, token: str = _ADMIN) -> Path:
        """Returns a configuration file of kubectl."""
        server = {"server": f"https://127.0.0.1:{self._port}", "certificate-authority": str(self._folder / "cert.pem")}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        file = self._folder / f"{abs(hash(token))}.kubeconfig"
        file.write_text(json.dumps(content), encoding="utf-8")
        return file

    def client(self, token: str = _ADMIN) -> Any:
        """Returns a `kubernetes.client.ApiClient`, by default of the administrator."""
        from kubernetes import client

        configuration = client.Configuration(host=f"https://127.0.0.1:{self._port}")
        configuration.ssl_ca_cert = str(self._folder / "cert.pem")
        configuration.api_key = {"authorization": f"Bearer {token}"}
        configuration.retries = False
        return client.ApiClient(configuration)

    def account(self, name: str, namespace: str) -> Any:
        """Returns a client with the token of a service account."""
        token = self.kubectl("create", "token", name, "--namespace", namespace, check=True).stdout.strip()
        return self.client(token)

    def requests(self, user: str) -> list[dict[str, Any]]:
        """Returns the audit log's entries of a user."""
        text = (self._folder / "audit.log").read_text(encoding="utf-8")
        entries = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return [one for one in entries if one["user"]["username"] == user]


@contextlib.contextmanager
def kubernetes_cluster(program: Path, folder: Path) -> Iterator[KubernetesCluster]:
    """Starts the processes, and kills them at the end."""
    etcd, port, kubelet_port = f"http://127.0.0.1:{processes.free_port()}", processes.free_port(), processes.free_port()
    cluster = KubernetesCluster(program, folder, port)
    configuration = cluster.configuration()
    (folder / "tokens.csv").write_text(f"{_ADMIN},admin,admin,system:masters\n", encoding="utf-8")
    (folder / "audit.yaml").write_text(_AUDIT, encoding="utf-8")
    subprocess.run([program, "keys"], cwd=folder, check=True)
    controllers = ",".join(f"{name}-controller" for name in _CONTROLLERS)
    server = [
        "kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}",
        "--tls-cert-file=cert.pem", "--tls-private-key-file=key.pem", "--token-auth-file=tokens.csv",
        "--service-account-issuer=https://kubernetes", "--service-account-key-file=key.pem",
        "--service-account-signing-key-file=key.pem", "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",  # as on OpenShift
        "--audit-log-path=audit.log", "--audit-policy-file=audit.yaml",
    ]  # fmt: skip
    common = [f"--kubeconfig={configuration}", "--leader-elect=false", "--secure-port=0"]
    manager = ["--service-account-private-key-file=key.pem", "--root-ca-file=cert.pem", f"--controllers={controllers}"]
    with contextlib.ExitStack() as stack:

        def start(*command: str) -> None:
            log = stack.enter_context((folder / f"{command[0]}.log").open("w"))
            process = processes.popen([program, *command], cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            stack.enter_context(process)

        start("etcd", etcd)
        start(*server)
        wait_for(lambda: cluster.kubectl("get", "--raw", "/readyz").returncode == 0, "the API server", folder)
        start("kube-controller-manager", *common, *manager)
        start("kube-scheduler", *common)
        cluster.kubelet = stack.enter_context(Kubelet(cluster, folder, kubelet_port))
        yield cluster


def wait_for(condition: Callable[[], Any], name: str, folder: Path | None = None) -> None:
    """Waits until a condition is true.

    Args:
        condition: returns a true value.
        name: for the error.
        folder: of the logs for the error.
    """
    end = time.monotonic() + _STARTS
    while not condition():
        output = "".join(log.read_text(encoding="utf-8")[-3000:] for log in folder.glob("*.log")) if folder else ""
        assert time.monotonic() < end, f"waited in vain for {name}: {output}"
        time.sleep(0.1)


class Kubelet(threading.Thread):
    """The kubelet of the only machine: starts and ends pods, reports their states and serves their logs.

    Attributes:
        pods: every started pod by its name.
    """

    def __init__(self, cluster: KubernetesCluster, folder: Path, port: int) -> None:
        super().__init__(name="kubelet", daemon=True)
        from kubernetes import client

        self._cluster, self._client, self._stopped = cluster, cluster.client(), threading.Event()
        self._core = client.CoreV1Api(self._client)
        self.pods: dict[str, PodProcess] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        capacity = {"cpu": "8", "memory": "32Gi", "pods": "110", "nvidia.com/gpu": "2"}
        self._core.create_node({"metadata": {"name": _NODE, "labels": {"pool": "gpu"}}})
        # The admission controller adds a taint that the node's controller, which does not run, would take away.
        self._core.patch_node(_NODE, {"spec": {"taints": None}})
        status = {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        self._core.patch_node_status(_NODE, {"status": status})

    def __enter__(self) -> Kubelet:
        """Starts the threads."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends all pods."""
        self._stopped.set()
        self.join()
        for pod in self.pods.values():
            pod.process.kill()
            pod.process.wait()
        self._server.shutdown()
        self._server.server_close()

    def run(self) -> None:
        """Does the kubelet's work until it is stopped."""
        while not self._stopped.wait(0.05):
            answer = self._core.list_pod_for_all_namespaces(
                field_selector=f"spec.nodeName={_NODE}", _preload_content=False
            )
            for pod in json.loads(answer.data)["items"]:
                if "command" in pod["spec"]["containers"][0]:
                    self._sync(pod)

    def _sync(self, pod: dict[str, Any]) -> None:
        from kubernetes.client.exceptions import ApiException

        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        deleted = "deletionTimestamp" in pod["metadata"]
        if name not in self.pods and not deleted:
            self.pods[name] = PodProcess(pod, self._cluster.machine)
        process = self.pods.get(name)
        if deleted and process is not None:
            process.end(pod["metadata"]["deletionGracePeriodSeconds"])
        status = process.status() if process is not None else {"phase": "Failed"}
        with contextlib.suppress(ApiException):  # it may be gone
            if status["phase"] != pod["status"]["phase"]:
                self._core.patch_namespaced_pod_status(name, namespace, {"status": status})
            if deleted and status["phase"] != "Running":
                self._core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)

    def _handler(kubelet) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                """Sends a log: /containerLogs/NAMESPACE/POD/CONTAINER."""
                name = self.path.split("/")[3]
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for line in kubelet.pods[name].lines():
                    data = line.encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.write(b"0\r\n\r\n")

        return Handler


if __name__ == "__main__" and kubernetes_executable(build=True) is None:
    sys.exit("Kubernetes was not built. It needs Go and access to its modules.")
