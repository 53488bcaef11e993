"""Checks of a cluster before the first run: what a pipeline needs, and whether it is there.

They ask the server of Kubeflow Pipelines and, with kubectl's configuration or a pod's own account, the API of
Kubernetes. What this machine cannot see is `unknown`, never `ok`.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from components.common.errors import NerError
from configs.cluster_spec import NODES, ClusterConfig, Node, Toleration
from pipeline.kubeflow.client.connection import Connection
from pipeline.kubeflow.container.host_job import RIGHTS, HostCommand, job_manifest
from pipeline.kubeflow.host_pods import host_settings, image_of_hosts, shared_volume
from pipeline.kubeflow.kubernetes_api import kubernetes_client

NAMESPACE = "kubeflow"
"""Namespace of the pods on a server for one user."""

OLDEST_SERVER = (2, 14)
"""First version that reads retry policies."""

_SECONDS = 5.0
_OWN_BUCKET_SECRET = "mlpipeline-minio-artifact"  # KFP's credentials for its own object store
_PODS_ACCOUNT = {False: "pipeline-runner", True: "default-editor"}  # by multi-user


@dataclass(frozen=True)
class Check:
    """A line of the result.

    Attributes:
        name: the subject.
        state: `unknown` if this machine cannot see it.
        text: the finding.
        cure: how to repair or to find out; empty if ok.
    """

    name: str
    state: Literal["ok", "wrong", "unknown"]
    text: str
    cure: str = ""


def check_cluster(cluster: ClusterConfig, connect: Callable[[], Connection], *, tuner: bool) -> Iterator[Check]:
    """Yields all checks of a cluster.

    Args:
        cluster: the cluster's configuration.
        connect: connects to the server of Kubeflow Pipelines.
        tuner: whether the pipeline has a Tuner.
    """
    connection = None
    try:
        connection = connect()
        yield Check("server", "ok", connection.host)
    except NerError as error:
        text, _, cure = str(error).partition(". ")
        yield Check("server", "wrong", text, cure)
    yield from check_images(cluster)
    yield check_registry(str(cluster.settings.get("registry.uri", "")))
    yield check_data(cluster)
    client = kubernetes_client()
    if client is None:
        cure = "Set KUBECONFIG, or run this in a pod."
        yield Check("Kubernetes", "unknown", "no configuration of kubectl and no account of a pod", cure)
        return
    namespace = connection.namespace if connection else None
    nodes = {name: cluster.nodes[name] for name in NODES if tuner or name != "Tuner"}
    checks = KubernetesChecks(client, namespace or NAMESPACE)
    yield from checks.all(cluster, nodes, multi_user=namespace is not None)


def check_images(cluster: ClusterConfig) -> Iterator[Check]:
    """Checks that images have digests; a changed image is invisible to pods and to the cache otherwise."""
    for name in sorted({cluster.images.cpu, cluster.images.gpu}):
        image, _, digest = name.partition("@sha256:")
        if digest:
            yield Check(f"image {image}", "ok", f"by digest, {digest[:12]}...")
        else:
            yield Check(f"image {image}", "wrong", "no digest", "Use name@sha256:..., as `docker inspect` prints it.")


def check_registry(uri: str) -> Check:
    """Checks whether a model registry responds from this machine.

    Args:
        uri: `registry.uri` of the compiled pipeline.
    """
    name = "model registry"
    if not uri.startswith(("http://", "https://")):
        cure = "Set settings.registry.uri to the address of an MLflow server; a file ends with its pod."
        return Check(name, "wrong", f"{uri} is not a server", cure)
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=_SECONDS) as response:
            return Check(name, "ok", f"{uri} responds ({response.status})")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return Check(name, "ok", f"{uri} asks for a login ({error.code})")
        return Check(name, "wrong", f"{uri} responds with {error.code}", "Look into its log.")
    except OSError as error:
        reason = getattr(error, "reason", error)
        cure = "If the name exists in the cluster only: kubectl port-forward, and curl ADDRESS/health."
        return Check(name, "unknown", f"{uri} cannot be reached from here ({reason})", cure)


def check_data(cluster: ClusterConfig) -> Check:
    """Checks the form of the corpus's address; this machine may not have access to it."""
    name, cure = "corpus", "Set data, or give --param data=... with each run."
    if cluster.data is None:
        return Check(name, "unknown", "no default address", cure)
    if not cluster.data.partition("://")[2].partition("/")[2]:
        return Check(name, "wrong", f"{cluster.data} is a bucket", "Add a folder: KFP refuses an empty key.")
    cure = f"aws s3 ls --endpoint-url ... {cluster.data.replace('minio://', 's3://')}/ lists it."
    return Check(name, "unknown", f"{cluster.data}: pods read it with credentials that this machine lacks", cure)


class KubernetesChecks:
    """Checks against the API of Kubernetes."""

    def __init__(self, client: Any, namespace: str) -> None:
        """Opens nothing.

        Args:
            client: `kubernetes.client.ApiClient`.
            namespace: of the pods.
        """
        from kubernetes import client as api

        self._namespace = namespace
        self._core, self._apps, self._batch = api.CoreV1Api(client), api.AppsV1Api(client), api.BatchV1Api(client)
        self._authorization = api.AuthorizationV1Api(client)

    def all(self, cluster: ClusterConfig, nodes: Mapping[str, Node], *, multi_user: bool) -> Iterator[Check]:
        """Yields all checks.

        Args:
            cluster: the cluster's configuration.
            nodes: nodes of the pipeline by name.
            multi_user: whether the server has a namespace for each user.
        """
        namespace = self._read(f"namespace {self._namespace}", self._core.read_namespace, self._namespace)
        yield namespace[1]
        if namespace[1].state == "wrong":
            return
        yield self._server()
        account = _PODS_ACCOUNT[multi_user]
        yield self._in_namespace(
            f"service account {account}", self._core.read_namespaced_service_account, account,
            "Install Kubeflow Pipelines in this namespace, or create a profile for it.",
        )[1]  # fmt: skip
        yield self._right("create", "workflows", "argoproj.io")
        yield from self._secrets(cluster, nodes)
        for claim in sorted({volume.claim for node in nodes.values() for volume in node.volumes}):
            yield self._claim(claim)
        for name, node in nodes.items():
            if node.gpu or node.node_selector:
                yield self._machines(name, node)
        hosts = int(cluster.settings.get("trainer.hosts", 1))
        if hosts > 1:
            yield from self._hosts(cluster, hosts, account)

    def _read(self, name: str, call: Any, *arguments: Any, cure: str = "") -> tuple[Any, Check]:
        """Returns the object, if there is one, and the check that it exists."""
        from kubernetes.client.exceptions import ApiException

        try:
            return call(*arguments, _request_timeout=_SECONDS), Check(name, "ok", "exists")
        except ApiException as error:
            if error.status == 404:
                return None, Check(name, "wrong", "does not exist", cure or "Create it.")
            message = _message(error)
            # A policy or a quota forbids an object, a missing right a verb: `User "ada" cannot create resource "pods"`.
            forbidden = error.status == 403 and "is forbidden: " in message and " cannot " not in message
            if error.status in (400, 422) or forbidden:
                return None, Check(name, "wrong", f"refused: {message}", "Correct the cluster's configuration.")
            if error.status in (401, 403):
                return None, Check(name, "unknown", f"not allowed from here ({error.status})", "Ask its owner.")
            return None, Check(name, "unknown", f"the API responds with {error.status}", "Try again.")
        except Exception as error:
            reason = " ".join(str(getattr(error, "reason", error)).split())[:120]
            return None, Check(name, "unknown", f"no connection ({reason})", "Check kubectl's configuration.")

    def _in_namespace(self, name: str, call: Any, key: str, cure: str = "") -> tuple[Any, Check]:
        return self._read(name, call, key, self._namespace, cure=cure)

    def _server(self) -> Check:
        name = "version of the server"
        entry, check = self._read(name, self._apps.read_namespaced_deployment, "ml-pipeline", NAMESPACE)
        if entry is None:
            return check
        image = entry.spec.template.spec.containers[0].image
        version = re.search(r":v?(\d+)\.(\d+)", image)
        if version is None:
            return Check(name, "unknown", f"image {image}", "Give the image a version as its tag.")
        numbers = (int(version[1]), int(version[2]))
        text = f"{numbers[0]}.{numbers[1]}"
        if numbers < OLDEST_SERVER:
            return Check(name, "wrong", text, "Use 2.14 or later: older servers do not retry.")
        return Check(name, "ok", text)

    def _right(self, verb: str, resource: str, group: str) -> Check:
        from kubernetes import client as api

        attributes = api.V1ResourceAttributes(group=group, namespace=self._namespace, resource=resource, verb=verb)
        body = api.V1SelfSubjectAccessReview(spec=api.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
        name = f"right to {verb} {resource}"
        call = self._authorization.create_self_subject_access_review
        entry, check = self._read(name, lambda _request_timeout: call(body, _request_timeout=_request_timeout))
        if entry is None:
            return check
        if entry.status.allowed:
            return Check(name, "ok", "yes")
        return Check(name, "wrong", "no", f"Bind a role with it in the namespace {self._namespace}.")

    def _hosts(self, cluster: ClusterConfig, hosts: int, account: str) -> Iterator[Check]:
        """Checks a training on several hosts: rights, the Job, the volume."""
        yield self._rights_of(account)
        try:
            settings = host_settings(cluster, hosts)
        except NerError as error:
            text, _, cure = str(error).partition(". ")
            yield Check("hosts of the Trainer", "wrong", text, cure)
            return
        command = HostCommand(image_of_hosts(cluster), ["true"], "ner-check", "", "Trainer")
        yield from self._job(job_manifest(settings, command, command.name, account))
        claim = shared_volume(cluster, settings.folder).claim
        name = f"volume {claim} for all hosts"
        entry, check = self._in_namespace(name, self._core.read_namespaced_persistent_volume_claim, claim)
        modes = (entry.spec.access_modes or []) if entry is not None and entry.spec else ["ReadWriteMany"]
        if "ReadWriteMany" not in modes:
            cure = "Use a claim with ReadWriteMany: the pods of several machines write there."
            check = Check(name, "wrong", f"is {', '.join(modes)}", cure)
        yield check

    def _rights_of(self, account: str) -> Check:
        """Checks the rights that the pods' account needs, which are not those of this machine."""
        from kubernetes import client as api

        name, namespace = f"rights of {account} to start hosts", self._namespace
        user, groups = f"system:serviceaccount:{namespace}:{account}", "system:serviceaccounts"
        missing = []
        for verb, resource, group in RIGHTS:
            kind, _, part = resource.partition("/")
            attributes = api.V1ResourceAttributes(
                group=group, namespace=namespace, resource=kind, subresource=part or None, verb=verb
            )
            body = api.V1LocalSubjectAccessReview(
                metadata=api.V1ObjectMeta(namespace=namespace),
                spec=api.V1SubjectAccessReviewSpec(
                    user=user,
                    groups=["system:authenticated", groups, f"{groups}:{namespace}"],
                    resource_attributes=attributes,
                ),
            )
            call = self._authorization.create_namespaced_local_subject_access_review
            entry, check = self._read(name, call, namespace, body)
            if entry is None:
                return replace(check, cure=f"kubectl auth can-i {verb} {resource} -n {namespace} --as={user}")
            if not entry.status.allowed:
                missing.append(f"{verb} {resource}")
        if missing:
            return Check(name, "wrong", f"may not {', '.join(missing)}", "Apply docs/kubeflow/training-hosts.yaml.")
        return Check(name, "ok", "yes")

    def _job(self, job: dict[str, Any]) -> Iterator[Check]:
        """Lets the API check the Job of the hosts and one of its pods, without creating them."""
        template = job["spec"]["template"]
        pod = {"metadata": {"name": job["metadata"]["name"], **template["metadata"]}, "spec": template["spec"]}
        entry, check = self._dry_run("Job of the hosts", self._batch.create_namespaced_job, job)
        if entry is not None:
            check = replace(check, text=f"accepted with {job['spec']['completions']} pods")
            if entry.spec.completion_mode != "Indexed":
                check = Check(check.name, "wrong", "this Kubernetes has no indexed Jobs", "Use version 1.24 or later.")
        yield check
        # Quotas and policies refuse pods, not Jobs.
        yield self._dry_run("pod of a host", self._core.create_namespaced_pod, pod)[1]

    def _dry_run(self, name: str, call: Any, body: dict[str, Any]) -> tuple[Any, Check]:
        entry, check = self._read(
            name, lambda _request_timeout: call(self._namespace, body, dry_run="All", _request_timeout=_request_timeout)
        )
        return entry, check if entry is None else replace(check, text="accepted")

    def _secrets(self, cluster: ClusterConfig, nodes: Mapping[str, Node]) -> Iterator[Check]:
        required: dict[str, set[str]] = {name: set() for name in cluster.images.pull_secrets}
        for node in nodes.values():
            for name, variables in node.secret_env.items():
                required.setdefault(name, set()).update(variables.values())
        if any((address or "").startswith("minio://") for address in (cluster.data, cluster.pipeline_root)):
            required[_OWN_BUCKET_SECRET] = {"accesskey", "secretkey"}
        for name, keys in sorted(required.items()):
            entry, check = self._in_namespace(f"secret {name}", self._core.read_namespaced_secret, name)
            missing = sorted(keys - set(entry.data or {})) if entry is not None else []
            if missing:
                held = ", ".join(sorted(entry.data or {})) or "nothing"
                check = Check(f"secret {name}", "wrong", f"has no {', '.join(missing)}, only {held}", "Add the key.")
            yield check

    def _claim(self, claim: str) -> Check:
        name = f"volume {claim}"
        entry, check = self._in_namespace(name, self._core.read_namespaced_persistent_volume_claim, claim)
        phase = entry.status.phase if entry is not None else "Bound"
        if phase == "Lost":
            return Check(name, "wrong", "its storage is lost", "Create it again.")
        return Check(name, check.state, "exists, not bound yet") if phase == "Pending" else check

    def _machines(self, node_name: str, node: Node) -> Check:
        """Checks that some machine has the labels and the GPUs of a node, and tolerated taints."""
        name = f"machine for {node_name}"
        entry, check = self._read(name, self._core.list_node)
        if entry is None:
            return check
        labelled = [one for one in entry.items if node.node_selector.items() <= (one.metadata.labels or {}).items()]
        if not labelled:
            labels = ", ".join(f"{key}={value}" for key, value in node.node_selector.items())
            return Check(name, "wrong", f"none has the label {labels}", f"Correct nodes.{node_name}.node_selector.")
        if node.gpu is None:
            return Check(name, "ok", f"{len(labelled)} with its labels")
        kind, count = node.gpu.type, node.gpu.count
        equipped = [one for one in labelled if int((one.status.allocatable or {}).get(kind, 0)) >= count]
        if not equipped:
            cure = f"Add one, install the device plugin, or set nodes.{node_name}.gpu to null."
            return Check(name, "wrong", f"none of {len(labelled)} has {count} {kind}", cure)
        free = [one for one in equipped if all(_tolerated(taint, node.tolerations) for taint in one.spec.taints or ())]
        if not free:
            taints = ", ".join(sorted({taint.key for one in equipped for taint in one.spec.taints or ()}))
            return Check(name, "wrong", f"not tolerated: {taints}", f"Add it to nodes.{node_name}.tolerations.")
        return Check(name, "ok", f"{len(free)} with {count} {kind}")


def _message(error: Any) -> str:
    """Returns the API's own message."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, TypeError, KeyError):
        return str(error.reason)


def _tolerated(taint: Any, tolerations: tuple[Toleration, ...]) -> bool:
    if taint.effect == "PreferNoSchedule":
        return True
    return any(
        one.key in ("", taint.key)
        and one.effect in ("", taint.effect)
        and (one.operator == "Exists" or one.value == (taint.value or ""))
        for one in tolerations
    )
