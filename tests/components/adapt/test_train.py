"""Running a recipe: it learns to see, an objective that is off changes no bit, and what was frozen stays so."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from inkling.components.adapt import train as training
from inkling.components.adapt.batches import Fields, ImageBatches
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import TEXT_ONLY, Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.contract import Objective, head_of
from inkling.components.adapt.recipe import load_recipe, recipe_names
from inkling.components.adapt.trainable import TrainableError
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.models.inference.likelihood import choose
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.training.fit import Fitted

COLOURS = ("red", "green", "blue")
MLP = {"type": "mlp", "intermediate_size": 16}
NONE = 0.01  # epochs that are no step of the lesson


def config_of(recipe: Any = "laptop", **section: Any) -> AdaptConfig:
    return AdaptConfig.parse({"seed": 1, "threads": 1, "adapt": {"recipe": recipe, "connector": MLP, **section}})


def phase(**changes: Any) -> dict[str, Any]:
    """A phase of a few steps."""
    return {
        "name": "align", "data": ["caption"], "objectives": ["next_token"], "train": ["connector"], "epochs": 1,
        "batch": 8, "learning_rate": 0.005, **changes,
    }  # fmt: skip


def recipe_of(*phases: dict[str, Any]) -> dict[str, Any]:
    return {"connector": MLP, "fusion": "prefix", "phases": list(phases)}


@pytest.fixture
def train(lesson: Lesson, language: Callable[[], LlamaForCausalLM], tmp_path: Path):
    """Trains a recipe on the lesson."""
    runs = iter(range(99))
    return lambda config: training.train(config, language(), lesson, tmp_path / str(next(runs)))


def test_it_learns_to_see(train, lesson: Lesson) -> None:
    fast = load_recipe("laptop").model_dump(mode="json")
    for one in fast["phases"]:
        one["learning_rate"] = 5e-3
    model = train(config_of(fast, seed=0, epochs={"start": 40, "align": 0, "instruct": 150})).model
    prompt = prompt_ids(lesson.tokenizer, "Which colour?")
    choices = [answer_ids(lesson.tokenizer, colour) for colour in COLOURS]
    views = {"grid": torch.from_numpy(lesson.features["grid"])}
    seen = TorchEngine(model).score([prompt] * 24, [choices] * 24, views)
    assert np.mean([choose(scores) == index % 3 for index, scores in enumerate(seen)]) > 0.9


def test_a_connector_that_reads_the_question_learns_what_is_asked(train, lesson: Lesson) -> None:
    """Its words' part of the mixing is trained by questions, and its loss falls."""
    reader = {"type": "early_fusion", "intermediate_size": 16, "words": 12}
    both = phase(data=["caption", "instruct"], train=["connector", "language"], epochs=4)
    adapted = train(config_of(recipe_of(both), connector=reader))
    mixing = adapted.model.connector.mixing.detach()
    assert (mixing[:, 4:] != 0).any()
    losses = [row.loss for row in adapted.rows]
    assert len(losses) == 4 * 48 // 8
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:6])


@pytest.mark.parametrize("name", ["word_contrast", "image_text_contrast", "svco", "marten"])
def test_an_objective_that_is_off_changes_no_bit(train, name: str) -> None:
    with_it = phase(objectives=["next_token", {"type": name, "weight": 0}])
    weights = [train(config_of(recipe_of(one))).model.state_dict() for one in (phase(), with_it)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_fields_are_computed_where_an_objective_needs_them_and_nowhere_else(
    train, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed, batches = [], {}
    contrast = OBJECTIVES.read("word_contrast").load_target()
    fields, batch = contrast.fields, ImageBatches.batch

    def counted(self: object, lesson: Lesson):
        computed.append("words")
        return fields(self, lesson)

    def kept(self: ImageBatches, step: int) -> dict[str, Tensor]:
        batches[self._seed[-1]] = batch(self, step)
        return batches[self._seed[-1]]

    monkeypatch.setattr(contrast, "fields", counted)
    monkeypatch.setattr(ImageBatches, "batch", kept)
    train(config_of(recipe_of(phase(), phase(name="words", objectives=["word_contrast"]))))
    assert computed == ["words"]
    always = {*PackedBatch.__dataclass_fields__, "features.grid"}
    assert batches[0].keys() == always
    assert batches[1].keys() == always | {"words", "present"}


def test_objectives_are_summed_by_their_weights(train, lesson: Lesson) -> None:
    class Constant:
        def __init__(self, value: float) -> None:
            self.value = value

        def loss(self, model: object, batch: object) -> Tensor:
            return torch.tensor(self.value)

    model = train(config_of(recipe_of(phase(epochs=NONE)))).model
    assert float(training.weighted([2.0, 0.5], [Constant(3.0), Constant(8.0)])(model, {})) == 10.0


def test_a_blind_phase_teaches_the_language_model_alone(train) -> None:
    both = {"train": ["connector", "language"], "data": ["instruct"]}
    before = train(config_of(recipe_of(phase(epochs=NONE, **both)))).model.state_dict()
    after = train(config_of(recipe_of(phase(blind=1.0, **both)))).model.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"language"}


def test_a_fusion_with_weights_is_a_part_that_trains(train) -> None:
    gated = {**recipe_of(phase(train=["fusion"])), "fusion": {"type": "cross_attention", "every": 1, "heads": 2}}
    adapted = train(config_of(gated))
    assert {name.split(".")[0] for name in adapted.phases[0]["trainable"]} == {"fusion"}
    gates = [value for name, value in adapted.model.named_parameters() if name.startswith("fusion.") and "gate" in name]
    assert gates
    assert all(gate.abs().sum() > 0 for gate in gates), "they are zero at the start"


def test_each_phase_states_what_trained(train) -> None:
    adapted = train(config_of(recipe_of(phase(), phase(name="all", epochs=2, train=["connector", "language"]))))
    first, second = adapted.phases
    names = [name for name, _ in adapted.model.named_parameters()]
    assert first["trainable"] == [name for name in names if name.startswith("connector.")]
    assert second["trainable"] == names
    assert (first["steps"], second["steps"]) == (3, 6)
    assert second["parameters"] == sum(parameter.numel() for parameter in adapted.model.parameters())
    assert [(row.phase, row.step) for row in adapted.rows] == [
        *(("align", step) for step in (1, 2, 3)),
        *(("all", step) for step in range(1, 7)),
    ]


def test_a_frozen_language_model_stays_while_the_connector_is_instructed(train) -> None:
    adapted = train(config_of(phases={"instruct": {"train": ["connector"], "blind": 0.0}}))
    assert {name.split(".")[0] for phase in adapted.phases for name in phase["trainable"]} == {"connector"}
    before = train(config_of(recipe_of(phase(epochs=NONE)))).model.language.state_dict()
    assert all(torch.equal(value, before[name]) for name, value in adapted.model.language.state_dict().items())


def test_how_the_language_model_starts_and_learns_is_recorded_and_said(train, capsys) -> None:
    rates = {"learning_rates": {"language": 0.02}, "train": ["connector", "language"]}
    adapted = train(config_of(recipe_of(phase(**rates)), language_start={"keep": 0.5}))
    assert adapted.phases[0]["learning_rates"] == {"language": 0.02}
    said = capsys.readouterr()
    said = said.out + said.err
    assert "does not start as it was trained: its blocks are 0.5 as trained and 0.5 fresh" in said
    assert "connector and language (at 0.02) train" in said


class Counted(nn.Module):
    """A head that scales a loss and counts its calls in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(1))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, loss: Tensor) -> Tensor:
        self.calls.add_(1)
        return loss * (1 + self.scale.square().sum())


@pytest.fixture
def headed(monkeypatch: pytest.MonkeyPatch) -> type[Objective]:
    """`word_contrast` with a head."""
    contrast = OBJECTIVES.read("word_contrast").load_target()
    plain = contrast.loss

    def loss(self: Objective, model: MultimodalModel, batch: dict[str, Tensor]) -> Tensor:
        return head_of(model, "word_contrast")(plain(self, model, batch))

    monkeypatch.setattr(contrast, "loss", loss)
    monkeypatch.setattr(contrast, "head", lambda self, model, lesson: Counted())
    return contrast


def test_a_head_trains_with_its_objective_alone_and_is_left_out(train, headed: type[Objective]) -> None:
    with_it = phase(objectives=["word_contrast"])
    adapted = train(config_of(recipe_of(with_it, phase(name="without"), {**with_it, "name": "again"})))
    trained = [[name for name in one["trainable"] if name.startswith("heads.")] for one in adapted.phases]
    assert trained == [["heads.word_contrast.scale"], [], ["heads.word_contrast.scale"]]
    assert not [name for name in adapted.model.state_dict() if name.startswith("heads")]
    other = [with_it, {**with_it, "name": "again", "objectives": [{"type": "word_contrast", "temperature": 1}]}]
    with pytest.raises(ConfigError, match="phase 'again' states 'word_contrast' with other settings than a phase"):
        train(config_of(recipe_of(*other)))


def test_the_model_is_prepared_from_as_it_trains_with_its_adapter(train, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = []

    def prepare(self: Objective, model: MultimodalModel, lesson: Lesson) -> Fields:
        hooks.append(sum(len(module._forward_hooks) for module in model.language.modules()))
        return Fields()

    monkeypatch.setattr(OBJECTIVES.read("next_token").load_target(), "prepare", prepare)
    train(config_of({**recipe_of(phase(train=["adapter"], epochs=NONE)), "adapter": {"type": "lora", "rank": 2}}))
    train(config_of(recipe_of(phase(epochs=NONE))))
    assert hooks[0] > hooks[1] == 0


def test_what_an_objective_lacks_is_refused_before_the_first_phase_trains(train, monkeypatch) -> None:
    monkeypatch.setattr(training, "fit", lambda *arguments, **settings: pytest.fail("it trained"))
    rare = phase(name="rare", objectives=[{"type": "word_contrast", "rarest": 0.99, "commonest": 0.995}])
    with pytest.raises(ValueError, match="no word stands in"):
        train(config_of(recipe_of(phase(), rare)))


def test_a_lesson_without_annotations_says_what_needs_them(lesson: Lesson) -> None:
    assert lesson.annotations("a mask")["image1"].objects[0].colour == "green"
    with pytest.raises(ValueError, match="a mask needs to know what lies where in each image, but none is annotated"):
        dataclasses.replace(lesson, shown=dict).annotations("a mask")


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_trains_what_it_states_says_so_and_records_it(
    name: str, lesson: Lesson, language: Callable[[], LlamaForCausalLM], tmp_path: Path, capsys
) -> None:
    text = [Turn(f"t{n}", "", "instruct", "General", "text", "other", "Red?", COLOURS[n % 3]) for n in range(60)]
    lesson = dataclasses.replace(lesson, turns={**lesson.turns, TEXT_ONLY: text})
    phases = {phase.name: {"epochs": 1, "batch": 512} for phase in load_recipe(name).phases}
    fusion = load_recipe(name).fusion.model_dump()
    fusion = {**fusion, "every": 1} if "every" in fusion else fusion  # the language model has one layer
    config = config_of(name, phases=phases, fusion=fusion)
    adapted = training.train(config, language(), lesson, tmp_path)
    said = capsys.readouterr()
    names = [one for one, _ in adapted.model.named_parameters()]
    for stated, account in zip(config.resolved().phases, adapted.phases, strict=True):
        assert account["steps"] == 1
        left = ("adapter.", "heads.")  # an adapter is merged, and heads are left out
        kept = [one for one in account["trainable"] if not one.startswith(left)]
        assert kept == [one for one in names if one.split(".")[0] in stated.train]
        assert any(one.startswith("adapter.") for one in account["trainable"]) is ("adapter" in stated.train)
        rates = {part: f"{part} (at {rate:g})" for part, rate in stated.learning_rates.items()}
        assert (
            f"{stated.name}: {' and '.join(rates.get(part, part) for part in stated.train)} train"
            in said.out + said.err
        )
        assert account.get("text_only_sequences", 0) > 0 or not stated.reads_text_alone or "instruct" not in stated.data


def test_a_part_without_parameters_is_refused(train) -> None:
    with pytest.raises(ConfigError, match=r"part.* 'fusion'.*Valid: connector, language"):
        train(config_of(recipe_of(phase(train=["fusion", "connector"]))))


def test_a_phase_that_changes_what_it_froze_is_refused(train, monkeypatch: pytest.MonkeyPatch) -> None:
    def meddling(taught, *arguments, **settings):
        with torch.no_grad():
            taught.model.language.model.norm.weight.add_(1)
        return Fitted([], {})

    monkeypatch.setattr(training, "fit", meddling)
    with pytest.raises(TrainableError, match="phase 'start' changed parameters that it froze"):
        train(config_of())
