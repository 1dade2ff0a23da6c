"""What an API server refuses when objects are applied over those that are there: fields that never change.

Sources: Kubernetes 1.32, pkg/apis/*/validation; KServe 0.21, validateDeploymentMode; Kueue 0.19 and
Trainer 2.3, the rules with `oldSelf` in their CRDs; the webhooks of Volcano 1.15 (jobs) and KFP 2.17 (versions).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kubernetes.utils import parse_quantity
from overlays import Object

MODE = "serving.kserve.io/deploymentMode"
IMMUTABLE: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("v1", "PersistentVolumeClaim"): (("spec",),),
    ("v1", "Pod"): (("spec",),),
    ("v1", "Service"): (("spec", "clusterIP"), ("spec", "clusterIPs")),
    ("apps/v1", "Deployment"): (("spec", "selector"),),
    ("apps/v1", "StatefulSet"): (("spec", "selector"), ("spec", "serviceName"), ("spec", "volumeClaimTemplates")),
    ("batch/v1", "Job"): tuple(
        ("spec", name) for name in ("selector", "template", "completions", "completionMode", "podFailurePolicy")
    ),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): (("roleRef",),),
    ("scheduling.k8s.io/v1", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("kueue.x-k8s.io/v1beta2", "LocalQueue"): (("spec", "clusterQueue"),),
    ("kueue.x-k8s.io/v1beta2", "ResourceFlavor"): (("spec", "topologyName"),),
    ("serving.kserve.io/v1beta1", "InferenceService"): (("metadata", "annotations", MODE),),
    ("trainer.kubeflow.org/v1alpha1", "TrainJob"): (("spec", "trainer"), ("spec", "runtimeRef")),
    ("batch.volcano.sh/v1alpha1", "Job"): (("spec",),),
    ("pipelines.kubeflow.org/v2beta1", "PipelineVersion"): (("spec",),),
}
"""By API and kind, the fields that no update may touch; of a claim all but the size, which may grow."""


def refused(before: Iterable[Object], after: Iterable[Object]) -> list[str]:
    """The updates that an API server refuses, as `Kind/name: field`."""
    there = {_identity(item): item for item in before}
    faults = []
    for item in after:
        old = there.get(_identity(item))
        for path in IMMUTABLE.get((item["apiVersion"], item["kind"]), ()) if old else ():
            if _fixed(item, path) != _fixed(old, path):
                faults.append(f"{item['kind']}/{item['metadata']['name']}: {'.'.join(path)}")
        if old and item["kind"] == "PersistentVolumeClaim" and _size(item) < _size(old):
            faults.append(f"{item['kind']}/{item['metadata']['name']}: smaller")
    return faults


def _identity(item: Object) -> tuple[str, str, str, str]:
    return item["apiVersion"], item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _fixed(item: Object, path: Iterable[str]) -> Any:
    value: Any = item
    for name in path:
        value = (value or {}).get(name)
    return {**value, "resources": None} if item["kind"] == "PersistentVolumeClaim" else value


def _size(claim: Object) -> Any:
    return parse_quantity(claim["spec"]["resources"]["requests"]["storage"])
