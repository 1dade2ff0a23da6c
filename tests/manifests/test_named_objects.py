"""The preflight names each object that a profile refers to and that does not exist, asked as the run's account."""

import re

import pytest
from api_server import ApiServer
from kubernetes.config import new_client_from_config
from rank_manifests import rank_settings

from inkling.pipelines import profiles
from inkling.pipelines.cluster.cluster_api import ClusterApi
from inkling.pipelines.cluster.named_objects import unusable

STAGES = ("preflight", "corpus", "pretrain")
CORE, QUEUES = "/api/v1/namespaces/inkling", "/apis/kueue.x-k8s.io/v1beta2/namespaces/inkling/localqueues"
CONFIG, SECRET = f"{CORE}/configmaps/kfp-launcher", f"{CORE}/secrets/mlpipeline-minio-artifact"
POLICIES = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture
def whole(server: ApiServer) -> ApiServer:
    """A cluster that has everything."""
    groups = {"kueue.x-k8s.io": "v1beta2", "batch.volcano.sh": "v1alpha1"}
    server.objects |= {
        "/apis": {
            "groups": [{"name": name, "preferredVersion": {"version": version}} for name, version in groups.items()]
        },
        POLICIES: {"resources": [{"kind": "MutatingAdmissionPolicy"}]},
        f"{QUEUES}/inkling-cpu": {"metadata": {}},
        f"{QUEUES}/inkling-gpu": {"metadata": {}},
        SECRET: {"metadata": {}},
    }
    return server


def found(server: ApiServer, profile: str = "cluster", *settings: str) -> list[str]:
    text = profiles.load(profile, settings)
    return unusable(text, STAGES, ClusterApi(new_client_from_config(str(server.kubeconfig))))


@pytest.mark.parametrize(
    ("profile", "settings"),
    [("cluster", ()), ("gpu", ()), ("cluster", rank_settings(2, 8))],
    ids=["cluster", "gpu", "ranks"],
)
def test_where_everything_is_there_nothing_is_said(
    whole: ApiServer, profile: str, settings: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(whole, profile, *settings) == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("absent", "settings", "words"),
    [
        (f"{QUEUES}/inkling-gpu", [], "no LocalQueue 'inkling-gpu' in namespace 'inkling'.*components/kueue"),
        ("kueue.x-k8s.io", [], "names the queue inkling-cpu, inkling-gpu, and the cluster has no kueue.x-k8s.io"),
        ("batch.volcano.sh", rank_settings(2, 8), "no batch.volcano.sh: install Volcano, apply .*components/volcano"),
        (SECRET, ["placement.pipeline_root=null"], "Secret 'mlpipeline-minio-artifact', and namespace .* has none"),
    ],
    ids=["queue", "kueue", "volcano", "secret"],
)
def test_what_is_absent_is_named_with_where_to_get_it(
    whole: ApiServer, absent: str, settings: list[str], words: str
) -> None:
    whole.objects.pop(absent, None)
    groups = whole.objects["/apis"]["groups"]
    whole.objects["/apis"] = {"groups": [group for group in groups if group["name"] != absent]}
    (line,) = found(whole, "cluster", *settings)
    assert re.search(words, line), line


@pytest.mark.parametrize(("hidden", "settings"), [("configmaps", []), ("secrets", ["placement.pipeline_root=null"])])
def test_what_the_launcher_may_not_read_is_named_with_the_role_that_grants_it(
    whole: ApiServer, hidden: str, settings: list[str]
) -> None:
    whole.rules = [rule for rule in whole.rules if hidden not in rule["resources"]]
    (line,) = found(whole, "cluster", *settings)
    assert "account 'inkling-pipeline' may not get" in line and "Role inkling-pipeline" in line


def test_a_queue_that_may_not_be_read_is_noted_and_not_refused(
    whole: ApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    whole.rules = [rule for rule in whole.rules if "localqueues" not in rule["resources"]]
    assert found(whole) == []
    assert "LocalQueue 'inkling-cpu' was not checked" in capsys.readouterr().out


def test_policies_that_the_cluster_cannot_have_are_noted(whole: ApiServer, capsys: pytest.CaptureFixture[str]) -> None:
    del whole.objects[POLICIES]
    assert found(whole) == []
    assert "no MutatingAdmissionPolicy (Kubernetes 1.36)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("root", "data", "secret"),
    [
        ("null", {"defaultPipelineRoot": "s3://runs/x"}, None),
        ("null", {"defaultPipelineRoot": "minio://runs/x?region=y"}, None),
        ("minio://runs/x", {}, "mlpipeline-minio-artifact"),
        ("s3://runs/x", {"providers": "s3: {default: {credentials: {fromEnv: true}}}"}, None),
        ("s3://runs/x", {"providers": "s3: {default: {credentials: {secretRef: {secretName: mine}}}}"}, "mine"),
        ("gs://runs/x", {"providers": "s3: {default: {credentials: {secretRef: {secretName: mine}}}}"}, None),
        (
            "s3://runs/x",
            {
                "providers": "s3: {default: {credentials: {secretRef: {secretName: mine}}}, overrides: "
                "[{bucketName: runs, keyPrefix: x, credentials: {fromEnv: true}}]}"
            },
            None,
        ),
    ],
)
def test_the_secret_is_the_one_that_the_launcher_would_read(
    whole: ApiServer, root: str, data: dict[str, str], secret: str | None
) -> None:
    whole.objects |= {CONFIG: {"data": data}}
    del whole.objects[SECRET]
    lines = found(whole, "cluster", f"placement.pipeline_root={root}")
    assert [re.findall("Secret '([^']+)'", line)[0] for line in lines] == ([secret] if secret else [])


def test_an_api_that_does_not_answer_is_noted(server: ApiServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.failing = 9
    assert found(server) == []
    assert "what the profile names was not checked: the API server answered 503" in capsys.readouterr().out
