"""Every name by which one object calls another: in its pods, its labels, its roles and what its controller reads."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from overlays import Object

_BY_KEY = {
    "serviceAccountName": "ServiceAccount",
    "priorityClassName": "PriorityClass",
    "claimName": "PersistentVolumeClaim",
    "storageClassName": "StorageClass",
    "runtimeClassName": "RuntimeClass",
    "clusterQueue": "ClusterQueue",
    "runtime": "ServingRuntime",
    "secretName": "Secret",
    "policyName": "MutatingAdmissionPolicy",
    "pipelineName": "Pipeline",
    "kueue.x-k8s.io/queue-name": "LocalQueue",
    "kueue.x-k8s.io/priority-class": "WorkloadPriorityClass",
}
"""Fields and labels whose value is the name of an object, whatever object they stand in."""
_BY_REFERENCE = {
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMap": "ConfigMap",
}
"""Fields whose value names an object in its field `name`."""
_NODE_LABELS = ("nodeSelector", "nodeLabels")
"""Fields that hold labels of nodes; KFP's platform spec has them one level below, in `labels`."""
_READ = {"secrets": "Secret", "configmaps": "ConfigMap"}
_URL = re.compile(r"\bhttps?://([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?(?::\d+)?(?![\w.])")
_CLAIM = re.compile(r"pvc://([^/]+)/")
_CLASS = re.compile(r'path: "/spec/priorityClassName", value: "([^"]+)"')


@dataclass(frozen=True, order=True)
class Reference:
    """A name that an object says.

    Attributes:
        kind: Kind of what is named; "node label" and "taint" for what nodes carry.
        name: The name; of a Service with its namespace before it.
        by: Kind and name of the object that says it.
    """

    kind: str
    name: str
    by: str


def references(objects: Iterable[Object]) -> set[Reference]:
    """Every name that objects say, of pods as KFP makes them too."""
    return {
        Reference(kind, name, f"{item['kind']}/{item['metadata']['name']}")
        for item in objects
        for kind, name in (*_anywhere(item), *_of_its_kind(item))
    }


def existing(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """Kind and name of objects, and of the Services that KServe makes of an InferenceService."""
    found = {(item["kind"], item["metadata"]["name"]) for item in objects}
    for item in objects:
        if item["kind"] == "InferenceService":
            name = item["metadata"]["name"]
            names = [name, *(f"{name}-{canary['predictor']['name']}" for canary in item["spec"].get("canary", []))]
            found |= {("Service", f"{item['metadata']['namespace']}/{one}-predictor") for one in names}
    return found


def _anywhere(value: Any) -> Iterator[tuple[str, str]]:
    """What fields say that mean the same in every object."""
    if isinstance(value, str):
        yield from (("Service", f"{namespace}/{name}") for name, namespace in _URL.findall(value))
        yield from (("PersistentVolumeClaim", name) for name in _CLAIM.findall(value))
        yield from (("PriorityClass", name) for name in _CLASS.findall(value))
    elif isinstance(value, list):
        for one in value:
            yield from _anywhere(one)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            if key in _BY_KEY and isinstance(below, str):
                yield _BY_KEY[key], below
            elif key in _BY_REFERENCE and isinstance(below, Mapping) and "name" in below:
                yield _BY_REFERENCE[key], below["name"]
            elif key in _NODE_LABELS and isinstance(below, Mapping):
                yield from (("node label", f"{name}={label}") for name, label in below.get("labels", below).items())
            elif key == "imagePullSecrets":
                yield from (("Secret", one["name"]) for one in below)
            elif key == "tolerations":
                yield from (("taint", one["key"]) for one in below if "key" in one)
            elif key == "namespace" and isinstance(below, str):
                yield "Namespace", below
            else:
                yield from _anywhere(below)


def _of_its_kind(item: Object) -> Iterator[tuple[str, str]]:
    """What only one kind of object says."""
    spec = item.get("spec", {})
    match item["kind"]:
        case "RoleBinding":
            yield item["roleRef"]["kind"], item["roleRef"]["name"]
            yield from ((subject["kind"], subject["name"]) for subject in item["subjects"])
        case "Role":
            for rule in item["rules"]:
                kinds = [_READ[name] for name in rule["resources"] if name in _READ]
                yield from ((kind, name) for kind in kinds for name in rule.get("resourceNames", []))
        case "ClusterQueue":
            groups = spec["resourceGroups"]
            yield from (("ResourceFlavor", flavor["name"]) for group in groups for flavor in group["flavors"])
        case "TrainJob":
            yield spec["runtimeRef"]["kind"], spec["runtimeRef"]["name"]
        case "Job" if item["apiVersion"].startswith("batch.volcano.sh"):
            yield "Queue", spec["queue"]
        case "NetworkPolicy":
            yield from _namespaces(spec)
        case "MutatingAdmissionPolicyBinding":
            yield from _namespaces(spec["matchResources"])


def _namespaces(value: Any) -> Iterator[tuple[str, str]]:
    """The namespaces that selectors know by their names."""
    name = "kubernetes.io/metadata.name"
    if isinstance(value, list):
        for one in value:
            yield from _namespaces(one)
    elif isinstance(value, Mapping):
        if name in value.get("matchLabels", {}):
            yield "Namespace", value["matchLabels"][name]
        for expression in value.get("matchExpressions", []):
            if expression["key"] == name:
                yield from (("Namespace", one) for one in expression["values"])
        for below in value.values():
            yield from _namespaces(below)
