"""The command `inkling estimate`: what pre-training and the whole run take, before anything is spent."""

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from inkling.components.shared.config import ConfigError, unknown
from inkling.components.shared.report.screen import plain_table, show
from inkling.models.training.devices import AUTO, Device, device_names
from inkling.pipelines.commands.options import Overrides, Profile

if TYPE_CHECKING:
    from inkling.pipelines.estimate.cost import CostEstimate
    from inkling.pipelines.study.file import Study

_GIGA = 1e9


def estimate(
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    device: Annotated[str, typer.Option(help=f"{AUTO} (this machine), {', '.join(device_names())}.")] = AUTO,
    devices: Annotated[
        int | None, typer.Option(help="Devices that share the work, if not the profile's.", min=1)
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Estimate this study, shipped or a YAML file, instead of one run.")
    ] = None,
    prices: Annotated[
        list[str],
        typer.Option("--price", help="Price of a cpu-hour, gpu-hour, gb-month or gb-egress: gpu-hour=2.5. Repeatable."),
    ] = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Prints what pre-training would take, for the profile's preset and for the others, and the cost of the whole run.

    It has device hours, bytes that are kept and bytes that move between pods; prices are yours to state.

    Examples:
        inkling estimate --profile laptop

        inkling estimate --profile cluster --device h100 --study interpolation --price gpu-hour=2.5

        inkling estimate --set pretrain.optimization=lsbs --set pretrain.preset=7B --set token_budget=30_000_000_000
        --set pretrain.strategy=fsdp2 --set pretrain.micro_batch=1 --device h100 --devices 64
    """
    from inkling.components.mixture.config import MixtureConfig
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.components.pretrain.preflight import plan_of, refusal
    from inkling.components.shared.launch.resources import estimate as estimate_plan
    from inkling.components.shared.launch.resources import rank_device
    from inkling.models.language.presets import load_preset, preset_names
    from inkling.pipelines import profiles
    from inkling.pipelines.estimate.summary import duration, show_cost
    from inkling.pipelines.study import file as study_file

    stated_prices = dict(map(_price, prices))
    if device not in (AUTO, *device_names()):
        raise unknown("device", device, (AUTO, *device_names()))
    planned = study_file.load(study) if study else None
    text = planned.profile(profile, overrides) if planned else profiles.load(profile, overrides)
    config = PretrainConfig.parse(text)
    kind = rank_device(config, device, config.threads)
    chosen = plan_of(config, MixtureConfig.parse(text).vocabulary, kind)
    if devices is not None:
        if chosen.batch % devices:
            raise ConfigError(f"batch {chosen.batch} cannot be shared evenly by {devices} devices")
        together = chosen.batch // (chosen.ranks * chosen.accumulate) if config.micro_batch else 0
        share = chosen.batch // devices
        chosen = replace(chosen, ranks=devices, accumulate=share // min(together or share, share))
    console = Console(file=sys.stdout)
    table = plain_table("preset", "parameters", "memory a rank", "disk", "time", "device time", "fits")
    free = float(shutil.disk_usage(".").free)
    plans = {name: replace(chosen, language=load_preset(name)) for name in preset_names()}
    for name, plan in sorted(plans.items(), key=lambda item: item[1].parameters):
        if plan.language.max_position_embeddings < plan.context:
            continue
        found = estimate_plan(plan, kind)
        table.add_row(
            f"{name} *" if name == config.preset else name,
            f"{plan.parameters / 1e6:,.1f} M",
            f"{found.memory.total / _GIGA:,.2f} GB",
            f"{found.disk / _GIGA:,.2f} GB",
            duration(found.hours),
            duration(found.device_hours),
            "no" if refusal(found, min(plan.ranks, config.processes), free, config.launch.hours) else "yes",
        )
    precision = "bf16" if chosen.bf16 else "fp32"
    console.print(
        f"{chosen.tokens:,} tokens in batches of {chosen.batch} sequences of {chosen.context} on {chosen.ranks} x "
        f"{kind.name} ({kind.rate(chosen.bf16) / 1e12:.3g} T operations/s in {precision}, {kind.share:.0%} of it "
        f"assumed), {'shared by FSDP2' if chosen.sharded else 'whole on each'}, {chosen.rows:,} tokens at a time",
        highlight=False,
    )
    show(table, console)
    found = estimate_plan(chosen, kind)
    held = found.memory
    console.print(
        "* a rank holds "
        + ", ".join(
            f"{name} {getattr(held, name) / _GIGA:.2f} GB"
            for name in ("weights", "gradients", "optimiser", "activations", "frameworks")
        ),
        highlight=False,
    )
    from inkling.components.shared.launch.placement import PlacementConfig

    whole, images = _cost(text, planned, kind)
    parallelism = PlacementConfig.parse(text).parallelism
    show_cost(whole, parallelism, found.disk, images, stated_prices, console)
    if reason := refusal(found, min(chosen.ranks, config.processes), free, config.launch.hours):
        console.print(f"refused: {reason}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)


def _cost(profile: str, study: "Study | None", kind: Device) -> "tuple[CostEstimate, set[str]]":
    """The cost estimate of a profile's run, or of a study, and the images of its tasks."""
    from inkling.pipelines.estimate.cost import estimate_cost
    from inkling.pipelines.ir import compile_for_cluster, compile_study_for_cluster, read_ir
    from inkling.pipelines.study.plan import StudyPlan

    plan = StudyPlan.of(study, profile) if study else None
    with tempfile.TemporaryDirectory() as folder:
        if plan:
            compile_study_for_cluster(plan, profile, Path(folder))
        else:
            compile_for_cluster(profile, Path(folder))
        ir = read_ir(Path(folder) / "pipeline.yaml")
    images = {executor["container"]["image"] for executor in ir["deploymentSpec"]["executors"].values()}
    return estimate_cost(ir, profile, plan, kind), images


def _price(stated: str) -> tuple[str, float]:
    """A price as it was stated.

    Raises:
        ConfigError: If it is no known name with a number that is not negative.
    """
    from inkling.pipelines.estimate.cost import PRICES

    name, _, amount = stated.partition("=")
    try:
        price = float(amount)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise ConfigError(f"price '{stated}' must read name=number, for example gpu-hour=2.5")
    if name not in PRICES:
        raise unknown("price", name, PRICES)
    return name, price
