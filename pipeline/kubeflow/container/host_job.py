"""Kubernetes Job whose pods are the hosts of one training.

`HostJob.train` is the whole life of a training: it creates an indexed Job and a headless Service, shows the chief's
log, starts all hosts again after the loss of one, and deletes the Job at the end. docs/decisions/0019-indexed-job.md
has the reasons.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import logging
from pydantic import BaseModel, ConfigDict

from components.common.errors import NerError
from components.common.faults import EXPLAINED

HOSTS_LABEL, RUN_LABEL, NODE_LABEL = "deployable-ner/hosts", "pipeline/runid", "deployable-ner/node"
"""Labels of the pods: the name of their Job, and run and node of the pipeline as on the pods of Kubeflow."""

INDEX_VARIABLE = "HOST_INDEX"
"""Environment variable of a host: its index. `$(HOST_INDEX)` in the command stands for it."""

RIGHTS = (
    ("create", "jobs", "batch"), ("get", "jobs", "batch"), ("list", "jobs", "batch"), ("patch", "jobs", "batch"),
    ("delete", "jobs", "batch"), ("create", "services", ""), ("get", "pods", ""), ("list", "pods", ""),
    ("get", "pods/log", ""),
)  # fmt: skip
"""Rights of the launcher's service account: verb, resource, API group; docs/kubeflow/training-hosts.yaml gives them."""

PORT = 2222
TRAINER = "Trainer"
CONTAINER = "main"

# Kubernetes ends the hosts if their launcher does not renew the deadline, for any reason.
_LEASE, _RENEWAL = 900.0, 120.0
_KEPT_SECONDS = 600  # the ended Job, if nobody deletes it
_POLL = 3.0
_REQUEST = 10.0
_GONE = 90.0  # until the pods of a deleted Job are gone: a grace period of 30 s, and some time
_INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"


class HostSettings(BaseModel):
    """Facts that the launcher has from the compilation.

    Attributes:
        hosts: number of hosts.
        folder: folder that the launcher and all hosts share.
        restarts: of all hosts together.
        pod: JSON form of a PodSpec with one container, without image, command and role in the training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: int
    folder: str
    restarts: int
    pod: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Owner:
    """The launcher's own pod, with which Kubernetes deletes the Job.

    Attributes:
        name: of the pod.
        uid: of the pod.
        namespace: of the pod and of the Job.
        service_account: which the hosts use, too.
    """

    name: str
    uid: str
    namespace: str
    service_account: str


_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def read_owner(client: Any, name: str, namespace: str | None = None) -> Owner:
    """Returns the launcher's own pod.

    Args:
        client: `kubernetes.client.ApiClient`.
        name: of the pod, which is its host name.
        namespace: of the pod; None reads it from the pod's files.

    Raises:
        NerError: the process runs in no pod, or may not read it.
    """
    from kubernetes import client as api

    try:
        namespace = namespace or _NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NerError(
            f"trainer.hosts: several hosts are started from a pod of Kubeflow only ({error}). Elsewhere start each one "
            "with TF_CONFIG (docs/training.md)."
        ) from error
    with _explained("read its pod"):
        pod = api.CoreV1Api(client).read_namespaced_pod(name, namespace, _request_timeout=_REQUEST)
    return Owner(name, pod.metadata.uid, namespace, pod.spec.service_account_name or "default")


@dataclasses.dataclass(frozen=True)
class HostCommand:
    """Command of every host.

    Attributes:
        image: container image.
        command: command and arguments; `$(HOST_INDEX)` stands for the host's index, `$$` for a dollar sign.
        name: of the Job, a DNS label of at most 40 characters; the number of the try and a random part follow.
        run: ID of the run; empty if unknown.
        node: name of the node.
    """

    image: str
    command: Sequence[str]
    name: str
    run: str
    node: str


def job_manifest(settings: HostSettings, command: HostCommand, name: str, service_account: str) -> dict[str, Any]:
    """Returns the JSON form of the Job, without its owner.

    Args:
        settings: number and form of the pods.
        command: what they run.
        name: of the Job and of its Service.
        service_account: of the pods.
    """
    labels = {HOSTS_LABEL: name, NODE_LABEL: command.node, **({RUN_LABEL: command.run} if command.run else {})}
    workers = [f"{name}-{index}.{name}:{PORT}" for index in range(settings.hosts)]
    config = json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": 0}})
    of_host: list[dict[str, Any]] = [
        {
            "name": INDEX_VARIABLE,
            "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{_INDEX_ANNOTATION}']"}},
        },
        {"name": "TF_CONFIG", "value": config.replace('"index": 0', f'"index": $({INDEX_VARIABLE})')},
    ]
    [container] = settings.pod["containers"]
    own = {one["name"] for one in of_host}
    container = {
        **container,
        "image": command.image,
        "command": list(command.command),
        "env": of_host + [one for one in container.get("env", ()) if one["name"] not in own],
        "ports": [{"containerPort": PORT}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    spec = {
        **settings.pod,
        "containers": [container],
        "restartPolicy": "Never",
        "subdomain": name,
        "serviceAccountName": service_account,
    }
    # A sidecar of a service mesh would never end.
    mesh = {"sidecar.istio.io/inject": "false"}
    template = {"metadata": {"labels": {**labels, **mesh}, "annotations": mesh}, "spec": spec}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "completionMode": "Indexed",
            "completions": settings.hosts,
            "parallelism": settings.hosts,
            "backoffLimit": 0,  # the loss of one host ends all
            "activeDeadlineSeconds": int(_LEASE),
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": template,
        },
    }


def service_manifest(name: str, job_uid: str) -> dict[str, Any]:
    """Returns the JSON form of the headless Service, which gives each host a name and ends with the Job."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job_uid}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {HOSTS_LABEL: name}, "ownerReferences": [owner]},
        "spec": {
            "clusterIP": "None",
            "selector": {HOSTS_LABEL: name},
            "publishNotReadyAddresses": True,  # hosts look for each other while they start
            "ports": [{"name": "training", "port": PORT}],
        },
    }


class HostsLostError(Exception):
    """A host ended for a reason that another try may not meet."""


class HostJob:
    """The hosts of a training on Kubernetes.

    Example (`tests/pipeline/kubeflow/container/test_host_job.py` plays Kubernetes):

        job = HostJob(kubernetes_client(), read_owner(client, pod), settings, command)
        job.delete_earlier()
        job.train()
    """

    def __init__(self, client: Any, owner: Owner, settings: HostSettings, command: HostCommand) -> None:
        """Opens nothing.

        Args:
            client: `kubernetes.client.ApiClient`.
            owner: the launcher's pod.
            settings: number and form of the hosts.
            command: what they run; it must be able to continue after it was killed.
        """
        from kubernetes import client as api

        self._core, self._batch = api.CoreV1Api(client), api.BatchV1Api(client)
        self._owner, self._settings, self._command = owner, settings, command

    def delete_earlier(self) -> None:
        """Deletes the hosts of an earlier try of the node, whose launcher was killed.

        Raises:
            NerError: Kubernetes refused a request.
        """
        if not self._command.run:
            return
        selector = f"{RUN_LABEL}={self._command.run},{NODE_LABEL}={self._command.node}"
        with _explained("list jobs"):
            jobs = self._batch.list_namespaced_job(
                self._owner.namespace, label_selector=selector, _request_timeout=_REQUEST
            )
        for job in jobs.items:
            logging.info("deleting the hosts of an earlier try, %s", job.metadata.name)
            self._delete(job.metadata.name)
            self._wait_until_gone(job.metadata.name)

    def train(self) -> None:
        """Runs the command on all hosts, and returns when the chief, host 0, has ended successfully.

        Raises:
            NerError: a host reported an error, hosts were lost more than `restarts` times, or Kubernetes refused a
                request.
        """
        restarts = self._settings.restarts
        for number in range(restarts + 1):
            # Kubernetes deletes the Service of an earlier try some time after its Job, so names do not repeat.
            name = f"{self._command.name}-{number}-{secrets.token_hex(2)}"
            try:
                with self._running(name):
                    self._wait(name)
                return
            except HostsLostError as error:
                if number == restarts:
                    raise NerError(
                        f"trainer.hosts: {error}; this was the last of {number + 1} tries. Look at the machines "
                        "(`kubectl get events`), or raise hosts.restarts."
                    ) from error
                logging.warning(
                    "%s. All hosts start again from the last saved state (%d of %d).", error, number + 1, restarts
                )
                self._wait_until_gone(name)

    @contextlib.contextmanager
    def _running(self, name: str) -> Iterator[None]:
        """Creates Job and Service, and deletes both after the block."""
        job = job_manifest(self._settings, self._command, name, self._owner.service_account)
        job["metadata"]["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "Pod", "name": self._owner.name, "uid": self._owner.uid}
        ]
        namespace = self._owner.namespace
        try:
            with _explained("create jobs and services"):
                created = self._batch.create_namespaced_job(namespace, job, _request_timeout=_REQUEST)
                service = service_manifest(name, created.metadata.uid)
                self._core.create_namespaced_service(namespace, service, _request_timeout=_REQUEST)
            logging.info("starting %d hosts: Job %s in the namespace %s", self._settings.hosts, name, namespace)
            yield
        finally:
            self._delete(name)

    def _wait(self, name: str) -> None:
        """Waits for the chief, shows its log, and renews the deadline.

        Raises:
            HostsLostError: a host ended, and a new try makes sense.
            NerError: a host reported an error.
        """
        log = _ChiefLog(self._core, self._owner.namespace)
        waiting = ""
        try:
            for pods, job in self._looks(name):
                chief = pods[0].status.phase if 0 in pods else ""
                if chief not in ("", "Pending"):
                    log.follow(pods[0].metadata.name)
                if chief in ("Succeeded", "Failed"):
                    log.finish()
                if chief == "Succeeded":
                    return
                _require_alive(pods, job)
                pending = _pending(pods, job)
                if pending and pending != waiting:
                    logging.info("waiting for %s", pending)
                waiting = pending
        finally:
            log.abandon()

    def _looks(self, name: str) -> Iterator[tuple[dict[int, Any], Any]]:
        """Yields the pods by the index of their host, and the Job, again and again; renews the deadline."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        started = renewed = answered = time.monotonic()
        while True:
            now = time.monotonic()
            try:
                if now - renewed > _RENEWAL:
                    self._renew(name, now - started + _LEASE)
                    renewed = now
                job = self._batch.read_namespaced_job(name, self._owner.namespace, _request_timeout=_REQUEST)
                pods = self._pods(name)  # after the Job, whose failure has its reason in them
                answered = now
            except (ApiException, HTTPError) as error:
                _require_passing(error, now - answered)
            else:
                yield pods, job
            time.sleep(_POLL)

    def _renew(self, name: str, seconds: float) -> None:
        body = {"spec": {"activeDeadlineSeconds": int(seconds)}}
        self._batch.patch_namespaced_job(name, self._owner.namespace, body, _request_timeout=_REQUEST)

    def _pods(self, name: str) -> dict[int, Any]:
        """Returns the pods by the index of their host."""
        selector = f"{HOSTS_LABEL}={name}"
        pods = self._core.list_namespaced_pod(self._owner.namespace, label_selector=selector, _request_timeout=_REQUEST)
        return {int(pod.metadata.annotations[_INDEX_ANNOTATION]): pod for pod in pods.items}

    def _delete(self, name: str) -> None:
        """Deletes a Job with its pods and its Service; Kubernetes does it later if this fails."""
        from kubernetes.client.exceptions import ApiException

        try:
            self._batch.delete_namespaced_job(
                name, self._owner.namespace, propagation_policy="Background", _request_timeout=_REQUEST
            )
        except Exception as error:
            if not (isinstance(error, ApiException) and error.status == 404):
                minutes = _LEASE // 60
                logging.warning(
                    "Job %s: not deleted (%s). Kubernetes ends it in %d minutes.", name, _reason(error), minutes
                )

    def _wait_until_gone(self, name: str) -> None:
        """Waits for the end of a Job's pods, but not for pods of a machine that does not answer.

        A host of such a machine can do no step without the others, and so it saves nothing.
        """
        end = time.monotonic() + _GONE
        while time.monotonic() < end:
            with _explained("list pods"):
                if not self._pods(name):
                    return
            time.sleep(_POLL)
        logging.warning("pods of %s have not ended in %d s: their machine seems to be lost", name, _GONE)


def _require_alive(pods: Mapping[int, Any], job: Any) -> None:
    """Raises the error of an ended host.

    Raises:
        HostsLostError: a new try makes sense.
        NerError: it does not.
    """
    failed = [(index, pod) for index, pod in sorted(pods.items()) if pod.status.phase == "Failed"]
    for index, pod in failed:
        state = _terminated(pod)
        lines = (state.message or "").strip().splitlines() if state else []
        if index:  # the chief's whole log is shown
            for line in lines:
                print(f"host {index}: {line}", file=sys.stderr)
        if state and state.exit_code == EXPLAINED:
            raise NerError(_problem(lines[-1]) if lines else f"host {index} failed without a word. See its log.")
    for index, pod in failed:
        if pod.metadata.deletion_timestamp is None:  # the others were ended because of this one
            state = _terminated(pod)
            reason = pod.status.reason or (state and state.reason) or "its pod failed"
            code = f", exit code {state.exit_code}" if state else ""
            raise HostsLostError(f"host {index} was lost ({reason}{code})")
    for index, pod in sorted(pods.items()):
        if text := _condition(pod, "DisruptionTarget"):
            raise HostsLostError(f"host {index} was lost ({text})")
    # Newer servers set Failed when all pods are gone, which a lost machine does not let happen.
    if text := _condition(job, "FailureTarget") or _condition(job, "Failed"):
        raise HostsLostError(f"the hosts were ended ({text})")


def _condition(entry: Any, kind: str) -> str:
    """Returns reason and message of a condition of a pod or a Job; empty if it is not true."""
    held = [one for one in entry.status.conditions or () if one.type == kind and one.status == "True"]
    return f"{held[0].reason}: {held[0].message}" if held else ""


def _problem(line: str) -> str:
    """Returns the problem in the last line of a node's log.

    >>> _problem("error: Trainer: training split: no sentence has an entity")
    'training split: no sentence has an entity'
    """
    return re.sub(r"^error: \w+: ", "", line)


def _terminated(pod: Any) -> Any:
    """Returns how a pod's container ended; None if Kubernetes does not know."""
    for status in pod.status.container_statuses or ():
        if status.name == CONTAINER and status.state and status.state.terminated:
            return status.state.terminated
    return None


def _pending(pods: Mapping[int, Any], job: Any) -> str:
    """Describes the hosts that do not run yet, with Kubernetes' reason; empty if all do."""
    hosts = job.spec.completions
    missing = [index for index in range(hosts) if index not in pods or pods[index].status.phase == "Pending"]
    reasons = set()
    for index in missing:
        if index not in pods:  # a quota or a policy may refuse it, which only the Job's events tell
            name, namespace = job.metadata.name, job.metadata.namespace
            reasons.add(f"no pod yet; if that lasts, `kubectl -n {namespace} describe job {name}` says why")
            continue
        status = pods[index].status
        for one in status.container_statuses or ():
            if one.state and one.state.waiting:
                reasons.add(one.state.waiting.message or one.state.waiting.reason)
        for condition in status.conditions or ():
            if condition.type == "PodScheduled" and condition.status == "False":
                reasons.add(condition.message or condition.reason)
    text = "; ".join(sorted(reasons)) or "not started yet"
    return f"{len(missing)} of {hosts} hosts ({text})" if missing else ""


class _ChiefLog:
    """Copies the chief's log to this process's, in a thread."""

    def __init__(self, core: Any, namespace: str) -> None:
        self._core, self._namespace = core, namespace
        self._thread: threading.Thread | None = None
        self._ended, self._abandoned = threading.Event(), False
        self._last, self._received = "", time.monotonic()

    def follow(self, pod: str) -> None:
        """Starts, if it has not been started."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._copy, args=(pod,), name="chief-log", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Copies the rest of an ended pod's log."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * _REQUEST)

    def abandon(self) -> None:
        """Ends the thread at its next line, without the rest of the log."""
        self._abandoned = True
        self._ended.set()

    def _copy(self, pod: str) -> None:
        while not self._abandoned:
            last = self._ended.is_set()
            try:
                self._copy_stream(pod)
            except Exception as error:  # a training continues without its log
                if not self._abandoned:
                    logging.warning("the log of %s cannot be read (%s)", pod, _reason(error))
            if last:
                return
            self._ended.wait(_POLL)

    def _copy_stream(self, pod: str) -> None:
        # A stream that broke off begins again some seconds before its end.
        since = {"since_seconds": int(time.monotonic() - self._received) + 10} if self._last else {}
        response = self._core.read_namespaced_pod_log(
            pod, self._namespace, container=CONTAINER, follow=True, timestamps=True, _preload_content=False,
            _request_timeout=(_REQUEST, None), **since,
        )  # fmt: skip
        for line in response:
            moment, _, text = line.decode("utf-8", "replace").partition(" ")
            if moment > self._last:
                self._last, self._received = moment, time.monotonic()
                sys.stderr.write(text)
                sys.stderr.flush()


def _require_passing(error: Exception, seconds: float) -> None:
    """Raises unless an error of the API is likely to pass.

    Raises:
        HostsLostError: the Job is gone.
        NerError: the request is refused, or nothing answers any more.
    """
    status = getattr(error, "status", None)
    if status == 404:
        raise HostsLostError("somebody deleted the hosts") from error
    refused = isinstance(status, int) and 400 <= status < 500 and status not in (408, 429)
    if refused or seconds > _LEASE:
        raise NerError(f"Kubernetes: {_reason(error)}. {_CURE}") from error
    logging.warning("Kubernetes does not answer (%s); trying again", _reason(error))


_CURE = "Apply docs/kubeflow/training-hosts.yaml, and see `ner kfp check`."


@contextlib.contextmanager
def _explained(action: str) -> Iterator[None]:
    """Converts errors of the API.

    Raises:
        NerError: the API refused the request or did not answer.
    """
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (ApiException, HTTPError) as error:
        raise NerError(f"Kubernetes: the launcher cannot {action} ({_reason(error)}). {_CURE}") from error


def _reason(error: Exception) -> str:
    """Returns the API's own message, or the error."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(getattr(error, "body", ""))["message"])
    return " ".join(str(getattr(error, "reason", None) or error).split())[:300]
