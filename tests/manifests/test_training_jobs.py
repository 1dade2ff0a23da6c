"""The two manifests of a job on a cluster, at the sizes of the profiles, against the schemas of their controllers."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import inkling
from inkling.components.shared.launch.job import Job, Node
from inkling.components.shared.launch.trainjob import train_job
from inkling.components.shared.launch.volcano import scheduler_options, volcano_job

SIZES = [(1, 1), (2, 8), (4, 8)]
Errors = Callable[[dict[str, Any]], list[str]]


def job(nodes: int, processes: int) -> Job:
    node = Node("inkling/train-gpu:0.1.0", cpus=16, gpus=processes, memory_gb=200, claims={"inkling-runs": "/runs"})
    return Job(
        "pretrain", "inkling.components.pretrain.rank", ("config.json", "/runs/a b"), Path("/runs/logs"),
        nodes, processes, {"SEED": "0"}, node, retries=2,
    )  # fmt: skip


@pytest.mark.parametrize(("nodes", "processes"), SIZES)
def test_the_volcano_job_is_valid_and_holds_the_job(nodes: int, processes: int, errors: Errors) -> None:
    manifest = volcano_job(job(nodes, processes), scheduler_options("ml", "gpu", "trainer"))
    tasks = manifest["spec"]["tasks"]
    assert manifest["spec"]["queue"] == "gpu" and len(tasks) == nodes
    for task in tasks:
        pod = task["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == "inkling/train-gpu:0.1.0"
        assert container["resources"]["limits"] == {
            "cpu": "16000m", "memory": "200000M", "nvidia.com/gpu": str(processes)
        }  # fmt: skip
        command = " ".join(container["command"])
        assert f"--nnodes {nodes} --nproc_per_node {processes}" in command
        assert command.endswith("-m inkling.components.pretrain.rank config.json '/runs/a b'")
        environment = {entry["name"]: entry["value"] for entry in container["env"]}
        assert environment["PET_MAX_RESTARTS"] == "2" and environment["SEED"] == "0"
        assert {"claimName": "inkling-runs"} in [v.get("persistentVolumeClaim") for v in pod["volumes"]]
        assert pod["serviceAccountName"] == "trainer"
        pod_object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}
        kubernetes_validate.validate(pod_object, "1.32", strict=True)
    assert not errors(manifest)


@pytest.mark.parametrize(("nodes", "processes"), SIZES)
def test_the_train_job_is_valid_and_holds_the_job(nodes: int, processes: int, errors: Errors) -> None:
    manifest = train_job(job(nodes, processes), "ml", "gpu", "trainer")
    trainer = manifest["spec"]["trainer"]
    assert manifest["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "gpu"}
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (nodes, processes)
    assert trainer["args"] == ["config.json", "/runs/a b"]
    assert trainer["resourcesPerNode"]["limits"]["nvidia.com/gpu"] == str(processes)
    (patch,) = manifest["spec"]["runtimePatches"]
    pod = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]
    assert {"name": "claim-0", "mountPath": "/runs"} in pod["containers"][0]["volumeMounts"]
    assert not errors(manifest)


def test_the_network_policies_know_the_pods_of_ranks() -> None:
    policies = yaml.safe_load_all((Path(inkling.__file__).parent / "manifests/base/network-policies.yaml").read_text())
    (wanted,) = [
        policy["spec"]["podSelector"]["matchLabels"]
        for policy in policies
        if policy["metadata"]["name"] == "allow-training"
    ]
    volcano = volcano_job(job(2, 8), scheduler_options("ml", "gpu", None))
    trainer = train_job(job(2, 8), "ml", "gpu")["spec"]["runtimePatches"][0]["trainingRuntimeSpec"]
    templates = [task["template"] for task in volcano["spec"]["tasks"]]
    templates.append(trainer["template"]["spec"]["replicatedJobs"][0]["template"]["spec"]["template"])
    for template in templates:
        assert wanted.items() <= template["metadata"]["labels"].items()


def stored_job(nodes: int, processes: int) -> Job:
    secrets = {"AWS_ACCESS_KEY_ID": ("inkling-storage", "access-key")}
    node = Node("inkling/train-gpu:0.1.0", 16, processes, 200, scratch="/scratch", secrets=secrets)
    return dataclasses.replace(job(nodes, processes), node=node)


REFERENCE = {"secretKeyRef": {"name": "inkling-storage", "key": "access-key"}}


@pytest.mark.parametrize(("nodes", "processes"), SIZES)
def test_a_volcano_job_with_object_storage_shares_no_volume(nodes: int, processes: int, errors: Errors) -> None:
    manifest = volcano_job(stored_job(nodes, processes), scheduler_options("ml", "gpu", "trainer"))
    for task in manifest["spec"]["tasks"]:
        pod = task["template"]["spec"]
        (container,) = pod["containers"]
        assert {"name": "AWS_ACCESS_KEY_ID", "valueFrom": REFERENCE} in container["env"]
        assert {"name": "scratch", "mountPath": "/scratch"} in container["volumeMounts"]
        assert {"name": "scratch", "emptyDir": {}} in pod["volumes"]
        assert not any("persistentVolumeClaim" in volume for volume in pod["volumes"])
        pod_object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}
        kubernetes_validate.validate(pod_object, "1.32", strict=True)
    assert not errors(manifest)


@pytest.mark.parametrize(("nodes", "processes"), SIZES)
def test_a_train_job_with_object_storage_shares_no_volume(nodes: int, processes: int, errors: Errors) -> None:
    manifest = train_job(stored_job(nodes, processes), "ml", "gpu", "trainer")
    assert {"name": "AWS_ACCESS_KEY_ID", "valueFrom": REFERENCE} in manifest["spec"]["trainer"]["env"]
    (patch,) = manifest["spec"]["runtimePatches"]
    pod = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]
    assert {"name": "scratch", "mountPath": "/scratch"} in pod["containers"][0]["volumeMounts"]
    assert [volume["name"] for volume in pod["volumes"]] == ["shared-memory", "scratch"]
    assert not errors(manifest)


@pytest.mark.parametrize(
    "make",
    [lambda job: train_job(job, "ml", "gpu"), lambda job: volcano_job(job, scheduler_options("ml", "gpu", None))],
)
def test_a_typo_in_a_manifest_is_found(make: Any, errors: Errors) -> None:
    manifest = make(job(2, 8))
    manifest["spec"]["tasksOrTrainer"] = {}
    assert len(errors(manifest)) == 1


def test_a_train_job_without_nodes_is_refused() -> None:
    with pytest.raises(ValueError, match="job 'x' says nothing of the nodes"):
        train_job(Job("x", "module", (), Path("/logs")), "ml", "gpu")
