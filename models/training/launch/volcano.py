"""A job as a Volcano Job, through TorchX's Kubernetes scheduler."""

from collections.abc import Mapping
from typing import Any

from torchx.runner import get_runner
from torchx.schedulers.kubernetes_scheduler import sanitize_for_serialization

from inkling.models.training.launch.app import app_definition
from inkling.models.training.launch.job import Job

RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD_RESTRICTED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""What the restricted Pod Security Standard asks of a container and of its pod."""


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
    harden(resource)
    manifest: dict[str, Any] = sanitize_for_serialization(resource)
    return manifest


def harden(resource: Mapping[str, Any]) -> None:
    """Gives the pods of a Volcano Job, in place, what the restricted Pod Security Standard asks for."""
    from kubernetes import client

    for task in resource["spec"]["tasks"]:
        pod = task["template"].spec
        pod.security_context = client.V1PodSecurityContext(
            run_as_non_root=True, seccomp_profile=client.V1SeccompProfile(type="RuntimeDefault")
        )
        for container in pod.containers:
            container.security_context = client.V1SecurityContext(
                allow_privilege_escalation=False, capabilities=client.V1Capabilities(drop=["ALL"])
            )
