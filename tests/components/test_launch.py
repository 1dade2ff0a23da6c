from pathlib import Path

import pytest
from pydantic import ValidationError

from inkling.components import launch
from inkling.components.launch import LaunchConfig, ranks_job
from inkling.components.progress import EVENT_MARKER

CLUSTER = {"scheduler": "kubernetes", "image": "inkling/train-gpu:0.1.0", "claims": {"runs": "/runs"}, "gpus": 8}


def test_a_cluster_needs_an_image_and_a_shared_place() -> None:
    for missing in ("image", "claims"):
        with pytest.raises(ValidationError, match="needs the image of the ranks and a claim"):
            LaunchConfig(**{key: value for key, value in CLUSTER.items() if key != missing})


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
    here = ranks_job("pretrain", "module", ["a"], Path("/work"), 1, 2, LaunchConfig())
    there = ranks_job("pretrain", "module", ["a"], Path("/work"), 4, 8, LaunchConfig(**CLUSTER))
    assert here.node is None and "INKLING_RUNNER" in here.environment
    assert there.node is not None and not there.environment and there.node.claims == {"runs": "/runs"}
    assert there.ranks == 32


def test_a_line_says_whose_it_is_unless_it_is_progress(capsys: pytest.CaptureFixture[str]) -> None:
    for rank, line in ((1, "hello"), (0, f"{EVENT_MARKER}{{}}"), (None, "torchrun speaks")):
        launch._say(rank, line)
    assert capsys.readouterr().out.splitlines() == ["[rank 1] hello", f"{EVENT_MARKER}{{}}", "torchrun speaks"]
