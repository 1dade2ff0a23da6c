"""A job as a Volcano Job, through TorchX's Kubernetes scheduler: TorchX writes the command, `rank_pod` the pods."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torchx.runner import Runner, get_runner
from torchx.schedulers.kubernetes_scheduler import sanitize_for_serialization
from torchx.specs import AppDryRunInfo
from urllib3.exceptions import HTTPError

from inkling.components.shared.launch.api import custom_objects, passes, patiently, words_of
from inkling.components.shared.launch.app import app_definition
from inkling.components.shared.launch.failure import RankError
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.pod import RANK_LABELS, rank_pod
from inkling.components.shared.runtime.progress import note

_GROUP, _VERSION, _PLURAL = "batch.volcano.sh", "v1alpha1", "jobs"
_KEPT_SECONDS = 3600
"""How long Volcano keeps a job that has ended; one whose stage was killed lies there no longer."""
_DELETE_SECONDS = 20.0
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def volcano_job(job: Job) -> dict[str, Any]:
    """The manifest that is submitted, without asking any cluster.

    Args:
        job: What runs where, in pods.
    """
    with get_runner() as runner:
        manifest: dict[str, Any] = _request(runner, job).request.resource
    return manifest


@contextmanager
def submitted(runner: Runner, job: Job) -> Iterator[str]:
    """Submits a job and gives TorchX's handle of it; at the end it is deleted, whatever the end is.

    Args:
        runner: TorchX's.
        job: What runs where, in pods.

    Raises:
        RankError: If the API refuses to make the job or to tell of it, in the API's words. If it refuses to delete one
            that has not succeeded, the message says which one stays and how to delete it.
    """
    ready = _request(runner, job)
    namespace, name = (ready.request.resource["metadata"][key] for key in ("namespace", "name"))
    try:
        yield _schedule(runner, ready, job)
    except _RefusedError:
        raise
    except SystemExit:
        if stays := _delete(namespace, name):
            note(stays)
        raise
    except BaseException as error:
        words = f"Kubernetes tells nothing of the ranks of '{job.name}': {words_of(error)}" if _of_api(error) else ""
        if stays := _delete(namespace, name):
            raise RankError(f"{words or error}\n{stays}") from error
        if words:
            raise RankError(f"{words}\nTheir job {name} was deleted, for nobody would see how it ends") from error
        raise
    if stays := _delete(namespace, name):
        note(stays)


class _RefusedError(RankError):
    """No job was made."""


def _schedule(runner: Runner, ready: AppDryRunInfo[Any], job: Job) -> str:
    """Submits a job, once: whether a server that gave no answer has made it is not known, and it is deleted then."""
    from kubernetes.client.exceptions import ApiException

    try:
        return runner.schedule(ready)
    except ApiException as error:
        if passes(error):
            raise
        raise _RefusedError(f"Kubernetes refused to start the ranks of '{job.name}': {words_of(error)}") from error


def _of_api(error: BaseException) -> bool:
    from kubernetes.client.exceptions import ApiException

    return isinstance(error, ApiException | HTTPError)


def _delete(namespace: str, name: str) -> str | None:
    """Deletes a job with its pods; what a person must do, if it could not be."""
    from kubernetes.client.exceptions import ApiException

    def delete() -> None:
        custom_objects().delete_namespaced_custom_object(_GROUP, _VERSION, namespace, _PLURAL, name)

    try:
        patiently(delete, _DELETE_SECONDS)
    except (ApiException, HTTPError) as error:
        if getattr(error, "status", None) != 404:
            return (
                f"Volcano Job {name} stays, for it could not be deleted ({words_of(error)}). Until it has ended it "
                f"holds its nodes' devices; delete it: kubectl --namespace {namespace} delete {_PLURAL}.{_GROUP} {name}"
            )
    return None


def _request(runner: Runner, job: Job) -> AppDryRunInfo[Any]:
    """What TorchX would submit, with our pods around its commands."""
    pod = job.cluster_pod()
    options = {"namespace": pod.namespace, "queue": job.queue, "validate_spec": False}
    ready = runner.dryrun(app_definition(job), "kubernetes", cfg=options, workspace=None)
    manifest: dict[str, Any] = sanitize_for_serialization(ready.request.resource)
    manifest["metadata"] |= {"namespace": pod.namespace, "labels": RANK_LABELS, **_owner(pod.namespace, os.environ)}
    manifest["spec"]["ttlSecondsAfterFinished"] = _KEPT_SECONDS
    if pod.wanted.priority_class:
        manifest["spec"]["priorityClassName"] = pod.wanted.priority_class
    for task in manifest["spec"]["tasks"]:
        template = task["template"]
        template["metadata"]["labels"] |= RANK_LABELS
        (made,) = template["spec"]["containers"]
        kept = {key: made[key] for key in ("name", "command", "env", "ports")}
        template["spec"] = rank_pod(pod, kept)
    ready.request.resource = manifest
    return ready


def _owner(namespace: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The stage's own pod as the job's owner, as KFP names it: Kubernetes deletes the job once that pod is deleted.

    None where the stage is in no pod of the job's namespace: an owner that is not found there counts as deleted.
    """
    name, uid = environment.get("KFP_POD_NAME"), environment.get("KFP_POD_UID")
    if not (name and uid and _OWN_NAMESPACE.exists() and _OWN_NAMESPACE.read_text().strip() == namespace):
        return {}
    return {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}]}
