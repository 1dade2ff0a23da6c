"""The two manifests of ranks, at the sizes of the documentation: valid, and the same pods whoever makes them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from overlays import Object, named, render
from rank_manifests import CLAIMED, IMAGE, KINDS, SIZES, documented, rank_job, rank_manifest, rank_templates

import inkling
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.launch import RuntimeConfig
from inkling.components.shared.launch.trainjob import train_job

Errors = Callable[[Object], list[str]]
KEY = {"secretKeyRef": {"name": "inkling-storage", "key": "access-key"}}
every = pytest.mark.parametrize(("nodes", "processes"), SIZES)
both = pytest.mark.parametrize("kind", KINDS)


def test_the_example_is_the_largest_size() -> None:
    stated = documented()["pretrain"]
    assert (stated["nodes"], stated["processes"]) == SIZES[-1] and stated["batch"] == 4 * 8


@both
@every
@pytest.mark.parametrize("place", ["", CLAIMED])
def test_a_manifest_is_valid_and_so_are_its_pods(
    kind: str, nodes: int, processes: int, place: str, errors: Errors
) -> None:
    manifest = rank_manifest(kind, nodes, processes, place)
    templates = rank_templates(manifest)
    assert len(templates) == nodes
    for template in templates:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": template["spec"]}
        kubernetes_validate.validate(pod, "1.32", strict=True)
    assert not errors(manifest)


@both
@every
def test_a_pod_has_what_the_profile_says_of_the_stage(kind: str, nodes: int, processes: int) -> None:
    manifest = rank_manifest(kind, nodes, processes)
    assert manifest["metadata"]["namespace"] == "inkling"
    for template in rank_templates(manifest):
        pod = template["spec"]
        (container,) = pod["containers"]
        amounts = {"cpu": "8", "memory": "96Gi", "ephemeral-storage": "200Gi", "nvidia.com/gpu": str(processes)}
        assert container["image"] == IMAGE
        assert container["resources"] == {"requests": amounts, "limits": amounts}
        assert {"name": "AWS_ACCESS_KEY_ID", "valueFrom": KEY} in container["env"]
        assert pod["nodeSelector"] == {"inkling/pool": "gpu"}
        assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
        assert pod["serviceAccountName"] == "inkling-pipeline"
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 1001


@both
def test_volumes_of_a_node_have_a_limit_and_claims_replace_the_scratch(kind: str) -> None:
    for place, others in (("", {"/scratch"}), (CLAIMED, {"/runs"})):
        pod = rank_templates(rank_manifest(kind, 2, 8, place))[0]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounted = {mount["mountPath"]: volumes[mount["name"]] for mount in pod["containers"][0]["volumeMounts"]}
        assert set(mounted) == {"/dev/shm", "/tmp", *others}
        assert mounted["/dev/shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Gi"}
        assert mounted["/tmp"]["emptyDir"] == {"sizeLimit": "200Gi"}
        if not place:
            assert mounted["/scratch"]["emptyDir"] == {"sizeLimit": "200Gi"}
        else:
            assert mounted["/runs"]["persistentVolumeClaim"] == {"claimName": "inkling-runs"}


@every
def test_a_volcano_job_runs_torchrun_on_every_node(nodes: int, processes: int) -> None:
    manifest = rank_manifest("volcano", nodes, processes, CLAIMED)
    assert (manifest["spec"]["queue"], manifest["spec"]["priorityClassName"]) == ("inkling", "inkling-training")
    for template in rank_templates(manifest):
        (container,) = template["spec"]["containers"]
        command = " ".join(container["command"])
        assert f"--nnodes {nodes} --nproc_per_node {processes}" in command
        assert command.endswith("-m inkling.components.pretrain.rank /runs/tokens '/runs/a b'")
        environment = {entry["name"]: entry.get("value") for entry in container["env"]}
        assert environment["PET_MAX_RESTARTS"] == "2" and environment["INKLING_IMAGE"] == IMAGE
        assert template["spec"]["priorityClassName"] == "inkling-training"
        assert template["spec"]["automountServiceAccountToken"] is False


@every
def test_a_train_job_runs_torchrun_on_every_node_and_waits_in_kueues_queue(nodes: int, processes: int) -> None:
    manifest = rank_manifest("trainjob", nodes, processes, CLAIMED)
    trainer = manifest["spec"]["trainer"]
    labels = manifest["metadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "inkling-gpu"
    assert labels["kueue.x-k8s.io/priority-class"] == "inkling-training"
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (nodes, processes)
    assert trainer["args"] == ["/runs/tokens", "/runs/a b"]


def test_a_train_job_names_the_runtime_of_the_overlay_or_another(errors: Errors) -> None:
    stated = rank_manifest("trainjob", 2, 8)["spec"]["runtimeRef"]
    runtime = named(render("multi-node"), stated["kind"], stated["name"])
    assert runtime["apiVersion"].startswith(stated["apiGroup"])
    (replicated,) = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    spec = rank_manifest("trainjob", 2, 8)["spec"]["runtimePatches"][0]["trainingRuntimeSpec"]["template"]["spec"]
    assert [job["name"] for job in spec["replicatedJobs"]] == [replicated["name"]]
    own = RuntimeConfig(kind="ClusterTrainingRuntime", name="torch-distributed")
    other = train_job(rank_job(2, 8), own)
    assert other["spec"]["runtimeRef"]["kind"] == "ClusterTrainingRuntime" and not errors(other)


@both
def test_the_network_policies_know_the_pods_of_ranks(kind: str) -> None:
    policies = yaml.safe_load_all((Path(inkling.__file__).parent / "manifests/base/network-policies.yaml").read_text())
    (wanted,) = [
        policy["spec"]["podSelector"]["matchLabels"]
        for policy in policies
        if policy["metadata"]["name"] == "allow-training"
    ]
    for template in rank_templates(rank_manifest(kind, 2, 8)):
        assert wanted.items() <= template["metadata"]["labels"].items()


@both
def test_a_typo_in_a_manifest_is_found(kind: str, errors: Errors) -> None:
    manifest: dict[str, Any] = copy.deepcopy(rank_manifest(kind, 2, 8))
    manifest["spec"]["tasksOrTrainer"] = {}
    assert len(errors(manifest)) == 1


def test_a_train_job_without_pods_is_refused() -> None:
    with pytest.raises(ValueError, match="job 'x' says nothing of the pods"):
        train_job(Job("x", "module", (), Path("/logs")), RuntimeConfig())
