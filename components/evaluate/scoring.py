"""Scoring the choices of questions in three views; the choice that the model finds most likely is its answer."""

import math
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.resume_log import ResumeLog
from inkling.components.shared.runtime.progress import Progress
from inkling.models.inference.answering import Answering
from inkling.models.inference.likelihood import choose
from inkling.models.sequence.views import VIEWS, View

Batch = tuple[View, list[Question]]


def score_questions(
    model: Answering, questions: Sequence[Question], config: EvaluateConfig, log: ResumeLog
) -> list[Answer]:
    """Scores every question in every view, going on where an earlier run was killed.

    Args:
        model: The model.
        questions: The questions of all splits.
        config: The stage's configuration.
        log: Log-likelihoods of the batches that were scored already.

    Returns:
        The answers, view by view in the order of the questions.

    Raises:
        ValueError: If a log-likelihood is not finite (the model's weights are broken).
    """
    batches = list(_batches(questions, model, config.batch_size))
    done = len(log.entries)
    scored = sum(len(members) for _, members in batches[:done])
    with Progress("scoring", len(questions) * len(VIEWS), "questions", done=scored) as progress:
        for view, members in batches[done:]:
            log.append(
                model.score(
                    [question.question for question in members],
                    [[question.choices[index] for index in order(question, config.seed)] for question in members],
                    None if view == "blind" else [_image(question, view) for question in members],
                )
            )
            progress.advance(len(members))
    answers = {}
    for (view, members), scores in zip(batches, log.entries, strict=True):
        for question, log_likelihoods in zip(members, scores, strict=True):
            answers[view, question.question_id] = answer(question, view, log_likelihoods, config.seed)
    return [answers[view, question.question_id] for view in VIEWS for question in questions]


def order(question: Question, seed: int) -> list[int]:
    """The order in which the choices of a question are given: position i holds choice `order[i]`."""
    random = np.random.default_rng([seed, zlib.crc32(question.question_id.encode())])
    return [int(index) for index in random.permutation(len(question.choices))]


def answer(question: Question, view: View, log_likelihoods: Sequence[float], seed: int) -> Answer:
    """Makes an answer of the log-likelihoods of the choices in the order in which they were given.

    Raises:
        ValueError: If one of them is not finite.
    """
    if not all(math.isfinite(value) for value in log_likelihoods):
        raise ValueError(
            f"question {question.question_id} ({view}): the log-likelihoods {list(log_likelihoods)} are not all finite"
        )
    positions = order(question, seed)
    choice = positions[choose(log_likelihoods)]
    return Answer(
        question_id=question.question_id,
        view=view,
        log_likelihoods=tuple(log_likelihoods[positions.index(index)] for index in range(len(positions))),
        choice=choice,
        correct=choice == question.correct,
        image_id=question.cluster or question.image_id,
        category=question.category,
        family=question.family,
        size_bucket=question.size_bucket,
        chance=question.chance,
        split=question.split,
        suite=question.suite,
    )


def _batches(questions: Sequence[Question], model: Answering, size: int) -> Iterator[Batch]:
    """The questions of each view in batches of similar length, so that little is padded."""
    lengths = {one.question_id: model.prompt_length(one.question) for one in questions}
    ordered = sorted(questions, key=lambda one: (lengths[one.question_id], one.question_id))
    for view in VIEWS:
        for start in range(0, len(ordered), size):
            yield view, ordered[start : start + size]


def _image(question: Question, view: View) -> str:
    return question.mismatched_image_id if view == "mismatched" else question.image_id
