"""Every rendered object is valid, unknown fields included."""

import copy
from collections.abc import Callable
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

VERSION = "1.32"
Schema = dict[str, Any]
ReadSchema = Callable[[dict[str, Any]], Schema]
BUILT_IN = ("v1", "apps/v1", "networking.k8s.io/v1")


def strict(schema: Schema) -> Schema:
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


def errors(item: dict[str, Any], schema: Schema) -> list[str]:
    """What is wrong with a custom resource; its metadata is the API server's own business."""
    whole = strict(schema)
    whole["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    return [error.message for error in jsonschema.Draft202012Validator(whole).iter_errors(item)]


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


def test_custom_kinds_are_valid(objects: list[dict[str, Any]], custom_schema: ReadSchema) -> None:
    for item in objects:
        if not is_built_in(item):
            assert not errors(item, custom_schema(item))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("minReplica",), 1, "minReplica"),
        (("containers", 0, "ports", 0, "containerPort"), "8080", "not of type 'integer'"),
        (("containers", 0, "startupProbe", "failureTreshold"), 3, "failureTreshold"),
    ],
)
def test_a_typo_in_the_inference_service_is_found(
    service: dict[str, Any], custom_schema: ReadSchema, path: tuple[str | int, ...], value: object, message: str
) -> None:
    planted = copy.deepcopy(service)
    place = planted["spec"]["predictor"]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    (error,) = errors(planted, custom_schema(service))
    assert message in error
