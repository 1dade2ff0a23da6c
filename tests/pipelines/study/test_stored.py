"""What of a study lies in the store, and how long the rest takes."""

from pathlib import Path
from typing import ClassVar

import pytest

from inkling.components.compare.config import FigureConfig
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.store import STORE_VARIABLE, produce
from inkling.pipelines import profiles
from inkling.pipelines.estimate.sizes import adapted_tokens
from inkling.pipelines.study.duration import seconds_left
from inkling.pipelines.study.file import Study
from inkling.pipelines.study.plan import StudyPlan, StudyRun
from inkling.pipelines.study.stored import AFTER, StudyStore

CHAIN = {
    "scenes": {"conversations": (), "questions": ()},
    "encode": {"features": ("conversations", "questions")},
    "corpus": {"corpus": ("questions",)},
    "label": {"labels": ("corpus",)},
    "mixture": {"tokens": ("corpus",)},
    "pretrain": {"language_model": ("tokens",)},
    "adapt": {"multimodal_model": ("language_model", "conversations", "features")},
    "evaluate": {"answers": ("multimodal_model", "questions", "features")},
}
SHARED = ["scenes", "encode", "corpus", "label", "mixture"]


class Made(Artifact):
    type: ClassVar[str] = "Made"


def make(run: StudyRun, folder: Path, stages: int = len(CHAIN)) -> None:
    """Puts a run's artifacts into the store, up to a stage, as its tasks would name them."""
    found: dict[str, Artifact] = {}
    for stage in list(CHAIN)[:stages]:
        settings = run.settings if stage in AFTER else run.before
        stated = {"no_pretraining": True} if stage == "pretrain" and run.no_pretraining else {}
        config = profiles.stage_config(stage).parse(settings, **stated)
        for name, inputs in CHAIN[stage].items():
            number = len([*folder.iterdir()])
            content = f"{stage} {number}"
            found[name] = produce(
                Made, folder / f"{number}" / name, config, {one: found[one] for one in inputs},
                lambda draft, content=content: (draft.path / "content").write_text(content),
            )  # fmt: skip


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyPlan:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    (tmp_path / "out").mkdir()
    axes = {"mixture.recipe": ["mix0"], "adapt.drop": {"all": {}, "half": {"perception": 0.5}}, "seed": [0, 1]}
    stated = {"title": "t", "source": "s", "axes": axes, "baseline": {"no_pretraining": True}}
    return StudyPlan.of(Study.model_validate(stated), profiles.load("tiny"))


def waiting(plan: StudyPlan) -> list[list[str]]:
    store = StudyStore(plan)
    return [list(store.look(run).waiting) for run in plan.runs()]


def test_nothing_is_there_at_first_and_all_of_a_run_once_it_was_made(plan: StudyPlan, tmp_path: Path) -> None:
    assert waiting(plan) == [list(CHAIN)] * 8
    first, *others = plan.runs()
    make(first, tmp_path / "out")
    found = StudyStore(plan).look(first)
    assert found.done and set(found.made) >= {"answers", "language_model"} and not found.waiting
    assert [run.labels["seed"] for run in others[:3]] == ["0", "1", "1"]
    assert waiting(plan)[1:3] == [["adapt", "evaluate"], ["pretrain", "adapt", "evaluate"]]


def test_the_baseline_is_a_run_of_its_own(plan: StudyPlan, tmp_path: Path) -> None:
    make(plan.runs()[4], tmp_path / "out")
    assert plan.runs()[4].no_pretraining
    assert [not one for one in waiting(plan)] == [False] * 4 + [True] + [False] * 3


def test_a_study_of_alignment_waits_for_the_probe_too(plan: StudyPlan, tmp_path: Path) -> None:
    figure = FigureConfig(
        kind="lines", title="t", x="adapt.drop", where={"mixture.recipe": "mix0"}, measure="alignment"
    )
    study = plan.study.model_copy(update={"figures": {"alignment": figure}})
    probed = StudyPlan.of(study, profiles.load("tiny", ["probe.probes=[alignment]"]))
    make(probed.runs()[0], tmp_path / "out")
    assert waiting(plan)[0] == [] and waiting(probed)[0] == ["probe"]


def test_a_run_that_was_cut_off_waits_for_what_it_lacks(plan: StudyPlan, tmp_path: Path) -> None:
    make(plan.runs()[0], tmp_path / "out", stages=6)
    assert waiting(plan)[0] == ["adapt", "evaluate"]
    assert waiting(plan)[4] == ["pretrain", "adapt", "evaluate"]


def left(plan: StudyPlan) -> float:
    store = StudyStore(plan)
    return seconds_left([store.look(run) for run in plan.runs()])


def test_the_time_that_is_left_counts_what_runs_share_once(plan: StudyPlan, tmp_path: Path) -> None:
    laptop = StudyPlan.of(plan.study, profiles.load("laptop"))
    whole = left(laptop)
    make(laptop.runs()[0], tmp_path / "out", stages=len(SHARED))
    shared = whole - left(laptop)
    assert shared == pytest.approx(18 + 45 + 9 + 1 + 4)
    assert left(laptop) > 8 * 110, "eight adaptations"
    make(laptop.runs()[0], tmp_path / "out")
    assert whole - shared - left(laptop) > 110


def test_adaptations_of_several_language_models_are_left_one_by_one(plan: StudyPlan, tmp_path: Path) -> None:
    study = Study.model_validate({"title": "t", "source": "s", "axes": {"mixture.recipe": ["mix0", "mix6"]}})
    two = StudyPlan.of(study, profiles.load("laptop"))
    for run in two.runs():
        make(run, tmp_path / "out", stages=6)
    assert left(two) == pytest.approx(2 * (110 + 20))


def test_phases_that_runs_share_are_left_once(plan: StudyPlan) -> None:
    def of(*overrides: str) -> float:
        axes = {"adapt.phases": {"as shipped": {}, "slower": {"instruct": {"learning_rate": 1e-4}}}, "seed": [0, 1]}
        study = Study.model_validate({"title": "t", "source": "s", "axes": axes})
        return left(StudyPlan.of(study, profiles.load("laptop", overrides)))

    begun = adapted_tokens({}, "align") / adapted_tokens({})
    assert 0 < begun < 0.2
    assert of() - of("adapt.keep_after=align") == pytest.approx(2 * 110 * begun), "once a seed"


def test_the_time_that_is_left_grows_with_what_is_rendered_taught_and_asked(plan: StudyPlan) -> None:
    def of(*overrides: str) -> float:
        return left(StudyPlan.of(plan.study, profiles.load("laptop", overrides)))

    usual = of()
    pictures = 3400 + 16 * 120
    asked = 63 * 16 * 310 / pictures + 8 * 20 * 310 / 120
    assert of("scenes.test=400") - usual == pytest.approx(asked), "eight evaluations"
    assert of("evaluate.method=causal-mm") - usual == pytest.approx(8 * 2 * 20), "three passes a question"
    assert of("scenes.twins=0.5") - usual > 8 * 110 / 4, "eight adaptations on twins too"
