"""The pods that KFP makes of the compiled pipelines, as KFP 2.17 writes them and the pod policies then change them."""

import atexit
import functools
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from overlays import Object

from inkling.pipelines import profiles
from inkling.pipelines.ir import Compiled, compile_for_cluster, compile_monitor_for_cluster, compile_study_for_cluster
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.plan import StudyPlan

LABELLED = "mixture.recipe={labels: {reasoning: 0.6}}"
CASES = {
    "visual-prior of gpu": ("gpu-pool", "gpu", ()),
    "visual-prior of cluster": ("multi-node", "cluster", ()),
    "visual-prior by labels of gpu": ("gpu-pool", "gpu", (LABELLED,)),
    "visual-prior by labels of cluster": ("multi-node", "cluster", (LABELLED,)),
    "study of gpu": ("gpu-pool", "gpu", ()),
    "study of cluster": ("multi-node", "cluster", ()),
    "monitor of gpu": ("gpu-pool", "gpu", ()),
    "monitor of cluster": ("multi-node", "cluster", ()),
}
"""What is compiled: the overlay that it runs on, the profile and the settings."""
STAGE = "app.kubernetes.io/component"
_AMOUNT = re.compile(r'"ephemeral-storage": "([^"]+)"')
_CLASS = re.compile(r'path: "/spec/priorityClassName", value: "([^"]+)"')


@functools.cache
def kfp_pods(case: str) -> list[Object]:
    """The pods of a case's tasks, for reading only."""
    folder = compile_case(case)
    ir, platform = yaml.load_all((folder / "pipeline.yaml").read_text(), yaml.CSafeLoader)
    settings = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    profile = yaml.load(profiles.load(*CASES[case][1:]), yaml.CSafeLoader)
    account = profile["placement"].get("service_account", "inkling-pipeline")
    policies = list(yaml.load_all((folder / "pod-policies.yaml").read_text(), yaml.CSafeLoader))
    pods = []
    for name, executor in ir["deploymentSpec"]["executors"].items():
        pod = _pod(name, executor["container"], settings[name], account)
        for policy in policies:
            if policy["kind"] == "MutatingAdmissionPolicy":
                _mutate(pod, policy["spec"])
        pods.append(pod)
    return pods


@functools.cache
def compile_case(case: str) -> Path:
    """The folder of what `inkling compile` or `inkling study --output` writes."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _, profile, overrides = CASES[case]
    text = profiles.load(profile, overrides)
    if case.startswith("monitor"):
        compile_monitor_for_cluster(text, folder)
    else:
        compile_profile(text, folder, "interpolation" if case.startswith("study") else None)
    return folder


def compile_profile(text: str, folder: Path, study: str | None = None) -> Compiled:
    """Compiles a profile, or a study of it.

    Args:
        text: The profile.
        folder: Where the files go.
        study: Name of a shipped study.
    """
    if study is None:
        return compile_for_cluster(text, folder)
    return compile_study_for_cluster(StudyPlan.of(study_file.load(study), text), text, folder)


def _pod(name: str, container: Mapping[str, Any], setting: Mapping[str, Any], account: str) -> Object:
    environment = [
        {"name": key["envVar"], "valueFrom": {"secretKeyRef": {"name": entry["secretName"], "key": key["secretKey"]}}}
        for entry in setting.get("secretAsEnv", [])
        for key in entry["keyToEnv"]
    ]
    spec = {
        "serviceAccountName": account,
        "nodeSelector": setting.get("nodeSelector", {}).get("labels", {}),
        "tolerations": setting.get("tolerations", []),
        "imagePullSecrets": [{"name": entry["secretName"]} for entry in setting.get("imagePullSecret", [])],
        "containers": [
            {
                "name": "main",
                "image": container["image"],
                "env": environment,
                "resources": _resources(container.get("resources", {})),
                "securityContext": _security(setting["securityContext"]),
            }
        ],
        "volumes": [
            {"name": mount["volumeName"], "emptyDir": {"medium": mount["medium"], "sizeLimit": mount["sizeLimit"]}}
            for mount in setting.get("emptyDirMounts", [])
        ]
        + [
            {"name": f"claim-{number}", "persistentVolumeClaim": {"claimName": mount["constant"]}}
            for number, mount in enumerate(setting.get("pvcMount", []))
        ],
    }
    labels = {**setting["podMetadata"]["labels"], "pipeline/runid": "a-run"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def _security(stated: Mapping[str, Any]) -> Object:
    """A container's security context: the IR's users, and what KFP 2.17 adds to every container."""
    users = {name: int(stated[name]) for name in ("runAsUser", "runAsGroup")}
    profile = {"seccompProfile": {"type": "RuntimeDefault"}, "capabilities": {"drop": ["ALL"]}}
    return {**users, **profile, "runAsNonRoot": stated["runAsNonRoot"], "allowPrivilegeEscalation": False}


def _resources(stated: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for resource in ("Cpu", "Memory"):
        for kind in ("Request", "Limit"):
            if amount := stated.get(f"resource{resource}{kind}"):
                found[f"{kind.lower()}s"][resource.lower()] = amount
    if device := stated.get("accelerator"):
        for amounts in found.values():
            amounts[device["resourceType"]] = device["resourceCount"]
    return found


def _mutate(pod: Object, policy: Mapping[str, Any]) -> None:
    """What the policies' expressions do, which a real API server has been seen to evaluate."""
    wanted = policy["matchConstraints"]["objectSelector"]["matchLabels"]
    if not wanted.items() <= pod["metadata"]["labels"].items():
        return
    for mutation in policy["mutations"]:
        if "jsonPatch" in mutation:
            pod["spec"]["priorityClassName"] = _CLASS.search(mutation["jsonPatch"]["expression"])[1]
        else:
            amount = _AMOUNT.search(mutation["applyConfiguration"]["expression"])[1]
            for amounts in pod["spec"]["containers"][0]["resources"].values():
                amounts["ephemeral-storage"] = amount
