"""Every pod of ours, whoever makes it (KFP, Volcano, Trainer, KServe, a CronJob), carries the same things."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from compiled import CASES, compile_case, kfp_pods
from conftest import pods as pods_of
from kubernetes.utils import parse_quantity
from overlays import OVERLAYS, Object, named, render
from rank_manifests import KINDS, SIZES, rank_manifest, rank_templates
from test_security import breaches

from inkling.components.shared.launch.pod import CONTAINER_SECURITY, POD_SECURITY, USER

KFP_HAS_NO = ("fsGroup", "readOnlyRootFilesystem")
"""What a task cannot say to KFP 2.17; its pods mount no claim, and write to their own file system."""
POOL = "inkling/pool"


def missing(pod: Object, namespace: str | None, pools: bool, kfp: bool = False) -> list[str]:
    """What a pod does not carry.

    Args:
        pod: Its spec.
        namespace: Where the object that makes it goes.
        pools: Whether the cluster has pools of nodes.
        kfp: Whether KFP makes it.
    """
    found = [] if namespace == "inkling" else ["namespace"]
    for container in pod["containers"]:
        amounts = container.get("resources", {})
        for kind in ("requests", "limits"):
            wanted = ("cpu", "memory", "ephemeral-storage")
            found += [f"{kind}.{name}" for name in wanted if name not in amounts.get(kind, {})]
        carried = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
        expected = {**POD_SECURITY, **CONTAINER_SECURITY}
        found += [
            name for name, value in expected.items() if carried.get(name) != value and not (kfp and name in KFP_HAS_NO)
        ]
        device = any("/" in name for name in amounts.get("limits", {}))
        if device and not any(taint.get("key") == "nvidia.com/gpu" for taint in pod.get("tolerations", [])):
            found.append("toleration")
        if pools and pod.get("nodeSelector", {}).get(POOL) != ("gpu" if device else "cpu"):
            found.append("nodeSelector")
    for volume in pod.get("volumes", []):
        if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
            found.append(f"sizeLimit of {volume['name']}")
    return found


def made() -> Iterator[tuple[str, Object, str | None, bool, bool]]:
    """Every pod that something of ours makes: its name, and what `missing` takes of it."""
    for case, (overlay, *_) in CASES.items():
        namespace = next(iter(_versions(case)))["metadata"]["namespace"]
        for pod in kfp_pods(case):
            yield f"{case}: {pod['metadata']['name']}", pod["spec"], namespace, overlay == "multi-node", True
    for kind in KINDS:
        for size in SIZES:
            manifest = rank_manifest(kind, *size)
            for template in rank_templates(manifest):
                yield f"{kind} of {size}", template["spec"], manifest["metadata"].get("namespace"), True, False
    for overlay in OVERLAYS:
        objects = list(render(overlay))
        for name, pod in pods_of(objects).items():
            kind, _, rest = name.partition("/")
            item = named(objects, kind, rest.partition("/")[0])
            yield f"{overlay}: {name}", pod, item["metadata"].get("namespace"), False, False


def _versions(case: str) -> list[Object]:
    written = yaml.load_all((compile_case(case) / "resources.yaml").read_text(), yaml.CSafeLoader)
    return [item for item in written if item["kind"] == "PipelineVersion"]


def test_every_pod_carries_them() -> None:
    pods = list(made())
    writers = {name.split()[0].rstrip(":") for name, *_ in pods}
    assert writers == {"visual-prior", "study", "monitor", *KINDS, *OVERLAYS} and len(pods) > 100
    assert {name: found for name, *pod in pods if (found := missing(*pod))} == {}


PLANTED: list[tuple[str, Callable[[Object], Any], str]] = [
    ("a toleration", lambda pod: pod.pop("tolerations"), "toleration"),
    ("a pool", lambda pod: pod.pop("nodeSelector"), "nodeSelector"),
    ("the user", lambda pod: pod["securityContext"].pop("runAsUser"), "runAsUser"),
    ("the group", lambda pod: pod["securityContext"].pop("runAsGroup"), "runAsGroup"),
    ("the group of its volumes", lambda pod: pod["securityContext"].pop("fsGroup"), "fsGroup"),
    ("seccomp", lambda pod: pod["securityContext"].pop("seccompProfile"), "seccompProfile"),
    (
        "the limit of its scratch",
        lambda pod: pod["containers"][0]["resources"]["limits"].pop("ephemeral-storage"),
        "limits.ephemeral-storage",
    ),
    ("the size of a volume", lambda pod: pod["volumes"][0]["emptyDir"].pop("sizeLimit"), "sizeLimit of shared-memory"),
    (
        "a root that nobody writes to",
        lambda pod: pod["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"),
        "readOnlyRootFilesystem",
    ),
]


@pytest.mark.parametrize(("change", "what"), [planted[1:] for planted in PLANTED], ids=[one[0] for one in PLANTED])
@pytest.mark.parametrize("kind", KINDS)
def test_a_rank_without_one_of_them_is_found(kind: str, change: Callable[[Object], Any], what: str) -> None:
    pod = copy.deepcopy(rank_templates(rank_manifest(kind, 2, 8))[0]["spec"])
    change(pod)
    assert missing(pod, "inkling", pools=True) == [what]


def test_a_manifest_without_a_namespace_and_a_task_without_a_user_are_found() -> None:
    assert missing(rank_templates(rank_manifest("volcano", 1, 1))[0]["spec"], None, pools=True) == ["namespace"]
    pod = copy.deepcopy(kfp_pods("visual-prior of cluster")[0]["spec"])
    pod["containers"][0]["securityContext"].pop("runAsUser")
    assert missing(pod, "inkling", pools=True, kfp=True) == ["runAsUser"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_ranks_are_admitted_under_the_restricted_standard(kind: str, size: tuple[int, int]) -> None:
    for template in rank_templates(rank_manifest(kind, *size)):
        assert breaches(template["spec"]) == []
        assert template["spec"]["securityContext"]["runAsUser"] == USER


def asked(kind: str, nodes: int, processes: int) -> dict[str, Any]:
    """What all ranks of a manifest ask for together."""
    total: dict[str, Any] = {}
    for template in rank_templates(rank_manifest(kind, nodes, processes)):
        for container in template["spec"]["containers"]:
            for name, amount in container["resources"]["requests"].items():
                total[name] = total.get(name, 0) + parse_quantity(amount)
    return total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_all_ranks_together_fit_their_queue_and_the_quota(kind: str, size: tuple[int, int]) -> None:
    objects = render("multi-node")
    quota = named(objects, "ResourceQuota")["spec"]["hard"]
    flavors = named(objects, "ClusterQueue")["spec"]["resourceGroups"][0]["flavors"]
    (pool,) = (flavor for flavor in flavors if flavor["name"] == "inkling-gpu")
    kueue = {entry["name"]: entry["nominalQuota"] for entry in pool["resources"]}
    volcano = named(objects, "Queue")["spec"]["capability"]
    for name, amount in asked(kind, *size).items():
        assert amount <= parse_quantity(quota[f"requests.{name}"]), name
        if kind == "trainjob":
            assert amount <= parse_quantity(kueue[name]), name
        elif name in volcano:
            assert amount <= parse_quantity(volcano[name]), name


def test_a_fifth_node_of_eight_does_not_fit() -> None:
    capability = named(render("multi-node"), "Queue")["spec"]["capability"]
    assert asked("volcano", 5, 8)["nvidia.com/gpu"] > parse_quantity(capability["nvidia.com/gpu"])


def test_the_priorities_of_ranks_are_those_of_the_overlay() -> None:
    objects = render("multi-node")
    volcano, train = rank_manifest("volcano", 2, 8), rank_manifest("trainjob", 2, 8)
    labels = train["metadata"]["labels"]
    assert named(objects, "PriorityClass", volcano["spec"]["priorityClassName"])
    assert named(objects, "WorkloadPriorityClass", labels["kueue.x-k8s.io/priority-class"])
    assert named(objects, "LocalQueue", labels["kueue.x-k8s.io/queue-name"])
    assert named(objects, "Queue", volcano["spec"]["queue"])
    for template in rank_templates(volcano):
        assert not any(name.startswith("kueue") for name in template["metadata"]["labels"])
