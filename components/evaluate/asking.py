"""Asking questions in three views; the choice that the model finds most likely is its answer."""

import math
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from tokenizers import Tokenizer
from torch import Tensor

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.journal import Journal
from inkling.components.shared.runtime.progress import Progress
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.prompt import answer_ids, choose, prompt_ids
from inkling.models.sequence.views import VIEWS, View

Batch = tuple[View, list[Question]]


def ask(
    model: MultimodalModel,
    tokenizer: Tokenizer,
    questions: Sequence[Question],
    grids: Callable[[Sequence[str]], Tensor],
    config: EvaluateConfig,
    journal: Journal,
) -> list[Answer]:
    """Asks every question in every view, going on where an earlier run was killed.

    Args:
        model: The model; its encoder is not used.
        tokenizer: Its tokenizer.
        questions: The questions of all splits.
        grids: Gives the grid tokens of some images by their ids, float32 (images, tokens, channels).
        config: The stage's configuration.
        journal: Log-likelihoods of the batches that were already asked.

    Returns:
        The answers, view by view in the order of the questions.

    Raises:
        ValueError: If the model finds a choice neither likely nor unlikely (its weights are broken).
    """
    batches = list(_batches(questions, tokenizer, config.batch_size))
    done = len(journal.entries)
    asked = sum(len(members) for _, members in batches[:done])
    with Progress("asking", len(questions) * len(VIEWS), "questions", done=asked) as progress:
        for view, members in batches[done:]:
            shown = None if view == "blind" else grids([_image(question, view) for question in members])
            prompts = [prompt_ids(tokenizer, question.question) for question in members]
            choices = [
                [answer_ids(tokenizer, question.choices[index]) for index in order(question, config.seed)]
                for question in members
            ]
            journal.append(model.score_choices(shown, prompts, choices))
            progress.advance(len(members))
    answers = {}
    for (view, members), scores in zip(batches, journal.entries, strict=True):
        for question, likelihoods in zip(members, scores, strict=True):
            answers[view, question.question_id] = answer(question, view, likelihoods, config.seed)
    return [answers[view, question.question_id] for view in VIEWS for question in questions]


def order(question: Question, seed: int) -> list[int]:
    """The order in which the choices of a question are asked: position i holds choice `order[i]`."""
    random = np.random.default_rng([seed, zlib.crc32(question.question_id.encode())])
    return [int(index) for index in random.permutation(len(question.choices))]


def answer(question: Question, view: View, asked: Sequence[float], seed: int) -> Answer:
    """Makes an answer of the log-likelihoods of the choices in the order in which they were asked.

    Raises:
        ValueError: If one of them is no number.
    """
    if not all(math.isfinite(value) for value in asked):
        raise ValueError(
            f"question {question.question_id} ({view}): the log-likelihoods {list(asked)} are not all finite"
        )
    positions = order(question, seed)
    choice = positions[choose(asked)]
    return Answer(
        question_id=question.question_id,
        view=view,
        log_likelihoods=tuple(asked[positions.index(index)] for index in range(len(positions))),
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


def _batches(questions: Sequence[Question], tokenizer: Tokenizer, size: int) -> Iterator[Batch]:
    """The questions of each view in batches of similar length, so that little is padded."""
    lengths = {one.question_id: len(prompt_ids(tokenizer, one.question)) for one in questions}
    ordered = sorted(questions, key=lambda one: (lengths[one.question_id], one.question_id))
    for view in VIEWS:
        for start in range(0, len(ordered), size):
            yield view, ordered[start : start + size]


def _image(question: Question, view: View) -> str:
    return question.mismatched_image_id if view == "mismatched" else question.image_id
