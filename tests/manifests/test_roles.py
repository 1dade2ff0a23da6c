"""The rights of a run's account: exactly what TorchX, our own code and KFP ask of the API; ours is recorded."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from api_server import ApiServer, Call, rules_of
from kubernetes.client import CoreV1Api
from kubernetes.config import new_client_from_config
from overlays import ROOT, Object, named, render
from rank_manifests import rank_job

from inkling.components.shared.launch import api, run, volcano
from inkling.components.shared.launch.failure import RankError
from inkling.components.shared.launch.run import run_job
from inkling.pipelines import profiles
from inkling.pipelines.cluster.cluster_api import ClusterApi
from inkling.pipelines.cluster.named_objects import unusable
from inkling.pipelines.cluster.pods import StagePods
from inkling.pipelines.cluster.quota import quotas, too_large

NAMESPACE = "/api/v1/namespaces/inkling"
NEEDED = [
    ("batch.volcano.sh", "jobs", "create"),
    ("batch.volcano.sh", "jobs/status", "get"),
    ("batch.volcano.sh", "jobs", "delete"),
    ("", "pods", "get"),
    ("", "pods/log", "get"),
]
REPORT = (ROOT / "tests/components/shared/launch/torchrun_report.txt").read_text()
"""What torchrun says where rank 1 was killed."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, server: ApiServer) -> Iterator[None]:
    """Nothing is waited for, and no thread goes on asking after the end of a job."""
    monkeypatch.setattr(run, "_POLL_SECONDS_OF_PODS", 0.02)
    monkeypatch.setattr(api, "_PAUSE_SECONDS", 0.02)
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + 30
    while (left := set(threading.enumerate()) - before) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left


def _silent(rank: int | None, line: str) -> None:
    """Hears nothing."""


def _end_once_it_runs(server: ApiServer) -> None:
    """Tells this process to end when the job has been asked about three times."""

    end = time.monotonic() + 60

    def wait() -> None:
        while not any(job["asked"] > 2 for job in list(server.jobs.values())) and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def _rules(needed: Iterable[tuple[str, str, str]] = NEEDED) -> list[Object]:
    """A rule for each right."""
    return [{"apiGroups": [group], "resources": [resource], "verbs": [verb]} for group, resource, verb in needed]


def rights(calls: list[Call]) -> set[tuple[str, str, str]]:
    """What calls need, as roles say it."""
    return {(call.group, call.resource, call.verb) for call in calls}


def granted(role: Object) -> set[tuple[str, str, str]]:
    """What a role grants, one by one."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_a_job_that_succeeds_is_heard_and_leaves_nothing(server: ApiServer) -> None:
    said: list[tuple[int | None, str]] = []
    run_job(rank_job(2, 8), lambda rank, line: said.append((rank, line)))
    assert said == [(0, "hello")] * 2
    assert server.jobs == {}


def test_the_launchers_role_grants_what_is_asked_and_nothing_else(server: ApiServer) -> None:
    run_job(rank_job(2, 8), _silent)
    role, base = (
        named(render("multi-node"), "Role", "inkling-launcher"),
        named(render("laptop"), "Role", "inkling-pipeline"),
    )
    asked = rights(server.calls)
    assert asked == set(NEEDED)
    assert granted(role) == asked - granted(base)


KFP = {
    ("", "pods", "get"): "launcher: its own pod, before it publishes what the task has made",
    ("", "configmaps", "get"): "launcher: kfp-launcher, where artifacts go",
    ("", "secrets", "get"): "launcher: mlpipeline-minio-artifact, the key of KFP's own store",
    ("argoproj.io", "workflowtaskresults", "create"): "Argo's wait container: the outcome of the task",
    ("argoproj.io", "workflowtaskresults", "patch"): "the same, once more",
}
"""What KFP 2.17 and Argo 4 ask in the name of a run's account, by their source."""


def test_the_pipelines_role_grants_what_kfp_and_the_preflight_ask_and_nothing_else(server: ApiServer) -> None:
    base = render("laptop")
    server.rules = rules_of(base)
    server.objects[f"{NAMESPACE}/resourcequotas"] = {
        "kind": "ResourceQuotaList",
        "items": [named(base, "ResourceQuota")],
    }
    server.objects["/apis"] = {"groups": []}
    server.objects[f"{NAMESPACE}/secrets/mlpipeline-minio-artifact"] = {"metadata": {}}
    client = new_client_from_config(str(server.kubeconfig))
    text = profiles.load("tiny", ["placement={default: {memory: 64Gi}}"])
    assert unusable(text, ["corpus"], ClusterApi(client)) == []
    lines = too_large(quotas("inkling", CoreV1Api(client)), StagePods.of(text), ["corpus"])
    assert any("asks for 64.0Gi of requests.memory" in line for line in lines)
    role = named(base, "Role", "inkling-pipeline")
    assert granted(role) == set(KFP) | rights(server.calls)
    bare = [rule for rule in role["rules"] if "resourceNames" not in rule and rule["resources"] != ["pods"]]
    assert not {"configmaps", "secrets"} & {resource for rule in bare for resource in rule["resources"]}


def test_the_queues_role_grants_what_the_preflight_asks_and_nothing_else(server: ApiServer) -> None:
    server.objects["/apis"] = {
        "groups": [{"name": "kueue.x-k8s.io", "preferredVersion": {"version": "v1beta2"}}],
    }
    unusable(
        profiles.load("cluster"), ["corpus", "pretrain"], ClusterApi(new_client_from_config(str(server.kubeconfig)))
    )
    asked = rights(server.calls) - granted(named(render("laptop"), "Role", "inkling-pipeline"))
    assert granted(named(render("multi-node"), "Role", "inkling-queues")) == asked


def test_a_rank_that_fails_is_named_and_the_job_is_gone(server: ApiServer) -> None:
    server.phases, server.log = ["Running", "Failed"], REPORT
    with pytest.raises(RankError, match=r"of 16 ranks, rank 1 failed \(SIGKILL\)\nSignal 9"):
        run_job(rank_job(2, 8), _silent)
    assert server.jobs == {}


def test_a_stage_that_is_ended_leaves_no_job(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.phases = ["Running"]
    _end_once_it_runs(server)
    with pytest.raises(SystemExit) as caught:
        run_job(rank_job(2, 8), _silent)
    assert caught.value.code == 143 and server.jobs == {}
    assert not [entry for entry in caught.traceback if "site-packages" in str(entry.path)], "a library was interrupted"
    assert ("batch.volcano.sh", "jobs", "delete") in rights(server.calls)


@pytest.mark.parametrize("right", NEEDED)
def test_whatever_is_refused_no_job_stays_or_its_name_and_the_way_to_delete_it_are_said(
    server: ApiServer, right: tuple[str, str, str]
) -> None:
    _, resource, verb = right
    server.phases = ["Running"] if verb != "delete" else ["Running", "Failed"]
    server.rules = [rule for rule in _rules() if rule not in _rules([right])]
    with pytest.raises(RankError) as caught:
        run_job(rank_job(2, 8), _silent)
    words = str(caught.value)
    if verb == "delete":
        (name,) = server.jobs
        assert f"Volcano Job {name} stays" in words and "holds its nodes' devices" in words
        assert words.endswith(f"kubectl --namespace inkling delete jobs.batch.volcano.sh {name}")
    else:
        assert f'cannot {verb} resource "{resource}"' in words and server.jobs == {}


def test_a_stage_that_is_ended_and_may_not_delete_its_job_says_so(
    server: ApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.phases = ["Running"]
    server.rules = [rule for rule in _rules() if "delete" not in rule["verbs"]]
    _end_once_it_runs(server)
    with pytest.raises(SystemExit):
        run_job(rank_job(1, 1), _silent)
    (name,) = server.jobs
    assert f"kubectl --namespace inkling delete jobs.batch.volcano.sh {name}" in capsys.readouterr().out


def test_training_goes_on_while_the_api_server_is_away(server: ApiServer) -> None:
    def away(rank: int | None, line: str) -> None:
        server.failing = 3

    run_job(rank_job(2, 8), away)
    assert server.jobs == {}


def test_kubernetes_deletes_the_job_of_a_stage_that_was_killed(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Object] = []
    hear: Callable[[int | None, str], None] = lambda rank, line: made.extend(server.jobs.values())  # noqa: E731
    monkeypatch.setenv("KFP_POD_NAME", "the-stage")
    monkeypatch.setenv("KFP_POD_UID", "1-2-3")
    for namespace, owners in (("inkling", 1), ("elsewhere", 0)):
        made.clear()
        (tmp_path / "namespace").write_text(namespace)
        monkeypatch.setattr(volcano, "_OWN_NAMESPACE", tmp_path / "namespace")
        run_job(rank_job(1, 1), hear)
        found = made[0]["metadata"].get("ownerReferences", [])
        assert found == [{"apiVersion": "v1", "kind": "Pod", "name": "the-stage", "uid": "1-2-3"}][:owners]
        assert made[0]["spec"]["ttlSecondsAfterFinished"] == 3600
