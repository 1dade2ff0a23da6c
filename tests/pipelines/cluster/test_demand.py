"""What a compiled pipeline asks for at most at one time, on pipelines whose sums can be done by hand."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import inkling
from inkling.components.shared.config import read_mapping
from inkling.pipelines import profiles
from inkling.pipelines.cli import app
from inkling.pipelines.cluster.demand import demand, lines
from inkling.pipelines.cluster.pods import UNSTATED, StagePods, shown
from inkling.pipelines.ir import compile_for_cluster, read_ir

GI = 2**30
LAUNCH = {
    "strategy": "fsdp2",
    "nodes": 4,
    "processes": 8,
    "batch": 32,
    "launch": {
        "scheduler": "kubernetes",
        "storage": {"uri": "s3://inkling/ranks"},
    },
}


def _task(component: str, *needs: str, **more: Any) -> dict[str, Any]:
    return {"componentRef": {"name": component}, "dependentTasks": list(needs), **more}


def _ir(tasks: dict[str, Any], body: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pipeline of stages that are named like their components, and of a group of tasks `body`."""
    stages = ("mixture", "pretrain", "adapt")
    run = {stage: {"container": {}, "stage": stage} for stage in stages}
    components: dict[str, Any] = {stage: {"executorLabel": stage} for stage in stages}
    if body:
        components["body"] = {"dag": {"tasks": body}}
    return {"root": {"dag": {"tasks": tasks}}, "components": components, "deploymentSpec": {"executors": run}}


def _pods(executor: Mapping[str, Any], trains: bool) -> dict[str, Decimal]:
    devices = {"mixture": 0, "pretrain": 8 if trains else 1, "adapt": 2}[executor["stage"]]
    return {"pods": Decimal(1), "gpu": Decimal(devices)}


def _loop(items: dict[str, Any], limit: int | None = None) -> dict[str, Any]:
    return {
        "parameterIterator": {"items": items},
        **({"iteratorPolicy": {"parallelismLimit": limit}} if limit else {}),
        "inputs": {"parameters": {"inner": {"componentInputParameter": "texts"}}},
    }


def test_of_each_resource_the_worst_moment_counts() -> None:
    ir = _ir(
        {
            "mixture": _task("mixture"),
            "mixture-2": _task("mixture"),
            "mixture-3": _task("mixture"),
            "pretrain": _task("pretrain", "mixture", "mixture-2", "mixture-3"),
            "adapt": _task("adapt", "pretrain"),
        }
    )
    assert demand(ir, _pods, {}) == {"pods": 3, "gpu": 8}


@pytest.mark.parametrize(
    ("items", "limit", "bodies"),
    [
        ({"raw": "[0, 1, 2, 3, 4]"}, None, 5),
        ({"raw": "[0, 1, 2, 3, 4]"}, 2, 2),
        ({"inputParameter": "inner"}, None, 3),
        ({"inputParameter": "inner"}, 16, 3),
        ({"inputParameter": "inner"}, 2, 2),
    ],
)
def test_a_loop_has_as_many_bodies_as_run_at_once(items: dict[str, Any], limit: int | None, bodies: int) -> None:
    body = {"adapt": _task("adapt"), "adapt-2": _task("adapt"), "mixture": _task("mixture", "adapt", "adapt-2")}
    ir = _ir({"loop": _task("body", **_loop(items, limit))}, body)
    assert demand(ir, _pods, {"texts": ["a", "b", "c"]}) == {"pods": 2 * bodies, "gpu": 4 * bodies}


def test_the_control_launches_no_ranks() -> None:
    control = {"inputs": {"parameters": {"no_pretraining": {"runtimeValue": {"constant": True}}}}}
    assert demand(_ir({"pretrain": _task("pretrain"), "other": _task("pretrain", **control)}), _pods, {})["gpu"] == 9


def test_a_task_has_the_pod_of_its_stage_and_argos_container_beside_it() -> None:
    profile = {
        **yaml.safe_load(profiles.load("tiny")),
        "placement": {"stages": {"adapt": {"cpu": "2", "memory": "3Gi", "accelerator": {"type": "nvidia.com/gpu"}}}},
    }
    found = StagePods.of(yaml.safe_dump(profile)).amounts("adapt")
    assert found == {
        "pods": 1,
        "requests.cpu": Decimal("2.05"),
        "limits.cpu": Decimal("2.5"),
        "requests.memory": 3 * GI + 64 * 2**20,
        "limits.memory": 3 * GI + 512 * 2**20,
        "requests.ephemeral-storage": 2 * 64 * 2**20,
        "requests.nvidia.com/gpu": 1,
    }


def test_ranks_in_pods_of_their_own_are_counted_node_by_node() -> None:
    image = f"placement.stages.pretrain.image=registry.example/train@sha256:{'a' * 64}"
    profile = yaml.safe_load(profiles.load("cluster", ["placement.stages.pretrain.accelerator.count=8", image]))
    profile["pretrain"] |= LAUNCH
    pods = StagePods.of(yaml.safe_dump(profile))
    found, control = pods.amounts("pretrain"), pods.amounts("pretrain", trains=False)
    assert (found["pods"], found["requests.nvidia.com/gpu"]) == (5, 32)
    assert found["requests.memory"] == 4 * 96 * GI + 16 * GI + 64 * 2**20
    assert control["pods"] == 1 and "requests.nvidia.com/gpu" not in control


def test_what_is_stated_of_a_task_is_what_the_ir_says(tmp_path: Path) -> None:
    text = profiles.load("cluster")
    compile_for_cluster(text, tmp_path)
    executors = read_ir(tmp_path / "pipeline.yaml")["deploymentSpec"]["executors"]
    pods = StagePods.of(text)
    for stage in ("pretrain", "evaluate", "corpus", "preflight"):
        resources = executors[f"exec-{stage}"]["container"]["resources"]
        ((_, count, stated),) = pods.stated(stage)
        assert count == 1
        assert stated["requests.cpu"] == stated["limits.cpu"] == Decimal(resources["cpuLimit"])
        assert stated["requests.memory"] == Decimal(str(resources["memoryRequest"])) * 10**9
        accelerator = resources.get("accelerator", {"resourceCount": 0})
        assert stated.get("requests.nvidia.com/gpu", 0) == int(accelerator["resourceCount"])


def test_what_states_nothing_gets_what_the_shipped_limit_range_gives() -> None:
    documents = yaml.safe_load_all((Path(inkling.__file__).parent / "manifests/base/limits.yaml").read_text())
    (limits,) = next(one for one in documents if one["kind"] == "LimitRange")["spec"]["limits"]
    from kubernetes.utils import parse_quantity

    given = {f"requests.{name}": size for name, size in limits["defaultRequest"].items()} | {
        f"limits.{name}": size for name, size in limits["default"].items() if name != "ephemeral-storage"
    }
    assert {name: parse_quantity(size) for name, size in given.items()} == UNSTATED


def test_a_run_of_several_parts_asks_for_all_of_them_demand(tmp_path: Path) -> None:
    text = profiles.load("cluster")
    found = compile_for_cluster(text, tmp_path).asked
    assert (found["pods"], found["requests.nvidia.com/gpu"]) == (8, 2)
    assert found["requests.cpu"] == 8 * Decimal("8.05")
    assert read_mapping(text)["corpus"]["parts"] == 8


def test_amounts_are_shown_as_people_state_them() -> None:
    assert shown("requests.memory", Decimal(1536 * GI + GI // 2)) == "1,536.5Gi"
    assert shown("requests.cpu", Decimal("120.00")) == "120"
    assert lines({"pods": Decimal(3), "requests.x/y": Decimal(0)}) == ["at most at once: pods 3"]


def test_compile_and_study_print_what_is_asked_for_at_most_demand(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["compile", "--profile", "gpu", "--output", str(tmp_path)]).output
    assert "at most at once: requests.nvidia.com/gpu 2\n" in printed
    study = ["study", "interpolation", "--profile", "gpu", "--set", "placement.parallelism=5"]
    printed = CliRunner().invoke(app, [*study, "--output", str(tmp_path)]).output
    assert "at most at once: requests.nvidia.com/gpu 5\n" in printed
    assert len(json.loads((tmp_path / "parameters.json").read_text())["texts"]) > 5
