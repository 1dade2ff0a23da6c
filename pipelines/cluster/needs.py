"""What an overlay's components need of a cluster (`needs.yaml` beside each), and whether the cluster has it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inkling.components.shared.config import ConfigError, read_file
from inkling.components.shared.strict_yaml import read_value
from inkling.pipelines.cluster.cluster_api import ClusterApi

State = Literal["good", "missing", "not seen"]
_KUSTOMIZATION, _NEEDS = "kustomization.yaml", "needs.yaml"
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Need:
    """One thing that a component needs.

    Attributes:
        component: The component, by the name of its folder.
        stated: What it is: `api` with `kind`, or `configMap`, or `nodeLabel`.
        why: What it is needed for.
    """

    component: str
    stated: dict[str, Any]
    why: str

    def __str__(self) -> str:
        """What it is, in words."""
        if "api" in self.stated:
            return f"kind {self.stated['kind']} of {self.stated['api']}"
        if "nodeLabel" in self.stated:
            return f"a node with the label {self.stated['nodeLabel']}"
        place = self.stated["configMap"]
        return f"{place['contains']} in {place['key']} of ConfigMap {place['namespace']}/{place['name']}"

    def state(self, api: ClusterApi) -> State:
        """Whether a cluster has it; "not seen" where this account may not look.

        Raises:
            ClusterApiError: If the API server cannot be asked.
        """
        if "api" in self.stated:
            return "good" if api.has(self.stated["api"], self.stated["kind"]) else "missing"
        if "nodeLabel" in self.stated:
            found = api.get("/api/v1/nodes", labelSelector=self.stated["nodeLabel"], limit="1")
            there = bool(found.body and found.body["items"])
        else:
            place = self.stated["configMap"]
            found = api.get(f"/api/v1/namespaces/{place['namespace']}/configmaps/{place['name']}")
            text = ((found.body or {}).get("data") or {}).get(place["key"], "")
            there = _bare(place["contains"]) in _bare(_COMMENT.sub("", text))
        return "not seen" if found.hidden else "good" if there else "missing"


def needs(overlay: Path) -> list[Need]:
    """What the components of an overlay need, in their order.

    Args:
        overlay: The overlay's folder.

    Raises:
        ConfigError: If it is no overlay.
    """
    path = overlay / _KUSTOMIZATION
    if not path.is_file():
        raise ConfigError(f"{overlay} has no {_KUSTOMIZATION}: name an overlay, such as manifests/overlays/gpu-pool")
    return [need for component in read_file(path).get("components", []) for need in _of(overlay / component)]


def _of(component: Path) -> Iterator[Need]:
    path = component / _NEEDS
    for entry in read_value(path.read_text(), str(path)) if path.exists() else []:
        yield Need(component.name, {key: value for key, value in entry.items() if key != "why"}, entry["why"])


def _bare(text: str) -> str:
    """YAML or JSON as it is compared: without spaces and quotes, which people set as they like."""
    return "".join(text.replace('"', "").split())
