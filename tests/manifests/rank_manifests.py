"""What `inkling ranks` prints for the documented example over the profile `cluster`, by kind and size."""

import functools
from pathlib import Path

import yaml
from overlays import ROOT, Object

from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.launch import MODULE
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.trainjob import train_job
from inkling.components.shared.launch.volcano import volcano_job
from inkling.components.shared.launch.work import stage_job
from inkling.models.strict_json import to_json
from inkling.pipelines import profiles

SIZES = [(1, 1), (2, 8), (4, 8)]
"""Nodes, and ranks of a node."""
KINDS = ("trainjob", "volcano")
IMAGE = f"registry.example/inkling/train-gpu@sha256:{'a' * 64}"
CLAIMED = "{scheduler: kubernetes, retries: 2, claims: {inkling-runs: /runs}}"


def documented() -> Object:
    """The example of docs/cluster.md of ranks on several nodes."""
    section = (ROOT / "docs" / "cluster.md").read_text().partition("## What moves between pods")[2]
    return yaml.safe_load(section.partition("```yaml")[2].partition("```")[0])


def rank_settings(nodes: int, processes: int, launch: str = "") -> list[str]:
    """The example as overrides of the profile `cluster`, at another size, with images by digest.

    Args:
        nodes: Machines.
        processes: Ranks of a machine.
        launch: Another `pretrain.launch`, as YAML.
    """
    example = documented()
    pod = {**example["placement"]["stages"]["pretrain"], "accelerator": {"type": "nvidia.com/gpu", "count": processes}}
    pretrain = {**example["pretrain"], "nodes": nodes, "processes": processes, "batch": nodes * processes}
    pretrain |= {"launch": yaml.safe_load(launch)} if launch else {}
    return [
        *(f"pretrain.{name}={to_json(value)}" for name, value in pretrain.items()),
        *(f"placement.stages.pretrain.{name}={to_json(value)}" for name, value in pod.items()),
        f"placement.images={{inkling/train-gpu: '{IMAGE}'}}",
    ]


def rank_config(nodes: int, processes: int, launch: str = "") -> PretrainConfig:
    """The stage's configuration with these settings."""
    return PretrainConfig.parse(profiles.load("cluster", rank_settings(nodes, processes, launch)))


def rank_job(nodes: int, processes: int, launch: str = "") -> Job:
    """The job of these settings."""
    config = rank_config(nodes, processes, launch)
    claimed = ("/runs/tokens", "/runs/a b")
    tokens, work = claimed if config.launch.claims else ("s3://inkling/tokens", "s3://inkling/work")
    return stage_job(config, MODULE, {"tokens": tokens}, work, Path(work))


@functools.cache
def rank_manifest(kind: str, nodes: int, processes: int, launch: str = "") -> Object:
    """The manifest of a kind, for reading only."""
    job = rank_job(nodes, processes, launch)
    return volcano_job(job) if kind == "volcano" else train_job(job, rank_config(nodes, processes).launch.runtime)


def rank_templates(manifest: Object) -> list[Object]:
    """The pod templates of a manifest, those of a TrainJob with what its trainer says of their container."""
    if manifest["kind"] == "Job":
        return [task["template"] for task in manifest["spec"]["tasks"]]
    trainer = manifest["spec"]["trainer"]
    (patch,) = manifest["spec"]["runtimePatches"]
    (replicated,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    template = replicated["template"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    whole = {
        **container,
        "image": trainer["image"],
        "command": [*trainer["command"], *trainer["args"]],
        "env": trainer["env"],
        "resources": trainer["resourcesPerNode"],
    }
    return [{**template, "spec": {**template["spec"], "containers": [whole]}}] * trainer["numNodes"]


def rank_pods(overlay: str) -> dict[str, Object]:
    """A pod template of the ranks that an overlay is made for, by kind and size."""
    sizes = SIZES if overlay == "multi-node" else []
    return {
        f"{kind} {nodes} x {processes}": rank_templates(rank_manifest(kind, nodes, processes))[0]
        for kind in KINDS
        for nodes, processes in sizes
    }
