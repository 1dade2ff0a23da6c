"""Reasoning traces: how deep the explanations of a model are, and how many of them a judge finds sound.

After LSBS (section 4.4, Figures 8 and 9). Depth is the mean length of an explanation in words; since a model that
repeats itself writes long ones, its different sentences are counted too. Soundness is the share of explanations whose
reasoning an LLM judge calls sound (`judge.py`); it was asked for texts alone, without images.

Each has an interval clustered by image and its blind control: the same questions explained without the image. What a
judge calls sound whatever it reads is measured as well: explanations put beside another question than their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.shared.statistics.counts import number_mean
from inkling.components.shared.statistics.depth import sentences, words
from inkling.components.shared.statistics.intervals import accuracy, paired_difference

_CONTROL = "blind"
Verdicts = Mapping["Trace", bool]


@dataclass(frozen=True)
class Trace:
    """An explanation beside the question that it is held against.

    Attributes:
        question: The question.
        choices: Its choices, in the order in which they were given; empty for an open one.
        text: The explanation.
    """

    question: str
    choices: tuple[str, ...]
    text: str


def traces_of(answers: Sequence[Answer], questions: Sequence[Question]) -> dict[tuple[str, str, str], Trace]:
    """The trace of each answer, by suite, question and view.

    Args:
        answers: Generated answers; those to open questions are no explanations and are left out.
        questions: The questions that they answer.
    """
    asked = {(one.suite, one.question_id): one for one in questions}
    found = {}
    for one in (answer for answer in answers if answer.order):
        question = asked[one.suite, one.question_id]
        choices = tuple(question.choices[place] for place in one.order)
        found[one.suite, one.question_id, one.view] = Trace(question.question, choices, one.text)
    return found


def swapped(traces: Mapping[tuple[str, str, str], Trace]) -> dict[tuple[str, str], Trace]:
    """For each question of each suite the explanation of another one of other words, of the first view.

    Args:
        traces: As `traces_of` finds them.
    """
    if not traces:
        return {}
    view = next(iter(traces))[2]
    found: dict[tuple[str, str], Trace] = {}
    for suite in dict.fromkeys(key[0] for key in traces):
        own = [(key[1], one) for key, one in sorted(traces.items()) if key[0] == suite and key[2] == view]
        for place, (name, one) in enumerate(own):
            others = (own[(place + step) % len(own)][1] for step in range(len(own) // 2, len(own) // 2 + len(own)))
            other = next((some for some in others if some.question != one.question), None)
            if other is not None:
                found[suite, name] = Trace(one.question, one.choices, other.text)
    return found


def measure(answers: Sequence[Answer], questions: Sequence[Question], verdicts: Verdicts | None) -> dict[str, Any]:
    """Depth and soundness of each suite's test split, as JSON values.

    Args:
        answers: Generated answers, one a question and view.
        questions: The questions that they answer.
        verdicts: Whether a judge called a trace sound; those that it did not decide are missing. None: no judge.

    Returns:
        By suite: `views`, in each `explained` (answers), `empty` (of no word), `depth`, `sentences`, `soundness`, and
        `undecided` (by the judge), the last two None without one; `differences` from the blind view, of the same
        questions; `of_another_question`, the soundness of explanations beside a question that is not theirs.
    """
    tested = [one for one in answers if one.split == "test" and one.order]
    traces = traces_of(tested, questions)
    others = swapped(traces)
    found = {}
    for suite in dict.fromkeys(one.suite for one in tested):
        own = [one for one in tested if one.suite == suite]
        views = {view: [one for one in own if one.view == view] for view in dict.fromkeys(one.view for one in own)}
        found[suite] = {
            "views": {
                view: _view(members, [traces[suite, one.question_id, view] for one in members], verdicts)
                for view, members in views.items()
            },
            "differences": {
                f"{view}_minus_{_CONTROL}": _difference(suite, views[view], views[_CONTROL], traces, verdicts)
                for view in views
                if view != _CONTROL and _CONTROL in views
            },
            "of_another_question": _sound(
                [
                    (one, others[suite, one.question_id])
                    for one in next(iter(views.values()))
                    if (suite, one.question_id) in others
                ],
                verdicts,
            ),
        }
    return found


def _view(answers: Sequence[Answer], traces: Sequence[Trace], verdicts: Verdicts | None) -> dict[str, Any]:
    images = [one.image_id for one in answers]
    return {
        "explained": len(traces),
        "empty": sum(not words(one.text) for one in traces),
        "depth": asdict(number_mean([words(one.text) for one in traces], images)),
        "sentences": asdict(number_mean([sentences(one.text) for one in traces], images)),
        "soundness": _sound(list(zip(answers, traces, strict=True)), verdicts),
        "undecided": None if verdicts is None else sum(one not in verdicts for one in traces),
    }


def _sound(pairs: Sequence[tuple[Answer, Trace]], verdicts: Verdicts | None) -> dict[str, Any] | None:
    """The share that was called sound, of those that were decided; None where none was."""
    decided = [(one, verdicts[trace]) for one, trace in pairs if trace in verdicts] if verdicts is not None else []
    if not decided:
        return None
    return asdict(accuracy([sound for _, sound in decided], [one.image_id for one, _ in decided]))


def _difference(
    suite: str,
    first: Sequence[Answer],
    second: Sequence[Answer],
    traces: Mapping[tuple[str, str, str], Trace],
    verdicts: Verdicts | None,
) -> dict[str, Any]:
    """First view minus second over the questions of both."""
    common = {one.question_id for one in second}
    pairs = [
        (one, traces[suite, one.question_id, one.view], traces[suite, one.question_id, second[0].view])
        for one in first
        if one.question_id in common
    ]

    def less(count: Callable[[str], int]) -> dict[str, Any]:
        changes = [count(here.text) - count(there.text) for _, here, there in pairs]
        return asdict(number_mean(changes, [one.image_id for one, _, _ in pairs]))

    judged = [] if verdicts is None else [pair for pair in pairs if pair[1] in verdicts and pair[2] in verdicts]
    soundness = None
    if verdicts is not None and judged:
        here, there = [verdicts[one] for _, one, _ in judged], [verdicts[one] for _, _, one in judged]
        soundness = asdict(paired_difference(here, there, [one.image_id for one, _, _ in judged]))
    return {"depth": less(words), "sentences": less(sentences), "soundness": soundness}
