"""The command `inkling estimate`: the memory, disk and device hours of pre-training, before anything is spent."""

import shutil
import sys
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from inkling.components.config import ConfigError, unknown
from inkling.models.training.devices import AUTO, device_names

_GIGA = 1e9


def estimate(
    profile: Annotated[str, typer.Option("--profile", "-p", help="A shipped profile or a YAML file.")] = "laptop",
    overrides: Annotated[
        list[str], typer.Option("--set", "-s", help="Replace a setting: stage.key=value. Repeatable.")
    ] = [],  # noqa: B006 (typer wants a list)
    device: Annotated[str, typer.Option(help=f"{AUTO} (this machine), {', '.join(device_names())}.")] = AUTO,
    devices: Annotated[
        int | None, typer.Option(help="Devices that share the work, if not the profile's.", min=1)
    ] = None,
) -> None:
    """Prints what pre-training would take, for the profile's preset and for the others, and whether it fits.

    Examples:
        inkling estimate --profile laptop

        inkling estimate --set pretrain.optimization=lsbs --set pretrain.preset=7B --set token_budget=30_000_000_000
        --set pretrain.strategy=fsdp2 --set pretrain.micro_batch=1 --device h100 --devices 64
    """
    from inkling.components.mixture.config import MixtureConfig
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.components.pretrain.preflight import estimate as estimate_plan
    from inkling.components.pretrain.preflight import plan_of, refusal
    from inkling.models.presets import load_preset, preset_names
    from inkling.models.training import devices as kinds
    from inkling.pipelines import profiles

    if device not in (AUTO, *device_names()):
        raise unknown("device", device, (AUTO, *device_names()))
    text = profiles.load(profile, overrides)
    config = PretrainConfig.parse(text)
    kind = kinds.device(device, config.threads)
    chosen = plan_of(config, MixtureConfig.parse(text).vocabulary, kind)
    if devices is not None:
        if chosen.batch % devices:
            raise ConfigError(f"batch {chosen.batch} cannot be shared evenly by {devices} devices")
        together = chosen.batch // (chosen.ranks * chosen.accumulate) if config.micro_batch else 0
        share = chosen.batch // devices
        chosen = replace(chosen, ranks=devices, accumulate=share // min(together or share, share))
    console = Console(file=sys.stdout)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for number, column in enumerate(("preset", "parameters", "memory a rank", "disk", "hours", "device hours", "fits")):
        table.add_column(column, justify="right" if 0 < number < 6 else "left", no_wrap=True)
    free = float(shutil.disk_usage(".").free)
    plans = {name: replace(chosen, preset=load_preset(name)) for name in preset_names()}
    for name, plan in sorted(plans.items(), key=lambda item: item[1].parameters):
        if plan.preset.context < plan.context:
            continue
        found = estimate_plan(plan, kind)
        table.add_row(
            f"{name} *" if name == config.preset else name,
            f"{plan.parameters / 1e6:,.1f} M",
            f"{found.memory.total / _GIGA:,.2f} GB",
            f"{found.disk / _GIGA:,.2f} GB",
            f"{found.hours:,.3g}",
            f"{found.device_hours:,.3g}",
            "no" if refusal(found, min(plan.ranks, config.processes), free, config.launch.hours) else "yes",
        )
    half = "bf16" if chosen.half else "fp32"
    console.print(
        f"{chosen.tokens:,} tokens in batches of {chosen.batch} x {chosen.context} on {chosen.ranks} x {kind.name} "
        f"({kind.rate(chosen.half) / 1e12:.3g} T operations/s in {half}, {kind.share:.0%} of it assumed), "
        f"{'shared by FSDP2' if chosen.sharded else 'whole on each'}, {chosen.rows:,} tokens at a time",
        highlight=False,
    )
    console.print(table)
    found = estimate_plan(chosen, kind)
    held = found.memory
    console.print(
        f"* holds weights {held.weights / _GIGA:.2f}, gradients {held.gradients / _GIGA:.2f}, optimiser "
        f"{held.optimiser / _GIGA:.2f}, activations {held.activations / _GIGA:.2f}, frameworks "
        f"{held.frameworks / _GIGA:.2f} GB",
        highlight=False,
    )
    if reason := refusal(found, min(chosen.ranks, config.processes), free, config.launch.hours):
        console.print(f"refused: {reason}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)
