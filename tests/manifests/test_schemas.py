"""Every rendered object is valid, unknown fields included."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

VERSION = "1.32"
Errors = Callable[[dict[str, Any]], list[str]]
BUILT_IN = ("v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1", "scheduling.k8s.io/v1")


def is_built_in(item: dict[str, Any]) -> bool:
    return item["apiVersion"] in BUILT_IN


def test_built_in_kinds_are_valid(objects: list[dict[str, Any]]) -> None:
    built_in = [item for item in objects if is_built_in(item)]
    assert {item["kind"] for item in built_in} >= {
        "Namespace",
        "ServiceAccount",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "ResourceQuota",
        "LimitRange",
        "Role",
        "CronJob",
    }
    for item in built_in:
        kubernetes_validate.validate(item, VERSION, strict=True)


def empty_lists(item: Any, path: str = "") -> list[str]:
    """Where an empty list stands: the API server leaves it out, and `kubectl apply` writes it again each time."""
    below = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    return [path] * (item == []) + [fault for key, value in below for fault in empty_lists(value, f"{path}/{key}")]


def test_built_in_kinds_are_stored_as_they_are_written(objects: list[dict[str, Any]]) -> None:
    assert {path for item in objects if is_built_in(item) for path in empty_lists(item)} == set()
    assert empty_lists({"spec": {"egress": [], "podSelector": {}}}) == ["/spec/egress"]


def test_a_typo_in_a_built_in_kind_is_found(objects: list[dict[str, Any]]) -> None:
    claim = copy.deepcopy(next(item for item in objects if item["kind"] == "PersistentVolumeClaim"))
    claim["spec"]["accesModes"] = claim["spec"].pop("accessModes")
    with pytest.raises(kubernetes_validate.ValidationError, match="accesModes"):
        kubernetes_validate.validate(claim, VERSION, strict=True)


def test_custom_kinds_are_valid(objects: list[dict[str, Any]], errors: Errors) -> None:
    for item in objects:
        if item["kind"] == "WorkloadPriorityClass":  # its whole schema, which has no spec
            assert item.keys() == {"apiVersion", "kind", "metadata", "value", "description"}
            assert type(item["value"]) is int and type(item["description"]) is str
        elif not is_built_in(item):
            assert not errors(item)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("minReplica",), 1, "minReplica"),
        (("model", "storageURI"), "pvc://claim", "storageURI"),
        (("securityContext", "runAsUser"), "1001", "not of type 'integer'"),
    ],
)
def test_a_typo_in_the_inference_service_is_found(
    service: dict[str, Any], errors: Errors, path: tuple[str | int, ...], value: object, message: str
) -> None:
    planted = copy.deepcopy(service)
    place = planted["spec"]["predictor"]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    (error,) = errors(planted)
    assert message in error


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ServingRuntime", ("containers", 0, "startupProbe", "failureTreshold"), 3),
        ("ClusterQueue", ("resourceGroup",), []),
        ("TrainingRuntime", ("mlPolicy", "nodes"), 2),
        ("Queue", ("weigth",), 1),
    ],
)
def test_a_typo_in_any_custom_kind_is_found(
    objects: list[dict[str, Any]],
    errors: Errors,
    kind: str,
    path: tuple[str | int, ...],
    value: object,
) -> None:
    items = [item for item in objects if item["kind"] == kind]
    if not items:
        pytest.skip(f"this overlay has no {kind}")
    planted = copy.deepcopy(items[0])
    place = planted["spec"]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert any(str(path[-1]) in error for error in errors(planted))


def test_no_component_is_left_out_of_every_overlay(root: Path) -> None:
    named = {
        line.rpartition("/")[2]
        for overlay in (root / "manifests" / "overlays").glob("*/kustomization.yaml")
        for line in overlay.read_text().splitlines()
        if "../../components/" in line
    }
    assert named == {path.name for path in (root / "manifests" / "components").iterdir()}
