"""How the loss of held-out text falls with the tokens read: the states that the run has kept, and their power law."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.analyze.report.wording import count
from inkling.components.shared.report.figures import Reference, drawn, law_chart
from inkling.components.shared.report.html import Html, element, figure, join, paragraph, table
from inkling.components.shared.report.numbers import with_interval


def scaling(states: Sequence[Mapping[str, Any]], law: Mapping[str, Any] | None) -> Html:
    """The states as a table and, where there are enough of them, as a figure with their law.

    Args:
        states: Tokens read and loss of each state, the last one the model itself.
        law: The law through them; None where there are too few.
    """
    rows = [
        (count(row["tokens"]), _loss_text(row["nats_per_token"]), _loss_text(row["bits_per_byte"])) for row in states
    ]
    return join(
        element("h3", "How it falls with the tokens read"),
        *(_law(states, law) if law else [paragraph(_NO_LAW)]),
        table(
            "Loss of held-out text, mean over the sources, with 95 % intervals over documents",
            ("Tokens read", "Nats per token", "Bits per byte"),
            rows,
        ),
    )


_NO_LAW = (
    "A power law needs three states that have read something; the setting pretrain.exports names smaller token budgets "
    "at which a run keeps one."
)


def _law(states: Sequence[Mapping[str, Any]], law: Mapping[str, Any]) -> list[Html]:
    exponent, read = law["exponent"], [row for row in states if row["tokens"]]
    formula = f"{law['factor']:.2f} D^-{exponent['value']:.4f}"
    line = Reference(formula, [law["factor"] * row["tokens"] ** -exponent["value"] for row in read])
    points = [(row["tokens"], drawn(row["nats_per_token"])) for row in read]
    law_text = f"The power law through {len(read)} states, nats per token after D tokens: L = {formula}"
    return [
        paragraph(
            f"{law_text}, {_sureness(exponent)}; the losses depart from it by up to {100 * law['misfit']:.1f} %. "
            f"Doubling the text lowers the loss by {100 * (1 - 2 ** -exponent['value']):.1f} %."
        ),
        figure(
            law_chart("scaling", points, line, ("tokens read (logarithmic)", "nats per token (logarithmic)")),
            f"{law_text}; the table below holds the losses.",
            "Held-out loss of the states, with 95 % intervals, and the law (dashed). The intervals share their "
            "documents: differences between states are surer than they look.",
        ),
        paragraph(
            "These are states of one run, not runs of their own: the learning rate was still high at the earlier ones, "
            "where a shorter run would have ended at a low rate and a lower loss (Hoffmann et al. 2022, section 2). So "
            "the exponent of separate runs is smaller, and this one bounds it from above. The law has no floor, which "
            "so few states cannot show, and it says nothing of budgets outside of theirs.",
            class_="note",
        ),
    ]


def _sureness(exponent: Mapping[str, Any]) -> str:
    if exponent["low"] is None:
        return "without an interval, for no source has two held-out documents"
    ends = f"[{exponent['low']:.4f}, {exponent['high']:.4f}]"
    return f"with a 95 % interval of the exponent of {ends} over held-out documents"


def _loss_text(loss: Mapping[str, Any]) -> str:
    return with_interval(loss, ".3f", 1)
