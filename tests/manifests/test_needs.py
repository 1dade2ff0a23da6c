"""What a component needs of the cluster stands beside it, in `needs.yaml`, for a check before anything is applied."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from overlays import MANIFESTS, Object
from test_schemas import is_built_in

COMPONENTS = sorted(path for path in (MANIFESTS / "components").iterdir())
FIELDS = {"api": {"api", "kind"}, "configMap": {"configMap"}, "nodeLabel": {"nodeLabel"}}
KEYS = {"namespace", "name", "key", "contains"}


def needs(component: Path) -> list[dict[str, Any]]:
    path = component / "needs.yaml"
    return yaml.safe_load(path.read_text()) if path.exists() else []


def unstated(objects: Iterable[Object], stated: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """The custom kinds among objects that no entry names."""
    known = {(entry["api"], entry["kind"]) for entry in stated if "api" in entry}
    return {(item["apiVersion"], item["kind"]) for item in objects if not is_built_in(item)} - known


def made_by(component: Path) -> list[Object]:
    """The objects that a component adds."""
    kustomization = yaml.safe_load((component / "kustomization.yaml").read_text())
    paths = [component / name for name in kustomization.get("resources", [])]
    return [item for path in paths for item in yaml.safe_load_all(path.read_text())]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.name)
def test_a_component_states_every_kind_that_kubernetes_does_not_have(component: Path) -> None:
    assert unstated(made_by(component), needs(component)) == set()


def test_a_kind_that_is_not_stated_is_found() -> None:
    queues = made_by(MANIFESTS / "components" / "kueue")
    stated = [entry for entry in needs(MANIFESTS / "components" / "kueue") if entry.get("kind") != "ClusterQueue"]
    assert unstated(queues, stated) == {("kueue.x-k8s.io/v1beta2", "ClusterQueue")}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.name)
def test_an_entry_says_one_thing_and_why(component: Path) -> None:
    for entry in needs(component):
        (kind,) = FIELDS.keys() & entry.keys()
        assert entry.keys() == {*FIELDS[kind], "why"} and entry["why"]
        assert kind != "configMap" or entry[kind].keys() == KEYS
        assert kind != "nodeLabel" or entry[kind].count("=") == 1


def test_what_a_patch_switches_on_is_stated_too() -> None:
    stated = {path.name: needs(path) for path in COMPONENTS}
    assert any(entry.get("configMap", {}).get("contains") == '"enableGatewayApi": true' for entry in stated["canary"])
    assert any(entry.get("api") == "serving.knative.dev/v1" for entry in stated["autoscaling"])
