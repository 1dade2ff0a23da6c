"""What a cell of a study's report says, and the heads of its columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.compare.config import LOSSES, MEASURED, PROBED
from inkling.components.shared.report.numbers import with_interval
from inkling.models.sequence.views import SERVED_VIEWS

UNITS = (*LOSSES, *MEASURED)
MEASURES = (*SERVED_VIEWS, "mismatched", "visual_minus_blind", *PROBED)
HEADS = {
    "visual": "with the image",
    "blind": "without",
    "mismatched": "another image",
    "visual_minus_blind": "with minus without",
    "nats_per_token": "nats per token",
    "bits_per_byte": "bits per byte",
    "copy_gain": "saved on a copy",
    "nats_after_adaptation": "nats per token after adaptation",
    "nats_lost": "lost by adaptation",
    "alignment": "alignment",
    "depth": "words of an explanation",
    "probe_features": "probe of image features",
    "probe_tokens": "probe of image tokens",
    "visual_minus_probe": "with minus probe of features",
}


def score_cell(row: Mapping[str, Any], suite: str, category: str | None, measure: str) -> str:
    """A measure of a group or contrast with its interval; empty where it was not taken."""
    if measure in UNITS:
        return with_interval(row["heldout"][measure], ".3f", 1) if measure in row["heldout"] else ""
    found = row["suites"][suite]
    found = found["categories"].get(category, {}) if category else found
    return with_interval(found[measure]) if measure in found else ""


def p_value(estimate: Mapping[str, Any]) -> str:
    """The corrected p-value of a difference, such as `p 0.013`; empty where it was not tested."""
    adjusted = estimate.get("adjusted")
    return "" if adjusted is None else f"p {adjusted:.3f}" if adjusted >= 0.001 else "p < 0.001"


def axis_heads(axes: Sequence[str]) -> list[str]:
    """Axes as heads of columns: the last word of each, `encoder`; the whole setting where two share it."""
    short = [axis.rpartition(".")[2].replace("_", " ") for axis in axes]
    return [axis if short.count(name) > 1 else name for axis, name in zip(axes, short, strict=True)]
