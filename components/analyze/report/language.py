"""Whether language was learned: training loss, and held-out perplexity beside a unigram model's."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.analyze.report.scaling import scaling
from inkling.components.analyze.report.wording import clearly_below, compared, count
from inkling.components.shared.report.figures import (
    BLUE,
    GREY,
    Curve,
    Panel,
    Scale,
    Series,
    curve_chart,
    interval_chart,
)
from inkling.components.shared.report.html import Html, figure, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval

_MODEL, _UNIGRAM = Series("language model", BLUE, "o"), Series("unigram model", GREY, "s")


def language_section(findings: dict[str, Any]) -> Html:
    """Loss curve, and perplexity per source as a figure and as a table."""
    perplexity = findings["language"]["perplexity"]
    below = sum(map(clearly_below, perplexity.values()))
    alone = sum(entry["interval"] is None for entry in perplexity.values())
    return section(
        "language",
        "Did it learn language?",
        paragraph(
            f"Held-out documents of {len(perplexity)} sources were scored by the language model and by a unigram "
            f"model, which knows only how frequent each token is. In {below} of {len(perplexity)} sources the "
            "model's whole interval lies below the unigram model's perplexity."
            + (f" {alone} have one held-out document, and so no interval." if alone else "")
        ),
        _perplexity_figure(perplexity),
        table(
            "Perplexity per token of held-out text, with 95 % intervals; lower is better",
            ("Source", "Held-out tokens", "Language model", "95 % interval", "Unigram model", "Ratio", "Bits per byte"),
            [
                (
                    name,
                    count(entry["tokens"]),
                    f"{entry['model_perplexity']:,.1f}",
                    _ends(entry["interval"]),
                    f"{entry['unigram_perplexity']:,.1f}",
                    f"{entry['unigram_perplexity'] / entry['model_perplexity']:.1f}",
                    f"{entry['bits_per_byte']:.3f}",
                )
                for name, entry in perplexity.items()
            ],
        ),
        table(
            "Zero-shot multiple choice on held-out text: right answers in per cent, with 95 % intervals",
            ("Questions", "Chance", "Right", "Without the passage", "Difference"),
            [
                (f"{count(row['items'])} {suite}", f"{100 * row['chance']:.0f}", *map(with_interval, _shares(row)))
                for suite, row in findings["language"]["choices"].items()
            ],
        ),
        _loss_figure(findings["language"]["training"]),
        scaling(findings["language"]["states"], findings["language"]["law"]),
    )


def adaptation_section(findings: dict[str, Any]) -> Html:
    """Loss of each phase of the adaptation, and how it departs from the paper."""
    adaptation = findings["adaptation"]
    phases: dict[str, list[dict[str, Any]]] = {}
    for row in adaptation["training"]:
        phases.setdefault(row["phase"], []).append(row)
    curves = [
        Curve(name, "step", [row["step"] for row in rows], [row["loss"] for row in rows])
        for name, rows in phases.items()
    ]
    ends = [(name, count(len(rows)), f"{rows[0]['loss']:.2f}", f"{_last(rows):.2f}") for name, rows in phases.items()]
    return section(
        "adaptation",
        "How it learned to see",
        paragraph(
            "The vision encoder stayed frozen; each phase trained the parts that its recipe names. The objectives "
            "differ from phase to phase, so their losses cannot be compared with one another."
        ),
        figure(
            curve_chart("adaptation", curves, "loss"),
            f"Loss curves of the phases {', '.join(phases)}; the table below gives where they begin and end.",
            "Training loss of each phase of the adaptation: every step (thin) and its running mean (thick).",
        ),
        table("Loss of each phase of the adaptation", ("Phase", "Steps", "First step", "Mean of the last tenth"), ends),
        *_kept(adaptation["language"]),
    )


def _kept(costs: Mapping[str, Mapping[str, Any]]) -> list[Html]:
    """What adaptation cost in language, where it was measured."""
    if not costs:
        return []
    mean = costs["mean"]["difference"]
    said = compared(
        mean,
        "Adaptation cost language: text alone is predicted worse than before.",
        "Text alone is predicted better than before adaptation.",
        "Whether adaptation cost language cannot be told from these documents.",
    )
    return [
        paragraph(
            f"{said} Held-out text, read without an image, costs {with_interval(mean, '+.3f', 1)} nats per token more "
            "than it cost before; a negative number is a gain. The interval covers the choice of documents."
        ),
        table(
            "What held-out text costs the language model before and after adaptation, nats per token, with 95 % "
            "intervals",
            ("Source", "Before", "After", "Difference"),
            [
                (name, *(with_interval(cost[when], ".3f", 1) for when in ("before", "after")), _signed(cost))
                for name, cost in costs.items()
            ],
        ),
    ]


def _signed(cost: Mapping[str, Any]) -> str:
    return with_interval(cost["difference"], "+.3f", 1)


def _perplexity_figure(perplexity: dict[str, Any]) -> Html:
    entries = list(perplexity.values())
    model = [(entry["model_perplexity"], *(entry["interval"] or [entry["model_perplexity"]] * 2)) for entry in entries]
    unigram = [(entry["unigram_perplexity"],) * 3 for entry in entries]
    highest, lowest = max(max(one) for one in (*model, *unigram)), min(min(one) for one in model)
    return figure(
        interval_chart(
            "perplexity",
            list(perplexity),
            [_MODEL, _UNIGRAM],
            [Panel("", {_MODEL.label: model, _UNIGRAM.label: unigram})],
            Scale("perplexity per token (logarithmic)", lowest / 1.3, highest * 1.3, logarithmic=True),
        ),
        "Perplexity of the language model and of the unigram model for each source; the table below holds the same "
        "numbers.",
        "Held-out perplexity per source, with 95 % intervals. Left is better.",
    )


def _loss_figure(training: list[dict[str, Any]]) -> Html:
    curve = Curve("", "tokens read", [row["tokens"] for row in training], [row["loss"] for row in training])
    first, last = training[0]["loss"], _last(training)
    return figure(
        curve_chart("pretraining", [curve], "loss, nats per token"),
        f"Training loss falls from {first:.2f} to {last:.2f} nats per token over {count(training[-1]['tokens'])} "
        "tokens.",
        f"Training loss during pre-training, every step (thin) and its running mean (thick): from {first:.2f} at the "
        f"first step to {last:.2f} nats per token in the last tenth.",
    )


def _shares(row: dict[str, Any]) -> list[dict[str, float]]:
    return [row[key] for key in ("right", "blind", "difference")]


def _ends(interval: Sequence[float] | None) -> str:
    return f"[{interval[0]:,.1f}, {interval[1]:,.1f}]" if interval else ""


def _last(rows: list[dict[str, Any]]) -> float:
    """Mean loss of the last tenth."""
    tail = rows[-max(1, len(rows) // 10) :]
    return float(sum(row["loss"] for row in tail) / len(tail))
