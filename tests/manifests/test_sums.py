"""A whole run, every study at its parallelism and the guide's ranks fit the quotas beside what is served."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from compiled import LABELLED, compile_profile
from conftest import pods
from kubernetes.utils import parse_quantity
from overlays import Object, named, render
from rank_manifests import SIZES, rank_settings

from inkling.pipelines import profiles
from inkling.pipelines.cluster.pods import Amounts, total
from inkling.pipelines.cluster.quota import Quota, waiting
from inkling.pipelines.study import file as study_file

OVERLAY_OF = {"gpu": "gpu-pool", "cluster": "multi-node"}
RUNS = {
    "a run of gpu": ("gpu", ()),
    "a run by labels of gpu": ("gpu", (LABELLED,)),
    "a run of cluster": ("cluster", ()),
    "a run by labels of cluster": ("cluster", (LABELLED,)),
    **{f"ranks of {nodes}x{each}": ("cluster", tuple(rank_settings(nodes, each))) for nodes, each in SIZES},
}


def served(objects: Iterable[Object]) -> Amounts:
    """What the pods of serving and of the evaluation ask for, each as often as it may run."""
    objects = list(objects)
    predictor = named(objects, "InferenceService")["spec"]["predictor"]
    amounts = []
    for name, pod in pods(objects).items():
        if name.startswith("TrainingRuntime"):
            continue
        replicas = predictor["maxReplicas"] if name == "InferenceService/inkling" else 1
        for container in pod["containers"]:
            stated = {
                f"{kind}.{resource}": parse_quantity(amount) * replicas
                for kind in ("requests", "limits")
                for resource, amount in container["resources"][kind].items()
            }
            amounts.append(stated)
        amounts.append({"pods": Decimal(replicas)})
    return total(amounts)


def too_much(overlay: str, asked: Amounts) -> list[str]:
    """What does not fit beside what is served, a line a resource."""
    objects = render(overlay)
    hard = {name: parse_quantity(amount) for name, amount in named(objects, "ResourceQuota")["spec"]["hard"].items()}
    return waiting([Quota("inkling", hard, served(objects))], asked)


def beyond_the_queue(asked: Amounts) -> list[str]:
    """The resources of which tasks ask for more at once than Kueue's flavors have together."""
    (group,) = named(render("multi-node"), "ClusterQueue")["spec"]["resourceGroups"]
    admitted = total(
        {f"requests.{entry['name']}": parse_quantity(entry["nominalQuota"]) for entry in flavor["resources"]}
        for flavor in group["flavors"]
    )
    return [name for name, amount in admitted.items() if asked.get(name, Decimal(0)) > amount]


WIDEST = ("interpolation", "proportions", "encoders", "sight", "instruction", "scale")
"""Studies of every shape: the most texts, pre-trainings, encoders and adaptations."""


@pytest.mark.parametrize("run", RUNS)
def test_a_whole_run_fits_beside_what_is_served(run: str, tmp_path: Path) -> None:
    profile, settings = RUNS[run]
    asked = compile_profile(profiles.load(profile, settings), tmp_path).asked
    assert too_much(OVERLAY_OF[profile], asked) == []


@pytest.mark.parametrize("study", WIDEST)
@pytest.mark.parametrize("profile", OVERLAY_OF)
def test_a_study_at_its_parallelism_fits_beside_what_is_served(profile: str, study: str, tmp_path: Path) -> None:
    text = study_file.load(study).profile(profile, ["pretrain.context=128"])  # small presets take no more
    asked = compile_profile(text, tmp_path, study).asked
    assert asked["requests.nvidia.com/gpu"] > 1
    assert too_much(OVERLAY_OF[profile], asked) == []
    assert profile != "cluster" or beyond_the_queue(asked) == []


def test_a_study_that_is_too_wide_is_found(tmp_path: Path) -> None:
    text = profiles.load("gpu", ["placement.parallelism=9"])
    asked = compile_profile(text, tmp_path, "interpolation").asked
    assert beyond_the_queue({**asked, "requests.nvidia.com/gpu": Decimal(33)}) == ["requests.nvidia.com/gpu"]
    (line,) = too_much("gpu-pool", asked)
    assert "9 of requests.nvidia.com/gpu at once, quota 'inkling' leaves 8 of 8" in line
