"""The cost estimate of a run and of a study: against what real runs have left, and against counts made by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from inkling.components.shared.config import read_mapping
from inkling.models.training.devices import device
from inkling.pipelines import profiles
from inkling.pipelines.estimate.cost import CostEstimate, estimate_cost
from inkling.pipelines.estimate.sizes import artifact_bytes, device_hours
from inkling.pipelines.fan_out import FanOut
from inkling.pipelines.ir import compile_pipeline, compile_study, read_ir
from inkling.pipelines.study.file import Study
from inkling.pipelines.study.plan import StudyPlan

# Bytes of each artifact that a run of these profiles has left in its store; `features` and `answers` of `laptop` are
# those before there was the suite `transfer`, and what its pictures and questions add to them.
LEFT = {
    "tiny": {
        "corpus": 670_591, "tokens": 1_281_475, "conversations": 1_446_597, "questions": 1_519_646,
        "features": 37_594_561, "language_model": 1_388_113, "multimodal_model": 2_786_667, "answers": 155_340,
        "bundle": 16_963_189,
    },
    "laptop": {
        "corpus": 3_876_008, "tokens": 7_208_646, "conversations": 33_932_400, "questions": 19_489_060,
        "features": 449_225_227, "language_model": 5_379_882, "multimodal_model": 7_022_515, "answers": 304_450,
        "bundle": 22_601_919,
    },
}  # fmt: skip
TWO = {"mixture.recipe": ["mix0", "mix6"]}
ONE = {"mixture.recipe": ["mix6"]}
H100 = device("h100")


@pytest.fixture(scope="module")
def run_ir(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The compiled pipeline of a run."""
    path = tmp_path_factory.mktemp("ir") / "run.yaml"
    compile_pipeline(path)
    return read_ir(path)


@pytest.fixture
def study_cost(tmp_path: Path) -> Callable[..., CostEstimate]:
    """Estimates the cost of a study."""

    def estimate(axes: Mapping[str, Any], baseline: bool = False) -> CostEstimate:
        text = profiles.load("tiny")
        stated = {"title": "t", "source": "s", "axes": axes, "baseline": {"no_pretraining": baseline}}
        plan = StudyPlan.of(Study.model_validate(stated), text)
        compile_study(plan, tmp_path / "study.yaml")
        return estimate_cost(read_ir(tmp_path / "study.yaml"), text, plan, H100)

    return estimate


@pytest.mark.parametrize("name", LEFT)
def test_sizes_are_those_that_real_runs_have_left(name: str) -> None:
    found = artifact_bytes(read_mapping(profiles.load(name, ["pretrain.exports=[]"])))
    for artifact, size in LEFT[name].items():
        assert found[artifact] == pytest.approx(size, rel=0.2), artifact
    assert sum(found[artifact] for artifact in LEFT[name]) == pytest.approx(sum(LEFT[name].values()), rel=0.02)


def test_bytes_move_as_the_tasks_of_a_run_are_joined(run_ir: Mapping[str, Any]) -> None:
    text = profiles.load("tiny")
    size, found = artifact_bytes(read_mapping(text)), estimate_cost(run_ir, text, None, H100)
    assert found.stored["multimodal_model"] == 2 * size["multimodal_model"]
    assert found.stored["features"] == size["features"]
    # Two models learn and two are examined on the features; export and nobody else reads them again.
    readers = {
        "questions": 7, "conversations": 3, "corpus": 2, "tokens": 3, "language_model": 3, "multimodal_model": 4,
        "features": 5, "answers": 4, "bundle": 2, "rehearsal": 1,
    }  # fmt: skip
    assert found.read == pytest.approx(sum(times * size[name] for name, times in readers.items()))


def test_the_baseline_keeps_no_earlier_states(run_ir: Mapping[str, Any]) -> None:
    plain, kept = (
        estimate_cost(run_ir, profiles.load("tiny", [f"pretrain.exports={exports}"]), None, H100).stored[
            "language_model"
        ]
        for exports in ("[]", "[0, 1024]")
    )
    assert kept == pytest.approx(2 * plain)


def test_tasks_that_share_the_text_each_read_all_of_it(run_ir: Mapping[str, Any], tmp_path: Path) -> None:
    text = profiles.load("tiny")
    size, one = artifact_bytes(read_mapping(text)), estimate_cost(run_ir, text, None, H100)
    compile_pipeline(tmp_path / "run.yaml", fan_out=FanOut(corpus=2, mixture=3))
    many = estimate_cost(read_ir(tmp_path / "run.yaml"), text, None, H100)
    assert many.written - one.written == pytest.approx(size["corpus"] + size["tokens"])
    # Two tasks ask for the questions beside the gathering one, which reads the parts; five look at the corpus, not one.
    more = 2 * size["questions"] + size["corpus"] + 4 * size["corpus"] + size["tokens"]
    assert many.read - one.read == pytest.approx(more)
    assert sum(many.own) == 0


def test_the_baseline_is_not_pretrained_but_learns_to_see(
    run_ir: Mapping[str, Any], study_cost: Callable[..., CostEstimate]
) -> None:
    run = estimate_cost(run_ir, profiles.load("tiny"), None, H100)
    one, with_baseline = study_cost(ONE), study_cost(ONE, baseline=True)
    assert run.hours == pytest.approx(with_baseline.hours)
    assert one.hours["pretrain"] == with_baseline.hours["pretrain"]
    assert with_baseline.hours["adapt"] == pytest.approx(2 * one.hours["adapt"])
    assert with_baseline.lasting[-1] == 0 and with_baseline.seeing[0] == with_baseline.seeing[1]


def test_a_study_shares_what_its_runs_share(study_cost: Callable[..., CostEstimate]) -> None:
    two, four = study_cost(TWO), study_cost({**TWO, "seed": [0, 1]})
    assert (two.runs, four.runs) == (2, 4)
    assert four.stored["features"] == two.stored["features"]
    assert four.stored["tokens"] == two.stored["tokens"]
    assert four.stored["language_model"] == 2 * two.stored["language_model"]
    assert four.written - sum(four.own) == pytest.approx(two.written - sum(two.own))


def test_a_study_keeps_tokens_once_a_recipe_and_once_for_its_baseline(study_cost: Callable[..., CostEstimate]) -> None:
    size = artifact_bytes(read_mapping(profiles.load("tiny", ["mixture.recipe=mix6"])))
    found = study_cost({**ONE, "seed": [0, 1, 2]}, baseline=True)
    assert (found.runs, found.texts, found.variants, found.ways) == (6, 1, 3, 1)
    assert found.stored["tokens"] == pytest.approx(2 * size["tokens"])
    assert found.stored["answers"] == pytest.approx(6 * size["answers"])
    own = ("language_model", "multimodal_model", "answers")
    assert found.own[0] == pytest.approx(size["tokens"] / 3 + sum(size[name] for name in own))
    more = {"corpus": 2, "tokens": 6, "language_model": 12, "multimodal_model": 6, "answers": 6, "features": 12}
    more |= {"questions": 6, "conversations": 6}
    once = {"questions": 2, "conversations": 1, "corpus": 1}
    read = sum(times * size[name] for read in (more, once) for name, times in read.items())
    assert found.read == pytest.approx(read)


def test_the_runs_of_a_study_have_their_own_sizes(study_cost: Callable[..., CostEstimate]) -> None:
    found = study_cost({**TWO, "pretrain.preset": ["tiny", "laptop"]})
    assert found.own[0] < found.own[-1] and found.lasting[0] < found.lasting[-1]
    settings = ({"preset": name, "context": 128} for name in ("tiny", "laptop"))
    models = (artifact_bytes({**read_mapping(profiles.load("tiny")), "pretrain": own}) for own in settings)
    assert found.stored["language_model"] == pytest.approx(2 * sum(size["language_model"] for size in models))


def test_adaptations_share_their_language_model_and_encoders_are_run_once_each(
    study_cost: Callable[..., CostEstimate],
) -> None:
    encoders = {"encode.encoder": ["tiny-random", "efficientnet-lite0"]}
    one, many = study_cost(TWO), study_cost({**TWO, **encoders, "adapt.seed": [5, 6]})
    assert (many.runs, many.ways) == (8, 4)
    assert many.stored["language_model"] == one.stored["language_model"]
    assert many.hours["pretrain"] == one.hours["pretrain"]
    assert many.stored["answers"] == pytest.approx(4 * one.stored["answers"])
    text = profiles.load("tiny")
    features = [
        artifact_bytes({**read_mapping(text), "encode": {"encoder": name}})["features"]
        for name in encoders["encode.encoder"]
    ]
    assert many.stored["features"] == pytest.approx(sum(features))
    assert many.unit_hours(1)[0] == pytest.approx(many.lasting[0] + many.seeing[0])
    assert many.unit_hours(8)[0] == pytest.approx(many.lasting[0] + many.seeing[0] / 4)


def test_prices_are_those_that_are_stated(run_ir: Mapping[str, Any]) -> None:
    found = estimate_cost(run_ir, profiles.load("tiny"), None, H100)
    hours = sum(found.hours.values())
    costs = found.costs({"gpu-hour": 2.0, "cpu-hour": 5.0, "gb-month": 0.5})
    assert costs == {
        "gpu-hour": (hours, 2 * hours),
        "cpu-hour": (0.0, 0.0),
        "gb-month": pytest.approx((found.written / 1e9, found.written / 2e9)),
    }


def test_what_objectives_read_beside_the_turns_takes_device_hours() -> None:
    """Beside cross-entropy alone for as many steps: S-VCO answers three times more, DPO draws first, FDT only reads."""

    def hours(*objectives: str) -> float:
        given = ["adapt.recipe=svco", f"adapt.phases={{prefer: {{objectives: [{', '.join(objectives)}]}}}}"]
        return device_hours(read_mapping(profiles.load("laptop", ["scenes.twins=0.5", *given])), H100, False)["adapt"]

    control = hours("next_token")
    assert hours("word_contrast", "next_token") == control < hours("fdt", "next_token")
    assert hours("fdt", "next_token") < hours("marten", "next_token") < hours("svco", "next_token")
    assert hours("marten", "next_token") < hours("preference_alignment", "next_token")
    assert hours("asvr", "next_token") == hours("spatial_forcing", "next_token") > 1.2 * control


def test_text_of_recipes_by_labels_comes_from_every_source() -> None:
    mapping = read_mapping(profiles.load("tiny"))
    one, all_of_them = (
        artifact_bytes({**mapping, "mixture": {**mapping["mixture"], "recipe": recipe}})["tokens"]
        for recipe in ("code", {"labels": {"reasoning": 0.5}})
    )
    assert all_of_them > 3 * one
