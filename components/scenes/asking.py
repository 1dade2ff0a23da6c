"""Turns scenes into text: captions and instructions to train on, questions with choices."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast
from zlib import crc32

import numpy as np

from inkling.components.artifacts.annotations import AnnotatedObject
from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.questions import Question, SizeBucket
from inkling.components.artifacts.questions import Split as AskedSplit
from inkling.components.artifacts.suite import SCENES, TRANSFER
from inkling.components.scenes.captions import REQUEST, caption
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.config import TRANSFER_SHARE
from inkling.components.scenes.layouts import DISTRACTORS
from inkling.components.scenes.phrasings import Phrasing, held_out, taught
from inkling.components.scenes.plan import SceneJob
from inkling.components.scenes.queries import FAMILIES, NO, YES, Query, askable
from inkling.components.scenes.scene import Scene

_CHOICES = 4
_YES_OR_NO, _DENY, _CHOOSE, _SWAP, _WORD, _THIN = 1, 2, 3, 4, 5, 9  # purposes of chance; plan.py has the others
PHRASING, COMPOSITION, FACT = "Held-out phrasing", "Held-out composition", "Held-out fact"
"""The categories of the suite `transfer`."""


@dataclass(frozen=True)
class Made:
    """A scene that was made.

    Attributes:
        job: What it was made for.
        scene: What it shows.
        query: The question that it was made for.
        picture: Its JPEG bytes.
        objects: What it shows, to the pixel.
    """

    job: SceneJob
    scene: Scene
    query: Query
    picture: bytes = b""
    objects: tuple[AnnotatedObject, ...] = ()


def turns(made: Made, catalogue: Catalogue, phrasings: int) -> list[Turn]:
    """A caption of a training scene and every question that it teaches, with the answer.

    Args:
        made: The scene.
        catalogue: What scenes are made of.
        phrasings: From how many phrasings of its family each question is drawn.
    """
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
    queries = [query for query in askable(made.scene, catalogue) if _kept(query, made, catalogue)]
    for number, query in enumerate([*queries, *_learned_existence(made, catalogue)]):
        answer = query.solve(made.scene, catalogue)
        assert answer is not None, "only questions with an answer are made"
        about, said = FAMILIES[query.family], taught(query.asks)[_drawn(query, made, phrasings)]
        lines.append(
            Turn(
                f"{name}-{number}",
                name,
                "instruct",
                about.category,
                query.family,
                about.tag,
                said.text(query.subject),
                answer,
                said.name,
            )
        )
    return lines


def _drawn(query: Query, made: Made, phrasings: int) -> int:
    """Number of the phrasing of a question about a scene; twins are asked the same question in the same words."""
    return int(made.job.chance(_WORD, crc32(query.text.encode())).integers(phrasings))


def _kept(query: Query, made: Made, catalogue: Catalogue) -> bool:
    """Whether a question is taught: of facts that several classes share, in scenes made for other questions, a part.

    Each kind, use and place is then the right answer about as often as any other.
    """
    if query.family not in ("kind", "fact") or query == made.query:
        return True
    sharing = catalogue.facts(query.subject[0] if query.subject else "kind", held_out=False)
    answer = query.solve(made.scene, catalogue)
    fewest = min(map(len, sharing.values()))
    return bool(made.job.chance(_THIN).random() < fewest / len(sharing[str(answer)]))


def text_only_turns(jobs: Iterable[SceneJob], count: int, catalogue: Catalogue, phrasings: int) -> list[Turn]:
    """What scenes teach, with the caption in place of the picture: reading comprehension with exact answers.

    Args:
        jobs: Scenes that are composed and not drawn, enough for the count.
        count: How many turns are wanted.
        catalogue: What scenes are made of.
        phrasings: From how many phrasings of its family each question is drawn.
    """
    found: list[Turn] = []
    for job in jobs:
        if len(found) >= count:
            break
        made = Made(job, *job.compose(catalogue))
        shown = f"The picture shows {caption(made.scene, catalogue)}."
        found += [
            replace(turn, image_id="", id=f"text-{turn.id}", question=f"{shown} {turn.question}")
            for turn in turns(made, catalogue, phrasings)
            if turn.kind == "instruct"
        ]
    return found[:count]


def questions(scenes: list[Made], catalogue: Catalogue) -> list[Question]:
    """The questions of a split, each with its choices and its mismatched picture: both suites, the headline's first."""
    plain, others = ([made for made in scenes if made.job.held_out == held] for held in (False, True))
    found = []
    absent = _absent([made for made in plain if made.job.family == "existence"], catalogue)
    for made in plain:
        queries = [made.query]
        if made.job.family == "existence":
            queries.append(absent[made.job.image_id])
        for number, query in enumerate(queries):
            found.append(_question(made, query, number, plain, catalogue))
    return [
        *found,
        *_reworded(plain, catalogue),
        *(_question(made, made.query, 0, others, catalogue) for made in others),
    ]


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
    """An existence question for no, by picture, after POPE (Li et al. 2023): random, popular and adversarial ones.

    The first two name what another picture of the kind shows, the last the companion of what is shown, and pictures
    show companions in turn: each word is right as often as it is wrong.
    """
    denied = {}
    for kind in DISTRACTORS:
        members = [made for made in scenes if distractor(made) == kind]
        ordered = sorted(members, key=lambda made: (made.query.subject, made.job.index))
        shift = max(Counter(made.query.subject for made in ordered).values(), default=0)
        for place, made in enumerate(ordered):
            other = ordered[(place + shift) % len(ordered)].query
            if kind == "adversarial":
                other = Query("existence", (catalogue.companions[made.query.subject[0]],))
            denied[made.job.image_id] = other if other != made.query else _denied(made, made.query, catalogue)
    return denied


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
        size_bucket=cast(SizeBucket, made.scene.items[0].bucket) if query.family == "existence" else "none",
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
