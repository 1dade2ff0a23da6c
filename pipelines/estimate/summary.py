"""The cost estimate as a person reads it."""

from collections.abc import Collection, Mapping

from rich.console import Console

from inkling.pipelines.estimate.cost import CostEstimate
from inkling.pipelines.estimate.simulation import simulate

_GIGA = 1e9
_QUARTERS = (0.25, 0.5, 0.75, 1.0)


def show_cost(
    cost: CostEstimate,
    parallelism: int,
    scratch: float,
    images: Collection[str],
    prices: Mapping[str, float],
    console: Console,
) -> None:
    """Prints what a run or a study takes.

    Args:
        cost: The cost estimate.
        parallelism: Runs of a study that are under way at the same time.
        scratch: Bytes that a pod of pre-training needs beside its artifacts.
        images: Images of the tasks.
        prices: Price of a unit, by its name.
        console: Where it goes.
    """
    costs = cost.costs(prices)
    largest = sorted(cost.stored.items(), key=lambda item: -item[1])[:4]
    lines = [
        "",
        f"the whole {'run' if cost.runs == 1 else f'study of {cost.runs} runs'}, about:",
        f"{cost.device.name} time  {duration(sum(cost.hours.values()))} ({_times(cost.hours)}); "
        "by operations: a small network takes longer; not counted: the other stages, starts of pods, pulling of images",
        f"kept in the object store  {cost.written / _GIGA:,.2f} GB ({_sizes(dict(largest))}, ...)",
        f"moved between pods  {cost.written / _GIGA:,.2f} GB written, {cost.read / _GIGA:,.2f} GB read",
        f"scratch of a pod of pretrain  {scratch / _GIGA:,.2f} GB",
        f"images, once for each node  {', '.join(sorted(images))}",
    ]
    if cost.runs > 1:
        queue = simulate(cost.unit_hours(parallelism), cost.texts, cost.variants, parallelism, cost.ways)
        shared, own = cost.written - sum(cost.own), cost.own
        filled = (
            f"{(shared + sum(own[number] for number in queue.finished(hour))) / _GIGA:,.2f} GB after {duration(hour)}"
            for hour in (part * queue.hours for part in _QUARTERS)
        )
        lines.append(
            f"queue, simulated  {queue.at_once} runs and as many pods of stages at a time, the last ends after "
            f"{duration(queue.hours)}; the store holds {', '.join(filled)}"
        )
    lines += [f"{name}  {_number(amount)} x {prices[name]:g} = {price:,.2f}" for name, (amount, price) in costs.items()]
    if costs:
        lines.append(f"total  {sum(price for _, price in costs.values()):,.2f}, a month of storage in it")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def duration(hours: float) -> str:
    """Hours as a person says them, such as `12.5 s`, `3 min` or `1,200 h`."""
    for unit, one in (("s", 3600), ("min", 60)):
        if hours * one < 60:
            return f"{_number(hours * one)} {unit}"
    return f"{_number(hours)} h"


def _times(hours: Mapping[str, float]) -> str:
    return ", ".join(f"{stage} {duration(amount)}" for stage, amount in hours.items())


def _sizes(stored: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {_number(size / _GIGA)} GB" for name, size in stored.items())


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
