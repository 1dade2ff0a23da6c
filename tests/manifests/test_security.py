"""The server's pod meets the restricted Pod Security Standard and more: read-only root, no token, no way out."""

import copy
import re
from typing import Any

import pytest

import inkling

SAFE_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
Pod = dict[str, Any]


def breaches(pod: Pod) -> list[str]:
    """What keeps a pod spec from the restricted Pod Security Standard, or from a read-only root file system."""
    found = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    whole = pod.get("securityContext", {})
    if whole.get("runAsNonRoot") is not True:
        found.append("runAsNonRoot")
    if whole.get("runAsUser") == 0:
        found.append("runAsUser")
    if whole.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        found.append("seccompProfile")
    for volume in pod.get("volumes", []):
        found += [f"volume {kind}" for kind in set(volume) - {"name"} - SAFE_VOLUMES]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        own = container.get("securityContext", {})
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            found.append("allowPrivilegeEscalation")
        if own.get("capabilities") != {"drop": ["ALL"]}:
            found.append("capabilities")
        if own.get("readOnlyRootFilesystem") is not True:
            found.append("readOnlyRootFilesystem")
        found += [f"hostPort {port['hostPort']}" for port in container.get("ports", []) if "hostPort" in port]
    return found


@pytest.fixture
def pod(service: dict[str, Any]) -> Pod:
    return copy.deepcopy(service["spec"]["predictor"])


def test_the_pod_is_restricted(pod: Pod) -> None:
    assert not breaches(pod)


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (lambda pod: pod["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
        (lambda pod: pod["securityContext"].update(runAsUser=0), "runAsUser"),
        (lambda pod: pod["securityContext"].pop("seccompProfile"), "seccompProfile"),
        (
            lambda pod: pod["containers"][0]["securityContext"].pop("allowPrivilegeEscalation"),
            "allowPrivilegeEscalation",
        ),
        (lambda pod: pod["containers"][0]["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]), "capabilities"),
        (lambda pod: pod["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"), "readOnlyRootFilesystem"),
        (lambda pod: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "volume hostPath"),
        (lambda pod: pod.update(hostNetwork=True), "hostNetwork"),
    ],
)
def test_a_breach_is_found(pod: Pod, change: Any, breach: str) -> None:
    change(pod)
    assert breaches(pod) == [breach]


def test_the_namespace_enforces_it(objects: list[dict[str, Any]]) -> None:
    namespace = next(item for item in objects if item["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {item["metadata"]["namespace"] for item in objects if item is not namespace} == {
        namespace["metadata"]["name"]
    }


def test_the_server_has_no_token_no_secret_and_no_way_out(objects: list[dict[str, Any]], pod: Pod) -> None:
    assert pod["automountServiceAccountToken"] is False
    account = next(item for item in objects if item["kind"] == "ServiceAccount")
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    policy = next(item for item in objects if item["kind"] == "NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["egress"] == []
    assert not [item for item in objects if item["kind"] == "Secret"]
    assert not re.search(r"(?i)password|api[_-]?key|secretKeyRef|token\b", str(pod["containers"]))


def test_the_server_is_the_image_of_this_version_and_bounded(pod: Pod) -> None:
    (container,) = pod["containers"]
    assert container["image"] == f"inkling/serve:{inkling.__version__}"
    assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
    assert set(container["resources"]["requests"]) >= {"cpu", "memory"}


def test_probes_wait_for_loading_and_then_watch(pod: Pod) -> None:
    (container,) = pod["containers"]
    startup, readiness, liveness = (container[f"{name}Probe"] for name in ("startup", "readiness", "liveness"))
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 120
    assert startup["httpGet"] == readiness["httpGet"] == {"path": "/v2/health/ready", "port": 8080}
    assert liveness["httpGet"] == {"path": "/v2/health/live", "port": 8080}
    assert {port["containerPort"] for port in container["ports"]} == {8080}
