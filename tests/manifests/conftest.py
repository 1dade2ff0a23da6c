"""Rendered manifests and the schemas that judge them."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import inkling

ROOT = Path(inkling.__file__).parent
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
def custom_schema() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Returns a function that reads the OpenAPI schema of a custom resource."""

    def read(item: dict[str, Any]) -> dict[str, Any]:
        path = SCHEMAS / f"{item['apiVersion'].replace('/', '_')}_{item['kind']}.json.gz"
        if not path.exists():
            pytest.skip(f"no schema of {item['kind']}: {path.name} is not in shared/crds beside the checkout")
        return json.loads(gzip.decompress(path.read_bytes()))["openAPIV3Schema"]

    return read
