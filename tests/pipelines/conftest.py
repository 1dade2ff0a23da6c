"""A Kubeflow Pipelines endpoint on loopback: the part of the REST API v2beta1 that is used, strictly checked."""

import email
import json
import re
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kfp_server_api
import pytest
import yaml
from google.protobuf import json_format
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec

TOKEN = "a-valid-token"
OUTPUT_ONLY = {"run_id", "created_at", "state", "run_details", "finished_at"}


class Refused(Exception):
    """A request that the API does not take."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_body(model: str, body: Any, place: str = "") -> None:
    """Refuses a body with a field that its message does not have, or of another type."""
    kind = getattr(kfp_server_api, model)
    if not isinstance(body, dict):
        raise Refused(400, f"{place or model} must be an object")
    by_key = {key: kind.openapi_types[name] for name, key in kind.attribute_map.items()}
    for key, value in body.items():
        if key not in by_key or (not place and key in OUTPUT_ONLY):
            raise Refused(400, f"unknown field {place}{key}")
        declared = by_key[key]
        if declared == "str" and not isinstance(value, str):
            raise Refused(400, f"{place}{key} must be a string")
        if declared.startswith("dict") and not isinstance(value, dict):
            raise Refused(400, f"{place}{key} must be an object")
        if allowed := getattr(getattr(kfp_server_api, declared, None), "allowable_values", None):
            if value not in allowed:
                raise Refused(400, f"{place}{key} must be one of {allowed}")
        elif hasattr(kfp_server_api, declared) and hasattr(getattr(kfp_server_api, declared), "openapi_types"):
            check_body(declared, value, f"{place}{key}.")


class KubeflowPipelines:
    """The state of the endpoint."""

    def __init__(self) -> None:
        self.experiments: dict[str, dict[str, Any]] = {}
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.recurring: dict[str, dict[str, Any]] = {}
        self.uploads = 0
        self.url = ""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        """The answer to a request."""
        route = path.removeprefix("/apis/v2beta1/")
        if (method, route) == ("GET", "healthz"):
            return {"multi_user": False}
        if route == "experiments":
            return self._experiments(method, query, body)
        if (method, route) == ("GET", "pipelines"):
            return {"pipelines": _filtered(self.pipelines, query)}
        if (method, route) == ("POST", "pipelines/upload"):
            self._check_ir(body)
            pipeline = self._stored(self.pipelines, "pipeline_id", {"name": query["name"]})
            self._version(pipeline["pipeline_id"], query["name"], body)
            return pipeline
        if (method, route) == ("POST", "pipelines/upload_version"):
            self._check_ir(body)
            return self._version(query["pipelineid"], query["name"], body)
        if match := re.fullmatch(r"pipelines/([^/]+)/versions", route):
            own = {key: one for key, one in self.versions.items() if one["pipeline_id"] == match[1]}
            return {"pipeline_versions": _filtered(own, query)}
        if (method, route) == ("POST", "runs"):
            return self._run(body)
        if (method, route) == ("POST", "recurringruns"):
            return self._schedule(body)
        if match := re.fullmatch(r"runs/([^/:]+)(:terminate)?", route):
            run = self._known(match[1])
            if match[2]:
                run["state"] = "CANCELING"
                return {}
            return run
        if match := re.fullmatch(r"/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", path):
            self._known(match[1])
            return f"{match[2]} says: working\n"
        raise Refused(404, f"no route {method} {path}")

    def _experiments(self, method: str, query: dict[str, str], body: Any) -> Any:
        if method == "GET":
            return {"experiments": _filtered(self.experiments, query)}
        check_body("V2beta1Experiment", body)
        if not body.get("display_name"):
            raise Refused(400, "an experiment needs a display_name")
        return self._stored(self.experiments, "experiment_id", body)

    def _check_ir(self, text: str) -> None:
        """The IR must parse as KFP's own messages, unknown fields refused."""
        ir, *platform = yaml.load_all(text, yaml.CSafeLoader)
        try:
            json_format.ParseDict(ir, PipelineSpec())
            for document in platform:
                for executor in document["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
                    json_format.ParseDict(executor, KubernetesExecutorConfig())
        except json_format.ParseError as error:
            raise Refused(400, str(error)) from None
        self.uploads += 1

    def _version(self, pipeline: str, name: str, text: str) -> dict[str, Any]:
        ir = next(yaml.load_all(text, yaml.CSafeLoader))
        parameters = sorted(ir["root"]["inputDefinitions"]["parameters"])
        version = self._stored(self.versions, "pipeline_version_id", {"pipeline_id": pipeline, "name": name})
        self.versions[version["pipeline_version_id"]]["description"] = json.dumps(parameters)
        return version

    def _schedule(self, body: Any) -> dict[str, Any]:
        check_body("V2beta1RecurringRun", body)
        self._check_run(body)
        if len(body["trigger"]["cron_schedule"]["cron"].split()) != 6:
            raise Refused(400, "a schedule has six fields")
        return self._stored(self.recurring, "recurring_run_id", body)

    def _check_run(self, body: Any) -> None:
        if body.get("experiment_id") not in self.experiments:
            raise Refused(400, "no such experiment")
        version = self.versions.get(body["pipeline_version_reference"]["pipeline_version_id"])
        if version is None or version["pipeline_id"] != body["pipeline_version_reference"]["pipeline_id"]:
            raise Refused(400, "no such version of the pipeline")
        if sorted(body["runtime_config"]["parameters"]) != json.loads(version["description"]):
            raise Refused(400, "the parameters are not those of the pipeline")

    def _run(self, body: Any) -> dict[str, Any]:
        check_body("V2beta1Run", body)
        self._check_run(body)
        run = self._stored(self.runs, "run_id", body)
        run["state"] = "RUNNING"
        run["run_details"] = {
            "task_details": [
                {"display_name": "pretrain", "state": "RUNNING", "child_tasks": [{"pod_name": "pretrain-pod"}],
                 "start_time": "2026-01-01T00:01:00Z"},
                {"display_name": "preflight", "state": "SUCCEEDED", "pod_name": "preflight-pod",
                 "start_time": "2026-01-01T00:00:00Z"},
            ]
        }  # fmt: skip
        return run

    def _known(self, run_id: str) -> dict[str, Any]:
        if run_id not in self.runs:
            raise Refused(404, f"run {run_id} not found")
        return self.runs[run_id]

    def _stored(self, table: dict[str, dict[str, Any]], key: str, body: dict[str, Any]) -> dict[str, Any]:
        identity = str(uuid.uuid4())
        table[identity] = {**body, key: identity}
        return table[identity]


def _filtered(table: dict[str, dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    wanted = [(one["key"], one["stringValue"]) for one in json.loads(query["filter"])["predicates"]]
    return [item for item in table.values() if all(item.get(key) == value for key, value in wanted)]


@pytest.fixture
def kubeflow() -> Iterator[KubeflowPipelines]:
    """An endpoint that takes one token."""
    state = KubeflowPipelines()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            place = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(place.query).items()}
            try:
                body = self._body()
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refused(401, "the token is not valid")
                status, answer = 200, state.answer(self.command, place.path, query, body)
            except Refused as refused:
                status, answer = refused.status, {"code": 3, "message": str(refused)}
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve

        def _body(self) -> Any:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type") or ""
            if kind.startswith("multipart/form-data"):
                parts = email.message_from_bytes(f"Content-Type: {kind}\n\n".encode() + raw).get_payload()
                (upload,) = [part for part in parts if 'name="uploadfile"' in str(part["Content-Disposition"])]
                return upload.get_payload(decode=True).decode()
            return json.loads(raw) if raw else None

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{listener.server_port}"
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield state
    listener.shutdown()
    listener.server_close()
