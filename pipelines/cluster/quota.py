"""Whether the namespace's quotas leave room for the pods of a run, read from the Kubernetes API."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from inkling.components.shared.runtime.progress import note
from inkling.pipelines.cluster.pods import Amounts, StagePods, shown

_PLAIN = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}


@dataclass(frozen=True)
class Quota:
    """A ResourceQuota of the namespace.

    Attributes:
        name: Its name.
        hard: What it allows, by its own names of the resources.
        used: What is used of that.
    """

    name: str
    hard: Amounts
    used: Amounts


def quotas(namespace: str, client: Any = None) -> list[Quota]:
    """The quotas of a namespace that hold for every pod; one with scopes is passed over, and that is noted.

    Args:
        namespace: The namespace.
        client: A `kubernetes.client.CoreV1Api`; that of the pod's own service account where None.

    Returns:
        The quotas; none where the account may not read them, which is noted.
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
        found = client.list_namespaced_resource_quota(namespace, _request_timeout=5).items
    except (ApiException, ConfigException, HTTPError) as error:
        note(f"quota was not checked: {getattr(error, 'reason', None) or error}")
        return []
    read = []
    for quota in found:
        if quota.spec.scopes or quota.spec.scope_selector:
            note(f"quota '{quota.metadata.name}' was not checked: it holds for some pods only, by its scopes")
            continue
        used = (quota.status and quota.status.used) or {}
        hard, taken = (
            {name: parse_quantity(amount) for name, amount in amounts.items()} for amounts in (quota.spec.hard, used)
        )
        read.append(Quota(quota.metadata.name, hard, taken))
    return read


def too_large(found: Iterable[Quota], pods: StagePods, stages: Iterable[str]) -> list[str]:
    """Names the stages whose pods can never start because a quota is smaller than what they ask for.

    Ranks that are launched count together: they all start, or training does not.

    Args:
        found: The quotas.
        pods: The pods of the profile's stages.
        stages: The stages of the pipeline.

    Returns:
        A line for each.
    """
    return [
        f"stage '{stage}': {whose} {'asks' if count == 1 else 'ask'} for {shown(counted, one[counted] * count)} of "
        f"{name}{f' ({count} x {shown(counted, one[counted])})' if count > 1 else ''}, quota '{quota.name}' allows "
        f"{shown(counted, allowed)}: raise the quota or lower placement.stages.{stage}"
        for stage in stages
        for whose, count, one in pods.stated(stage)
        for quota in found
        for name, allowed in quota.hard.items()
        if (counted := _counted(name)) in one and one[counted] * count > allowed
    ]


def waiting(found: Iterable[Quota], asked: Amounts) -> list[str]:
    """Says what a run asks for at most at once beyond what the quotas leave now; so much of it will wait.

    Args:
        found: The quotas.
        asked: The sums of the run, as `demand` gives them.

    Returns:
        A line for each resource.
    """
    return [
        f"the run asks for up to {shown(counted, asked[counted])} of {name} at once, quota '{quota.name}' leaves "
        f"{shown(counted, left)} of {shown(counted, allowed)}: some tasks will wait for others"
        for quota in found
        for name, allowed in quota.hard.items()
        if (counted := _counted(name)) in asked
        and asked[counted] > (left := allowed - quota.used.get(name, Decimal(0)))
    ]


def _counted(name: str) -> str:
    """What a quota counts by a name; those of requests have a short form too, and pods may be counted as objects."""
    return "pods" if name == "count/pods" else _PLAIN.get(name, name)
