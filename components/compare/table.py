"""The table of a study: each run's scores, and for each recipe and size their mean over seeds."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.answers import VIEWS, Answers
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.compare.config import CompareConfig
from inkling.components.compare.losses import Scored, estimate, size_gains
from inkling.components.progress import track
from inkling.components.statistics import clustered_mean, crossed_mean

SPLIT = "test"
_FOUR_CHOICES = 0.25
"""Chance of the questions whose families enter the mean, as in the summary of `evaluate`."""
Hits = dict[str, NDArray[np.bool_]]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What every run of a study was asked.

    Attributes:
        questions: The questions, sorted.
        images: The image of each.
        families: The family of each.
        categories: The category of each.
    """

    questions: tuple[str, ...]
    images: tuple[str, ...]
    families: tuple[str, ...]
    categories: tuple[str, ...]


def tabulate(
    config: CompareConfig, answers: Sequence[Answers], language_models: Sequence[LanguageModel]
) -> dict[str, Any]:
    """The content of `scores.json`.

    Args:
        config: Title, figure and a label for each of the answers.
        answers: The answers.
        language_models: The language model of each run.

    Raises:
        ArtifactError: If the runs were asked different questions, or two sizes of a recipe were scored on different
            text.
    """
    first = _asked(answers[0])
    hits = []
    for one in track(answers, "reading answers", len(answers), "runs"):
        if _asked(one) != first:
            raise ArtifactError(f"{one.path} answers other questions than {answers[0].path}: they are no one study")
        hits.append(_hits(one, first))
    scored = [Scored.of(run, model) for run, model in zip(config.runs, language_models, strict=True)]
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, run in enumerate(config.runs):
        groups[run.recipe, run.size].append(number)
    return {
        "title": config.title,
        "figure": config.figure,
        "questions": len(first.questions),
        "images": len(set(first.images)),
        "chance": _FOUR_CHOICES,
        "runs": [_run(one, hit, first) for one, hit in zip(scored, hits, strict=True)],
        "groups": [
            _group([scored[number] for number in members], [hits[number] for number in members], first)
            for members in groups.values()
        ],
        "sizes": size_gains(scored),
    }


def _asked(answers: Answers) -> Asked:
    rows = sorted(
        (one.question_id, one.image_id, one.family, one.category)
        for one in answers.answers("visual", SPLIT)
        if one.chance == _FOUR_CHOICES
    )
    if not rows:
        raise ArtifactError(f"{answers.path} answers no {SPLIT} question with four choices")
    questions, images, families, categories = zip(*rows, strict=True)
    return Asked(questions, images, families, categories)


def _hits(answers: Answers, asked: Asked) -> Hits:
    """Whether each question was answered rightly, by view, in the order of `asked`."""
    right = {view: {one.question_id: one.correct for one in answers.answers(view, SPLIT)} for view in VIEWS}
    return {view: np.array([right[view][question] for question in asked.questions]) for view in VIEWS}


def _run(scored: Scored, hits: Hits, asked: Asked) -> dict[str, Any]:
    views = {
        view: dataclasses.asdict(clustered_mean(right, asked.images, asked.families)) for view, right in hits.items()
    }
    return {**scored.run.model_dump(), "views": views, "heldout": estimate([scored.means])}


def _group(scored: Sequence[Scored], hits: Sequence[Hits], asked: Asked) -> dict[str, Any]:
    views = {view: [hit[view] for hit in hits] for view in VIEWS}
    seen = [hit["visual"].astype(float) - hit["blind"] for hit in hits]
    categories = np.array(asked.categories)
    return {
        "recipe": scored[0].run.recipe,
        "size": scored[0].run.size,
        "parameters": scored[0].parameters,
        "seeds": len(hits),
        "heldout": estimate([one.means for one in scored]),
        "views": {
            view: dataclasses.asdict(crossed_mean(right, asked.images, asked.families)) for view, right in views.items()
        },
        "visual_minus_blind": dataclasses.asdict(crossed_mean(seen, asked.images, asked.families, lowest=-1.0)),
        "categories": {
            name: dataclasses.asdict(
                crossed_mean(
                    [right[categories == name] for right in views["visual"]],
                    np.array(asked.images)[categories == name],
                    np.array(asked.families)[categories == name],
                )
            )
            for name in sorted(set(asked.categories))
        },
    }
