"""The overlays, rendered as `kubectl apply -k` would send them, and the parts of objects that several tests ask for."""

import functools
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

import inkling

Object = dict[str, Any]
ROOT = Path(inkling.__file__).resolve().parent
MANIFESTS = ROOT / "manifests"
OVERLAYS = sorted(path.name for path in (MANIFESTS / "overlays").iterdir())
CLUSTER_WIDE = ("ClusterQueue", "Namespace", "PriorityClass", "Queue", "ResourceFlavor", "WorkloadPriorityClass")
"""Kinds that have no namespace."""


def render(overlay: str) -> tuple[Object, ...]:
    """The objects of an overlay, for reading only: they are rendered once."""
    return render_folder(MANIFESTS / "overlays" / overlay)


@functools.cache
def render_folder(folder: Path) -> tuple[Object, ...]:
    """The objects that a kustomization renders to, for reading only."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    rendered = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert rendered.returncode == 0, rendered.stderr
    return tuple(yaml.load_all(rendered.stdout, yaml.CSafeLoader))


def named(objects: Iterable[Object], kind: str, name: str = "inkling") -> Object:
    """The one object of a kind and name."""
    (found,) = (item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, name))
    return found
