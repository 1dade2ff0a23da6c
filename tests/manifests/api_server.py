"""A Kubernetes API server on loopback that answers by the roles of an overlay: enough for what our code asks of one.

It keeps a record of every request, refuses what no role of the account grants in the words of a real server, holds
Volcano jobs and moves them through their phases, and gives their pods a log.
"""

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from overlays import Object

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_FORBIDDEN, _NOT_FOUND, _NOT_ACCEPTABLE = 403, 404, 406


@dataclass(frozen=True)
class Call:
    """What a request asks for, as roles say it.

    Attributes:
        verb: get, list, watch, create, update, patch, delete or deletecollection.
        group: API group; empty for the core.
        resource: Plural, with the subresource: jobs/status.
        name: Name of the object; empty where the path has none.
    """

    verb: str
    group: str
    resource: str
    name: str = ""

    def granted_by(self, rules: Iterable[Object]) -> bool:
        """Whether one of a role's rules grants it; a rule with names grants nothing that has none."""
        return any(
            self.verb in rule["verbs"]
            and self.group in rule["apiGroups"]
            and self.resource in rule["resources"]
            and self.name in rule.get("resourceNames", [self.name])
            for rule in rules
        )


def rules_of(objects: Iterable[Object], account: str = "inkling-pipeline") -> list[Object]:
    """The rules of all roles that are bound to a service account."""
    objects = list(objects)
    roles = {item["metadata"]["name"]: item["rules"] for item in objects if item["kind"] == "Role"}
    bound = [
        binding["roleRef"]["name"]
        for binding in objects
        if binding["kind"] == "RoleBinding" and account in [subject["name"] for subject in binding["subjects"]]
    ]
    return [rule for name in bound for rule in roles[name]]


@dataclass
class ApiServer:
    """The server's state, for a test to set and to read.

    Attributes:
        rules: What the account may.
        phases: Phases that a Volcano job goes through, one each time that its status is asked; the last one stays.
        log: What each pod of a job has said.
        objects: Other objects that it has, by path.
        failing: How many requests are answered with 503 before any other answer.
        calls: What was asked, in order.
        jobs: The Volcano jobs that there are, by name.
        kubeconfig: File by which a client finds it.
    """

    rules: list[Object]
    kubeconfig: Path
    phases: list[str] = field(default_factory=lambda: ["Pending", "Running", "Completed"])
    log: str = "[rank 0] hello\n"
    objects: dict[str, Object] = field(default_factory=dict)
    failing: int = 0
    calls: list[Call] = field(default_factory=list)
    jobs: dict[str, Object] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, body: Any, accepted: str = "") -> tuple[int, Any]:
        """Status and body of the answer to a request; a list has no `PartialObjectMetadata`."""
        if self._fails():
            return 503, _status(503, "the server is currently unable to handle the request", "ServiceUnavailable")
        if _is_discovery(path):
            found = self.objects.get(path)
            return (200, found) if found else (_NOT_FOUND, _status(_NOT_FOUND, "not found", "NotFound"))
        call, namespace = _call(method, path)
        self.calls.append(call)
        if not call.granted_by(self.rules):
            return _FORBIDDEN, _status(_FORBIDDEN, _refusal(call, namespace), "Forbidden")
        if call.verb == "list" and "as=PartialObjectMetadata;" in accepted:
            words = "you requested PartialObjectMetadata, but the requested object is a list"
            return _NOT_ACCEPTABLE, _status(_NOT_ACCEPTABLE, words, "NotAcceptable")
        if call.group == "batch.volcano.sh":
            return self._volcano(call, body)
        if call.resource == "pods":
            specs = [task["template"]["spec"] for pod, task in self._pods() if pod == call.name]
            found = {"metadata": {"name": call.name}, "spec": specs[0], "status": {}} if specs else None
            return (200, found) if found else (_NOT_FOUND, _status(_NOT_FOUND, "no such pod", "NotFound"))
        if call.resource == "pods/log":
            return 200, "".join(f"2026-11-27T04:00:00.000000000Z {line}\n" for line in self.log.splitlines())
        found = self.objects.get(urlsplit(path).path)
        return (200, found) if found else (_NOT_FOUND, _status(_NOT_FOUND, f"{path} not found", "NotFound"))

    def _fails(self) -> bool:
        """Whether this request is one of those that are to fail; requests come in threads of their own."""
        with self._lock:
            fails = self.failing > 0
            self.failing -= fails
        return fails

    def _pods(self) -> Iterator[tuple[str, Object]]:
        """The pods of jobs as Volcano names them, each with its task."""
        for name, job in list(self.jobs.items()):
            for task in job["spec"]["tasks"]:
                yield f"{name}-{task['name']}-0", task

    def _volcano(self, call: Call, body: Any) -> tuple[int, Any]:
        if call.verb == "create":
            self.jobs[body["metadata"]["name"]] = {**body, "asked": 0}
            return 201, body
        if call.name not in self.jobs:
            message = f'jobs.batch.volcano.sh "{call.name}" not found'
            return _NOT_FOUND, _status(_NOT_FOUND, message, "NotFound")
        if call.verb == "delete":
            del self.jobs[call.name]
            return 200, {"kind": "Status", "status": "Success"}
        job = self.jobs[call.name]
        phase = self.phases[min(job["asked"], len(self.phases) - 1)]
        job["asked"] += 1
        tasks = {task["name"]: {"phase": {"Running": 1}} for task in job["spec"]["tasks"]}
        return 200, {"metadata": job["metadata"], "status": {"state": {"phase": phase}, "taskStatusCount": tasks}}


@contextlib.contextmanager
def api_server(objects: Iterable[Object], folder: Path) -> Iterator[ApiServer]:
    """Serves the API on loopback, for the account of a pipeline.

    Args:
        objects: What has been applied, roles and bindings among it.
        folder: Where the kubeconfig goes.
    """
    state = ApiServer(rules_of(objects), folder / "kubeconfig")

    class Handler(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            status, found = state.answer(self.command, self.path, body, self.headers.get("Accept", ""))
            content = (found if isinstance(found, str) else json.dumps(found)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(found, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request

        def log_message(self, format: str, *arguments: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _write_kubeconfig(state.kubeconfig, f"http://127.0.0.1:{server.server_port}")
        try:
            yield state
        finally:
            server.shutdown()


def _is_discovery(path: str) -> bool:
    """Whether a request asks which groups and kinds there are, which every account may."""
    parts = urlsplit(path).path.strip("/").split("/")
    return len(parts) < {"api": 3, "apis": 4}[parts[0]]


def _call(method: str, path: str) -> tuple[Call, str]:
    """What a request asks for, and in which namespace."""
    url = urlsplit(path)
    parts = url.path.strip("/").split("/")
    group, parts = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    name = parts[1] if len(parts) > 1 else ""
    resource = "/".join([parts[0], *parts[2:]])
    if method == "GET":
        verb = "get" if name else "watch" if parse_qs(url.query).get("watch") == ["true"] else "list"
    elif method == "DELETE":
        verb = "delete" if name else "deletecollection"
    else:
        verb = _VERBS[method]
    return Call(verb, group, resource, name), namespace


def _refusal(call: Call, namespace: str) -> str:
    kind = call.resource.partition("/")[0] + (f".{call.group}" if call.group else "")
    name = f' "{call.name}"' if call.name else ""
    return (
        f'{kind}{name} is forbidden: User "system:serviceaccount:inkling:inkling-pipeline" cannot {call.verb} resource '
        f'"{call.resource}" in API group "{call.group}" in the namespace "{namespace}"'
    )


def _status(code: int, message: str, reason: str) -> Object:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _write_kubeconfig(path: Path, address: str) -> None:
    context = {"cluster": "here", "user": "account", "namespace": "inkling"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": address}}],
        "users": [{"name": "account", "user": {"token": "nobody's"}}],
        "contexts": [{"name": "here", "context": context}],
    }
    path.write_text(json.dumps(config))
