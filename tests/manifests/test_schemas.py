"""Every rendered object is valid, unknown fields included."""

import copy
from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest

VERSION = "1.32"
Errors = Callable[[dict[str, Any]], list[str]]
BUILT_IN = ("v1", "apps/v1", "networking.k8s.io/v1")


def is_built_in(item: dict[str, Any]) -> bool:
    return item["apiVersion"] in BUILT_IN


def test_built_in_kinds_are_valid(objects: list[dict[str, Any]]) -> None:
    built_in = [item for item in objects if is_built_in(item)]
    assert {item["kind"] for item in built_in} >= {
        "Namespace",
        "ServiceAccount",
        "NetworkPolicy",
        "PersistentVolumeClaim",
    }
    for item in built_in:
        kubernetes_validate.validate(item, VERSION, strict=True)


def test_a_typo_in_a_built_in_kind_is_found(objects: list[dict[str, Any]]) -> None:
    claim = copy.deepcopy(next(item for item in objects if item["kind"] == "PersistentVolumeClaim"))
    claim["spec"]["accesModes"] = claim["spec"].pop("accessModes")
    with pytest.raises(kubernetes_validate.ValidationError, match="accesModes"):
        kubernetes_validate.validate(claim, VERSION, strict=True)


def test_custom_kinds_are_valid(objects: list[dict[str, Any]], errors: Errors) -> None:
    for item in objects:
        if not is_built_in(item):
            assert not errors(item)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("minReplica",), 1, "minReplica"),
        (("containers", 0, "ports", 0, "containerPort"), "8080", "not of type 'integer'"),
        (("containers", 0, "startupProbe", "failureTreshold"), 3, "failureTreshold"),
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
