"""A job as a TrainJob of Kubeflow Trainer, the maintained alternative to a Volcano Job, admitted by Kueue.

The runtime that it names sets torchrun's rendezvous by environment variables and calls the container and the replicated
job `node`, as Trainer's own `torch-distributed` does.
"""

from typing import Any

from inkling.components.shared.launch.app import rank_environment
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.launch import RuntimeConfig
from inkling.components.shared.launch.pod import RANK_LABELS, kueue_labels, rank_pod

_API_GROUP = "trainer.kubeflow.org"
_NODE = "node"
_MANAGER = "inkling/pretrain"
_PATCHABLE = ("imagePullSecrets", "nodeSelector", "securityContext", "serviceAccountName", "tolerations", "volumes")
"""What a TrainJob may say of its pods beside their containers; the rest is the runtime's."""


def train_job(job: Job, runtime: RuntimeConfig) -> dict[str, Any]:
    """The manifest of a TrainJob.

    Args:
        job: What runs where, in pods of which the placement names Kueue's queue.
        runtime: The runtime that it names.
    """
    pod = job.cluster_pod()
    environment = [{"name": name, "value": value} for name, value in sorted(rank_environment(job).items())]
    spec = rank_pod(pod, {"name": _NODE, "env": environment})
    (container,) = spec["containers"]
    patch = {name: spec[name] for name in _PATCHABLE if name in spec}
    patch["containers"] = [{name: container[name] for name in ("name", "securityContext", "volumeMounts")}]
    template = {"metadata": {"labels": RANK_LABELS}, "spec": patch}
    replicated = {"name": _NODE, "template": {"spec": {"template": template}}}
    return {
        "apiVersion": f"{_API_GROUP}/v1alpha1",
        "kind": "TrainJob",
        "metadata": {
            "name": job.name,
            "namespace": pod.namespace,
            "labels": {**RANK_LABELS, **kueue_labels(pod.wanted)},
        },
        "spec": {
            "runtimeRef": {"apiGroup": _API_GROUP, "kind": runtime.kind, "name": runtime.name},
            "trainer": {
                "image": container["image"],
                "command": ["torchrun", "--tee", "3", "-m", job.module],
                "args": list(job.arguments),
                "env": container["env"],
                "numNodes": job.nodes,
                "numProcPerNode": job.processes,
                "resourcesPerNode": container["resources"],
            },
            "runtimePatches": [
                {"manager": _MANAGER, "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [replicated]}}}}
            ],
        },
    }
