"""The server's pod meets the restricted Pod Security Standard and more: read-only root, no token, no way out."""

import copy
import re
from typing import Any

import pytest
from overlays import named

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
def pod(pods: dict[str, Pod]) -> Pod:
    return copy.deepcopy(pods["InferenceService/inkling"])


def test_every_pod_is_restricted(pods: dict[str, Pod]) -> None:
    assert {name: found for name, pod in pods.items() if (found := breaches(pod))} == {}


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


def test_the_namespace_enforces_it(objects: list[dict[str, Any]], cluster_wide: tuple[str, ...]) -> None:
    namespace = next(item for item in objects if item["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for item in objects:
        expected = None if item["kind"] in cluster_wide else namespace["metadata"]["name"]
        assert item["metadata"].get("namespace") == expected, item["metadata"]


def test_the_server_has_no_token_and_no_way_out(objects: list[dict[str, Any]], pod: Pod) -> None:
    assert pod["automountServiceAccountToken"] is False
    accounts = {item["metadata"]["name"]: item for item in objects if item["kind"] == "ServiceAccount"}
    assert accounts[pod["serviceAccountName"]]["automountServiceAccountToken"] is False
    policies = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "NetworkPolicy"}
    assert set(policies["inkling-server"]["policyTypes"]) == {"Ingress", "Egress"}
    assert "egress" not in policies["inkling-server"]


def test_the_network_is_closed_unless_a_policy_opens_it(objects: list[dict[str, Any]]) -> None:
    policies = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "NetworkPolicy"}
    assert policies.pop("deny-all") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, policy in policies.items():
        assert name == "allow-dns" or policy["podSelector"], f"{name} opens the network of every pod"


def test_no_secret_stands_in_any_object(objects: list[dict[str, Any]]) -> None:
    assert not [item for item in objects if item["kind"] == "Secret"]
    for item in objects:
        for value in re.findall(
            r"(?i)(?:password|passwd|api[_-]?key|secret[_-]?key)['\"]?\s*[=:]\s*['\"]?([^'\"@\s,]+)", str(item)
        ):
            assert value.startswith("${"), f"{item['metadata']['name']}: {value}"


KFP_STORE = {"resourceNames": ["mlpipeline-minio-artifact"], "verbs": ["get"]}


def too_wide(rule: dict[str, Any]) -> bool:
    """Whether a rule has a wildcard, or does with Secrets anything but read the key of KFP's own store."""
    if "*" in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]:
        return True
    return "secrets" in rule["resources"] and {name: rule.get(name) for name in KFP_STORE} != KFP_STORE


def test_rights_are_the_least(objects: list[dict[str, Any]]) -> None:
    assert not [item for item in objects if item["kind"] in ("ClusterRole", "ClusterRoleBinding")]
    rules = [rule for role in objects if role["kind"] == "Role" for rule in role["rules"]]
    assert not [rule for rule in rules if too_wide(rule)]


def test_the_launcher_of_kfp_may_read_the_key_of_kfps_own_store(objects: list[dict[str, Any]]) -> None:
    role = named(objects, "Role", "inkling-pipeline")
    assert [rule for rule in role["rules"] if "secrets" in rule["resources"] and not too_wide(rule)]


@pytest.mark.parametrize(
    "change",
    [{"verbs": ["*"]}, {"verbs": ["get", "list"]}, {"resourceNames": ["inkling-storage"]}, {"resourceNames": None}],
)
def test_a_right_that_is_too_wide_is_found(change: dict[str, Any]) -> None:
    right = {"apiGroups": [""], "resources": ["secrets"], **KFP_STORE}
    assert not too_wide(right)
    assert too_wide({name: value for name, value in {**right, **change}.items() if value})


def test_every_container_is_bounded_and_pinned(pods: dict[str, Pod], request: pytest.FixtureRequest) -> None:
    overlay = request.node.callspec.id
    for name, pod in pods.items():
        for container in pod["containers"]:
            image = container["image"]
            pinned = image.endswith(f":{inkling.__version__}") if overlay == "laptop" else "@sha256:" in image
            assert pinned, f"{name}: {image}"
            assert set(container["resources"]["limits"]) >= {"cpu", "memory", "ephemeral-storage"}, name
            assert set(container["resources"]["requests"]) >= {"cpu", "memory", "ephemeral-storage"}, name


def test_an_accelerator_is_asked_for_only_on_its_pool(pods: dict[str, Pod]) -> None:
    for name, pod in pods.items():
        wants = any("nvidia.com/gpu" in container["resources"]["limits"] for container in pod["containers"])
        assert (pod.get("nodeSelector") == {"inkling/pool": "gpu"}) is wants, name


def test_probes_wait_for_loading_and_then_watch(pod: Pod) -> None:
    (container,) = pod["containers"]
    startup, readiness, liveness = (container[f"{name}Probe"] for name in ("startup", "readiness", "liveness"))
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 120
    assert startup["httpGet"] == readiness["httpGet"] == {"path": "/v2/health/ready", "port": 8080}
    assert liveness["httpGet"] == {"path": "/v2/health/live", "port": 8080}
    assert {port["containerPort"] for port in container["ports"]} == {8080}
