"""A job as a TrainJob of Kubeflow Trainer, the maintained alternative to a Volcano Job, admitted by Kueue.

The runtime `torch-distributed` that Trainer ships sets torchrun's rendezvous by environment variables and calls the
container and the replicated job `node`.
"""

from typing import Any

from inkling.components.shared.launch.app import rank_environment
from inkling.components.shared.launch.job import Job, Node
from inkling.components.shared.launch.volcano import LABELS, POD_RESTRICTED, RESTRICTED, SCRATCH

_RUNTIME, _CONTAINER = "torch-distributed", "node"
_MANAGER = "inkling/pretrain"
_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


def train_job(job: Job, namespace: str, queue: str, service_account: str | None = None) -> dict[str, Any]:
    """The manifest of a TrainJob.

    Args:
        job: What runs where; its node is set.
        namespace: Where it goes.
        queue: Kueue's local queue, which admits it.
        service_account: Account of its pods.

    Raises:
        ValueError: If the job says nothing of its nodes.
    """
    node = job.node
    if node is None:
        raise ValueError(f"job '{job.name}' says nothing of the nodes that it takes")
    resources = {"cpu": str(node.cpus), "memory": f"{node.memory_gb}G"}
    if node.gpus:
        resources["nvidia.com/gpu"] = str(node.gpus)
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": job.name, "namespace": namespace, "labels": {_QUEUE_LABEL: queue}},
        "spec": {
            "runtimeRef": {"name": _RUNTIME},
            "trainer": {
                "image": node.image,
                "command": ["torchrun", "--tee", "3", "-m", job.module],
                "args": list(job.arguments),
                "env": _environment(job, node),
                "numNodes": job.nodes,
                "numProcPerNode": job.processes,
                "resourcesPerNode": {"limits": resources, "requests": resources},
            },
            "runtimePatches": [{"manager": _MANAGER, "trainingRuntimeSpec": _patch(node, service_account)}],
        },
    }


def _environment(job: Job, node: Node) -> list[dict[str, Any]]:
    plain = [{"name": name, "value": value} for name, value in sorted(rank_environment(job).items())]
    return plain + [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for name, (secret, key) in sorted(node.secrets.items())
    ]


def _patch(node: Node, service_account: str | None) -> dict[str, Any]:
    """What a TrainJob says of its pods beside the runtime: volumes, shared memory, security."""
    volumes: list[dict[str, Any]] = [{"name": "shared-memory", "emptyDir": {"medium": "Memory"}}]
    mounts = [{"name": "shared-memory", "mountPath": "/dev/shm"}]  # noqa: S108 (where torch's workers share memory)
    for number, (claim, path) in enumerate(sorted(node.claims.items())):
        volumes.append({"name": f"claim-{number}", "persistentVolumeClaim": {"claimName": claim}})
        mounts.append({"name": f"claim-{number}", "mountPath": path})
    if node.scratch:
        volumes.append({"name": SCRATCH, "emptyDir": {}})
        mounts.append({"name": SCRATCH, "mountPath": node.scratch})
    pod: dict[str, Any] = {
        "containers": [{"name": _CONTAINER, "volumeMounts": mounts, "securityContext": RESTRICTED}],
        "securityContext": POD_RESTRICTED,
        "volumes": volumes,
    }
    if service_account is not None:
        pod["serviceAccountName"] = service_account
    replicated = {"name": _CONTAINER, "template": {"spec": {"template": {"metadata": {"labels": LABELS}, "spec": pod}}}}
    return {"template": {"spec": {"replicatedJobs": [replicated]}}}
