"""Asking a model questions in several views, batch by batch, and making answers of its replies."""

import dataclasses
import math
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.contract import Asked, Method, Reply, free_answers
from inkling.components.evaluate.resume_log import ResumeLog
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.store.manifest import digest_of
from inkling.components.shared.store.part import Share
from inkling.models.inference.answering import Answering
from inkling.models.sequence.views import BLANK_IMAGE, View

Batch = tuple[View, list[Asked]]
ALL = Share(0, 1)


def score_questions(
    model: Answering, questions: Sequence[Question], config: EvaluateConfig, log: ResumeLog
) -> list[Answer]:
    """Asks every question in every view, going on where an earlier run was killed.

    Args:
        model: The model.
        questions: The questions of all splits.
        config: The stage's configuration.
        log: Replies that were given already, by `reply_key`.

    Returns:
        The answers, view by view in the order of the questions.

    Raises:
        ValueError: If the method cannot ask one of them, or a log-likelihood is not finite (the model's weights are
            broken).
    """
    ask_questions(model, questions, config, log)
    asked = [Asked(question, order(question, config.seed)) for question in questions]
    metrics = {suite.name: suite.metric for suite in config.suites}
    return [
        answer(
            one,
            view,
            restored(log.results[reply_key(one, view, config)]),
            config.method.type,
            metrics[one.question.suite],
        )
        for view in config.views
        for one in asked
    ]


def ask_questions(
    model: Answering, questions: Sequence[Question], config: EvaluateConfig, log: ResumeLog, share: Share = ALL
) -> list[str]:
    """Asks every question of a share in every view whose reply is not in the log, and adds the replies.

    Args:
        model: The model.
        questions: The questions of all splits, those of other shares too: they decide the batches.
        config: The stage's configuration.
        log: Replies that were given already, by `reply_key`.
        share: Which batches are asked: whole ones, since beside others the last bits of a reply would be others.

    Returns:
        The `reply_key` of every question of the share in every view; the log has replies to all of them now.

    Raises:
        ValueError: If the method cannot ask one of them.
    """
    method: Method = config.method.build()
    asked = [Asked(question, order(question, config.seed)) for question in questions]
    method.check(model, [one for one in asked if one.order])
    batches = [
        ({reply_key(one, view, config): one for one in members}, view)
        for number, (view, members) in enumerate(_batches(asked, method, model, config))
        if share.holds(0, number)
    ]
    done = sum(key in log.results for members, _ in batches for key in members)
    with Progress("scoring", sum(len(members) for members, _ in batches), "questions", done=done) as progress:
        for members, view in batches:
            missing = members.keys() - log.results.keys()
            if missing:
                replies = ask(method, model, list(members.values()), view)
                log.append({key: dataclasses.asdict(reply) for key, reply in zip(members, replies, strict=True)})
                progress.advance(len(missing))
    return [key for members, _ in batches for key in members]


def ask(method: Method, model: Answering, asked: Sequence[Asked], view: View) -> list[Reply]:
    """The model's replies to some questions in a view; either all of them have choices, or none has.

    Args:
        method: How questions with choices are asked.
        model: The model.
        asked: The questions.
        view: What the model sees beside them.
    """
    images = None if view == "blind" else [image_of(one.question, view) for one in asked]
    if asked[0].order:
        return method.reply(model, asked, images)
    return free_answers(model, asked, images, method.spec.max_new_tokens)


def reply_key(asked: Asked, view: View, config: EvaluateConfig) -> str:
    """What tells a reply from every other of the same model and suites: question, view, order and arguments."""
    question = [asked.question.question_id, asked.question.question, asked.question.choices]
    return digest_of([question, view, list(asked.order), config.method.model_dump(mode="json")])[:24]


def reply_keys(questions: Sequence[Question], config: EvaluateConfig) -> set[str]:
    """The `reply_key` of every question in every view."""
    asked = [Asked(question, order(question, config.seed)) for question in questions]
    return {reply_key(one, view, config) for view in config.views for one in asked}


def order(question: Question, seed: int) -> tuple[int, ...]:
    """The order in which the choices of a question are given: position i holds choice `order[i]`."""
    random = np.random.default_rng([seed, zlib.crc32(question.question_id.encode())])
    return tuple(int(index) for index in random.permutation(len(question.choices)))


def answer(asked: Asked, view: View, reply: Reply, method: str, metric: Metric) -> Answer:
    """Makes an answer of a reply.

    Args:
        asked: The question as it was asked.
        view: The view.
        reply: What came back, in the order in which choices were given.
        method: Name of the answering procedure.
        metric: What the suite says an answer is worth.

    Raises:
        ValueError: If a log-likelihood is not finite.
    """
    question, given = asked.question, reply.log_likelihoods
    if not all(math.isfinite(value) for value in given):
        raise ValueError(
            f"question {question.question_id} ({view}): the log-likelihoods {list(given)} are not all finite"
        )
    choice = None if reply.choice is None else asked.order[reply.choice]
    text = reply.text if choice is None else question.choices[choice]
    score = metric.score(question, Given(text, choice))
    return Answer(
        question_id=question.question_id,
        view=view,
        log_likelihoods=tuple(given[asked.order.index(index)] for index in range(len(asked.order))) if given else (),
        choice=-1 if choice is None else choice,
        correct=score == 1,
        image_id=question.cluster or question.image_id,
        category=question.category,
        family=question.family,
        size_bucket=question.size_bucket,
        chance=question.chance,
        split=question.split,
        suite=question.suite,
        method=method if asked.order else "generate",
        text=reply.text,
        score=score,
        group=question.group,
        order=asked.order,
        right=question.correct if question.choices else -1,
    )


def restored(result: dict[str, object]) -> Reply:
    """A reply as the log holds it."""
    reply = Reply(**result)  # type: ignore[arg-type]
    return dataclasses.replace(reply, log_likelihoods=tuple(reply.log_likelihoods))


def _batches(asked: Sequence[Asked], method: Method, model: Answering, config: EvaluateConfig) -> Iterator[Batch]:
    """The questions of each view in batches of similar length, so that little is padded; open ones by themselves."""
    lengths = {one.question.question_id: model.prompt_length(_prompt(one, method)) for one in asked}
    ordered = sorted(asked, key=lambda one: (lengths[one.question.question_id], one.question.question_id))
    size = config.batch_size
    for view in config.views:
        for members in ([one for one in ordered if one.order], [one for one in ordered if not one.order]):
            for start in range(0, len(members), size):
                yield view, members[start : start + size]


def _prompt(asked: Asked, method: Method) -> str:
    return method.prompt(asked) if asked.order else asked.question.question


def image_of(question: Question, view: View) -> str:
    """Name of the image that a question is asked with in a view with one."""
    if view == "blank":
        return BLANK_IMAGE
    return question.mismatched_image_id if view == "mismatched" else question.image_id
