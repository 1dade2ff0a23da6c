"""Rendered manifests and the schemas that judge them."""

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from kubernetes.config import kube_config

sys.path.insert(0, str(Path(__file__).parent))
from api_server import ApiServer, api_server
from overlays import CLUSTER_WIDE, OVERLAYS, ROOT, named, render

SCHEMAS = ROOT.parent / "shared" / "crds"


@pytest.fixture(scope="session", params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The objects of an overlay, for each overlay."""
    return list(render(request.param))


@pytest.fixture(scope="session")
def service(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The InferenceService of the kustomization."""
    return named(objects, "InferenceService")


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The spec of each pod that the objects make, by kind and name; the model's runtime and its predictor are one."""
    runtimes = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "ServingRuntime"}
    found = {}
    for item in objects:
        name, spec = f"{item['kind']}/{item['metadata']['name']}", item.get("spec", {})
        if item["kind"] == "CronJob":
            found[name] = spec["jobTemplate"]["spec"]["template"]["spec"]
        elif item["kind"] == "InferenceService":
            found[name] = _served(spec["predictor"], runtimes)
            for canary in spec.get("canary", []):
                whole = {**spec["predictor"], **canary["predictor"]}
                found[f"{name}/{canary['predictor']['name']}"] = _served(whole, runtimes)
    return found


def _served(predictor: dict[str, Any], runtimes: dict[str, Any]) -> dict[str, Any]:
    if "model" not in predictor:
        return predictor
    runtime = runtimes[predictor["model"]["runtime"]]
    return {**predictor, "containers": runtime["containers"], "volumes": runtime["volumes"]}


@pytest.fixture(scope="session", name="pods")
def all_pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The spec of each pod, by kind and name."""
    return pods(objects)


@pytest.fixture(scope="session")
def cluster_wide() -> tuple[str, ...]:
    """Kinds that have no namespace."""
    return CLUSTER_WIDE


@pytest.fixture(scope="session")
def errors() -> Callable[[dict[str, Any]], list[str]]:
    """Returns a function that tells what is wrong with a custom resource; its metadata is the API server's business."""

    def find(item: dict[str, Any]) -> list[str]:
        path = SCHEMAS / f"{item['apiVersion'].replace('/', '_')}_{item['kind']}.json.gz"
        if not path.exists():
            pytest.skip(f"no schema of {item['kind']}: {path.name} is not in shared/crds beside the checkout")
        whole = strict(json.loads(gzip.decompress(path.read_bytes()))["openAPIV3Schema"])
        whole["properties"] |= {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
        }
        return [error.message for error in jsonschema.Draft202012Validator(whole).iter_errors(item)]

    return find


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Turns an OpenAPI v3 schema into a JSON schema that refuses unknown fields, as a strict API server does."""
    result = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes") and key != "nullable"}
    if schema.get("x-kubernetes-int-or-string"):
        result = {"type": ["integer", "string"]}
    elif schema.get("nullable") and "type" in schema:
        result["type"] = [schema["type"], "null"]
    if "properties" in schema:
        result["properties"] = {name: strict(below) for name, below in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = strict(schema[key])
    return result


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the tree."""
    return ROOT


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """An API server that answers by the roles of the overlay for several nodes; our code and TorchX find it."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with api_server(render("multi-node"), tmp_path) as state:
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(state.kubeconfig))
        yield state
