"""The manifests that `inkling ranks` prints, and the pods that their controllers make of them."""

import functools
from typing import Any

import yaml
from overlays import Object, named, render
from typer.testing import CliRunner

from inkling.pipelines.cli import app

SIZES = ((1, 1), (2, 8), (4, 8))
KINDS = ("volcano", "trainjob")


@functools.cache
def rank_manifest(kind: str, nodes: int, processes: int) -> Object:
    """What the command prints for so many nodes and ranks of a node, for reading only."""
    queue = {"volcano": "inkling", "trainjob": "inkling-gpu"}[kind]
    launch = (
        f"{{scheduler: kubernetes, image: inkling/train-gpu:0.1.0, namespace: inkling, queue: {queue}, "
        f"gpus: {processes}, service_account: inkling-pipeline, "
        "storage: {uri: 's3://inkling/ranks', secret: inkling-storage}}"
    )
    settings = [f"pretrain.nodes={nodes}", f"pretrain.processes={processes}", "pretrain.batch=32"]
    settings += ["pretrain.strategy=fsdp2", f"pretrain.launch={launch}"]
    command = ["ranks", "s3://inkling/tokens", "s3://inkling/work", "--profile", "cluster", "--kind", kind]
    result = CliRunner().invoke(app, [*command, *(part for text in settings for part in ("--set", text))])
    assert result.exit_code == 0, result.exception
    return yaml.safe_load(result.stdout)


def pod_templates(manifest: Object) -> list[dict[str, Any]]:
    """The pod templates of a Volcano Job, or those that a TrainJob patches into its runtime's."""
    if "tasks" in manifest["spec"]:
        return [task["template"] for task in manifest["spec"]["tasks"]]
    return [
        job["template"]["spec"]["template"]
        for patch in manifest["spec"]["runtimePatches"]
        for job in patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    ]


def rank_pods(overlay: str) -> dict[str, dict[str, Any]]:
    """The pod templates of all ranks that an overlay is made for, and of its own training runtime, by name."""
    if overlay != "multi-node":
        return {}
    found = {
        f"{kind} {nodes} x {processes}": pod_templates(rank_manifest(kind, nodes, processes))[0]
        for kind in KINDS
        for nodes, processes in SIZES
    }
    runtime = named(render(overlay), "TrainingRuntime", "inkling-torch")["spec"]
    (job,) = runtime["template"]["spec"]["replicatedJobs"]
    return {**found, "runtime": job["template"]["spec"]["template"]}
