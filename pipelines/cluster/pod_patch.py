"""The rest of a placement as Kubernetes admission policies: what neither KFP nor kfp-kubernetes 2.17 can express.

A MutatingAdmissionPolicy (admissionregistration.k8s.io/v1, Kubernetes 1.36) merges a few fields into the pods of a
pipeline, which it knows by the labels that the IR gives them. Nothing else is installed in the cluster for it.
"""

from collections.abc import Iterable
from typing import Any

from inkling.components.shared.launch.placement import PlacementConfig
from inkling.components.shared.launch.pod import COMPONENT_LABEL, PART_OF
from inkling.models.strict_json import to_json

API = "admissionregistration.k8s.io/v1"
_CONTAINER = "main"
"""Name that Argo gives to the container of a KFP task."""


def pod_patches(config: PlacementConfig, stages: Iterable[str]) -> list[dict[str, Any]]:
    """The policies, each with its binding, of the stages that need one."""
    objects = []
    for stage in sorted(stages):
        wanted = config.of(stage)
        mutations = []
        if wanted.ephemeral_storage:
            mutations.append(_apply(_storage(wanted.ephemeral_storage)))
        if wanted.priority_class:
            mutations.append({"patchType": "JSONPatch", "jsonPatch": {"expression": _priority(wanted.priority_class)}})
        if mutations:
            objects += _policy(
                f"{config.namespace}-{stage}", {**PART_OF, COMPONENT_LABEL: stage}, mutations, config.namespace
            )
    return objects


def _apply(expression: str) -> dict[str, Any]:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def _storage(size: str) -> str:
    """A request and a limit of ephemeral storage on the task's own container."""
    amount = f'{{"ephemeral-storage": {to_json(size)}}}'
    return (
        f'Object{{spec: Object.spec{{containers: [Object.spec.containers{{name: "{_CONTAINER}", '
        f"resources: Object.spec.containers.resources{{requests: {amount}, limits: {amount}}}}}]}}}}"
    )


def _priority(name: str) -> str:
    """Sets the class and takes away what was resolved of the default class, so that the plugin resolves it again."""
    removed = (
        f'(has(object.spec.{field}) ? [JSONPatch{{op: "remove", path: "/spec/{field}"}}] : [])'
        for field in ("priority", "preemptionPolicy")
    )
    set_class = f'[JSONPatch{{op: "add", path: "/spec/priorityClassName", value: {to_json(name)}}}]'
    return " + ".join((*removed, set_class))


def _policy(name: str, labels: dict[str, str], mutations: list[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    metadata = {"name": name, "labels": PART_OF}
    policy = {
        "apiVersion": API,
        "kind": "MutatingAdmissionPolicy",
        "metadata": metadata,
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                ],
                "objectSelector": {"matchLabels": labels},
            },
            "mutations": mutations,
        },
    }
    binding = {
        "apiVersion": API,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": metadata,
        "spec": {
            "policyName": name,
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
        },
    }
    return [policy, binding]
