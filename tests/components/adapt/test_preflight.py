"""What an adaptation takes is counted from its own turns, and what does not fit is refused with what does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from transformers import LlamaForCausalLM

from inkling.components.adapt.batches import Fields
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import TEXT_ONLY, Lesson, phase_batches
from inkling.components.adapt.preflight import check, plans
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch import resources
from inkling.components.shared.launch.resources import estimate
from inkling.models.language import spec_of
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.spec import LanguageSpec
from inkling.models.training.cost import Plan
from inkling.models.training.devices import Device

TOKENS = 4
CPU = Device("cpu", "cpu", 16e9, (1e11, 1e11), 0.45)


@pytest.fixture
def spec(language: Callable[[], LlamaForCausalLM]) -> LanguageSpec:
    """The small language model of these tests."""
    return spec_of(language())


@pytest.mark.parametrize("connector", ["mlp", "early_fusion"])
def test_the_longest_sequence_and_all_tokens_are_those_of_the_batches(
    lesson: Lesson, spec: LanguageSpec, connector: str
) -> None:
    """Phase by phase: the plan's context is the longest row that a batch of the phase ever has."""
    config = AdaptConfig(connector=connector)
    alone = config.resolved().connector.reads_question
    found = {phase.name: plan for phase, plan in plans(config, spec, lesson, CPU)}
    assert list(found) == ["align", "instruct"]  # the contrastive start does not run the language model
    for phase in config.resolved().phases[1:]:
        batches = phase_batches(phase, lesson, Fields(), TOKENS, [0, 0], alone)
        longest = max(batches.batch(step)["ids"].shape[1] for step in range(batches.per_epoch))
        assert found[phase.name].context == longest + TOKENS
        assert found[phase.name].batch == phase.batch


def test_text_only_turns_are_counted_in_the_sequences_that_they_stand_in(lesson: Lesson, spec: LanguageSpec) -> None:
    """Not in one as long as all of them, which no memory would hold."""
    text = [
        Turn(f"text{number}", "", "instruct", "General", "text", "other", f"Is {'very ' * (number % 5)}red red?", "yes")
        for number in range(200)
    ]
    beside = replace(lesson, turns={**lesson.turns, TEXT_ONLY: text})
    config = AdaptConfig(epochs={"start": 0, "align": 0, "instruct": 1})
    ((phase, plan),) = plans(config, spec, beside, CPU)
    batches = phase_batches(phase.model_copy(update={"batch": 1}), beside, Fields(), TOKENS, [0, 2])
    steps = range(batches.per_epoch)
    images = [len(batches._kinds(batches._chosen(step))[0]) for step in steps]
    lengths = [batches.batch(step)["ids"].shape[1] + TOKENS * count for step, count in zip(steps, images, strict=True)]
    assert (batches.text_only, sum(images)) == (100, len(lesson.images))
    assert plan.context == max(lengths)
    shown_blind = phase.blind * TOKENS * len(lesson.images)
    assert plan.tokens == pytest.approx(sum(lengths) - shown_blind, abs=1)


@pytest.mark.parametrize("form", ["whole", "pairs"])
def test_documents_are_counted_with_all_their_images(lesson: Lesson, spec: LanguageSpec, form: str) -> None:
    stated = {"data": ["interleaved"], "documents": form, "objectives": ["next_token"], "blind": 0.0}
    config = AdaptConfig(phases={"instruct": stated}, epochs={"start": 0, "align": 0, "instruct": 1})
    ((phase, plan),) = plans(config, spec, lesson, CPU)
    batches = phase_batches(phase.model_copy(update={"batch": 1}), lesson, Fields(), TOKENS, [0, 0])
    lengths = [batches.batch(step)["positions"].shape[1] for step in range(batches.per_epoch)]
    assert plan.context == max(lengths) and plan.tokens == pytest.approx(sum(lengths), abs=1)


def test_what_an_objective_reads_beside_the_turns_is_counted_in_tokens_and_memory(
    lesson: Lesson, spec: LanguageSpec
) -> None:
    """S-VCO reads a question with its image, with the twin and blind, learns from all three, and once before."""

    def plan_of(*objectives: str) -> Plan:
        config = AdaptConfig(recipe="svco", phases={"prefer": {"objectives": [*objectives]}})
        return {phase.name: plan for phase, plan in plans(config, spec, lesson, CPU)}["prefer"]

    control, svco = plan_of("next_token"), plan_of("svco", "next_token")
    turns = [turn for several in lesson.turns.values() for turn in several if turn.kind == "instruct"]
    question = fmean(
        len(prompt_ids(lesson.tokenizer, one.question)) + len(answer_ids(lesson.tokenizer, one.answer)) for one in turns
    )
    three = 3 * question + 2 * TOKENS
    assert svco.tokens - control.tokens == pytest.approx(len(lesson.images) * three * (1 + 1 / 3), abs=1)
    assert svco.context - control.context == pytest.approx(three, abs=1)
    assert estimate(svco, CPU).hours > 2 * estimate(control, CPU).hours
    assert plan_of("asvr", "next_token").rows == 2 * control.rows, "it reads the turns by itself"


def test_a_smaller_part_of_the_batch_is_named_where_it_fits(
    lesson: Lesson,
    spec: LanguageSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = AdaptConfig(epochs={"start": 0})
    monkeypatch.setattr(resources, "device", lambda name, threads: CPU)
    check(config, spec, lesson, tmp_path)
    assert "a rank (phase 'align')" in capsys.readouterr().out
    plan = next(plan for phase, plan in plans(config, spec, lesson, CPU) if phase.name == "align")
    room = estimate(replace(plan, accumulate=4), CPU).memory.total + 1
    monkeypatch.setattr(resources, "device", lambda name, threads: replace(CPU, memory=room))
    with pytest.raises(ConfigError, match="adapt would not end well: phase 'align': .* micro_batch 4"):
        check(config, spec, lesson, tmp_path)
    monkeypatch.setattr(resources, "device", lambda name, threads: replace(CPU, memory=1e6))
    with pytest.raises(ConfigError, match="No micro_batch is small enough"):
        check(config, spec, lesson, tmp_path)


def test_too_little_disk_is_refused(
    lesson: Lesson, spec: LanguageSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "device", lambda name, threads: CPU)
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(ConfigError, match="of checkpoints do not fit the 0.0 GB that are free"):
        check(AdaptConfig(), spec, lesson, tmp_path)
