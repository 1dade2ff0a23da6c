"""Rendered manifests and the schemas that judge them."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import inkling

ROOT = Path(inkling.__file__).resolve().parent
SCHEMAS = ROOT.parent / "shared" / "crds"
DIRECTORIES = sorted(path.parent for path in (ROOT / "manifests").rglob("kustomization.yaml"))


@pytest.fixture(scope="session", params=DIRECTORIES, ids=lambda path: path.name)
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The objects that a kustomization renders to, for each kustomization."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    command = ["kubectl", "kustomize", str(request.param)]
    rendered = subprocess.run(command, capture_output=True, text=True, check=False)
    assert rendered.returncode == 0, rendered.stderr
    return list(yaml.safe_load_all(rendered.stdout))


@pytest.fixture(scope="session")
def service(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The InferenceService of the kustomization."""
    return next(item for item in objects if item["kind"] == "InferenceService")


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
