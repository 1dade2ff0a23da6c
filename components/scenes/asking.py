"""Turns scenes into what is asked: questions with choices, of the suite `scenes` and of the suite `transfer`."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from inkling.components.artifacts.questions import Question, SizeBucket
from inkling.components.artifacts.questions import Split as AskedSplit
from inkling.components.artifacts.suite import SCENES, TRANSFER
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.config import TRANSFER_SHARE
from inkling.components.scenes.layouts import DISTRACTORS
from inkling.components.scenes.made import Made, denied
from inkling.components.scenes.phrasings import Phrasing, held_out
from inkling.components.scenes.queries import FAMILIES, NO, YES, Query

_CHOICES = 4
_CHOOSE, _SWAP = 3, 4  # purposes of chance
PHRASING, COMPOSITION, FACT, TWIN = "Held-out phrasing", "Held-out composition", "Held-out fact", "Twin"
"""The categories of the suite `transfer`."""


def questions(scenes: list[Made], catalogue: Catalogue) -> list[Question]:
    """The questions of a split, each with its choices and its mismatched picture: both suites, the headline's first."""
    twins = {made.job.index: made for made in scenes if made.job.twin}
    plain = [made for made in scenes if not made.job.held_out and not made.job.twin]
    others = [made for made in scenes if made.job.held_out]
    found = []
    absent = _absent([made for made in plain if made.job.family == "existence"], catalogue)
    for made in plain:
        queries = [made.query]
        if made.job.family == "existence":
            queries.append(absent[made.job.image_id])
        for number, query in enumerate(queries):
            found.append(_question(made, query, number, plain, catalogue))
        if made.job.family == "existence":
            found.append(_appearance(made, len(queries), plain, catalogue))
    found += _reworded(plain, catalogue)
    found += [_question(made, made.query, 0, others, catalogue) for made in others]
    return [*found, *(row for made in plain if made.job.index in twins for row in _paired(made, twins, catalogue))]


def _appearance(made: Made, number: int, scenes: list[Made], catalogue: Catalogue) -> Question:
    """Which of four classes a picture shows, as MLE-Bench asks (LSBS): the distractors are of the scene's kind.

    Each of the four is as likely the one that is shown: all are popular, or two couples of companions, or any.
    """
    question = _question(made, Query("object"), number, scenes, catalogue)
    rng, word = made.job.chance(_CHOOSE, number), question.answer
    if distractor(made) == "adversarial":
        couples = [pair for pair in catalogue.companions.items() if pair[0] < pair[1] and word not in pair]
        others = [catalogue.companions[word], *couples[int(rng.integers(len(couples)))]]
    else:
        options = catalogue.popular if distractor(made) == "popular" else catalogue.classes
        absent = [option for option in options if option != word]
        others = [absent[int(k)] for k in rng.permutation(len(absent))[: _CHOICES - 1]]
    drawn = [word, *others]
    return replace(
        question, choices=[drawn[int(k)] for k in rng.permutation(len(drawn))], family="appearance",
        category=FAMILIES["existence"].category, size_bucket=_bucket(made), subtask=distractor(made),
    )  # fmt: skip


def _bucket(made: Made) -> SizeBucket:
    """The size bucket of the only thing in a picture."""
    return made.scene.items[0].bucket


def _paired(made: Made, twins: Mapping[int, Made], catalogue: Catalogue) -> list[Question]:
    """One question about both of two twins, with the same choices; the mismatched picture of each is the other."""
    twin = twins[made.job.index]
    first = _question(made, made.query, 0, [made, twin], catalogue)
    answers = [first.answer, str(made.query.solve(twin.scene, catalogue))]
    choices = first.choices
    if answers[1] not in choices:  # in place of the first that is wrong of both
        spare = next(choice for choice in choices if choice != answers[0])
        choices = [answers[1] if choice == spare else choice for choice in choices]
    return [
        replace(
            first, question_id=f"{one.job.image_id}-paired", image_id=one.job.image_id, choices=choices, answer=answer,
            mismatched_image_id=other.job.image_id, cluster=made.job.image_id, category=TWIN, family="twin",
            suite=TRANSFER, subtask=made.query.asks,
        )
        for one, other, answer in ((made, twin, answers[0]), (twin, made, answers[1]))
    ]  # fmt: skip


def _reworded(scenes: list[Made], catalogue: Catalogue) -> list[Question]:
    """The questions about some pictures of each family with four choices, in words that training does not use."""
    families = [family for family in FAMILIES if family != "existence"]
    found = []
    for family in families:
        members = [made for made in scenes if made.job.family == family]
        for number, made in enumerate(members[: math.ceil(TRANSFER_SHARE * len(members) / len(families))]):
            wordings = held_out(made.query.asks)
            found.append(_question(made, made.query, 0, scenes, catalogue, wordings[number % len(wordings)]))
    return found


def _absent(scenes: list[Made], catalogue: Catalogue) -> dict[str, Query]:
    """An existence question for no, by picture, after POPE (Li et al. 2023): random, popular and adversarial ones.

    The first two name what another picture of the kind shows, the last the companion of what is shown, and pictures
    show companions in turn: each word is right as often as it is wrong.
    """
    absent = {}
    for kind in DISTRACTORS:
        members = [made for made in scenes if distractor(made) == kind]
        ordered = sorted(members, key=lambda made: (made.query.subject, made.job.index))
        shift = max(Counter(made.query.subject for made in ordered).values(), default=0)
        for place, made in enumerate(ordered):
            other = ordered[(place + shift) % len(ordered)].query
            if kind == "adversarial":
                other = Query("existence", (catalogue.companions[made.query.subject[0]],))
            absent[made.job.image_id] = other if other != made.query else denied(made, made.query, catalogue)
    return absent


def distractor(made: Made) -> str:
    """The kind of distractor of a scene of the family existence."""
    return made.job.target.split(":")[1]


def _question(
    made: Made, query: Query, number: int, scenes: list[Made], catalogue: Catalogue, said: Phrasing | None = None
) -> Question:
    """A question about a scene.

    Args:
        made: The scene.
        query: What is asked.
        number: Its number among those about the picture.
        scenes: Those among which the mismatched picture is.
        catalogue: What scenes are made of.
        said: A phrasing that is held out.
    """
    answer = query.solve(made.scene, catalogue)
    assert answer is not None, "only questions with an answer are made"
    rng = made.job.chance(_CHOOSE)
    if query.family == "existence":
        choices = [YES, NO]
    else:
        options = query.universe(made.scene, catalogue, made.job.held_out)
        others = [option for option in options if option != answer]
        drawn = [answer, *(others[int(k)] for k in rng.permutation(len(others))[: _CHOICES - 1])]
        choices = [drawn[int(k)] for k in rng.permutation(len(drawn))]
    if said:
        category, family, about = PHRASING, "phrasing", query.asks
    elif made.job.held_out:
        composed = query.family == "colour"
        category, family, about = (COMPOSITION, "composition", "colour") if composed else (FACT, "fact", query.asks)
    else:
        category, family = FAMILIES[query.family].category, query.family
        about = distractor(made) if family == "existence" else ""
    return Question(
        question_id=f"{made.job.image_id}-" + (said.name if said else str(number)),
        image_id=made.job.image_id,
        mismatched_image_id=_mismatched(made, query, number, answer, scenes, catalogue),
        question=said.text(query.subject) if said else query.text,
        choices=choices,
        answer=answer,
        category=category,
        family=family,
        size_bucket=_bucket(made) if query.family == "existence" else "none",
        split=cast(AskedSplit, made.job.split),
        suite=TRANSFER if said or made.job.held_out else SCENES,
        subtask=about,
    )


def _mismatched(made: Made, query: Query, number: int, answer: str, scenes: list[Made], catalogue: Catalogue) -> str:
    """A picture of the same split and family: for which another answer is right, else none, else (in tiny sets) any."""
    family = [other for other in scenes if other.job.family == made.job.family and other is not made]
    others = family or [other for other in scenes if other is not made]
    answers = {other.job.image_id: query.solve(other.scene, catalogue) for other in others}
    different = [name for name, found in answers.items() if found not in (None, answer)]
    unanswered = [name for name, found in answers.items() if found is None]
    candidates = different or unanswered or list(answers)
    return candidates[
        int(np.random.default_rng([made.job.seed, made.job.index, number, _SWAP]).integers(len(candidates)))
    ]
