"""Stateful fake of a Kubeflow Pipelines server: pipelines, versions, experiments, runs and recurring runs.

It checks every request and response against the API's specification and collects violations in `faults`. `plan` makes
it fail.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NO_TIME = "1970-01-01T00:00:00Z"  # of what has not ended: the server converts a zero
PAGE = "<!doctype html><html><body>Please sign in</body></html>"
# Resource in a path -> (field of a list response, name in errors).
_LISTS = {"pipelines": ("pipelines", "Pipeline"), "experiments": ("experiments", "Experiment"), "runs": ("runs", "Run"),
          "recurringruns": ("recurringRuns", "RecurringRun")}  # fmt: skip


class Refused(Exception):
    """An unsuccessful response."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class FakeKfp:
    """The server; `with FakeKfp(...) as server: server.host`."""

    page_limit = 200

    def __init__(self, swagger, *, multi_user=False, token=None, certificate=None):
        self.swagger, self.multi_user, self.token = swagger, multi_user, token
        self.certificate = certificate  # files of the certificate and its key: speak TLS
        self.faults, self.requests = [], []
        self.pipelines, self.versions, self.experiments, self.runs, self.recurring = {}, {}, {}, {}, {}
        self.scripts = {}  # run name -> list of {task: state}, one for each request
        self.planned = []  # (method, part of the path, action)
        self.prefix = ""  # path before /apis
        self._ticks = 0
        self._lock = threading.RLock()

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.host = self.host.replace("http://", "https://")
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def plan(self, method, path, action, times=1):
        """Plans the next responses: a status, `drop` (executed, no response), `lose` (not executed), `html`, `hang`."""
        self.planned += [(method, path, action)] * times

    def count(self, method, path):
        return sum(m == method and path in url for m, url in self.requests)

    def now(self):
        self._ticks += 1
        return (BEGIN + timedelta(seconds=self._ticks)).isoformat().replace("+00:00", "Z")

    def planned_for(self, method, path):
        for entry in self.planned:
            if entry[0] == method and entry[1] in path:
                self.planned.remove(entry)
                return entry[2]
        return None

    def answer(self, method, path, query, body):
        parts = [unquote(part) for part in path.removeprefix("/apis/v2beta1/").split("/")]
        with self._lock:
            last, _, verb = parts[-1].partition(":")
            name = "_".join([method.lower(), parts[0], *(["of"] if len(parts) > 1 else [])])
            if parts[0] == "pipelines" and len(parts) > 1 and parts[1] in ("upload_version",):
                return self.upload_version(query, body)
            if len(parts) >= 3 and parts[0] == "pipelines" and parts[2] == "versions":
                return self.versions_of(parts[1], parts[3] if len(parts) > 3 else None, query)
            handler = getattr(self, name + (f"_{verb}" if verb else ""), None)
            if handler is None and method == "GET" and parts[0] in _LISTS:
                field, name = _LISTS[parts[0]]
                store = getattr(self, parts[0].replace("runs", "") or "runs")
                return _at(store, last, name) if len(parts) > 1 else self._page(field, store.values(), query)
            if handler is None:
                raise Refused(404, f"no such path: {method} {path}")
            return handler(last, query, body) if len(parts) > 1 else handler(query, body)

    def get_healthz(self, query, body):
        return {"multi_user": self.multi_user, "pipeline_store": "database"}

    def post_pipelines(self, query, body):
        pipeline = {**json.loads(body), "pipeline_id": str(uuid.uuid4()), "created_at": self.now()}
        if any(p["display_name"] == pipeline["display_name"] for p in self.pipelines.values()):
            raise Refused(409, f"Already exist error: The name {pipeline['display_name']} already exist")
        return self._keep(self.pipelines, "pipeline_id", pipeline)

    def upload_version(self, query, body):
        pipeline_id = query["pipelineid"]
        _at(self.pipelines, pipeline_id, "Pipeline")
        documents = list(yaml.safe_load_all(_file_of(body)))
        if any(v["display_name"] == query["name"] and v["pipeline_id"] == pipeline_id for v in self.versions.values()):
            raise Refused(409, f"Already exist error: the version {query['name']}")
        spec = documents[0] if len(documents) == 1 else {"pipeline_spec": documents[0], "platform_spec": documents[1]}
        version = {"pipeline_id": pipeline_id, "pipeline_version_id": str(uuid.uuid4()), "display_name": query["name"],
                   "name": query["name"], "description": query.get("description", ""), "created_at": self.now(),
                   "pipeline_spec": spec}  # fmt: skip
        return self._keep(self.versions, "pipeline_version_id", version)

    def versions_of(self, pipeline_id, version_id, query):
        if version_id:
            return _at(self.versions, version_id, "PipelineVersion")
        versions = [v for v in self.versions.values() if v["pipeline_id"] == pipeline_id]
        return self._page("pipeline_versions", versions, query)

    def post_experiments(self, query, body):
        experiment = {**json.loads(body), "experiment_id": str(uuid.uuid4()), "created_at": self.now()}
        return self._keep(self.experiments, "experiment_id", experiment)

    def post_runs(self, query, body):
        run = {**json.loads(body), "run_id": str(uuid.uuid4()), "created_at": self.now(), "state": "PENDING"}
        run["finished_at"] = NO_TIME
        self._check_source(run)
        return self._keep(self.runs, "run_id", run)

    def get_runs_of(self, key, query, body):
        run = _at(self.runs, key, "Run")
        script = self.scripts.get(run.get("display_name"))
        if script:
            self._advance(run, script.pop(0) if len(script) > 1 else script[0])
        return run

    def post_recurringruns(self, query, body):
        job = {**json.loads(body), "recurring_run_id": str(uuid.uuid4()), "created_at": self.now()}
        self._check_source(job)
        cron = job["trigger"]["cron_schedule"]["cron"]
        if len(cron.split()) != 6 or cron.split()[0] != "0":
            raise Refused(400, f"Schedule cron is not supported: {cron}")
        job["status"] = {"ENABLE": "ENABLED", "DISABLE": "DISABLED"}[job["mode"]]
        job["max_concurrency"] = str(job["max_concurrency"])
        return self._keep(self.recurring, "recurring_run_id", job)

    def delete_recurringruns_of(self, key, query, body):
        _at(self.recurring, key, "RecurringRun")
        del self.recurring[key]
        return {}

    def post_recurringruns_of_enable(self, key, query, body, mode="ENABLE"):
        _at(self.recurring, key, "RecurringRun").update(status=f"{mode}D", mode=mode)
        return {}

    def post_recurringruns_of_disable(self, key, query, body):
        return self.post_recurringruns_of_enable(key, query, body, "DISABLE")

    def _keep(self, store, key, entry):
        store[entry[key]] = entry
        return entry

    def _check_source(self, entry):
        reference = entry.get("pipeline_version_reference")
        if reference:
            _at(self.versions, reference["pipeline_version_id"], "PipelineVersion")
        elif "pipeline_spec" not in entry:
            raise Refused(400, "Invalid input error: neither a pipeline nor a specification")
        _at(self.experiments, entry["experiment_id"], "Experiment")

    def _page(self, field, entries, query):
        entries = list(entries)
        for predicate in json.loads(query.get("filter", '{"predicates": []}'))["predicates"]:
            value = predicate.get("stringValue", predicate.get("string_value"))
            # As the server does: case is ignored.
            entries = [e for e in entries if str(e.get(predicate["key"], "")).lower() == value.lower()]
        if query.get("namespace"):
            entries = [e for e in entries if e.get("namespace") in (None, query["namespace"])]
        order, _, direction = query.get("sort_by", "created_at").partition(" ")
        entries.sort(key=lambda entry: entry[order or "created_at"], reverse=direction == "desc")
        begin = int(query.get("page_token") or 0)
        size = min(int(query.get("page_size") or 10), self.page_limit)
        rest = {"next_page_token": str(begin + size)} if begin + size < len(entries) else {}
        return {field: entries[begin : begin + size], "total_size": len(entries), **rest}

    def _advance(self, run, states):
        run["state"] = states.get("", "RUNNING")
        if run["state"] in ("SUCCEEDED", "FAILED", "CANCELED"):
            run["finished_at"] = self.now()
        run["run_details"] = {"task_details": [d for t, s in states.items() if t for d in self._nodes(run, t, s)]}

    def _nodes(self, run, task, state):
        """Nodes of the Argo workflow as KFP 2.17 reports them: a driver, the task and its executor."""
        times = {"create_time": "0001-01-01T00:00:00Z", "start_time": "2026-03-01T12:00:00Z", "end_time": NO_TIME}
        if state in ("SUCCEEDED", "FAILED"):
            times["end_time"] = "2026-03-01T12:01:05Z"
        for name in (f"{task}-driver", task, "executor"):
            children = [{"pod_name": f"wf-{sum(map(ord, name))}"}]
            node = {"run_id": run["run_id"], "task_id": str(uuid.uuid4()), "display_name": name, "state": state}
            yield {**node, **times, "child_tasks": children}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeKfp
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: else each response waits for a delayed acknowledgement

    def log_message(self, *_):
        pass

    def _serve(self):
        fake, method = self.fake, self.command
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        fake.requests.append((method, self.path))
        self.path = self.path.removeprefix(fake.prefix)
        parts = urlsplit(self.path)
        action = fake.planned_for(method, self.path)
        if action == "lose":
            return self._cut()
        if action == "hang":
            time.sleep(3)
            return self._cut()
        if action == "html":
            return self._send(200, PAGE, "text/html; charset=utf-8")
        if isinstance(action, int):
            return self._send(
                action, {"code": 13, "message": f"planned {action} for {self.headers.get('authorization')}"}
            )
        if fake.token and self.headers.get("authorization") != f"Bearer {fake.token}":
            return self._send(401, {"code": 16, "message": "Unauthenticated", "details": []})
        fake.faults += fake.swagger.request_faults(method, self.path, self.headers.get("content-type", ""), body)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        try:
            status, answer = 200, json.loads(json.dumps(fake.answer(method, parts.path, query, body)))
        except Refused as refused:
            status, answer = refused.status, {"code": 5, "message": str(refused), "details": []}
        if fake.swagger.operation(method, parts.path):
            fake.faults += fake.swagger.response_faults(method, parts.path, status, answer)
        return self._cut() if action == "drop" else self._send(status, answer)

    do_GET = do_POST = do_DELETE = _serve

    def _cut(self):
        self.close_connection = True
        self.connection.close()

    def _send(self, status, answer, kind="application/json"):
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _at(store, key, name):
    if key not in store:
        raise Refused(404, f"{name} {key} not found")
    return store[key]


def _file_of(body):
    """The uploaded file of a multipart body."""
    boundary = body.split(b"\r\n", 1)[0][2:].decode()
    head = f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n".encode()
    return BytesParser().parsebytes(head + body).get_payload()[0].get_payload(decode=True)
