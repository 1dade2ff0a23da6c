"""Batches are a pure function of seed and step, every image comes once an epoch, and blind batches show nothing."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import LlamaForCausalLM

from inkling.components.adapt.batches import Fields, ImageBatches, features, packed, passes
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import TEXT_ONLY, Lesson, phase_batches
from inkling.components.adapt.recipe import Phase
from inkling.components.adapt.train import new_model
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment

COUNT, TOKENS, POSITIONS = 21, 3, 5


def batches(size: int = 4, blind: float = 0.0, seed: tuple[int, ...] = (0,), dtype: type = np.float32) -> ImageBatches:
    """Images whose only feature and only answer are their number; every second row of the features is another's."""
    numbers = np.arange(2 * COUNT)
    grid = np.broadcast_to(numbers[:, None, None].astype(dtype), (2 * COUNT, TOKENS, 2))
    sequences = [
        PackedSequence([TokenSegment([0] * (1 + number % 7)), TokenSegment([number], parent=0, scored=True)])
        for number in range(COUNT)
    ]
    fields = Fields(images={"number": torch.from_numpy(numbers)}, shared={"all": torch.arange(3)})
    views = {"grid": grid, "layers.2": -grid[:, :1]}
    return ImageBatches(
        views, [[row] for row in range(0, 2 * COUNT, 2)], sequences, fields, POSITIONS, size, blind, seed
    )


def numbers(batch: dict[str, torch.Tensor]) -> list[int]:
    """The images of a batch."""
    return batch["targets"].tolist()


def test_steps_may_be_requested_in_any_order() -> None:
    forward, backward = batches(blind=0.3), batches(blind=0.3)
    steps = range(3 * forward.per_epoch)
    expected = [forward.batch(step) for step in steps]
    for step in reversed(steps):
        batch = backward.batch(step)
        assert batch.keys() == expected[step].keys()
        assert all(torch.equal(batch[name], expected[step][name]) for name in batch)


def test_no_image_comes_twice_in_an_epoch_and_epochs_differ() -> None:
    source = batches()
    assert source.per_epoch == 5
    epochs = [[numbers(source.batch(epoch * 5 + place)) for place in range(5)] for epoch in range(2)]
    flat = [sum(epoch, []) for epoch in epochs]
    assert all(len(set(images)) == 20 for images in flat)
    assert flat[0] != flat[1]


def test_seeds_differ() -> None:
    assert numbers(batches(seed=(0, 1)).batch(0)) != numbers(batches(seed=(0, 2)).batch(0))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_every_view_and_field_is_of_the_image_whose_turns_they_stand_beside(dtype: type) -> None:
    batch = batches(dtype=dtype).batch(3)
    views = features(batch)
    assert views is not None
    assert list(views) == ["grid", "layers.2"]
    assert all(view.dtype == torch.float32 for view in views.values())
    assert (views["grid"][:, 0, 0] / 2).tolist() == (views["layers.2"][:, 0, 0] / -2).tolist() == numbers(batch)
    assert (batch["number"] / 2).tolist() == numbers(batch)
    assert batch["all"].tolist() == [0, 1, 2]
    turns = packed(batch)
    assert all(getattr(turns, part.name) is batch[part.name] for part in dataclasses.fields(PackedBatch))


def test_blind_batches_are_as_many_as_stated_and_have_no_room_for_an_image() -> None:
    source = batches(blind=0.25)
    drawn = [source.batch(step) for step in range(400)]
    blind = [batch for batch in drawn if features(batch) is None]
    assert len(blind) == pytest.approx(100, abs=40)
    for batch in drawn:
        room = POSITIONS if features(batch) else 0
        assert batch["positions"].shape[1] == batch["ids"].shape[1] + room


def test_blind_batches_touch_no_feature() -> None:
    class Untouchable:
        def __getitem__(self, rows: object) -> None:
            raise AssertionError("a feature was read")

    source = batches(blind=1.0)
    source._views = {"grid": Untouchable()}
    assert all(features(source.batch(step)) is None for step in range(8))


def test_fewer_images_than_a_batch_make_one_batch() -> None:
    assert batches(size=100).per_epoch == 1
    assert sorted(numbers(batches(size=100).batch(0))) == list(range(COUNT))


def test_a_phase_has_the_turns_of_its_kinds(lesson: Lesson) -> None:
    align, instruct = AdaptConfig().resolved().phases[1:]
    lengths = [
        {len(sequence) for sequence in phase_batches(phase, lesson, Fields(), 4, [0])._sequences}
        for phase in (align, instruct)
    ]
    assert max(lengths[0]) < min(lengths[1])


def test_images_without_turns_of_a_phase_are_left_out_and_refused_when_none_is_left(lesson: Lesson) -> None:
    instruct = AdaptConfig().resolved().phases[-1].model_copy(update={"data": ("instruct",)})
    captions = {image: [turn for turn in turns if turn.kind == "caption"] for image, turns in lesson.turns.items()}
    few = dataclasses.replace(lesson, turns={**captions, "image5": lesson.turns["image5"]})
    batch = phase_batches(instruct, few, Fields(), 4, [0]).batch(0)
    views = features(batch)
    assert views is not None
    assert np.array_equal(views["grid"].numpy(), lesson.features["grid"][[5]])
    with pytest.raises(ValueError, match="phase 'instruct' trains on instruct turns, but no image has any"):
        phase_batches(instruct, dataclasses.replace(lesson, turns=captions), Fields(), 4, [0])


def test_for_a_connector_that_reads_the_question_each_turn_has_its_image_and_a_sequence_of_its_own(
    lesson: Lesson,
) -> None:
    instruct = AdaptConfig().resolved().phases[-1].model_copy(update={"blind": 0.0})
    together, alone = (phase_batches(instruct, lesson, Fields(), 4, [0], separate) for separate in (False, True))
    assert len(alone._sequences) == sum(map(len, lesson.turns.values())) == 2 * len(together._sequences)
    colours = {"red": 0, "green": 1, "blue": 2}
    for step in range(alone.per_epoch):
        batch = alone.batch(step)
        turns, views = packed(batch), features(batch)
        assert views is not None
        for row in range(len(turns.ids)):
            asked = lesson.tokenizer.decode(turns.ids[row][turns.asked[row]].tolist())
            answer = lesson.tokenizer.decode(turns.targets[turns.sequences == row].tolist())
            (colour,) = [number for word, number in colours.items() if word in answer]
            assert asked.count("Question:") == 1 and asked.endswith("Answer:")
            (seen,) = [
                index
                for index in range(len(lesson.images))
                if np.array_equal(lesson.features["grid"][index], views["grid"][row].numpy())
            ]
            assert seen % 3 == colour


def test_captions_stand_in_the_order_of_the_images(lesson: Lesson) -> None:
    without = dataclasses.replace(lesson, turns={image: lesson.turns[image] for image in lesson.images[1:]})
    assert without.captions()[:3] == ["", "a green square", "a blue square"]


def with_text(lesson: Lesson, count: int) -> Lesson:
    """The lesson with text-only turns beside it, each of a question of its own."""
    turns = [
        Turn(f"text{number}", "", "instruct", "General", "text", "other", f"Is {number} red?", "green")
        for number in range(count)
    ]
    return dataclasses.replace(lesson, turns={**lesson.turns, TEXT_ONLY: turns})


def instruct(**changes: object) -> Phase:
    return AdaptConfig.parse({"adapt": {"phases": {"instruct": {"blind": 0.0, **changes}}}}).resolved().phases[-1]


def test_text_only_turns_come_in_sequences_of_their_own_as_many_as_stated(lesson: Lesson) -> None:
    count = {
        share: phase_batches(instruct(text_only=share), with_text(lesson, 40), Fields(), 4, [0]).text_only
        for share in (None, 0.0, 0.2, 0.43)
    }
    assert count == {None: 20, 0.0: 0, 0.2: 6, 0.43: 18}, "24 images of two turns each, 40 text-only turns"
    with pytest.raises(ValueError, match="takes 24 sequences of 2 text-only turns, but there are 40 such turns"):
        phase_batches(instruct(text_only=0.5), with_text(lesson, 40), Fields(), 4, [0])


def test_a_phase_that_reads_no_text_alone_leaves_text_only_turns_out(lesson: Lesson) -> None:
    frozen = instruct(train=["connector"])
    assert phase_batches(frozen, with_text(lesson, 40), Fields(), 4, [0]).text_only == 0
    with pytest.raises(ConfigError, match="text_only needs 'language' or 'adapter' among the parts"):
        instruct(train=["connector"], text_only=0.43)


def test_the_order_is_the_same_for_every_tokenizer(lesson: Lesson) -> None:
    letters = Tokenizer(models.BPE({"a": 0, "b": 1}, [], unk_token="a"))
    orders = [
        [phase_batches(instruct(), with_text(one, 40), Fields(), 4, [3])._chosen(step).tolist() for step in range(5)]
        for one in (lesson, dataclasses.replace(lesson, tokenizer=letters))
    ]
    assert orders[0] == orders[1]


def test_a_step_of_both_kinds_makes_two_passes_and_one_of_text_alone_one(lesson: Lesson) -> None:
    source = phase_batches(instruct(batch=4), with_text(lesson, 40), Fields(), 4, [0])
    for step in range(2 * source.per_epoch):
        shown, alone = source._kinds(source._chosen(step))
        found = [(views is not None, len(turns.ids)) for views, turns, _ in passes(source.batch(step))]
        assert found == [kind for kind in ((True, len(shown)), (False, len(alone))) if kind[1]]


@pytest.mark.parametrize("count", [2, 4])
def test_every_part_makes_the_passes_of_the_step_and_stand_ins_count_nothing(lesson: Lesson, count: int) -> None:
    source = phase_batches(instruct(batch=4), with_text(lesson, 40), Fields(), 4, [0])
    stand_ins = 0
    for step in range(source.per_epoch):
        whole = list(passes(source.batch(step)))
        parts = [list(passes(source.part(step, index, count))) for index in range(count)]
        assert {tuple(views is None for views, _, _ in part) for part in parts} == {
            tuple(views is None for views, _, _ in whole)
        }
        counted = sorted(int(token) for part in parts for _, turns, counts in part if counts for token in turns.targets)
        assert counted == sorted(int(token) for _, turns, _ in whole for token in turns.targets)
        stand_ins += sum(not counts for part in parts for _, _, counts in part)
    assert stand_ins, "some part had no image, or no text-only sequence"
    with pytest.raises(ValueError, match="a batch of 4 sequences cannot be cut into 3 equal parts"):
        source.part(0, 0, 3)


def reading(*data: str, **changes: object) -> Phase:
    """A phase that reads documents, or turns of other kinds beside them."""
    stated = {"data": [*data], "objectives": ["next_token"], "train": ["connector", "language"], **changes}
    return AdaptConfig.parse({"adapt": {"phases": {"instruct": {"blind": 0.0, **stated}}}}).resolved().phases[-1]


def shown_colours(lesson: Lesson, views: dict[str, torch.Tensor]) -> list[int]:
    """The colour of each image of a batch, in turn, by its features."""
    colours = {lesson.features["grid"][row].tobytes(): row % 3 for row in range(len(lesson.images))}
    return [colours[grid.numpy().tobytes()] for grid in views["grid"]]


@pytest.mark.parametrize(("form", "count", "text"), [("whole", 12, 6), ("pairs", 24, 6)])
def test_documents_have_their_images_before_what_is_said_of_them(
    lesson: Lesson, form: str, count: int, text: int
) -> None:
    source = phase_batches(reading("interleaved", documents=form), lesson, Fields(), POSITIONS, [0])
    assert len(source._sequences) == count == len(lesson.documents) * count // 12
    said = "".join(" ".join(one.texts) for one in lesson.documents)
    assert said.count("Look.") == text
    for step in range(source.per_epoch):
        batch = source.batch(step)
        views, turns = features(batch), packed(batch)
        assert views is not None
        told = lesson.tokenizer.decode(turns.targets.tolist(), skip_special_tokens=False)
        named = [
            ("red", "green", "blue").index(word)
            for word in told.replace("<|eos|>", " ").split()
            if word in "red green blue"
        ]
        assert named == shown_colours(lesson, views)
        assert (turns.places >= turns.ids.numel()).sum() == POSITIONS * len(views["grid"])


def test_documents_captions_and_text_alone_share_steps(lesson: Lesson) -> None:
    source = phase_batches(
        reading("interleaved", "caption", "instruct", batch=6), with_text(lesson, 40), Fields(), POSITIONS, [0]
    )
    assert len(source._sequences) == 24 + 12 + 20 and source.text_only == 20
    for step in range(source.per_epoch):
        for views, turns, _ in passes(source.batch(step)):
            places = int(turns.places.max()) + 1 - turns.ids.numel()
            assert max(places, 0) == (POSITIONS * len(views["grid"]) if views else 0)


@pytest.mark.parametrize("count", [2, 4])
def test_the_loss_of_a_step_is_the_mean_over_its_parts(
    lesson: Lesson, language: Callable[[], LlamaForCausalLM], count: int
) -> None:
    phase = reading("interleaved", "instruct", batch=4)
    model = new_model(AdaptConfig().resolved(), language(), lesson.features, seed=0)
    source = phase_batches(phase, with_text(lesson, 40), Fields(), model.image_positions, [0])
    (objective,) = [spec.build() for spec in phase.active]
    stand_ins = 0
    for step in range(source.per_epoch):
        whole = objective.loss(model, source.batch(step))
        parts = [source.part(step, index, count) for index in range(count)]
        stand_ins += sum(not counts for part in parts for _, _, counts in passes(part))
        losses = [objective.loss(model, part) for part in parts]
        assert torch.allclose(torch.stack(losses).mean(), whole, atol=1e-5)
    assert stand_ins, "some part held no document, or nothing else"


def test_a_phase_that_reads_documents_is_refused_where_there_are_none(lesson: Lesson) -> None:
    bare = dataclasses.replace(lesson, documents=())
    with pytest.raises(ValueError, match="phase 'instruct' reads interleaved documents, but there are none: state sc"):
        phase_batches(reading("interleaved", "caption"), bare, Fields(), POSITIONS, [0])
