"""Under deny-all every pod is reached by whom it serves and reaches what it needs, and nothing else passes."""

import copy
import functools
from collections.abc import Iterable, Mapping

import pytest
from compiled import CASES, kfp_pods
from network import HOME, Party, Port, reached, selects
from overlays import OVERLAYS, Object, named, render
from rank_manifests import rank_pods

DNS, HTTPS, API = (53, "UDP"), (443, "TCP"), (6443, "TCP")
SERVER, QUEUE_PROXY, QUEUE_METRICS, LOCAL_GATEWAY = (8080, "TCP"), (8012, "TCP"), (9090, "TCP"), (8081, "TCP")
KFP, STORE, RENDEZVOUS = (8887, "TCP"), (9000, "TCP"), (29500, "TCP")
PORTS = [
    DNS, (53, "TCP"), (80, "TCP"), HTTPS, API, KFP, STORE, SERVER, LOCAL_GATEWAY, QUEUE_PROXY, QUEUE_METRICS,
    RENDEZVOUS, (8022, "TCP"), (9091, "TCP"),
]  # fmt: skip
GATEWAYS = ("envoy-gateway-system", "ingress-nginx", "istio-system", "kourier-system", "kserve")
PREDICTOR = {"serving.kserve.io/inferenceservice": "inkling", "component": "predictor"}
"""The labels that KServe gives the pods of the predictor, and of every canary beside it."""
ELSEWHERE = [
    *(Party(f"gateway in {name}", name, {"istio": "ingressgateway"}) for name in GATEWAYS),
    Party("activator", "knative-serving", {"app": "activator"}),
    Party("prometheus", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    Party("kfp", "kubeflow", {"app": "ml-pipeline"}),
    Party("dns", "kube-system", {"k8s-app": "kube-dns"}),
    Party("controller", "kube-system", {"k8s-app": "something-else"}),
    Party("client", "shop", namespace_labels={"inkling/client": "true"}),
    Party("stranger elsewhere", "other"),
    Party("world", None),
]
CASE = {"gpu-pool": "visual-prior by labels of gpu", "multi-node": "study of cluster"}


@functools.cache
def parties(overlay: str) -> list[Party]:
    """The pods of the namespace, with the labels that their controllers give them, and whoever is beside it."""
    pods = {f"stage {pod['metadata']['name']}": pod["metadata"]["labels"] for pod in stages(overlay)}
    pods |= {f"ranks {name}": pod["metadata"]["labels"] for name, pod in rank_pods(overlay).items()}
    job = named(render(overlay), "CronJob", "inkling-evaluation")["spec"]["jobTemplate"]["spec"]
    pods["evaluation"] = {**job["template"]["metadata"]["labels"], "job-name": "one"}
    pods["server"] = PREDICTOR
    if "canary" in named(render(overlay), "InferenceService")["spec"]:
        pods["canary server"] = {**PREDICTOR, "app": "isvc.inkling-balanced-predictor"}
    if any(item["metadata"]["name"] == "inkling-vllm" for item in render(overlay)):
        pods["vllm"] = {**PREDICTOR, "serving.kserve.io/inferenceservice": "inkling-vllm"}
    pods["stranger"] = {}
    return [*(Party(name, HOME, labels) for name, labels in pods.items()), *ELSEWHERE]


def stages(overlay: str) -> list[Object]:
    """The pods of a run, and the driver's, which KFP labels by the run alone."""
    if overlay not in CASE:
        return []
    driver = {"metadata": {"name": "driver", "labels": {"pipeline/runid": "a-run"}}}
    return [driver, *kfp_pods(CASE[overlay])]


def wanted(overlay: str) -> set[tuple[str, str, Port]]:
    """Every connection that there shall be."""
    everyone = parties(overlay)
    ours = [party.name for party in everyone if party.namespace == HOME]
    found = {(name, "dns", port) for name in ours for port in (DNS, (53, "TCP"))}
    others = [party.name for party in everyone if party.namespace != HOME]
    for name in ours:
        if name.startswith("stage "):
            found |= {(name, "kfp", port) for port in PORTS}
            found |= {(name, other, port) for other in others for port in (HTTPS, API)}
        elif name.startswith("ranks "):
            found |= {(name, "kfp", port) for port in PORTS}
            found |= {(name, other, HTTPS) for other in others}
            found |= {(name, other, port) for other in ours if other.startswith("ranks ") for port in PORTS}
    if "vllm" in ours:
        found |= {(asker, "vllm", SERVER) for asker in (*(f"gateway in {name}" for name in GATEWAYS), "client")}
    return found | served(overlay, [name for name in ours if name.endswith("server")])


def served(overlay: str, servers: Iterable[str]) -> set[tuple[str, str, Port]]:
    """Who asks the servers, and on which port: with Knative nobody goes round its queue proxy, which counts."""
    knative = overlay == "multi-node"
    askers = [*(f"gateway in {name}" for name in GATEWAYS), "client"]
    found = {(asker, server, QUEUE_PROXY if knative else SERVER) for asker in askers for server in servers}
    if overlay != "laptop":
        found |= {("prometheus", server, SERVER) for server in servers}
    if knative:
        found |= {("activator", server, port) for server in servers for port in (QUEUE_PROXY, QUEUE_METRICS)}
        return found | {
            ("evaluation", f"gateway in {name}", LOCAL_GATEWAY) for name in ("istio-system", "kourier-system")
        }
    return found | {("evaluation", server, SERVER) for server in servers}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_reached_by_whom_it_serves_and_by_nobody_else(overlay: str) -> None:
    found, expected = reached(render(overlay), parties(overlay), PORTS), wanted(overlay)
    assert sorted(expected - found) == [] and sorted(found - expected) == []


def test_the_cast_is_whole() -> None:
    names = {party.name for party in parties("multi-node")} | {party.name for party in parties("gpu-pool")}
    assert {"stage exec-pretrain", "stage driver", "server", "canary server", "evaluation"} <= names
    assert len([name for name in names if name.startswith("ranks ")]) >= 3
    assert {*CASE.values()} <= CASES.keys()


@pytest.mark.parametrize(
    "policy", ["inkling-server", "allow-evaluation", "allow-evaluation-of-server", "allow-monitoring"]
)
def test_a_policy_that_is_missing_is_a_hole(policy: str) -> None:
    rest = [item for item in render("gpu-pool") if item["metadata"]["name"] != policy]
    assert wanted("gpu-pool") - reached(rest, parties("gpu-pool"), PORTS)


@pytest.mark.parametrize(
    ("policy", "way", "rule", "passes"),
    [
        ("inkling-server", "ingress", {}, ("stranger elsewhere", "server", (80, "TCP"))),
        ("inkling-server", "ingress", {"ports": [{"port": 8080, "protocol": "TCP"}]}, ("world", "server", SERVER)),
        ("inkling-server", "egress", {"ports": [{"port": 443, "protocol": "TCP"}]}, ("server", "world", HTTPS)),
        ("allow-evaluation", "egress", {}, ("evaluation", "world", (80, "TCP"))),
        ("allow-dns", "egress", {"to": [{"namespaceSelector": {}}]}, ("stranger", "kfp", STORE)),
    ],
)
def test_an_opening_is_found(policy: str, way: str, rule: Object, passes: tuple[str, str, Port]) -> None:
    planted = [copy.deepcopy(item) for item in render("gpu-pool")]
    named(planted, "NetworkPolicy", policy)["spec"].setdefault(way, []).append(rule)
    assert passes in reached(planted, parties("gpu-pool"), PORTS) - wanted("gpu-pool")


def test_every_policy_selects_some_pod_of_ours(objects: list[Object]) -> None:
    ours = [
        party.labels for overlay in OVERLAYS for party in parties(overlay) if party.namespace == HOME and party.labels
    ]
    chosen = [item for item in objects if item["kind"] == "NetworkPolicy"]
    assert not [item["metadata"]["name"] for item in chosen if not _selects_one(item, ours)]
    assert not _selects_one({"spec": {"podSelector": {"matchLabels": {"app": "nobody"}}}}, ours)


def _selects_one(policy: Object, ours: Iterable[Mapping[str, str]]) -> bool:
    return any(selects(policy["spec"]["podSelector"], labels) for labels in ours)
