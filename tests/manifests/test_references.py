"""Every name by which one object calls another exists in its overlay, or is said here to come from elsewhere.

Over every overlay with the pipelines and studies of its profile, their pod policies, the pods that KFP makes of them,
and the manifests of ranks at every size.
"""

import copy
from typing import Any

import pytest
import yaml
from compiled import CASES, compile_case, kfp_pods
from overlays import MANIFESTS, OVERLAYS, ROOT, Object, named, render
from rank_manifests import CLAIMED, KINDS, SIZES, rank_manifest
from references import Reference, existing, references

ELSEWHERE = {
    ("Secret", "inkling-storage"): "made by hand: no key of a store stands in a file",
    ("Secret", "mlpipeline-minio-artifact"): "KFP's own, in every namespace of its profiles",
    ("ConfigMap", "kfp-launcher"): "KFP's own; without it its launcher has defaults",
    ("Service", "kubeflow/seaweedfs"): "KFP's own store, the example of the guide",
    ("PersistentVolumeClaim", "inkling-runs"): "the operator's, where `launch.claims` names one",
    ("taint", "nvidia.com/gpu"): "a pod puts up with it, whether a node has it or not",
    **dict.fromkeys(
        [
            ("Namespace", name)
            for name in (
                "envoy-gateway-system", "ingress-nginx", "istio-system", "knative-serving", "kourier-system", "kserve",
                "kube-system", "kubeflow", "monitoring",
            )
        ],
        "what runs there is reached, or reaches us, where the cluster has it",
    ),
}  # fmt: skip
"""What no overlay makes, and why a cluster has it or can do without. What a component needs, its needs.yaml says."""
MADE_TO_BE_NAMED = (
    "ClusterQueue", "ConfigMap", "LocalQueue", "PersistentVolumeClaim", "PriorityClass", "Queue", "ResourceFlavor",
    "Role", "ServiceAccount", "ServingRuntime", "TrainingRuntime", "WorkloadPriorityClass",
)  # fmt: skip


def whole(overlay: str) -> list[Object]:
    """All objects that there are where an overlay, and what its profile compiles to, is applied."""
    objects = list(render(overlay))
    for case in (name for name, (place, *_) in CASES.items() if place == overlay):
        objects += kfp_pods(case)
        for path in ("resources.yaml", "pod-policies.yaml"):
            objects += yaml.load_all((compile_case(case) / path).read_text(), yaml.CSafeLoader)
    if overlay == "multi-node":
        objects += [rank_manifest(kind, *size, place) for kind in KINDS for size in SIZES for place in ("", CLAIMED)]
    return objects


def needed(overlay: str) -> set[tuple[str, str]]:
    """What the components of an overlay say that they need of the cluster."""
    kustomization = yaml.safe_load((MANIFESTS / "overlays" / overlay / "kustomization.yaml").read_text())
    found = set()
    for component in kustomization["components"]:
        path = MANIFESTS / "components" / component.rpartition("/")[2] / "needs.yaml"
        for entry in yaml.safe_load(path.read_text()) if path.exists() else []:
            if "nodeLabel" in entry:
                found.add(("node label", entry["nodeLabel"]))
    return found


def missing(objects: list[Object], overlay: str) -> list[str]:
    """Names of nothing, as `Kind name, named by Kind/name`."""
    there = existing(objects) | needed(overlay) | ELSEWHERE.keys()
    said = sorted(references(objects))
    return [f"{one.kind} {one.name}, named by {one.by}" for one in said if (one.kind, one.name) not in there]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_name_is_of_something(overlay: str) -> None:
    assert missing(whole(overlay), overlay) == []


def test_the_walk_sees_every_kind_of_name() -> None:
    seen = {one.kind for overlay in OVERLAYS for one in references(whole(overlay))}
    others = {"MutatingAdmissionPolicy", "Namespace", "Pipeline", "Secret", "Service", "node label", "taint"}
    assert seen == {*MADE_TO_BE_NAMED, *others}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PriorityClass", "inkling-batch"), ("PriorityClass", "inkling-training"),
        ("WorkloadPriorityClass", "inkling-batch"), ("WorkloadPriorityClass", "inkling-training"),
        ("ClusterQueue", "inkling"), ("LocalQueue", "inkling-cpu"), ("LocalQueue", "inkling-gpu"),
        ("Queue", "inkling"), ("ResourceFlavor", "inkling-cpu"), ("ResourceFlavor", "inkling-gpu"),
        ("Namespace", "inkling"),
        ("PersistentVolumeClaim", "inkling-bundle"), ("PersistentVolumeClaim", "inkling-exam"),
        ("Role", "inkling-launcher"), ("Role", "inkling-pipeline"), ("ServiceAccount", "inkling-pipeline"),
        ("ServiceAccount", "inkling-server"), ("ServingRuntime", "inkling-onnx"), ("TrainingRuntime", "inkling-torch"),
    ],
)  # fmt: skip
def test_an_object_that_is_taken_away_is_missed(kind: str, name: str) -> None:
    objects = whole("multi-node")
    rest = [item for item in objects if (item["kind"], item["metadata"]["name"]) != (kind, name)]
    assert len(rest) == len(objects) - 1
    assert any(line.startswith(f"{kind} {name}, named by ") for line in missing(rest, "multi-node"))


def test_a_service_goes_with_what_kserve_makes_it_of() -> None:
    rest = [item for item in render("laptop") if item["kind"] != "InferenceService"]
    assert missing(rest, "laptop") == ["Service inkling/inkling-predictor, named by CronJob/inkling-evaluation"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"nodeSelector": {"inkling/pool": "tpu"}}, "node label inkling/pool=tpu"),
        ({"nodeSelector": {"labels": {"disk": "fast"}}}, "node label disk=fast"),
        ({"tolerations": [{"key": "google.com/tpu", "operator": "Exists"}]}, "taint google.com/tpu"),
        ({"imagePullSecrets": [{"name": "registry"}]}, "Secret registry"),
        ({"volumes": [{"secret": {"secretName": "key"}}]}, "Secret key"),
        ({"volumes": [{"configMap": {"name": "settings"}}]}, "ConfigMap settings"),
        ({"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}, "PersistentVolumeClaim data"),
        ({"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "token"}}}]}]}, "Secret token"),
        ({"containers": [{"envFrom": [{"configMapRef": {"name": "all"}}]}]}, "ConfigMap all"),
        ({"containers": [{"args": ["--url=http://gone.inkling.svc:80/v1"]}]}, "Service inkling/gone"),
        ({"serviceAccountName": "root"}, "ServiceAccount root"),
        ({"priorityClassName": "urgent"}, "PriorityClass urgent"),
        ({"runtimeClassName": "nvidia"}, "RuntimeClass nvidia"),
    ],
)
def test_a_name_of_nothing_in_a_pod_is_found(change: dict[str, Any], line: str) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "planted"}, "spec": change}
    assert missing([*render("multi-node"), pod], "multi-node") == [f"{line}, named by Pod/planted"]


def test_a_name_of_nothing_in_a_policy_or_a_label_is_found() -> None:
    objects = [copy.deepcopy(item) for item in whole("multi-node")]
    named(objects, "NetworkPolicy", "allow-monitoring")["spec"]["ingress"][0]["from"] = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "metrics"}}}
    ]
    policy = next(item for item in objects if item["kind"] == "MutatingAdmissionPolicyBinding")
    policy["spec"]["policyName"] = "gone"
    train_job = next(item for item in objects if item["kind"] == "TrainJob")
    train_job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "default"
    assert missing(objects, "multi-node") == [
        "LocalQueue default, named by TrainJob/pretrain",
        f"MutatingAdmissionPolicy gone, named by MutatingAdmissionPolicyBinding/{policy['metadata']['name']}",
        "Namespace metrics, named by NetworkPolicy/allow-monitoring",
    ]


def test_nothing_is_said_to_come_from_elsewhere_that_nobody_names() -> None:
    said = {(one.kind, one.name) for overlay in OVERLAYS for one in references(whole(overlay))}
    assert ELSEWHERE.keys() | {need for overlay in OVERLAYS for need in needed(overlay)} <= said


def test_the_guide_names_the_secrets_and_the_labels_that_a_person_gives() -> None:
    guide = (ROOT / "docs" / "cluster.md").read_text()
    by_hand = {*ELSEWHERE, *needed("multi-node")}
    assert not [name for kind, name in by_hand if kind in ("Secret", "node label", "taint") and name not in guide]


def unnamed(objects: list[Object], said: set[Reference]) -> list[str]:
    """Objects that are there to be named, and that nothing names."""
    names = {(one.kind, one.name) for one in said}
    found = {(item["kind"], item["metadata"]["name"]) for item in objects if item["kind"] in MADE_TO_BE_NAMED}
    return [" ".join(one) for one in sorted(found - names)]


def test_nothing_is_made_that_nothing_names() -> None:
    objects = [item for overlay in OVERLAYS for item in whole(overlay)]
    assert unnamed(objects, references(objects)) == []
    unused = {"kind": "ConfigMap", "metadata": {"name": "unused"}}
    assert unnamed([*objects, unused], references(objects)) == ["ConfigMap unused"]
