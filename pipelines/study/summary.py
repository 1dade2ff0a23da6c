"""What a study has found, as tables on the screen."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from inkling.components.compare.analysis.sentences import contrast_name, sentences
from inkling.components.compare.config import PROBED
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.report.screen import plain_table, show
from inkling.components.shared.runtime.progress import track
from inkling.models.sequence.views import SERVED_VIEWS
from inkling.pipelines.estimate.summary import duration
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.duration import seconds_left
from inkling.pipelines.study.plan import StudyPlan
from inkling.pipelines.study.stored import StudyStore

_UNITS = {"nats_per_token": "nats per token", "bits_per_byte": "bits per byte", "copy_gain": "copy gain"}
_MEASURED = {
    "nats_after_adaptation": "nats after adaptation",
    "nats_lost": "lost by it",
    "alignment": "alignment",
    "depth": "words of an explanation",
}


def show_studies(console: Console, overrides: Iterable[str] = ()) -> None:
    """Prints the studies that ship: what each answers, its runs, how many are done, and how long the others take.

    Args:
        console: Where they are printed.
        overrides: Settings of the user's, as the study's command would be given them.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("study", "runs", "done", "left here", "axes", "answers", "stands for"):
        table.add_column(column, justify="right" if column in ("runs", "done", "left here") else "left")
    names = study_file.names()
    for name in track(names, "looking for what is done", len(names), "studies"):
        study = study_file.load(name)
        axes = ", ".join(f"{axis} ({len(values)})" for axis, values in study.axes.items())
        plan = StudyPlan.of(study, study.profile(study_file.HERE, overrides))
        found = [*map(StudyStore(plan).look, plan.runs())]
        done = sum(one.done for one in found)
        left = duration(seconds_left(found) / 3600) if done < len(found) else ""
        table.add_row(name, str(len(found)), str(done), left, axes, study.question or study.title, study.source)
    show(table, console)
    console.print(
        "left here: on two quiet cores, one run after the other; what runs share counts once",
        highlight=False,
        soft_wrap=True,
    )


def show_scores(scores: Mapping[str, Any], console: Console) -> None:
    """Prints the groups of a study, suite by suite, their losses and the contrasts.

    Args:
        scores: The content of `scores.json`.
        console: Where it is printed.
    """
    groups = scores["groups"]
    axes = list(groups[0]["labels"])
    title = (
        f"{scores['title']} ({scores['source']}): right answers in per cent, 95 % intervals over questions and seeds"
    )
    console.print(f"\n[bold]{title}[/bold]", soft_wrap=True, highlight=False)
    measures = (*SERVED_VIEWS, "visual_minus_blind")
    for suite, about in scores["suites"].items():
        shown = [name for name in (*measures, *PROBED) if name in groups[0]["suites"][suite]]
        table = plain_table(*axes, "seeds", *(name.replace("_minus_", " - ") for name in shown), text=len(axes))
        for group in groups:
            cells = (with_interval(group["suites"][suite][name]) for name in shown)
            table.add_row(*group["labels"].values(), str(group["seeds"]), *cells)
        show(table, console)
        chance = f"chance {100 * about['chance']:.0f}"
        console.print(f"suite {suite}: {about['questions']} questions on {about['images']} images, {chance}")
    console.print(
        "\n[bold]Loss of held-out text, and nats per token saved on a second copy of a passage (copy gain), 95 % "
        "intervals over documents and seeds[/bold]",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    units = _UNITS | {unit: name for unit, name in _MEASURED.items() if any(unit in one["heldout"] for one in groups)}
    table = plain_table(*axes, "seeds", "parameters", *units.values(), text=len(axes))
    for group in groups:
        found = group["heldout"]
        losses = (_loss(found[unit]) if unit in found else "" for unit in units)
        table.add_row(*group["labels"].values(), str(group["seeds"]), f"{group['parameters']:,}", *losses)
    show(table, console)
    for line in _contrasts(scores["contrasts"]):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print("\n[bold]What follows, each statement at 95 %[/bold]", highlight=False)
    for line in sentences(scores):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _contrasts(contrasts: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """A line a contrast: its difference with the image and without, with Holm's p-value, and that of the losses."""
    for contrast in contrasts:
        pair = f"{contrast['axis']}: {contrast_name(contrast)}"
        for suite, measures in contrast["suites"].items():
            cells = "  ".join(
                f"{view} {with_interval(measures[view], '+.1f')}{_p_value(measures[view])}" for view in SERVED_VIEWS
            )
            yield f"{pair}  {suite}: {cells}"
        if any(contrast["heldout"].get("nats_per_token", {}).get(end) for end in ("value", "low", "high")):
            yield f"{pair}  {_loss(contrast['heldout']['nats_per_token'])} nats per token on the same documents"
        if "nats_after_adaptation" in contrast["heldout"]:
            yield f"{pair}  {_loss(contrast['heldout']['nats_after_adaptation'])} of these after adaptation"


def _p_value(test: Mapping[str, Any]) -> str:
    """The p-value after Holm's correction, such as ` (p 0.013)`."""
    adjusted = test.get("adjusted")
    return "" if adjusted is None else f" (p {adjusted:.3f})" if adjusted >= 0.001 else " (p < 0.001)"


def _loss(estimate: Mapping[str, Any]) -> str:
    return with_interval(estimate, ".3f", 1)
