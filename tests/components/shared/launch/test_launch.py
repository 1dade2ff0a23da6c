from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from inkling.components.shared.launch import launch
from inkling.components.shared.launch.launch import LaunchConfig, ranks_job, refuse
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.components.shared.runtime.progress import EVENT_MARKER

IMAGE = f"registry.example/inkling/train-gpu@sha256:{'a' * 64}"
CLAIMED = {"scheduler": "kubernetes", "claims": {"runs": "/runs"}}
STORAGE = {"uri": "s3://runs/inkling", "endpoint": "http://seaweedfs:8333"}
STORED = {"scheduler": "kubernetes", "storage": STORAGE}
EIGHT = {"type": "nvidia.com/gpu", "count": 8}
POD = {"image": IMAGE, "cpu": "8", "memory": "96Gi", "ephemeral_storage": "100Gi", "accelerator": EIGHT}


def _placed(**pod: Any) -> PlacementConfig:
    return PlacementConfig(stages={"pretrain": {**POD, **pod}})


def test_a_cluster_needs_one_shared_place() -> None:
    with pytest.raises(ValidationError, match="scheduler kubernetes needs launch.storage"):
        LaunchConfig(scheduler="kubernetes")
    with pytest.raises(ValidationError, match="goes to one of them"):
        LaunchConfig(**CLAIMED, storage=STORAGE)


@pytest.mark.parametrize(
    "key", ["image", "namespace", "service_account", "cpus", "gpus", "memory_gb", "tolerations", "secrets"]
)
def test_what_the_placement_says_of_pods_has_no_second_place(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        LaunchConfig(**CLAIMED, **{key: "x"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("uri", "bucket/prefix"),
        ("uri", "s3://"),
        ("uri", "s3://bucket/prefix/"),
        ("uri", "s3://key:secret@bucket/prefix"),
        ("endpoint", "seaweedfs.kubeflow:8333"),
        ("endpoint", "http://key:secret@seaweedfs:8333"),
        ("secret", "inkling-storage"),
        ("access_key", "never in a file"),
    ],
)
def test_storage_that_no_store_can_have_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=key):
        LaunchConfig(storage={**STORAGE, key: value})


@pytest.mark.parametrize(
    ("settings", "nodes", "processes", "pod", "reason"),
    [
        ({}, 1, 2, {}, None),
        ({}, 2, 1, {}, "2 nodes need launch.scheduler kubernetes"),
        (CLAIMED, 4, 8, {}, None),
        (STORED, 4, 8, {}, None),
        (CLAIMED, 4, 2, {}, "2 processes a node need as many devices, or none: placement.stages.pretrain.accelerator"),
        (CLAIMED, 1, 2, {"accelerator": None}, None),
        (CLAIMED, 4, 8, {"image": None, "memory": None}, "say image, memory in placement.stages.pretrain"),
        (STORED, 4, 8, {"ephemeral_storage": None}, "say ephemeral_storage in placement.stages.pretrain"),
        (STORED, 4, 8, {"image": "registry.example/train:1"}, "placement.images: {registry.example/train: REGISTRY/"),
    ],
)
def test_ranks_that_cannot_run_are_refused(
    settings: dict[str, Any], nodes: int, processes: int, pod: dict[str, Any], reason: str | None
) -> None:
    said = refuse("pretrain", nodes, processes, LaunchConfig(**settings), _placed(**pod))
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_only_ranks_of_this_machine_watch_the_launcher() -> None:
    here = ranks_job("pretrain", "module", ["a"], Path("/run-of-ranks"), 1, 2, LaunchConfig(), PlacementConfig())
    there = ranks_job("pretrain", "module", ["a"], Path("/work"), 4, 8, LaunchConfig(**CLAIMED), _placed())
    assert here.pod is None and "INKLING_RUNNER" in here.environment
    assert there.pod is not None and there.pod.claims == {"runs": "/runs"} and not there.pod.scratch
    assert there.environment == {"INKLING_IMAGE": IMAGE}
    assert there.ranks == 32


def test_ranks_with_object_storage_have_scratch_and_share_no_volume() -> None:
    stored = LaunchConfig(**STORED)
    there = ranks_job("pretrain", "module", ["s3://a"], Path("/run-of-ranks"), 2, 8, stored, _placed())
    assert there.environment == {
        "AWS_ENDPOINT_URL": "http://seaweedfs:8333", "INKLING_IMAGE": IMAGE, "INKLING_SCRATCH": "/scratch"
    }  # fmt: skip
    assert there.logs == Path("/scratch/launch") and there.pod is not None
    assert not there.pod.claims and there.pod.scratch
    local = LaunchConfig(storage=STORAGE)
    here = ranks_job("pretrain", "module", ["s3://a"], Path("/run-of-ranks"), 1, 2, local, PlacementConfig())
    assert here.pod is None and here.environment["INKLING_SCRATCH"] == "/run-of-ranks/scratch"


def test_a_line_says_whose_it_is_unless_it_is_progress(capsys: pytest.CaptureFixture[str]) -> None:
    for rank, line in ((1, "hello"), (0, f"{EVENT_MARKER}{{}}"), (None, "torchrun speaks")):
        launch._say(rank, line)
    assert capsys.readouterr().out.splitlines() == ["[rank 1] hello", f"{EVENT_MARKER}{{}}", "torchrun speaks"]
