"""What follows from a study, in sentences: for the screen and for the report."""

from collections.abc import Iterator, Mapping
from typing import Any

from inkling.components.compare.config import MEASURED
from inkling.components.shared.report.numbers import with_interval

LEVEL = 0.05
"""A difference is shown where Holm's p-value is below it and the interval leaves out zero."""
MEASURES = {
    "visual": "right answers with the image",
    "visual_minus_blind": "right answers with the image minus without",
    "bits_per_byte": "bits per byte of held-out text",
}
"""Measures as a sentence names them."""


def sentences(scores: Mapping[str, Any], categories: bool = False) -> Iterator[str]:
    """The sentences, one a finding: see `statements`."""
    for said in statements(scores, categories).values():
        yield from said


def statements(scores: Mapping[str, Any], categories: bool = False) -> dict[str, list[str]]:
    """What follows, a sentence a finding, by what it is about; kinds without a finding are left out.

    Args:
        scores: The content of `scores.json`.
        categories: Whether categories are spoken of beside the headline means.
    """
    analysis = scores["analysis"]

    def of(kind: str) -> list[Mapping[str, Any]]:
        return [row for row in analysis[kind] if categories or row["category"] is None]

    found = {
        "The paper's claims": [verdict_sentence(row) for row in analysis["verdicts"]],
        "Where curves stop rising": [
            f"{_along(row)}: {_shape(row)}; {_stop(row)}{_alone(row)}." for row in of("curves")
        ],
        "Which order is open": [f"{_of(row)}: {_order(row)}." for row in of("ranks")],
        "What goes together over models": [
            f"{row['suite']}, {row['first']} and {row['second'].replace('_', ' ')}: {_together(row)}."
            for row in analysis["correlations"]
        ],
        "Laws of tokens and sizes": [f"{_law(row)}." for row in of("scaling")],
        "Law of mixtures, and what to run next": [f"{_mixtures(row)}." for row in analysis["mixture_laws"]],
        "How many seeds would settle a difference": [
            f"{contrast_name(row)}, {suite}, with the image: {_power(measures['visual'], power)}."
            for row in scores["contrasts"]
            for suite, measures in row["suites"].items()
            if (power := measures["visual"].get("power")) is not None
        ],
    }
    return {about: said for about, said in found.items() if said}


def contrast_name(contrast: Mapping[str, Any]) -> str:
    """What is compared with what, all else equal, such as `mix6 against mix0 (tiny)` or `share 75 against 0`."""
    where = ", ".join(labelled(contrast["where"]))
    said = f"{labelled({contrast['axis']: contrast['first']})[0]} against {contrast['second']}"
    if "between" in contrast:
        said = f"what {said} adds, {contrast['between'][0]} against {contrast['between'][1]}"
    return f"{said} ({where})" if where else said


def labelled(labels: Mapping[str, str]) -> list[str]:
    """Labels as they are, numbers with the last word of their axis: `share 75`."""
    return [
        f"{axis.rpartition('.')[2].replace('_', ' ')} {label}" if label[:1].isdigit() else label
        for axis, label in labels.items()
    ]


def claim_name(claim: str) -> str:
    """The name of a claim as a reader knows it: `Finding 4`."""
    return claim.replace("-", " ").capitalize()


def verdict_sentence(row: Mapping[str, Any]) -> str:
    """A claim of the paper with its verdict and the evidence."""
    parts = "; ".join(
        f"{part['says']}: {part['verdict']} ({_effect(part)}, p {part['above']:.3f} of being above 0)"
        for part in row["parts"]
    )
    limit = f" Note: {row['limit']}." if row["limit"] else ""
    name = claim_name(row["claim"])
    return f"{name} ({row['source']}) is {row['verdict']} here: {row['statement']} Evidence: {parts}.{limit}"


def _of(row: Mapping[str, Any]) -> str:
    return ", ".join(part for part in (row["suite"], row["category"], MEASURES[row["measure"]]) if part)


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
    points, last = margin_points(row["margin"]), row["labels"][-1]
    first, by = row["stops_from"], row["stops_by"]
    if by == last:
        still = "" if first == row["labels"][0] else f"; it still rises by more at least up to {first}"
        return f"that it stops rising by more than {points} before {last} is not shown{still}"
    between = f"by {by}" if first == row["labels"][0] else f"at {by}" if first == by else f"between {first} and {by}"
    return f"it stops rising by more than {points} {between}"


def margin_points(margin: float) -> str:
    """A margin in words: `1 point`."""
    return f"{100 * margin:g} point{'' if margin == 0.01 else 's'}"


def _alone(row: Mapping[str, Any]) -> str:
    return " (one seed: of these runs only)" if row["seeds"] == 1 else ""


def _order(row: Mapping[str, Any]) -> str:
    groups = sorted(row["groups"], key=lambda group: group["rank"])
    settled = sum(group["first"] == group["last"] for group in groups)
    first = ", ".join(labelled(groups[0]["labels"]))
    may = sum(group["first"] == 1 for group in groups)
    agreement = row["agreement"]
    ranks = "1 rank is" if settled == 1 else f"{settled} ranks are"
    return (
        f"{first} ranks first, {may} of {len(groups)} may; {ranks} settled; Kendall's tau with the order of other "
        f"seeds and questions is {with_interval(agreement, '.2f', 1)}"
    )


def _power(test: Mapping[str, Any], power: Mapping[str, Any]) -> str:
    shows = f"a difference of {100 * power['smallest']:.1f} points would be found with a power of 80 %"
    if test["low"] > 0 or test["high"] < 0:
        adjusted = test.get("adjusted") or 0.0
        corrected = f"shown alone, not once corrected for the other contrasts (p {adjusted:.3f})"
        return f"{corrected if adjusted >= LEVEL else 'settled'}; {shows}"
    needed = f"{power['needed']} seeds" if power["needed"] else "no number of seeds up to 200"
    return (
        f"not settled; {shows}, and the one observed by {needed}; on these questions no number of seeds finds less "
        f"than {100 * power['limit']:.1f} points"
    )


def _together(row: Mapping[str, Any]) -> str:
    plain, partial = row["plain"], row["partial"]
    said = f"rank correlation {_correlation(plain)} over {plain['models']} models"
    return said if partial is None else f"{said}, at the same held-out loss {_correlation(partial)}"


def _correlation(found: Mapping[str, Any]) -> str:
    return f"{with_interval(found, '+.2f', 1)} (p {found['adjusted']:.3f}, Holm's)"


def _law(row: Mapping[str, Any]) -> str:
    where, largest = ", ".join(row["where"].values()), f"{row['amounts'][-1]:,.0f}"
    place = f"{row['axis']}{f' ({where})' if where else ''}"
    if row["suite"] is None:
        errors = " %, that of no law ".join(with_interval(row[name], "+.1f") for name in ("error", "error_of_none"))
        return (
            f"{place}, nats per token: exponent {with_interval(row['slope'], '.4f', 1)}; of {largest}, which was left "
            f"out, {row['predicted']:.3f} is predicted and {row['value']:.3f} found: error {errors} %"
        )
    errors = ", that of no law ".join(with_interval(row[name], "+.1f") for name in ("error", "error_of_none"))
    return (
        f"{place}, {_of(row)}: {with_interval(row['slope'], '+.2f')} points a doubling; of {largest}, which was left "
        f"out, {100 * row['predicted']:.1f} is predicted and {100 * row['value']:.1f} found: error {errors}"
    )


def _effect(part: Mapping[str, Any]) -> str:
    if "together" in part:
        return f"rank correlation {with_interval(part, '+.2f', 1)}"
    if part["measure"] in MEASURED:
        return f"{part['measure']} {with_interval(part, '+.4f', 1)}"
    return f"{with_interval(part, '+.1f')} points"


def _mixtures(row: Mapping[str, Any]) -> str:
    where, error = ", ".join(row["where"].values()), row["error"]
    law, nearest, mean = (f"{100 * error[name]:.2f}" for name in ("law", "nearest", "mean"))
    said = (
        f"Law of the mixtures{f' ({where})' if where else ''}, {_of(row)}: on recipes that were held out, of "
        f"{row['recipes']}, it errs by {law} points, the nearest recipe by {nearest}, the mean by {mean}"
    )
    if "other" in row["texts"]:
        said += " (other: text with none of the labels that its recipe names)"
    aim = "for a better score" if row["shown"] else "where it knows least, since it is not shown to predict"
    proposed = "; ".join(recipe(one) for one in row["next"])
    return f"{said}; to run next, {aim}: {proposed}"


def recipe(proposal: Mapping[str, Any]) -> str:
    """A recipe to run next, with its score as the law predicts it."""
    shares = ", ".join(f"{text} {100 * share:.0f} %" for text, share in proposal["shares"].items() if share > 0)
    return f"{shares} (predicted {with_interval({**proposal, 'value': proposal['predicted']})})"
