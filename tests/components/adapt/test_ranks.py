"""Several ranks adapt as one does: text-only sequences among images, ranks that hold no image, kills at random."""

import dataclasses
import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import TEXT_ONLY, Lesson
from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.models.multimodal import MultimodalModel

STEPS = 50


def _load(name: str):
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


sharing, building = _load("sharing"), _load("test_build")


def replace_twin(shown: ImageAnnotation) -> ImageAnnotation:
    """The annotation of an image, of half of them without a twin."""
    return shown if int(shown.image_id.removeprefix("image")) < 12 else dataclasses.replace(shown, twin="")


@pytest.fixture
def inputs(tmp_path: Path, lesson: Lesson, language: Callable[[], LlamaForCausalLM], tokenizer: Tokenizer) -> Path:
    """A folder with the inputs, text-only turns among them."""
    text = [
        Turn(f"t{number}", "", "instruct", "General", "text", "other", f"Is {number} red?", ("no", "yes")[number % 2])
        for number in range(40)
    ]
    with_text = dataclasses.replace(lesson, turns={**lesson.turns, TEXT_ONLY: text}, images=[*lesson.images])
    shown = {name: replace_twin(one) for name, one in lesson.shown().items()}
    building.write_inputs(tmp_path, dataclasses.replace(with_text, shown=lambda: shown), language(), tokenizer)
    return tmp_path


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "micro_batch"),
    [
        ("fsdp2", None),
        pytest.param("ddp", None, marks=pytest.mark.soak),
        pytest.param("ddp", 1, marks=pytest.mark.soak),
    ],
)
def test_two_ranks_make_the_model_of_one(inputs: Path, strategy: str, micro_batch: int | None) -> None:
    """Steps of four sequences, two a rank: now and then a rank holds no image, and now and then no step does."""
    one = sharing.build(inputs, "one")
    two = sharing.build(inputs, "two", strategy=strategy, processes=2, micro_batch=micro_batch)
    assert two.recipe()["phases"] == one.recipe()["phases"]
    rows = [[(row.phase, row.step, row.learning_rate) for row in model.training()] for model in (one, two)]
    assert rows[0] == rows[1]
    assert sum(phase == "instruct" for phase, _, _ in rows[0]) >= STEPS
    losses = [[row.loss for row in model.training()] for model in (one, two)]
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["fsdp2", "ddp"])
def test_two_ranks_adapt_by_weights_as_one_does(inputs: Path, strategy: str) -> None:
    one = sharing.build(inputs, "one", recipe=sharing.ADAPTED)
    two = sharing.build(inputs, "two", recipe=sharing.ADAPTED, strategy=strategy, processes=2)
    assert two.recipe()["phases"] == one.recipe()["phases"]
    losses = [[row.loss for row in model.training()] for model in (one, two)]
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
    weights = [MultimodalModel.load(model.path).state_dict() for model in (one, two)]
    assert max(float((weights[0][name] - weights[1][name]).abs().max()) for name in weights[0]) < 1e-4


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["fsdp2", "ddp"])
def test_two_ranks_train_heads_as_one_does(inputs: Path, strategy: str) -> None:
    """Now and then a rank has no image with a twin, and the passes over twins are made all the same."""
    one = sharing.build(inputs, "one", recipe=sharing.OBJECTIVES)
    two = sharing.build(inputs, "two", recipe=sharing.OBJECTIVES, strategy=strategy, processes=2)
    assert two.recipe()["phases"] == one.recipe()["phases"]
    losses = [[row.loss for row in model.training()] for model in (one, two)]
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["fsdp2", "ddp"])
def test_two_ranks_read_documents_as_one_does(inputs: Path, strategy: str) -> None:
    """Now and then a rank holds no document, or nothing with an image."""
    one = sharing.build(inputs, "one", recipe=sharing.DOCUMENTS)
    two = sharing.build(inputs, "two", recipe=sharing.DOCUMENTS, strategy=strategy, processes=2)
    assert two.recipe()["phases"] == one.recipe()["phases"]
    losses = [[row.loss for row in model.training()] for model in (one, two)]
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)


def test_ranks_that_cannot_share_a_phase_are_refused() -> None:
    two = {"strategy": "ddp", "processes": 2}
    with pytest.raises(ConfigError, match="batch 7 of phase 'instruct' cannot be shared evenly by 2 ranks"):
        AdaptConfig.parse({"adapt": {**two, "phases": {"instruct": {"batch": 7}}}})
    with pytest.raises(ConfigError, match="image_text_contrast compares the images of a whole batch"):
        AdaptConfig.parse({"adapt": {**two, "recipe": "cg-vlm"}})
    with pytest.raises(ConfigError, match="image_text_contrast compares the images of a whole batch"):
        AdaptConfig.parse({"adapt": {"micro_batch": 4, "recipe": "cg-vlm"}})
    with pytest.raises(ConfigError, match="strategy 'single' has one rank, not 2"):
        AdaptConfig.parse({"adapt": {"processes": 2}})


def test_parts_are_as_few_as_the_micro_batch_allows() -> None:
    config = AdaptConfig.parse({"adapt": {"strategy": "ddp", "processes": 2, "micro_batch": 3}})
    assert [(phase.batch, config.accumulate(phase)) for phase in config.resolved().phases] == [(32, 8), (16, 4), (8, 2)]
    assert AdaptConfig().accumulate(AdaptConfig().resolved().phases[0]) == 1


def test_one_rank_is_no_part_of_a_key_and_two_are() -> None:
    assert not {"strategy", "processes", "precision"} & AdaptConfig().determinants().keys()
    shared = AdaptConfig.parse({"adapt": {"strategy": "ddp", "processes": 2}}).determinants()
    assert (shared["strategy"], shared["processes"]) == ("ddp", 2)


@pytest.mark.soak
@pytest.mark.slow
def test_ranks_that_are_killed_at_random_ten_times_go_on_to_the_same_bits(inputs: Path) -> None:
    settings = {"strategy": "fsdp2", "processes": 2}
    undisturbed = sharing.build(inputs, "undisturbed", **settings)
    drawn = random.Random(7)
    program = [sys.executable, str(Path(__file__).with_name("sharing.py")), str(inputs), "killed", "fsdp2"]
    killed = 0
    while killed < 10:
        started = subprocess.Popen(
            program, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            started.wait(drawn.uniform(8, 25))
            break  # it came to its end before the kill
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            killed += 1
        time.sleep(1)
    again = sharing.build(inputs, "killed", **settings)
    assert killed
    assert again.digest == undisturbed.digest
