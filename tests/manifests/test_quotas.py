"""Queues and quotas: what pods ask for is counted by their queue, and no two amounts stand against each other."""

import copy
from collections.abc import Iterable
from typing import Any

import pytest
from compiled import CASES, kfp_pods
from kubernetes.utils import parse_quantity
from overlays import Object, named, render

GPU = "nvidia.com/gpu"


def counted(objects: Iterable[Object]) -> set[str]:
    """The resources that the ClusterQueue counts."""
    groups = named(objects, "ClusterQueue")["spec"]["resourceGroups"]
    return {name for group in groups for name in group["coveredResources"]}


def uncounted(objects: Iterable[Object], pods: Iterable[Object]) -> set[str]:
    """What queued pods ask for, the defaults of the LimitRange among it, and their ClusterQueue does not count."""
    (limits,) = named(objects, "LimitRange")["spec"]["limits"]
    asked = set(limits["defaultRequest"])
    for pod in pods:
        if "kueue.x-k8s.io/queue-name" in pod["metadata"]["labels"]:
            asked |= {name for one in pod["spec"]["containers"] for name in one["resources"]["requests"]}
    return asked - counted(objects)


def gpus(objects: Iterable[Object]) -> dict[str, str]:
    """The GPUs that each object allows in all."""
    flavors = named(objects, "ClusterQueue")["spec"]["resourceGroups"][0]["flavors"]
    (pool,) = (flavor for flavor in flavors if flavor["name"] == "inkling-gpu")
    (kueue,) = (entry["nominalQuota"] for entry in pool["resources"] if entry["name"] == GPU)
    return {
        "ResourceQuota": named(objects, "ResourceQuota")["spec"]["hard"][f"requests.{GPU}"],
        "ClusterQueue": kueue,
        "Queue of Volcano": named(objects, "Queue")["spec"]["capability"][GPU],
    }


def shortage(objects: Iterable[Object]) -> dict[str, Any]:
    """By how much the quota is less than what the queues admit and what is served at its most replicas."""
    hard = named(objects, "ResourceQuota")["spec"]["hard"]
    missing = {}
    for resource in counted(objects):
        admitted = sum(
            parse_quantity(entry["nominalQuota"])
            for group in named(objects, "ClusterQueue")["spec"]["resourceGroups"]
            for flavor in group["flavors"]
            for entry in flavor["resources"]
            if entry["name"] == resource
        )
        replicas = named(objects, "InferenceService")["spec"]["predictor"]["maxReplicas"]
        (server,) = named(objects, "ServingRuntime", "inkling-onnx")["spec"]["containers"]
        served = replicas * parse_quantity(server["resources"]["requests"].get(resource, "0"))
        if (less := admitted + served - parse_quantity(hard[f"requests.{resource}"])) > 0:
            missing[resource] = less
    return missing


@pytest.fixture
def queued() -> list[Object]:
    return [copy.deepcopy(item) for item in render("multi-node")]


@pytest.mark.parametrize("case", [case for case, (overlay, *_) in CASES.items() if overlay == "multi-node"])
def test_the_queue_counts_whatever_a_stage_asks_for(case: str) -> None:
    pods = kfp_pods(case)
    asked = any(GPU in pod["spec"]["containers"][0]["resources"]["requests"] for pod in pods)
    assert asked is not case.startswith("monitor"), "watching takes no device"
    assert uncounted(render("multi-node"), pods) == set()


def test_a_resource_that_the_queue_does_not_count_is_found(queued: list[Object]) -> None:
    named(queued, "ClusterQueue")["spec"]["resourceGroups"][0]["coveredResources"] = ["cpu", "memory"]
    assert uncounted(queued, []) == {"ephemeral-storage"}
    assert uncounted(queued, kfp_pods("visual-prior of cluster")) == {"ephemeral-storage", GPU}


def test_a_flavor_has_an_amount_of_every_counted_resource(queued: list[Object]) -> None:
    for group in named(queued, "ClusterQueue")["spec"]["resourceGroups"]:
        for flavor in group["flavors"]:
            assert [entry["name"] for entry in flavor["resources"]] == group["coveredResources"], flavor["name"]


def test_kueue_and_volcano_allow_the_gpus_of_four_nodes_and_the_quota_another_one(queued: list[Object]) -> None:
    assert gpus(queued) == {"ResourceQuota": str(5 * 8), "ClusterQueue": str(4 * 8), "Queue of Volcano": str(4 * 8)}
    named(queued, "Queue")["spec"]["capability"][GPU] = "8"
    assert gpus(queued)["Queue of Volcano"] == "8"


def test_the_quota_has_room_for_all_that_the_queues_admit_and_for_serving(queued: list[Object]) -> None:
    assert shortage(queued) == {}
    named(queued, "ResourceQuota")["spec"]["hard"]["requests.memory"] = "3Ti"
    assert list(shortage(queued)) == ["memory"]


def test_a_pod_that_states_no_scratch_is_not_evicted_for_it(objects: list[Object]) -> None:
    (limits,) = named(objects, "LimitRange")["spec"]["limits"]
    assert "ephemeral-storage" in limits["defaultRequest"]
    assert "ephemeral-storage" not in limits["default"]


def test_the_two_kinds_of_priority_are_of_the_same_names_and_values(queued: list[Object]) -> None:
    values = {
        kind: {item["metadata"]["name"]: item["value"] for item in queued if item["kind"] == kind}
        for kind in ("PriorityClass", "WorkloadPriorityClass")
    }
    assert (
        values["PriorityClass"] == values["WorkloadPriorityClass"] == {"inkling-training": -10, "inkling-batch": -100}
    )
