"""Turns scenes into text: captions and instructions to train on, questions with choices."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.questions import Question, SizeBucket
from inkling.components.artifacts.questions import Split as AskedSplit
from inkling.components.scenes.captions import REQUEST, caption
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.plan import SceneJob
from inkling.components.scenes.queries import FAMILIES, NO, YES, Query, askable
from inkling.components.scenes.scene import Scene

_CHOICES = 4
_YES_OR_NO, _DENY, _CHOOSE, _SWAP = 1, 2, 3, 4  # purposes of chance


@dataclass(frozen=True)
class Made:
    """A scene that was made.

    Attributes:
        job: What it was made for.
        scene: What it shows.
        query: The question that it was made for.
        picture: Its JPEG bytes.
    """

    job: SceneJob
    scene: Scene
    query: Query
    picture: bytes


def turns(made: Made, catalogue: Catalogue) -> list[Turn]:
    """A caption of a training scene and every question that it teaches, with the answer."""
    name, family = made.job.image_id, FAMILIES[made.job.family]
    lines = [
        Turn(
            f"{name}-caption",
            name,
            "caption",
            family.category,
            made.job.family,
            "other",
            REQUEST,
            caption(made.scene, catalogue),
        )
    ]
    queries = [*askable(made.scene, catalogue), *_learned_existence(made, catalogue)]
    for number, query in enumerate(queries):
        answer = query.solve(made.scene, catalogue)
        assert answer is not None, "only questions with an answer are made"
        about = FAMILIES[query.family]
        lines.append(
            Turn(f"{name}-{number}", name, "instruct", about.category, query.family, about.tag, query.text, answer)
        )
    return lines


def text_only_turns(jobs: Iterable[SceneJob], count: int, catalogue: Catalogue) -> list[Turn]:
    """What scenes teach, with the caption in place of the picture: reading comprehension with exact answers.

    Args:
        jobs: Scenes that are composed and not drawn, enough for the count.
        count: How many turns are wanted.
        catalogue: What scenes are made of.
    """
    found: list[Turn] = []
    for job in jobs:
        if len(found) >= count:
            break
        made = Made(job, *job.compose(catalogue), b"")
        shown = f"The picture shows {caption(made.scene, catalogue)}."
        found += [
            replace(turn, image_id="", id=f"text-{turn.id}", question=f"{shown} {turn.question}")
            for turn in turns(made, catalogue)
            if turn.kind == "instruct"
        ]
    return found[:count]


def questions(scenes: list[Made], catalogue: Catalogue) -> list[Question]:
    """The questions of a split, each with its choices and its mismatched picture."""
    found = []
    absent = _absent([made for made in scenes if made.job.family == "existence"], catalogue)
    for made in scenes:
        queries = [made.query]
        if made.job.family == "existence":
            queries.append(absent[made.job.image_id])
        for number, query in enumerate(queries):
            found.append(_question(made, query, number, scenes, catalogue))
    return found


def _learned_existence(made: Made, catalogue: Catalogue) -> list[Query]:
    """An existence question about a picture of one drawing: for yes or for no, by chance."""
    if made.scene.layout != "single" or made.scene.items[0].glyph is None:
        return []
    shown = Query("existence", (made.scene.items[0].word,))
    return [shown if made.job.chance(_YES_OR_NO).random() < 0.5 else _denied(made, shown, catalogue)]


def _denied(made: Made, shown: Query, catalogue: Catalogue) -> Query:
    """An existence question about a class that the picture does not show."""
    absent = [word for word in catalogue.classes if word != shown.subject[0]]
    return Query("existence", (absent[int(made.job.chance(_DENY).integers(len(absent)))],))


def _absent(scenes: list[Made], catalogue: Catalogue) -> dict[str, Query]:
    """An existence question for no, by picture: about what another picture shows, so every word occurs evenly."""
    ordered = sorted(scenes, key=lambda made: (made.query.subject, made.job.index))
    shift = max(Counter(made.query.subject for made in ordered).values(), default=0)
    denied = {}
    for place, made in enumerate(ordered):
        other = ordered[(place + shift) % len(ordered)].query
        denied[made.job.image_id] = other if other != made.query else _denied(made, made.query, catalogue)
    return denied


def _question(made: Made, query: Query, number: int, scenes: list[Made], catalogue: Catalogue) -> Question:
    answer = query.solve(made.scene, catalogue)
    assert answer is not None, "only questions with an answer are made"
    rng = made.job.chance(_CHOOSE)
    if query.family == "existence":
        choices = [YES, NO]
    else:
        others = [option for option in query.universe(made.scene, catalogue) if option != answer]
        drawn = [answer, *(others[int(k)] for k in rng.permutation(len(others))[: _CHOICES - 1])]
        choices = [drawn[int(k)] for k in rng.permutation(len(drawn))]
    return Question(
        question_id=f"{made.job.image_id}-{number}",
        image_id=made.job.image_id,
        mismatched_image_id=_mismatched(made, query, number, answer, scenes, catalogue),
        question=query.text,
        choices=choices,
        answer=answer,
        category=FAMILIES[query.family].category,
        family=query.family,
        size_bucket=cast(SizeBucket, made.scene.items[0].bucket) if query.family == "existence" else "none",
        split=cast(AskedSplit, made.job.split),
    )


def _mismatched(made: Made, query: Query, number: int, answer: str, scenes: list[Made], catalogue: Catalogue) -> str:
    """A picture of the same split and family: for which another answer is right, else none, else (in tiny sets) any."""
    others = [other for other in scenes if other.job.family == made.job.family and other is not made]
    answers = {other.job.image_id: query.solve(other.scene, catalogue) for other in others}
    different = [name for name, found in answers.items() if found not in (None, answer)]
    unanswered = [name for name, found in answers.items() if found is None]
    candidates = different or unanswered or list(answers)
    return candidates[
        int(np.random.default_rng([made.job.seed, made.job.index, number, _SWAP]).integers(len(candidates)))
    ]
