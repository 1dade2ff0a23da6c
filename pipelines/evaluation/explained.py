"""Reasoning traces of an evaluation: measured, judged where a judge is named, written and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.endpoint_settings import EndpointSettings
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.report.screen import plain_table, show
from inkling.components.shared.store.artifact import write_json

TRACES = "traces.json"


@dataclass(frozen=True)
class Explained:
    """What was found.

    Attributes:
        suites: Depth and soundness, as `traces.measure` finds them.
        judge: Who judged; None without a judge.
        partial: What the judge did not answer, as JSON values; empty where nothing is missing.
    """

    suites: dict[str, Any]
    judge: dict[str, Any] | None
    partial: dict[str, Any]


def measure_traces(
    answers: Sequence[Answer], questions: Sequence[Question], judge: EndpointSettings | None, output: Path
) -> Explained:
    """Measures explanations, has them judged if there is a judge, and writes `traces.json`.

    Args:
        answers: The explained answers.
        questions: The questions that they answer.
        judge: Where the judge is.
        output: The folder of results.
    """
    from inkling.components.evaluate import judge as judging
    from inkling.components.evaluate.traces import measure

    found, partial = None, {}
    if judge is not None:
        found = judging.judge(judge, answers, questions, output)
        if found.missing or found.ended:
            partial = {"wanted": found.wanted, "missing": found.missing, "ended": found.ended}
    measured = measure(answers, questions, None if found is None else found.verdicts)
    explained = Explained(measured, judging.describe(judge), partial)
    marked = {"partial": partial} if partial else {}
    write_json(output / TRACES, {**marked, "judge": explained.judge, "suites": explained.suites})
    return explained


def show_traces(explained: Explained, console: Console) -> None:
    """Prints a row a suite and view, and what was not judged.

    Args:
        explained: What was found.
        console: Where it is printed.
    """
    table = plain_table("suite", "view", "explained", "words", "sentences", "sound, %", "undecided", text=2)
    for suite, found in explained.suites.items():
        for view, cell in found["views"].items():
            judged = (_share(cell["soundness"]), str(cell["undecided"])) if explained.judge else ("not judged", "")
            lengths = (with_interval(cell[name], ".1f", 1) for name in ("depth", "sentences"))
            table.add_row(suite, view, f"{cell['explained']:,}", *lengths, *judged)
        if explained.judge:
            table.add_row(suite, "swapped", "", "", "", _share(found["of_another_question"]), "")
    show(table, console)
    for line in _notes(explained):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _notes(explained: Explained) -> list[str]:
    if explained.judge is None:
        return ["Depth alone: soundness was not judged; --judge URL names an OpenAI-compatible endpoint that does."]
    swapped = "swapped: explanations beside another question, which a judge should find unsound"
    if not explained.partial:
        return [swapped]
    found: Mapping[str, Any] = explained.partial
    reasons = [f"  {count:,} times: {words}" for words, count in found["missing"].items()]
    ended = [f"  ended early: {found['ended']}"] if found["ended"] else []
    return [
        swapped,
        "PARTIAL: the judge left explanations unanswered; the same command asks only these again",
        *reasons,
        *ended,
    ]


def _share(estimate: Mapping[str, Any] | None) -> str:
    return "" if estimate is None else with_interval(estimate)
