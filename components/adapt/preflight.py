"""What an adaptation will take, estimated before its first step, and refused where it cannot end well."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson, phase_sequences
from inkling.components.adapt.documents import text_tokens
from inkling.components.adapt.passes import TextLengths, held_tokens, trained_tokens
from inkling.components.adapt.recipe import Phase
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.resources import (
    ResourceEstimate,
    estimate,
    free_disk,
    gigabytes,
    known_device,
    uses_bf16,
)
from inkling.components.shared.runtime.progress import note
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.spec import LanguageSpec
from inkling.models.training.cost import Plan
from inkling.models.training.devices import Device


def check(config: AdaptConfig, language: LanguageSpec, lesson: Lesson, work: Path) -> None:
    """Refuses an adaptation that this machine, or the cluster of its settings, cannot hold.

    Args:
        config: The stage's configuration.
        language: The language model.
        lesson: What it learns from.
        work: Where its checkpoints go.

    Raises:
        ConfigError: If memory, disk or the hours allowed do not suffice; the message names the phase and what to do.
    """
    kind = known_device(config, config.threads)
    if kind is None:
        return
    found = {phase.name: estimate(plan, kind) for phase, plan in plans(config, language, lesson, kind)}
    if not found:
        return
    largest = max(found, key=lambda name: found[name].memory.total)
    held = found[largest]
    hours = sum(one.hours for one in found.values())
    note(
        f"about {gigabytes(held.memory.total)} a rank (phase '{largest}'), {gigabytes(held.disk)} on disk, "
        f"{hours * config.ranks:.2f} device hours"
    )
    if reason := refusal(config, largest, held, hours, free_disk(config, work)):
        raise ConfigError(f"adapt would not end well: {reason}")


def plans(config: AdaptConfig, language: LanguageSpec, lesson: Lesson, kind: Device) -> Iterator[tuple[Phase, Plan]]:
    """The costs of each phase that runs the language model depend on this much of it.

    A step is taken to hold the longest sequence of the phase as often as its batch has room, with what objectives read
    beside it, which is what its memory must bear; the tokens of all steps are counted as they are.

    Args:
        config: The stage's configuration.
        language: The language model.
        lesson: What it learns from.
        kind: What each rank computes on.
    """
    recipe = config.resolved()
    image = recipe.image_positions({name: (view.shape[1], view.shape[2]) for name, view in lesson.features.items()})
    length = cache(lambda turn: _length(turn, lesson.tokenizer))
    question, caption = (_mean_length(lesson, kind, length) for kind in ("instruct", "caption"))
    for number, phase in enumerate(recipe.phases):
        runs = {"language", "adapter"} & {*phase.train} or any(objective.passes for objective in phase.active)
        if not phase.epochs or not runs:
            continue
        found = phase_sequences(phase, lesson, [config.seed, number], recipe.connector.reads_question)
        held = [
            *((1 + sum(map(length, turns)), 1) for turns in found.turns),
            *((text_tokens(one, lesson.tokenizer), len(one.image_ids)) for one in found.documents),
            *((1 + sum(map(length, turns)), 0) for turns in found.text),
        ]
        text, images = (sum(column) / len(held) for column in zip(*held, strict=True))
        most, most_images = max(held, key=lambda one: one[0] + image * one[1])
        mean, longest = (TextLengths(turns, question, caption) for turns in (text, most))
        trained = trained_tokens(phase.active, mean, image * images, phase.epochs, phase.blind)
        yield (
            phase,
            Plan(
                language=language,
                vocabulary=lesson.tokenizer.get_vocab_size(),
                tokens=round(len(held) * trained),
                batch=min(phase.batch, len(held)),
                context=round(held_tokens(phase.active, longest, image * most_images)) or most + image * most_images,
                ranks=config.ranks,
                accumulate=config.accumulate(phase),
                sharded=config.strategy == "fsdp2",
                bf16=uses_bf16(config, kind),
            ),
        )


def refusal(config: AdaptConfig, phase: str, held: ResourceEstimate, hours: float, free: float) -> str | None:
    """Why an adaptation cannot end well, and what to do; None if it can.

    Args:
        config: The stage's configuration.
        phase: Name of the phase that holds the most.
        held: What it takes.
        hours: Hours of all phases.
        free: Bytes free on the disk.
    """
    if not held.fits(config.processes):
        smaller = _smaller(config, phase, held)
        return f"phase '{phase}': {held.too_large(config.processes)}" + (
            f"The nearest that fits: micro_batch {smaller}" if smaller else "No micro_batch is small enough: use "
            "strategy fsdp2 on more devices, a larger device, or fewer turns an image"
        )  # fmt: skip
    if held.disk > free:
        return f"{gigabytes(held.disk)} of checkpoints do not fit the {gigabytes(free)} that are free"
    limit = config.launch.hours
    if limit is not None and hours > limit:
        return f"about {hours:.2f} hours are more than the {limit:g} allowed: fewer epochs, or more devices"
    return None


def _length(turn: Turn, tokenizer: Tokenizer) -> int:
    """Tokens of a turn without the `<|bos|>` that all turns of a sequence share."""
    return len(prompt_ids(tokenizer, turn.question)) - 1 + len(answer_ids(tokenizer, turn.answer))


def _mean_length(lesson: Lesson, kind: str, length: Callable[[Turn], int]) -> float:
    """Tokens of a turn of a kind with the `<|bos|>` before it, the mean over all; 0 where there is none."""
    turns = [turn for several in lesson.turns.values() for turn in several if turn.kind == kind]
    return 1 + sum(map(length, turns)) / len(turns) if turns else 0.0


def _smaller(config: AdaptConfig, name: str, held: ResourceEstimate) -> int | None:
    """The largest part of a rank's sequences that fits, as a `micro_batch`; None where one sequence does not."""
    phase = next(phase for phase in config.resolved().phases if phase.name == name)
    share = phase.batch // config.ranks
    for parts in range(held.plan.accumulate + 1, share + 1):
        if share % parts == 0:
            plan = replace(held.plan, batch=phase.batch, accumulate=parts)
            if estimate(plan, held.device).fits(config.processes):
                return share // parts
    return None
