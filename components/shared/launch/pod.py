"""What every pod of ours has in common, and the pod of a node's ranks: plain dicts, whoever makes the pod of them.

KFP, Volcano and Kubeflow Trainer have each a way of their own to say what a pod is. What they say comes from one place
in the profile, the section `placement`, and from the constants here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inkling.components.shared.launch.placement import Placement

USER = 1001
"""User and group of every process; the images know it, and what is mounted is handed to it."""
POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""With `POD_SECURITY`, what the restricted Pod Security Standard asks, and a root file system that nobody writes to."""
PART_OF = {"app.kubernetes.io/part-of": "inkling"}
COMPONENT_LABEL = "app.kubernetes.io/component"
RANK_LABELS = {**PART_OF, COMPONENT_LABEL: "training"}
"""By which the network policies know the pods of ranks."""
SCRATCH = "/scratch"
"""Where the pods of ranks find a directory of their node's own disk."""
_QUEUE, _PRIORITY = "kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/priority-class"
_SHARED_MEMORY, _TEMPORARY = "/dev/shm", "/tmp"  # noqa: S108 (the pod's own)


@dataclass(frozen=True)
class RankPod:
    """The pod that runs the ranks of one node.

    Attributes:
        image: Container image that holds this package.
        namespace: Where it goes.
        service_account: Its account.
        wanted: What it may use, and on which nodes.
        claims: Where each volume claim is mounted, by the claim's name.
        scratch: Whether the ranks fetch to, and write to, the node's own disk.
    """

    image: str
    namespace: str
    service_account: str
    wanted: Placement
    claims: Mapping[str, str] = field(default_factory=dict)
    scratch: bool = False


def kueue_labels(wanted: Placement) -> dict[str, str]:
    """Labels by which Kueue queues an object, with its WorkloadPriorityClass; none where no queue is named."""
    if wanted.queue is None:
        return {}
    return {_QUEUE: wanted.queue, **({_PRIORITY: wanted.priority_class} if wanted.priority_class else {})}


def resources(wanted: Placement) -> dict[str, dict[str, str]]:
    """Requests and limits of a container; they are the same."""
    amounts = {"cpu": wanted.cpu, "memory": wanted.memory, "ephemeral-storage": wanted.ephemeral_storage}
    stated = {name: amount for name, amount in amounts.items() if amount}
    if wanted.accelerator:
        stated[wanted.accelerator.type] = str(wanted.accelerator.count)
    return {"requests": stated, "limits": dict(stated)}


def environment(wanted: Placement) -> list[dict[str, Any]]:
    """The environment variables that a container has from Secrets; only references stand here."""
    return [
        {"name": entry.env, "valueFrom": {"secretKeyRef": {"name": entry.secret, "key": entry.key}}}
        for entry in wanted.secrets
    ]


def rank_pod(pod: RankPod, container: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of the pod.

    Args:
        pod: What it has.
        container: What whoever starts the ranks says of their container: its name, command and environment.
    """
    wanted = pod.wanted
    mounts: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    whole = {
        **container,
        "image": pod.image,
        "env": [*container.get("env", []), *environment(wanted)],
        "resources": resources(wanted),
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": mounts,
    }
    for name, path, volume in _volumes(pod):
        mounts.append({"name": name, "mountPath": path})
        volumes.append({"name": name, **volume})
    spec = {
        "automountServiceAccountToken": False,
        "containers": [whole],
        "imagePullSecrets": [{"name": name} for name in wanted.image_pull_secrets],
        "nodeSelector": dict(wanted.node_selector),
        "priorityClassName": wanted.priority_class,
        "restartPolicy": "Never",
        "securityContext": POD_SECURITY,
        "serviceAccountName": pod.service_account,
        "tolerations": [taint.model_dump(exclude_none=True) for taint in wanted.tolerations],
        "volumes": volumes,
    }
    return {name: value for name, value in spec.items() if value or value is False}


def _volumes(pod: RankPod) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, path and source of each volume; what lies on the node or in its memory has a limit."""
    wanted = pod.wanted
    memory = {"medium": "Memory", "sizeLimit": wanted.shared_memory or wanted.memory}
    disk = {"emptyDir": {"sizeLimit": wanted.ephemeral_storage}}
    return [
        ("shared-memory", _SHARED_MEMORY, {"emptyDir": memory}),
        ("temporary", _TEMPORARY, disk),
        *([("scratch", SCRATCH, disk)] if pod.scratch else []),
        *(
            (f"claim-{number}", path, {"persistentVolumeClaim": {"claimName": claim}})
            for number, (claim, path) in enumerate(sorted(pod.claims.items()))
        ),
    ]
