"""The objects of a cluster that a profile refers to: whether they exist, asked by a run's preflight in its pod."""

from collections.abc import Iterable
from typing import Any

import yaml

from inkling.components.shared.runtime.progress import note
from inkling.pipelines.cluster.cluster_api import ClusterApi, ClusterApiError
from inkling.pipelines.cluster.pods import StagePods

LAUNCHER_CONFIG, STORE_SECRET = "kfp-launcher", "mlpipeline-minio-artifact"
"""What the launcher of KFP 2.17 reads in the namespace of a run: a ConfigMap if it is there, and a Secret by it."""
_DEFAULT_ROOT = "minio://mlpipeline/v2/artifacts"
_KUEUE, _VOLCANO = "kueue.x-k8s.io", "batch.volcano.sh"
_POLICIES = ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy")


def unusable(profile: str, stages: Iterable[str], api: ClusterApi | None = None) -> list[str]:
    """Names what a run would miss.

    A PriorityClass and Volcano's Queue belong to the whole cluster, and no role of a namespace can read them.

    Args:
        profile: The checked profile, as YAML text.
        stages: The stages of the pipeline.
        api: The API; as this pod's service account sees it where None.

    Returns:
        A line for each; none where the API cannot be asked, which is noted.
    """
    pods = StagePods.of(profile)
    try:
        api = api or ClusterApi.of_pod()
        groups = api.groups()
        problems = _store(pods, api) + _queues(pods, stages, api, groups)
        if pods.launching and _VOLCANO not in groups:
            problems.append(
                f"{next(iter(pods.launching))}.launch.scheduler is kubernetes, and the cluster has no {_VOLCANO}: "
                "install Volcano, apply manifests/components/volcano"
            )
        if any(_needs_policy(pods, stage) for stage in stages) and not api.has(*_POLICIES):
            note(
                "the cluster has no MutatingAdmissionPolicy (Kubernetes 1.36): ephemeral_storage and priority_class of "
                "the placement hold for no pod"
            )
    except ClusterApiError as error:
        note(f"what the profile names was not checked: {error}")
        return []
    return problems


def _queues(pods: StagePods, stages: Iterable[str], api: ClusterApi, groups: dict[str, str]) -> list[str]:
    """Local queues that are not there."""
    named = dict.fromkeys(queue for stage in stages if (queue := pods.tasks.of(stage).queue))
    if named and _KUEUE not in groups:
        return [
            f"placement names the queue {', '.join(named)}, and the cluster has no {_KUEUE}: install Kueue and apply "
            "manifests/components/kueue, or take `queue` out"
        ]
    problems, namespace = [], pods.tasks.namespace
    for queue in named:
        found = api.get(f"/apis/{_KUEUE}/{groups[_KUEUE]}/namespaces/{namespace}/localqueues/{queue}")
        if found.hidden:
            note(f"LocalQueue '{queue}' was not checked: the account may not read it (manifests/components/kueue)")
        elif found.body is None:
            problems.append(
                f"there is no LocalQueue '{queue}' in namespace '{namespace}', pods of the run would wait for ever: "
                "apply manifests/components/kueue, or name another queue in placement"
            )
    return problems


def _store(pods: StagePods, api: ClusterApi) -> list[str]:
    """What keeps KFP's launcher from the store of artifacts."""
    namespace = pods.tasks.namespace
    account, core = pods.tasks.service_account, f"/api/v1/namespaces/{namespace}"
    role = "apply manifests/base, whose Role inkling-pipeline grants it"
    config = api.get(f"{core}/configmaps/{LAUNCHER_CONFIG}")
    if config.hidden:
        return [f"account '{account}' may not get ConfigMap '{LAUNCHER_CONFIG}' in namespace '{namespace}': {role}"]
    settings = (config.body or {}).get("data") or {}
    root = pods.tasks.pipeline_root or settings.get("defaultPipelineRoot") or _DEFAULT_ROOT
    secret = _secret_of(root, yaml.safe_load(settings.get("providers") or "") or {})
    if secret is None:
        return []
    found = api.get(f"{core}/secrets/{secret}", names_only=True)
    if found.hidden:
        return [
            f"artifacts go to {root}, whose key is in Secret '{secret}', which account '{account}' may not get in "
            f"namespace '{namespace}': "
            + (role if secret == STORE_SECRET else "grant it that, or let the store's credentials be `fromEnv`")
        ]
    if found.body is None:
        return [
            f"artifacts go to {root}, whose key is in Secret '{secret}', and namespace '{namespace}' has none of that "
            "name: create it, or set placement.pipeline_root"
        ]
    return []


def _secret_of(root: str, providers: dict[str, Any]) -> str | None:
    """The Secret that KFP's launcher reads through the API for a store (backend/src/v2/config); None for no one."""
    scheme, _, rest = root.partition("://")
    bucket, _, prefix = rest.partition("/")
    if "?" in rest:
        return None
    own = providers.get(scheme) or {}
    overrides = own.get("overrides") or own.get("Overrides") or []
    matching = [
        one for one in overrides if one["bucketName"] == bucket and prefix.startswith(str(one.get("keyPrefix") or ""))
    ]
    default = own.get("default")
    if default is None:
        return STORE_SECRET if scheme == "minio" else None
    credentials = (matching[0] if matching else default).get("credentials") or {}
    if credentials.get("fromEnv"):
        return None
    return (credentials.get("secretRef") or {}).get("secretName")


def _needs_policy(pods: StagePods, stage: str) -> bool:
    placed = pods.tasks.of(stage)
    return bool(placed.ephemeral_storage or placed.priority_class)
