"""The preflight says everything that is wrong at once; a registry and the Kubernetes API are asked on loopback."""

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from inkling.components.shared.storage.objects import Storage
from inkling.pipelines import preflight, profiles
from inkling.pipelines.cluster.pods import StagePods
from inkling.pipelines.cluster.quota import Quota, quotas, too_large, waiting
from inkling.pipelines.cluster.registry import resolve
from inkling.pipelines.epilogue import write_summary
from inkling.pipelines.preflight import PreflightError, check_run, component_images

QUOTA = {"requests.cpu": "4", "requests.nvidia.com/gpu": "1"}
POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


class _Answers(BaseHTTPRequestHandler):
    """A registry that wants a token for one image, and the quota of a namespace."""

    def do_HEAD(self) -> None:
        known = self.path.startswith(("/v2/inkling/serve/manifests/1.0", "/v2/private/serve/manifests/1.0"))
        status = 200 if known else 404
        if "/private/" in self.path and self.headers.get("Authorization") != "Bearer anonymous":
            status = 401
        if "/broken/" in self.path:
            status = 500
        self.send_response(status)
        realm = f"http://127.0.0.1:{self.server.server_port}/token"  # type: ignore[attr-defined]
        self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="registry",scope="repository:x:pull"')
        self.end_headers()

    def do_GET(self) -> None:
        if self.path.startswith("/token"):
            body = {"token": "anonymous"} if "scope=repository" in self.path else {}
        else:
            items = [
                {"metadata": {"name": "gpu"}, "spec": {"hard": QUOTA}, "status": {"used": {"requests.cpu": "1500m"}}},
                {"metadata": {"name": "urgent"}, "spec": {"hard": {"pods": "0"}, "scopes": ["PriorityClass"]}},
            ]
            body = {"kind": "ResourceQuotaList", "apiVersion": "v1", "items": items}
        content = json.dumps(body).encode()
        self.send_response(403 if "/forbidden/" in self.path else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{listener.server_port}"
    listener.shutdown()
    listener.server_close()


def test_a_good_run_passes_and_leaves_what_was_checked(tmp_path: Path) -> None:
    check_run(profiles.load("tiny"), tmp_path / "out" / "checks", {})
    assert json.loads((tmp_path / "out" / "checks").read_text()) == {"checked": ["settings", "storage"]}


def test_a_setting_out_of_range_is_refused(tmp_path: Path) -> None:
    profile = yaml.safe_dump({"pretrain": {"batch": 0}})
    with pytest.raises(PreflightError, match=r"pretrain\.batch"):
        check_run(profile, tmp_path / "checks", {})


def test_storage_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PreflightError, match="nothing can be written"):
        check_run(profiles.load("tiny"), tmp_path / "file" / "checks", {})


def test_too_little_space_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_FREE_BYTES", 1 << 80)
    with pytest.raises(PreflightError, match="MiB left"):
        check_run(profiles.load("tiny"), tmp_path / "checks", {})


def test_in_a_pod_the_storage_of_the_ranks_is_tried(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "quotas", lambda namespace: [])
    profile = yaml.safe_load(profiles.load("tiny"))

    def check(uri: str, strategy: str) -> None:
        launch = {"storage": {"uri": uri, "endpoint": storage.endpoint}}
        whole = {**profile, "pretrain": {**profile["pretrain"], "strategy": strategy, "launch": launch}}
        check_run(yaml.safe_dump(whole), tmp_path / "checks", POD)

    with pytest.raises(PreflightError, match=r"pretrain\.launch\.storage: .* has no bucket 'absent'"):
        check("s3://absent/x", "ddp")
    check(storage.uri, "ddp")
    check("s3://absent/x", "single")


def test_in_a_pod_every_problem_is_reported_at_once(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "quotas", lambda namespace: [Quota("small", {"requests.cpu": Decimal(1)}, {})])
    images = {"inkling/train-cpu": f"{server}/inkling/train:9", "inkling/serve": f"{server}/inkling/serve:1.0"}
    secret = {"secret": "storage", "key": "id", "env": "STORAGE_ID"}
    profile = {
        **yaml.safe_load(profiles.load("tiny")),
        "placement": {"images": images, "default": {"secrets": [secret], "cpu": "2"}},
    }
    with pytest.raises(PreflightError) as caught:
        check_run(yaml.safe_dump(profile), tmp_path / "checks", POD)
    for words in (
        "secret 'storage' has no key 'id'",
        f"image {server}/inkling/train:9 does not exist",
        "quota 'small'",
    ):
        assert words in str(caught.value)
    assert f"{server}/inkling/serve:1.0" not in str(caught.value)


def test_every_component_names_its_image() -> None:
    assert set(component_images()) == set(profiles.TASKS)


@pytest.mark.parametrize(
    ("image", "missing"),
    [
        ("{}/inkling/serve:1.0", False),
        ("{}/private/serve:1.0", False),
        ("{}/inkling/serve:2.0", True),
        ("{}/inkling/serve@sha256:" + "0" * 64, True),
        ("{}/broken/serve:1.0", False),
        ("127.0.0.1:1/inkling/serve:1.0", False),
        ("inkling/serve:1.0", False),
    ],
)
def test_only_an_image_that_its_registry_does_not_know_is_refused(server: str, image: str, missing: bool) -> None:
    assert bool(resolve(image.format(server))) is missing


def test_quotas_of_all_pods_are_read_with_what_they_leave(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    from kubernetes.client import ApiClient, Configuration, CoreV1Api

    api = CoreV1Api(ApiClient(Configuration(host=f"http://{server}")))
    assert quotas("inkling", api) == [
        Quota("gpu", {"requests.cpu": 4, "requests.nvidia.com/gpu": 1}, {"requests.cpu": Decimal("1.5")})
    ]
    assert quotas("forbidden", api) == []
    printed = capsys.readouterr()
    assert "quota 'urgent' was not checked" in printed.out + printed.err
    assert "quota was not checked: Forbidden" in printed.out + printed.err


def _pods(settings: dict[str, Any], **stages: Any) -> StagePods:
    profile = yaml.safe_load(profiles.load("tiny"))
    profile["pretrain"] |= settings
    return StagePods.of(yaml.safe_dump({**profile, "placement": {"stages": stages}}))


@pytest.mark.parametrize(
    ("hard", "refused"),
    [
        ({"requests.cpu": 4}, ["mixture"]),
        ({"cpu": 4}, ["mixture"]),
        ({"limits.cpu": 4}, ["mixture"]),
        ({"requests.memory": 2**30}, ["pretrain"]),
        ({"memory": 2**30}, ["pretrain"]),
        ({"limits.memory": 2**30}, ["pretrain"]),
        ({"requests.ephemeral-storage": 2**30}, ["mixture"]),
        ({"requests.nvidia.com/gpu": 7}, ["pretrain"]),
        ({"pods": 0}, ["corpus", "pretrain", "mixture"]),
        ({"count/pods": 0}, ["corpus", "pretrain", "mixture"]),
        ({"requests.cpu": 5, "pods": 1, "requests.nvidia.com/gpu": 8, "services": 0}, []),
    ],
    ids=str,
)
def test_a_quota_that_is_too_small_is_reported_by_stage(hard: dict[str, int], refused: list[str]) -> None:
    pods = _pods(
        {},
        pretrain={"accelerator": {"type": "nvidia.com/gpu", "count": 8}, "cpu": "4000m", "memory": "2Gi"},
        mixture={"cpu": "5", "ephemeral_storage": "2Gi"},
    )
    found = [Quota("small", {name: Decimal(amount) for name, amount in hard.items()}, {})]
    lines = too_large(found, pods, ("corpus", "pretrain", "mixture"))
    assert [line.split("'")[1] for line in lines] == refused


@pytest.mark.parametrize(("allowed", "refused"), [(31, True), (32, False)])
def test_ranks_count_together_for_they_start_together(allowed: int, refused: bool) -> None:
    launch = {"scheduler": "kubernetes", "storage": {"uri": "s3://ab1/c"}}
    settings = {"strategy": "fsdp2", "nodes": 4, "processes": 8, "batch": 32, "launch": launch}
    stated = {
        "image": f"registry.example/train@sha256:{'a' * 64}", "cpu": "8", "memory": "96Gi", "ephemeral_storage": "9Gi",
        "accelerator": {"type": "nvidia.com/gpu", "count": 8},
    }  # fmt: skip
    pods = _pods(settings, pretrain=stated)
    lines = too_large([Quota("gpu", {"requests.nvidia.com/gpu": Decimal(allowed)}, {})], pods, ("pretrain",))
    words = (
        "stage 'pretrain': the pods of its ranks ask for 32 of requests.nvidia.com/gpu (4 x 8), quota 'gpu' allows 31: "
        "raise the quota or lower placement.stages.pretrain"
    )
    assert lines == ([words] if refused else [])


def test_a_run_that_waits_for_its_own_pods_is_told_and_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hard, used = {"cpu": Decimal(8), "pods": Decimal(9)}, {"cpu": Decimal("2.5")}
    monkeypatch.setattr(preflight, "quotas", lambda namespace: [Quota("small", hard, used)])
    check_run(profiles.load("tiny"), tmp_path / "checks", POD, json.dumps({"requests.cpu": "6", "pods": "9"}))
    printed = capsys.readouterr()
    assert "the run asks for up to 6 of cpu at once, quota 'small' leaves 5.5 of 8" in printed.out + printed.err
    assert "of pods at once" not in printed.out + printed.err
    assert waiting([Quota("small", hard, used)], {}) == []


def test_the_epilogue_says_how_a_run_ended(tmp_path: Path) -> None:
    write_summary(profiles.load("tiny"), "FAILED", "pretrain: out of memory", tmp_path / "deep" / "summary")
    summary = json.loads((tmp_path / "deep" / "summary").read_text())
    assert summary == {"state": "FAILED", "error": "pretrain: out of memory", "recipe": "mix6", "seed": 0}
