"""A job as a Volcano Job, through TorchX's Kubernetes scheduler."""

from collections.abc import Mapping
from typing import Any

from torchx.runner import get_runner
from torchx.schedulers.kubernetes_scheduler import sanitize_for_serialization

from inkling.components.shared.launch.app import app_definition
from inkling.components.shared.launch.job import Job

RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD_RESTRICTED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""What the restricted Pod Security Standard asks of a container and of its pod."""
LABELS = {"app.kubernetes.io/component": "training"}
"""By which the network policies know the pods of ranks."""
SCRATCH = "scratch"
"""Name of the volume on the node's own disk."""


def scheduler_options(namespace: str, queue: str, service_account: str | None) -> dict[str, str]:
    """Options of TorchX's Kubernetes scheduler."""
    options = {"namespace": namespace, "queue": queue}
    return options if service_account is None else {**options, "service_account": service_account}


def volcano_job(job: Job, options: Mapping[str, str]) -> dict[str, Any]:
    """The manifest that TorchX would submit, without asking any cluster.

    Args:
        job: What runs where; its node is set.
        options: The scheduler's options.
    """
    with get_runner() as runner:
        settings = {**options, "validate_spec": False}
        ready = runner.dryrun(app_definition(job), "kubernetes", cfg=settings, workspace=None)
    resource: dict[str, Any] = ready.request.resource
    equip(resource, job)
    manifest: dict[str, Any] = sanitize_for_serialization(resource)
    return manifest


def equip(resource: Mapping[str, Any], job: Job) -> None:
    """Gives the pods of a Volcano Job, in place, what TorchX has no words for: label, scratch, secrets, security."""
    from kubernetes import client

    assert job.node is not None
    keys = [
        client.V1EnvVar(
            name=variable,
            value_from=client.V1EnvVarSource(secret_key_ref=client.V1SecretKeySelector(name=secret, key=key)),
        )
        for variable, (secret, key) in sorted(job.node.secrets.items())
    ]
    for task in resource["spec"]["tasks"]:
        task["template"].metadata.labels.update(LABELS)
        pod = task["template"].spec
        pod.security_context = client.V1PodSecurityContext(
            run_as_non_root=True, seccomp_profile=client.V1SeccompProfile(type="RuntimeDefault")
        )
        if job.node.scratch:
            pod.volumes.append(client.V1Volume(name=SCRATCH, empty_dir=client.V1EmptyDirVolumeSource()))
        for container in pod.containers:
            container.security_context = client.V1SecurityContext(
                allow_privilege_escalation=False, capabilities=client.V1Capabilities(drop=["ALL"])
            )
            container.env.extend(keys)
            if job.node.scratch:
                container.volume_mounts.append(client.V1VolumeMount(name=SCRATCH, mount_path=job.node.scratch))
