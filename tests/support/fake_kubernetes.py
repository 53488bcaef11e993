"""The API of Kubernetes as far as a training on several hosts uses it, with the Job controller and the kubelet.

Objects are checked against the models of the official client, which are generated from the published OpenAPI schema:
unknown fields, wrong types and missing fields are refused as by a server with strict field validation. The rules of the
Job controller (`backoffLimit: 0` ends all pods after the first failure, names, annotations) are those of its source,
pkg/controller/job of kubernetes/kubernetes. Each pod is a process of this machine; images are ignored.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.pod_process import CONTAINER, Machine, PodProcess

INDEX = "batch.kubernetes.io/job-completion-index"
_PLAIN = {"str": str, "int": int, "bool": bool, "float": float, "object": object, "datetime": str}
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LIMIT = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
_MUTABLE = {"activeDeadlineSeconds", "backoffLimit", "parallelism", "suspend", "ttlSecondsAfterFinished"}


class InvalidError(Exception):
    """A request that a server refuses with 422."""


def require_valid(value, kind: str, path: str = "") -> None:
    """Checks a JSON value against a type of the official client, such as `V1Job`.

    Raises:
        InvalidError: a field is unknown, missing or of another type.
    """
    from kubernetes.client import models

    if kind.startswith("list["):
        for number, one in enumerate(_of_type(value, list, path)):
            require_valid(one, kind[5:-1], f"{path}[{number}]")
    elif kind.startswith("dict("):
        inner = kind.partition(", ")[2][:-1]
        for name, one in _of_type(value, dict, path).items():
            require_valid(one, inner, f"{path}.{name}")
    elif kind in _PLAIN:
        _of_type(value, _PLAIN[kind], path)
    else:
        model = getattr(models, kind)
        names = {json_name: name for name, json_name in model.attribute_map.items()}
        if unknown := set(_of_type(value, dict, path)) - set(names):
            raise InvalidError(f"unknown field {path}.{sorted(unknown)[0]}")
        for json_name, one in value.items():
            require_valid(one, model.openapi_types[names[json_name]], f"{path}.{json_name}")
        try:
            model(**{names[json_name]: one for json_name, one in value.items()})
        except ValueError as error:
            raise InvalidError(f"{path}: {error}") from error


def _of_type(value, kind, path):
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidError(f"{path}: {value!r} is not of type {kind.__name__}")
    return value


def _require_job(job) -> None:
    require_valid(job, "V1Job", "job")
    spec, template = job["spec"], job["spec"]["template"]
    if not _NAME.fullmatch(f"{job['metadata']['name']}-{spec['completions'] - 1}"):
        raise InvalidError("metadata.name: the host names of the pods are not DNS labels")
    if spec["completionMode"] != "Indexed" or template["spec"].get("restartPolicy") not in ("Never", "OnFailure"):
        raise InvalidError("spec: not an indexed Job with a restart policy")
    for labels in (job["metadata"].get("labels", {}), template["metadata"].get("labels", {})):
        for value in labels.values():
            if not _LABEL.fullmatch(value):
                raise InvalidError(f"metadata.labels: {value!r}")
    mounted = {one["name"] for container in template["spec"]["containers"] for one in container.get("volumeMounts", ())}
    if missing := mounted - {volume["name"] for volume in template["spec"].get("volumes", ())}:
        raise InvalidError(f"volumeMounts: no volume {missing}")


class _Pod(PodProcess):
    """A pod of a Job."""

    def __init__(self, job, index, machine):
        name, template = job["metadata"]["name"], job["spec"]["template"]
        annotations = {**template["metadata"].get("annotations", {}), INDEX: str(index)}
        labels = {**template["metadata"]["labels"], "job-name": name}
        self.metadata = {"name": f"{name}-{index}-abcde", "labels": labels, "annotations": annotations}
        super().__init__({"metadata": self.metadata, "spec": template["spec"]}, machine)
        self.job = name

    def end(self, grace=30):
        self.metadata["deletionTimestamp"] = "2026-11-28T00:00:00Z"
        super().end(grace)

    def to_json(self):
        return {"metadata": self.metadata, "spec": {"containers": [{"name": CONTAINER}]}, "status": self.status()}


class FakeKubernetes:
    """A server.

    Attributes:
        client: `kubernetes.client.ApiClient` of it.
        created: every Job that was created, as sent.
        services: the Services that exist, by name.
        pods: the pods that exist; `every` has the deleted ones, too.
        patches: the bodies of patches of Jobs.
        refused: (method, part of a path) -> statuses of the next responses.
        launcher: the pod that calls, by its name.
        machine: where pods run.
    """

    def __init__(self, folder, ports=()):
        from kubernetes import client

        self.folder, self.machine = folder, Machine(folder, ports)
        self.jobs, self.services, self.pods, self.created, self.patches = {}, {}, [], [], []
        self.every, self.refused, self.launcher = [], {}, {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        configuration = client.Configuration(host=f"http://127.0.0.1:{self._server.server_port}")
        configuration.retries = False
        self.client = client.ApiClient(configuration)

    def close(self):
        """Ends the server and all pods."""
        for pod in self.pods:
            pod.process.kill()
            pod.process.wait()
        self._server.shutdown()
        self._server.server_close()

    def _sync(self):
        """Does the work of the Job controller."""
        for name, job in self.jobs.items():
            pods = [pod for pod in self.pods if pod.job == name]
            codes = [pod.process.poll() for pod in pods]
            conditions = job["status"].setdefault("conditions", [])
            if conditions or not codes:
                pass
            elif any(codes):
                conditions.append({"type": "FailureTarget", "status": "True", **_LIMIT})
                for pod, code in zip(pods, codes, strict=True):
                    if code is None:
                        pod.end()
            elif None not in codes:
                conditions += [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")]
            if [one["type"] for one in conditions] == ["FailureTarget"] and None not in codes:
                conditions.append({"type": "Failed", "status": "True", **_LIMIT})  # all pods have ended

    def respond(self, method, path, query, body):
        """Returns status and JSON of a response."""
        with self._lock:
            for (refused_method, part), statuses in self.refused.items():
                if refused_method == method and part in path and statuses:
                    return statuses.pop(0), {"message": "refused by the test"}
            self._sync()
            try:
                return self._respond(method, path, query, body)
            except InvalidError as error:
                return 422, {"message": str(error)}

    def _respond(self, method, path, query, body):
        kind, _, name = path.partition("/namespaces/")[2].partition("/")[2].partition("/")
        labels = dict(one.split("=") for one in query.get("labelSelector", "").split(",") if one)
        if (method, kind) == ("POST", "jobs"):
            return self._create_job(body, query)
        if (method, kind) == ("POST", "services"):
            require_valid(body, "V1Service", "service")
            self.services[body["metadata"]["name"]] = body
            return 201, body
        if kind == "jobs" and not name:
            return 200, {"items": [job for job in self.jobs.values() if _matches(job, labels)]}
        if kind == "pods" and not name:
            return 200, {"items": [pod for pod in (one.to_json() for one in self.pods) if _matches(pod, labels)]}
        if kind == "pods" and name in self.launcher:
            return 200, self.launcher[name]
        if kind != "jobs" or name not in self.jobs:
            return 404, {"message": f"{kind} {name} not found"}
        job = self.jobs[name]
        if method == "PATCH":
            self.patches.append(body)
            if immutable := set(body["spec"]) - _MUTABLE:
                raise InvalidError(f"spec.{immutable}: field is immutable")
            require_valid({**job, "spec": {**job["spec"], **body["spec"]}}, "V1Job")
            job["spec"] |= body["spec"]
        if method == "DELETE":
            self._delete_job(name)
        return 200, job

    def _create_job(self, job, query):
        _require_job(job)
        name = job["metadata"]["name"]
        answer = {**job, "metadata": {**job["metadata"], "uid": f"uid-of-{name}"}, "status": {}}
        if query.get("dryRun") == "All":
            return 201, answer
        if name in self.jobs:
            return 409, {"message": f"jobs {name} already exists"}
        self.created.append(json.loads(json.dumps(job)))
        self.jobs[name] = answer
        for index in range(job["spec"]["completions"]):
            self.pods.append(_Pod(job, index, self.machine))
        self.every += self.pods[-job["spec"]["completions"] :]
        return 201, answer

    def _delete_job(self, name):
        job = self.jobs.pop(name)
        for pod in [pod for pod in self.pods if pod.job == name]:
            pod.end()
            pod.process.wait()
            self.pods.remove(pod)
        owner = job["metadata"]["uid"]
        self.services = {
            name: one for name, one in self.services.items() if one["metadata"]["ownerReferences"][0]["uid"] != owner
        }

    def log_of(self, name):
        """Yields the lines of a pod's log."""
        return next(pod for pod in self.every if pod.metadata["name"] == name).lines()

    def _handler(fake):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                path, _, query = self.path.partition("?")
                if path.endswith("/log"):
                    self._send_log(path.split("/")[-2])
                    return
                status, answer = fake.respond(self.command, path, dict(urllib.parse.parse_qsl(query)), body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PATCH = do_DELETE = do_GET

            def _send_log(self, pod):
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for line in fake.log_of(pod):
                    data = line.encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.write(b"0\r\n\r\n")

        return Handler


def _matches(entry, labels):
    return labels.items() <= entry["metadata"].get("labels", {}).items()
