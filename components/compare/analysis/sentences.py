"""What follows from a study, in sentences: for the screen and for the report."""

from collections.abc import Iterator, Mapping
from typing import Any

from inkling.components.shared.report.numbers import with_interval

_NAMES = {"visual": "with the image", "visual_minus_blind": "with the image minus without"}


def sentences(scores: Mapping[str, Any], categories: bool = False) -> Iterator[str]:
    """The sentences, one a finding.

    Args:
        scores: The content of `scores.json`.
        categories: Whether categories are spoken of beside the headline means.
    """
    analysis = scores["analysis"]
    for row in analysis["curves"]:
        if categories or row["category"] is None:
            yield f"{_along(row)}: {_shape(row)}; {_stop(row)}{_alone(row)}."
    for row in analysis["ranks"]:
        if categories or row["category"] is None:
            yield f"{_of(row)}: {_order(row)}."
    for row in scores["contrasts"]:
        for suite, measures in row["suites"].items():
            if (power := measures["visual"].get("power")) is not None:
                yield f"{contrast_name(row)}, {suite}, with the image: {_power(measures['visual'], power)}."


def contrast_name(contrast: Mapping[str, Any]) -> str:
    """What is compared with what, such as `mixture.recipe: mix6 - mix0 (tiny)`."""
    where = ", ".join(contrast["where"].values())
    return f"{contrast['axis']}: {contrast['first']} - {contrast['second']}{f' ({where})' if where else ''}"


def _of(row: Mapping[str, Any]) -> str:
    place = row["suite"] if row["category"] is None else f"{row['suite']}, {row['category']}"
    return f"{place}, right answers {_NAMES[row['measure']]}"


def _along(row: Mapping[str, Any]) -> str:
    where = ", ".join(row["where"].values())
    return f"{row['axis']}{f' ({where})' if where else ''}, {_of(row)}"


def _shape(row: Mapping[str, Any]) -> str:
    may = f"the best is one of {', '.join(row['may_be_best'])}" if len(row["may_be_best"]) > 1 else "no other may be"
    return {
        "peak": f"a peak at {row['best']} ({may})",
        "rises": f"rises from {row['labels'][0]}, and no peak is shown before {row['labels'][-1]}",
        "falls": f"falls towards {row['labels'][-1]}, and no peak is shown after {row['labels'][0]}",
        "flat or undecided": "neither a rise nor a fall is shown from end to end",
    }[row["shape"]]


def _stop(row: Mapping[str, Any]) -> str:
    points, last = f"{100 * row['margin']:g} points", row["labels"][-1]
    first, by = row["stops_from"], row["stops_by"]
    if by == last:
        still = "" if first == row["labels"][0] else f"; it still rises by more at least up to {first}"
        return f"that it stops rising by more than {points} before {last} is not shown{still}"
    between = f"by {by}" if first == row["labels"][0] else f"at {by}" if first == by else f"between {first} and {by}"
    return f"it stops rising by more than {points} {between}"


def _alone(row: Mapping[str, Any]) -> str:
    return " (one seed: of these runs only)" if row["seeds"] == 1 else ""


def _order(row: Mapping[str, Any]) -> str:
    groups = sorted(row["groups"], key=lambda group: group["rank"])
    settled = sum(group["first"] == group["last"] for group in groups)
    first = ", ".join(groups[0]["labels"].values())
    may = sum(group["first"] == 1 for group in groups)
    agreement = row["agreement"]
    return (
        f"{first} ranks first, {may} of {len(groups)} may; {settled} ranks are settled; Kendall's tau with the order "
        f"of other seeds and questions is {with_interval(agreement, '.2f', 1)}"
    )


def _power(test: Mapping[str, Any], power: Mapping[str, Any]) -> str:
    shows = f"a difference of {100 * power['smallest']:.1f} points would be found with a power of 80 %"
    if test["low"] > 0 or test["high"] < 0:
        return f"settled; {shows}"
    needed = f"{power['needed']} seeds" if power["needed"] else "no number of seeds up to 200"
    return (
        f"not settled; {shows}, and the one observed by {needed}; on these questions no number of seeds finds less "
        f"than {100 * power['limit']:.1f} points"
    )
