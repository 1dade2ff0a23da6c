"""What a model says of an image that it was not shown: whether it commits, abstains, or names what is not there.

A rubric with counts over generated answers in the blind view. What a picture shows is known where it is annotated. That
an object named is not there is what CHAIR counts in captions (Rohrbach et al. 2018, arXiv 1809.02156); a word of the
question is not held against its answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question

_ABSTAINS = re.compile(
    r"\b(?:can(?:not|'t| not)|could(?:n't| not)|unable to|am not able to|do(?:n't| not)|impossible to)\b.{0,30}"
    r"\b(?:see|know|tell|view|determine|answer|say|identify|describe|provide|have (?:access|the|an) image)\b"
    r"|\b(?:no|without (?:an|the|any)|not given (?:an|the|any)|missing) (?:image|picture|photo)\b"
    r"|\b(?:image|picture|photo) (?:is|was) (?:not|missing)\b|\bnot (?:sure|certain|enough information)\b|\bunknown\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class BlindAnswers:
    """What generated answers without an image are like.

    Attributes:
        answers: How many were read.
        commits: Answers that choose an option or, of an open question, say something that is no abstention.
        abstains: Answers that say that there is no image or that it cannot be known, and choose nothing.
        undecidable: Answers that do neither: empty, or no option can be found in them.
        annotated: Answers of which it is known what their picture shows.
        absent: Of these, answers that name an object that is not there, though the question does not name it.
    """

    answers: int
    commits: int
    abstains: int
    undecidable: int
    annotated: int
    absent: int


def blind_answers(
    answers: Sequence[Answer], questions: Mapping[str, Question], annotations: Mapping[str, ImageAnnotation]
) -> BlindAnswers:
    """Counts what generated blind answers do; each is one of the first three kinds, and may name an absent object.

    Objects are the classes that any picture's annotations name, as whole words, in the singular or with an s.

    Args:
        answers: Answers; those that were not generated, or in another view, are left out.
        questions: The questions by id.
        annotations: What pictures show, by image.
    """
    read = [one for one in answers if one.view == "blind" and one.method == "generate"]
    words = {thing.word for known in annotations.values() for thing in known.objects if thing.kind == "object"}
    kinds = [_kind(one) for one in read]
    known = [one for one in read if questions[one.question_id].image_id in annotations]
    absent = [one for one in known if _absent(one.text, questions[one.question_id], words, annotations)]
    return BlindAnswers(
        answers=len(read),
        commits=kinds.count("commits"),
        abstains=kinds.count("abstains"),
        undecidable=kinds.count("undecidable"),
        annotated=len(known),
        absent=len(absent),
    )


def _kind(answer: Answer) -> str:
    if answer.choice >= 0:
        return "commits"
    if _ABSTAINS.search(answer.text):
        return "abstains"
    is_open = answer.chance == 0
    return "commits" if is_open and answer.text.strip() else "undecidable"


def _absent(text: str, question: Question, words: set[str], annotations: Mapping[str, ImageAnnotation]) -> set[str]:
    """The objects that an answer names and neither its picture shows nor its question names."""
    there = {thing.word for thing in annotations[question.image_id].objects}
    return {word for word in words - there if _names(text, word) and not _names(question.question, word)}


def _names(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}s?\b", text, re.IGNORECASE) is not None
