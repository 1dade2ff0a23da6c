"""Whether the namespace's quota leaves room for the largest pod of each stage, read from the Kubernetes API."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from inkling.components.shared.launch.placement import Placement, PlacementConfig
from inkling.components.shared.runtime.progress import note


def too_large(placement: PlacementConfig, stages: Iterable[str], client: Any = None) -> list[str]:
    """Names the stages whose pod can never start because the quota is smaller than what it asks for.

    Args:
        placement: The placement.
        stages: The stages of the pipeline.
        client: A `kubernetes.client.CoreV1Api`; that of the pod's own service account where None.

    Returns:
        A line for each; none where the account may not read the quota, which is noted.
    """
    from kubernetes.client import CoreV1Api
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config import ConfigException, load_incluster_config
    from kubernetes.utils import parse_quantity
    from urllib3.exceptions import HTTPError

    try:
        if client is None:
            load_incluster_config()
            client = CoreV1Api()
        quotas = client.list_namespaced_resource_quota(placement.namespace, _request_timeout=5).items
    except (ApiException, ConfigException, HTTPError) as error:
        note(f"quota was not checked: {getattr(error, 'reason', None) or error}")
        return []
    problems = []
    for stage in stages:
        wanted = {name: parse_quantity(amount) for name, amount in requests(placement.of(stage)).items()}
        for quota in quotas:
            hard: dict[str, Decimal] = {name: parse_quantity(amount) for name, amount in quota.spec.hard.items()}
            problems += [
                f"stage '{stage}' asks for {requests(placement.of(stage))[name]} of {name}, quota "
                f"'{quota.metadata.name}' allows {quota.spec.hard[name]}"
                for name in wanted
                if name in hard and wanted[name] > hard[name]
            ]
    return problems


def requests(wanted: Placement) -> dict[str, str]:
    """What a pod asks for, by the names of a ResourceQuota."""
    amounts = {
        "requests.cpu": wanted.cpu,
        "requests.memory": wanted.memory,
        "requests.ephemeral-storage": wanted.ephemeral_storage,
    }
    if wanted.accelerator:
        amounts[f"requests.{wanted.accelerator.type}"] = str(wanted.accelerator.count)
    return {name: amount for name, amount in amounts.items() if amount}
