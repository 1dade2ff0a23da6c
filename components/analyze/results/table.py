"""Scores as lm-evaluation-harness holds and prints them: `results.json`, and its table in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.analyze.results.samples import task_name
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.items import items
from inkling.components.artifacts.suite import Suite
from inkling.components.shared.statistics.intervals import standard_error

_HEADER = ("Tasks", "Version", "Filter", "n-shot", "Metric", "", "Value", "", "Stderr")
_LEFT = ("Tasks", "Filter", "Metric", "")
_METRICS = {"accuracy": "acc"}
_HIGHER = "\u2191"
Results = dict[str, Any]


def metric_name(suite: Suite) -> str:
    """Name of the suite's score in these formats."""
    return _METRICS.get(suite.metric.type, suite.metric.type)


def results(answers: Sequence[Answer], suites: Sequence[Suite], split: str = "test") -> Results:
    """What lm-evaluation-harness calls its results: scores by task, and what it says of each task.

    A suite is a task a view, its categories are tasks below it. `Value` is the suite's headline mean, beside it the
    chance level; `Stderr` is clustered by image, as all intervals here are, and so is wider than that harness's own.

    Args:
        answers: The answers of all suites and views.
        suites: What the suites are.
        split: Whose answers enter.
    """
    found: Results = {"results": {}, "group_subtasks": {}, "versions": {}, "n-shot": {}, "higher_is_better": {}}
    for suite in suites:
        asked = [one for one in answers if one.suite == suite.name and one.split == split]
        own = items(asked, suite.metric)
        for view in dict.fromkeys(one.view for one in own):
            _add_task(found, suite, view, sorted((one for one in own if one.view == view), key=_identity))
    return found


def _identity(answer: Answer) -> str:
    return answer.question_id


def _add_task(found: Results, suite: Suite, view: str, answers: Sequence[Answer]) -> None:
    task, wanted = task_name(suite.name, view), suite.headline.categories
    categories: dict[str, list[Answer]] = {}
    for one in answers:
        categories.setdefault(one.category, []).append(one)
    below = {f"{task}/{name}": (name, categories[name]) for name in suite.in_order(list(categories))}
    headline = [one for one in answers if not wanted or one.category in wanted]
    rows = {task: (task, headline), **(below if len(below) > 1 else {})}
    found["group_subtasks"][task] = list(rows)[1:]
    for name, (alias, members) in rows.items():
        if members:
            found["results"][name] = {"alias": alias, **_scores(members, suite)}
            found["versions"][name] = suite.version
            found["n-shot"][name] = 0
            found["higher_is_better"][name] = {metric_name(suite): True}


def _scores(answers: Sequence[Answer], suite: Suite) -> dict[str, float]:
    metric, chosen = metric_name(suite), "none" if answers[0].log_likelihoods else "parse"
    parts = [one.family if suite.headline.mean == "families" else "" for one in answers]
    images = [one.image_id for one in answers]
    scores = [float(one.score) for one in answers]
    found = {f"{metric},{chosen}": _mean(scores, parts)}
    error = standard_error(scores, images, parts)
    if error is not None:
        found[f"{metric}_stderr,{chosen}"] = error
    return {**found, f"chance,{chosen}": _mean([one.chance for one in answers], parts)}


def _mean(values: Sequence[float], parts: Sequence[str]) -> float:
    of = {part: [value for value, other in zip(values, parts, strict=True) if other == part] for part in parts}
    return float(np.mean([np.mean(members) for members in of.values()]))


def markdown(found: Mapping[str, Any]) -> str:
    """The table that lm-evaluation-harness prints of its results.

    Args:
        found: As `results` makes them.
    """
    rows = []
    below = {name for names in found["group_subtasks"].values() for name in names}
    for task, scores in found["results"].items():
        alias = f" - {scores['alias']}" if task in below else scores["alias"]
        head = [alias, found["versions"][task]]
        for key, value in sorted((key, value) for key, value in scores.items() if key != "alias"):
            metric, _, chosen = key.partition(",")
            if metric.endswith("_stderr"):
                continue
            error = scores.get(f"{metric}_stderr,{chosen}")
            arrow = _HIGHER if found["higher_is_better"][task].get(metric) else ""
            beside = ("\u00b1", f"{error:.4f}") if error is not None else ("", "")
            rows.append((*head, chosen, str(found["n-shot"][task]), metric, arrow, f"{value:.4f}", *beside))
            head = ["", ""]
    return _table(rows)


def _table(rows: Iterable[Sequence[str]]) -> str:
    cells = [[one.replace("|", "\\|") for one in row] for row in rows]
    widths = [max(3, len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(_HEADER)]
    lines = [_line([name.center(width) for name, width in zip(_HEADER, widths, strict=True)])]
    lines.append(
        _line(
            [
                ("-" * width) if name in _LEFT else "-" * (width - 1) + ":"
                for name, width in zip(_HEADER, widths, strict=True)
            ]
        )
    )
    for row in cells:
        lines.append(
            _line(
                [
                    one.ljust(width) if name in _LEFT else one.rjust(width)
                    for one, name, width in zip(row, _HEADER, widths, strict=True)
                ]
            )
        )
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"|{'|'.join(cells)}|"
