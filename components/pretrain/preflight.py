"""What a run will take, estimated before it starts: memory, disk, time; if they do not fit, the nearest that does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from inkling.components.pretrain.config import PretrainConfig
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
from inkling.models.language.presets import load_preset, preset_names
from inkling.models.training.cost import Plan
from inkling.models.training.devices import Device


def plan_of(config: PretrainConfig, vocabulary: int, kind: Device) -> Plan:
    """The costs of a configuration depend on this much of it."""
    return Plan(
        language=load_preset(config.preset),
        vocabulary=vocabulary,
        tokens=config.steps * config.batch * config.context,
        batch=config.batch,
        context=config.context,
        ranks=config.ranks,
        accumulate=config.accumulate,
        sharded=config.strategy == "fsdp2",
        bf16=uses_bf16(config, kind),
        exports=len(config.exports),
    )


def check(config: PretrainConfig, vocabulary: int, work: Path) -> None:
    """Refuses a run that this machine, or the cluster of its settings, cannot hold.

    Args:
        config: The stage's configuration.
        vocabulary: Entries of the tokenizer.
        work: Where its checkpoints go.

    Raises:
        ConfigError: If memory, disk or the hours allowed do not suffice; the message names the nearest run that fits.
    """
    kind = known_device(config, config.threads)
    if kind is None:
        return
    found = estimate(plan_of(config, vocabulary, kind), kind)
    note(
        f"{found.plan.parameters:,} parameters, {found.plan.tokens:,} tokens: about "
        f"{gigabytes(found.memory.total)} a rank, {gigabytes(found.disk)} on disk, "
        f"{found.device_hours:.2f} device hours"
    )
    if reason := refusal(found, config.processes, free_disk(config, work), config.launch.hours):
        raise ConfigError(f"pretrain would not end well: {reason}")


def refusal(found: ResourceEstimate, processes: int, free: float, limit: float | None) -> str | None:
    """Why a run cannot fit, and the nearest one that does; None if it fits.

    Args:
        found: What it takes.
        processes: Ranks of a machine; they share the memory of its CPU.
        free: Bytes free on the disk.
        limit: Hours allowed; None for any number.
    """
    plan = found.plan
    if not found.fits(processes):
        near = next((words for words, other in _smaller(plan) if estimate(other, found.device).fits(processes)), None)
        return found.too_large(processes) + (
            f"The nearest that fits: {near}" if near else "No preset is small enough: use a larger device"
        )
    if found.disk > free:
        return f"{gigabytes(found.disk)} of checkpoints and models do not fit the {gigabytes(free)} that are free: " + (
            f"free {gigabytes(found.disk - free)}" + (", or keep fewer exports" if plan.exports else "")
        )
    if limit is not None and found.hours > limit:
        tokens = int(plan.tokens * limit / found.hours)
        return (
            f"about {found.hours:.2f} hours are more than the {limit:g} allowed. "
            f"The nearest that fits: token_budget {tokens:,}, or {-(-found.device_hours // limit):.0f} devices"
        )
    return None


def _smaller(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Runs that hold less, from the nearest on: smaller parts of a batch, shards, more devices, smaller presets."""
    share = plan.batch // plan.ranks
    parts = [count for count in range(plan.accumulate, share + 1) if share % count == 0]
    for sharded in dict.fromkeys((plan.sharded, plan.ranks > 1)):
        for accumulate in parts:
            words = f"micro_batch {share // accumulate}" + (" with strategy fsdp2" if sharded > plan.sharded else "")
            yield words, replace(plan, accumulate=accumulate, sharded=sharded)
    ranks = 2 * plan.ranks
    while plan.batch % ranks == 0:
        words = f"strategy fsdp2 on {ranks} devices with micro_batch 1"
        yield words, replace(plan, ranks=ranks, accumulate=plan.batch // ranks, sharded=True)
        ranks *= 2
    presets = {name: replace(plan, language=load_preset(name), accumulate=share) for name in preset_names()}
    for name, other in sorted(presets.items(), key=lambda item: -item[1].parameters):
        if other.parameters < plan.parameters and other.language.max_position_embeddings >= plan.context:
            yield f"preset {name} with micro_batch 1", other
