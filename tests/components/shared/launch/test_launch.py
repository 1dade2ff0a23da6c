from pathlib import Path

import pytest
from pydantic import ValidationError

from inkling.components.shared.launch import launch
from inkling.components.shared.launch.launch import LaunchConfig, ranks_job
from inkling.components.shared.runtime.progress import EVENT_MARKER

CLUSTER = {"scheduler": "kubernetes", "image": "inkling/train-gpu:0.1.0", "claims": {"runs": "/runs"}, "gpus": 8}
STORAGE = {"uri": "s3://runs/inkling", "endpoint": "http://seaweedfs:8333", "secret": "inkling-storage"}


def test_a_cluster_needs_an_image_and_a_shared_place() -> None:
    for missing in ("image", "claims"):
        with pytest.raises(ValidationError, match="needs the image of the ranks and launch.storage"):
            LaunchConfig(**{key: value for key, value in CLUSTER.items() if key != missing})
    with pytest.raises(ValidationError, match="goes to one of them"):
        LaunchConfig(**CLUSTER, storage=STORAGE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("uri", "bucket/prefix"),
        ("uri", "s3://"),
        ("uri", "s3://bucket/prefix/"),
        ("uri", "s3://key:secret@bucket/prefix"),
        ("endpoint", "seaweedfs.kubeflow:8333"),
        ("endpoint", "http://key:secret@seaweedfs:8333"),
        ("secret", "A Secret"),
        ("access_key", "never in a file"),
    ],
)
def test_storage_that_no_store_can_have_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=key):
        LaunchConfig(storage={**STORAGE, key: value})


@pytest.mark.parametrize(
    ("settings", "nodes", "processes", "reason"),
    [
        ({}, 1, 2, None),
        ({}, 2, 1, "2 nodes need launch.scheduler kubernetes"),
        (CLUSTER, 4, 8, None),
        (CLUSTER, 4, 2, "2 processes a node need as many GPUs"),
        ({**CLUSTER, "gpus": 0}, 1, 2, None),
    ],
)
def test_ranks_that_cannot_run_are_refused(settings: dict, nodes: int, processes: int, reason: str | None) -> None:
    said = LaunchConfig(**settings).refuse(nodes, processes)
    assert (said is None) if reason is None else (said is not None and reason in said)


def test_only_ranks_of_this_machine_watch_the_launcher() -> None:
    here = ranks_job("pretrain", "module", ["a"], Path("/run-of-ranks"), 1, 2, LaunchConfig())
    there = ranks_job("pretrain", "module", ["a"], Path("/work"), 4, 8, LaunchConfig(**CLUSTER))
    assert here.node is None and "INKLING_RUNNER" in here.environment
    assert there.node is not None and there.node.claims == {"runs": "/runs"}
    assert there.environment == {"INKLING_IMAGE": CLUSTER["image"]}
    assert there.ranks == 32


def test_ranks_with_object_storage_have_scratch_and_keys_by_reference() -> None:
    """Nothing but a reference to the Secret is in the job, and no volume is shared."""
    stored = LaunchConfig(**{**CLUSTER, "claims": {}}, storage=STORAGE)
    there = ranks_job("pretrain", "module", ["s3://a"], Path("/run-of-ranks"), 2, 8, stored)
    assert there.environment == {
        "AWS_ENDPOINT_URL": "http://seaweedfs:8333", "INKLING_IMAGE": CLUSTER["image"], "INKLING_SCRATCH": "/scratch"
    }  # fmt: skip
    assert there.logs == Path("/scratch/launch") and there.node is not None
    assert not there.node.claims and there.node.scratch == "/scratch"
    assert there.node.secrets == {
        "AWS_ACCESS_KEY_ID": ("inkling-storage", "access-key"),
        "AWS_SECRET_ACCESS_KEY": ("inkling-storage", "secret-key"),
    }
    here = ranks_job("pretrain", "module", ["s3://a"], Path("/run-of-ranks"), 1, 2, LaunchConfig(storage=STORAGE))
    assert here.node is None and here.environment["INKLING_SCRATCH"] == "/run-of-ranks/scratch"


def test_a_line_says_whose_it_is_unless_it_is_progress(capsys: pytest.CaptureFixture[str]) -> None:
    for rank, line in ((1, "hello"), (0, f"{EVENT_MARKER}{{}}"), (None, "torchrun speaks")):
        launch._say(rank, line)
    assert capsys.readouterr().out.splitlines() == ["[rank 1] hello", f"{EVENT_MARKER}{{}}", "torchrun speaks"]
