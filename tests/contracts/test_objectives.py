"""What holds for every objective: its fields, its loss and gradients, batches without images, settings."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor, nn

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.data import Lesson, phase_batches
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.contract import HEADS
from inkling.components.adapt.passes import TextLengths
from inkling.components.adapt.recipe import AdaptationRecipe, Phase
from inkling.components.adapt.train import add_heads, new_model
from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation, to_rle
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.models.language import LANGUAGE_MODELS
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch
from inkling.models.sequence.prompt import answer_ids, prompt_ids

WORDS = ("red", "green", "blue", "grey")
PHASE = {
    "name": "all", "data": ["caption", "instruct"], "train": ["connector", "language"], "epochs": 1, "batch": 6,
    "learning_rate": 0.001,
}  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=280,
        special_tokens=["<|bos|>", "<|eos|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([f"a {word} square" for word in WORDS] * 9, trainer)
    return tokenizer


@pytest.fixture
def lesson(tokenizer: Tokenizer) -> Lesson:
    """Twelve images, each with a caption, a question, a square that is one half of it, and a twin of another colour."""
    images = [f"image{index}" for index in range(12)]
    grid = np.random.default_rng(0).normal(size=(12, 4, 8)).astype(np.float32)
    turns, shown = {}, {}
    half = np.arange(8)[:, None].repeat(8, axis=1) < 4  # the upper one
    for index, image in enumerate(images):
        word = WORDS[index % 4]
        said = (("caption", "Describe the picture.", f"a {word} square"), ("instruct", "Which colour?", word))
        turns[image] = [Turn(f"{image}-{kind}", image, kind, "General", "colour", "other", *one) for kind, *one in said]
        square = AnnotatedObject("shape", "square", word, "", (0, 0, 8, 4), 0.5, counts=to_rle(half ^ bool(index % 2)))
        shown[image] = ImageAnnotation(image, 8, 8, (square,), images[index ^ 1], "colour")
    return Lesson(images, {"grid": grid}, turns, tokenizer, lambda: shown)


class Tried:
    """An objective with its spec, a model, and batches of a phase that is trained for it alone."""

    def __init__(self, name: str, lesson: Lesson) -> None:
        self.spec = OBJECTIVES.read(name)
        self.objective = self.spec.build()
        self.lesson, self.fields = lesson, self.objective.fields(lesson)
        recipe = AdaptationRecipe.model_validate(
            {"connector": "mlp", "fusion": "prefix", "phases": [{**PHASE, "objectives": [name]}]}
        )
        size = {
            "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
            "intermediate_size": 32, "max_position_embeddings": 64, "rope_theta": 10_000.0,
            "tie_word_embeddings": True, "initializer_range": 0.2,
        }  # fmt: skip
        language = LANGUAGE_MODELS.read({"type": "llama", **size}).build(lesson.tokenizer.get_vocab_size(), seed=0)
        self.model: MultimodalModel = new_model(recipe, language, lesson.features, seed=0)
        add_heads(self.model, recipe, [[self.objective]], lesson, seed=0)
        self.fields = Fields.merged([self.fields, self.objective.prepare(self.model, lesson)])
        self._phase = recipe.phases[0]

    def batch(self, blind: bool = False) -> dict[str, Tensor]:
        """The first batch, with its images or without."""
        phase = self._phase.model_copy(update={"blind": float(blind)})
        return phase_batches(phase, self.lesson, self.fields, self.model.image_positions, [0]).batch(0)

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """The loss of a batch, with the random numbers of one step."""
        torch.manual_seed(0)
        return self.objective.loss(self.model, batch)

    def gradients(self, batch: dict[str, Tensor]) -> set[str]:
        """The parts that the loss of a batch sends a gradient to."""
        self.model.zero_grad()
        loss = self.loss(batch)
        if loss.requires_grad:
            loss.backward()
        reached = [
            name
            for name, parameter in self.model.named_parameters()
            if parameter.grad is not None and parameter.grad.abs().sum() > 0
        ]
        return {name.split(".")[0] for name in reached}


@pytest.fixture(params=OBJECTIVES.names())
def tried(request: pytest.FixtureRequest, lesson: Lesson) -> Tried:
    return Tried(request.param, lesson)


def test_its_fields_are_those_that_its_spec_needs_a_row_for_each_image(tried: Tried) -> None:
    assert {*tried.fields.images, *tried.fields.shared} == tried.spec.needs
    assert all(len(values) == len(tried.lesson.images) for values in tried.fields.images.values())
    assert tried.spec.needs <= tried.batch().keys()


def test_its_fields_stand_beside_the_turns_and_the_fields_of_every_other_objective(tried: Tried) -> None:
    """A name that two have is one field."""
    assert not tried.spec.needs & {part.name for part in dataclasses.fields(PackedBatch)}
    for other in (OBJECTIVES.read(name) for name in OBJECTIVES.names() if name != tried.spec.type):
        for name in tried.spec.needs & other.needs:
            found, same = (spec.build().fields(tried.lesson).images[name] for spec in (tried.spec, other))
            assert torch.equal(found, same)


def test_the_loss_is_a_finite_scalar_above_zero_the_same_each_time(tried: Tried) -> None:
    losses = [tried.loss(tried.batch()).detach() for _ in range(2)]
    assert losses[0].shape == ()
    assert losses[0] > 0
    assert torch.isfinite(losses[0])
    assert torch.equal(*losses)


def test_the_gradient_reaches_the_connector_and_the_language_model_only_where_it_says_so(tried: Tried) -> None:
    language = {"language"} if tried.spec.reads_text or tried.objective.reaches_language else set()
    heads = {HEADS} if hasattr(tried.model, HEADS) else set()
    assert tried.gradients(tried.batch()) == {"connector"} | language | heads


def test_a_loss_that_does_not_depend_on_the_scale_of_image_tokens_leaves_it_alone(tried: Tried) -> None:
    """Its gradient would be what rounding leaves, along which Adam takes whole steps."""
    scale = tried.model.connector.scale
    before = float(tried.loss(tried.batch()).detach())
    with torch.no_grad():
        scale.mul_(2)
    after = float(tried.loss(tried.batch()).detach())
    with torch.no_grad():
        scale.div_(2)
    tried.gradients(tried.batch())
    assert before != pytest.approx(after, rel=1e-6) or scale.grad is None


@contextmanager
def counted(language: nn.Module) -> Iterator[dict[bool, int]]:
    """Positions that a language model reads, by whether a backward pass may follow."""
    found = {True: 0, False: 0}

    def count(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        read = kwargs.get("input_ids") if kwargs.get("inputs_embeds") is None else kwargs["inputs_embeds"]
        found[torch.is_grad_enabled()] += read.shape[0] * read.shape[1]

    hook = language.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        yield found
    finally:
        hook.remove()


def test_the_language_model_reads_about_as_much_as_its_spec_says(tried: Tried) -> None:
    """What `inkling estimate` counts, in each step and before the phase."""
    tokenizer, images = tried.lesson.tokenizer, tried.lesson.images
    sequence = tried.batch()["ids"].shape[1]
    asked = [turn for image in images for turn in tried.lesson.turns[image] if turn.kind == "instruct"]
    question = fmean(
        len(prompt_ids(tokenizer, turn.question)) + len(answer_ids(tokenizer, turn.answer)) for turn in asked
    )
    caption = fmean(1 + len(tokenizer.encode(text).ids) for text in tried.lesson.captions())
    lengths, image = TextLengths(sequence, question, caption), tried.model.image_positions
    with counted(tried.model.language) as step:
        tried.loss(tried.batch())
    with counted(tried.model.language) as before:
        tried.objective.prepare(tried.model, tried.lesson)
    for found, learns, once, count in ((step, True, False, 6), (step, False, False, 6), (before, False, True, 12)):
        stated = sum(
            one.times * (getattr(lengths, one.reads) + image * one.image)
            for one in tried.spec.passes
            if (one.learns, one.once) == (learns, once)
        )
        assert stated / 1.5 <= found[learns] / count <= 1.5 * stated
    assert not before[True]


def test_a_batch_without_images_teaches_from_its_text_or_costs_nothing(tried: Tried) -> None:
    batch = tried.batch(blind=True)
    assert features(batch) is None
    loss = tried.loss(batch).detach()
    assert torch.isfinite(loss)
    assert tried.gradients(batch) == ({"language"} if tried.spec.reads_text else set())
    assert (float(loss) > 0) is tried.spec.reads_text


def test_the_mean_over_parts_is_the_loss_of_the_batch_where_the_spec_says_so(tried: Tried) -> None:
    """Text-only sequences are among them, and parts that hold no image."""
    if not tried.spec.divisible:
        pytest.skip("it compares the images of a whole batch: ranks cannot share one")
    text = [Turn(f"t{n}", "", "instruct", "General", "text", "other", "Red or green?", WORDS[n % 4]) for n in range(12)]
    lesson = dataclasses.replace(tried.lesson, turns={**tried.lesson.turns, "": text})
    phase = Phase.model_validate({**PHASE, "objectives": [tried.spec.type], "batch": 6})
    source = phase_batches(phase, lesson, tried.fields, tried.model.image_positions, [0])
    for step in range(source.per_epoch):
        whole = float(tried.loss(source.batch(step)).detach())
        for count in (2, 3, 6):
            parts = [tried.loss(source.part(step, index, count)) for index in range(count)]
            assert float(sum(parts).detach()) / count == pytest.approx(whole, rel=1e-5)


def test_the_order_of_the_images_in_a_batch_changes_nothing(tried: Tried) -> None:
    images = [1, 4, 2, 7, 3]
    losses = []
    for order in (images, images[::-1]):
        few = dataclasses.replace(
            tried.lesson,
            images=[tried.lesson.images[row] for row in order],
            features={"grid": tried.lesson.features["grid"][order]},
        )
        phase = Phase.model_validate({**PHASE, "objectives": [tried.spec.type], "batch": 5})
        fields = Fields.merged([tried.objective.fields(few), tried.objective.prepare(tried.model, few)])
        batch = phase_batches(phase, few, fields, tried.model.image_positions, [0]).batch(0)
        losses.append(float(tried.loss(batch).detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_what_the_images_show_changes_the_loss(tried: Tried) -> None:
    batch = tried.batch()
    random = torch.Generator().manual_seed(7)
    other = {**batch, "features.grid": torch.randn(batch["features.grid"].shape, generator=random)}
    assert not torch.equal(tried.loss(batch), tried.loss(other))


def test_an_objective_that_reads_text_knows_whose_image_is_whose(tried: Tried) -> None:
    if not (tried.spec.reads_text or tried.spec.needs):
        pytest.skip("it looks at images alone")
    batch = tried.batch()
    other = {**batch, "features.grid": batch["features.grid"].flip(0)}
    assert not torch.equal(tried.loss(batch), tried.loss(other))


def test_a_wrong_setting_is_refused_naming_the_valid_ones(tried: Tried) -> None:
    name = tried.spec.type
    with pytest.raises(ConfigError, match=r"unknown key .*wieght.*Valid: .*weight"):
        OBJECTIVES.read({"type": name, "wieght": 1.0})
    with pytest.raises(ConfigError, match=r"weight.*greater than or equal to 0"):
        OBJECTIVES.read({"type": name, "weight": -1})


def test_its_settings_are_written_whole_into_the_phase_and_read_back(tried: Tried) -> None:
    phase = Phase.model_validate({**PHASE, "objectives": [{"type": tried.spec.type, "weight": 0.25}]})
    stated = phase.model_dump(mode="json")
    assert stated["objectives"] == [{**tried.spec.model_dump(mode="json"), "weight": 0.25}]
    assert Phase.model_validate(stated) == phase


def test_an_unknown_objective_is_refused_naming_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match=rf"unknown objective 'contrast'.*Valid: {', '.join(OBJECTIVES.names())}"):
        Phase.model_validate({**PHASE, "objectives": ["contrast"]})
