"""Sends the real server questions that the evaluator scored, and compares the answers."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inkling.components.artifacts.answers import BY_LIKELIHOOD, Answer
from inkling.components.artifacts.questions import Question
from inkling.components.rehearse.config import RehearseConfig
from inkling.components.serve.client import Client, data_uri, user_message
from inkling.components.serve.process import running_server
from inkling.components.shared.runtime.progress import Progress
from inkling.models.sequence.views import SERVED_VIEWS, ServedView

Recorded = Mapping[tuple[str, str], Answer]


class RehearsalError(RuntimeError):
    """A server whose answers are not the evaluator's; the message names the questions."""


def rehearse(
    config: RehearseConfig,
    bundle: Path,
    questions: Sequence[Question],
    images: Mapping[str, bytes],
    answers: Sequence[Answer],
    work: Path,
) -> dict[str, Any]:
    """Starts a server, examines it, and ends it.

    Args:
        config: The stage's configuration.
        bundle: The Bundle artifact.
        questions: The test questions.
        images: Their images.
        answers: The evaluator's answers to them.
        work: Directory for the server's log and settings.

    Returns:
        The content of `rehearsal.json`.

    Raises:
        RehearsalError: If a choice is not the evaluator's, a view is not the requested one, or a streamed answer
            is not the whole one.
        ServerFailed: If the server does not start or end well.
    """
    settings = work / "settings.yaml"
    settings.write_text(f"{{threads: {config.threads}, device: cpu}}\n")
    with running_server(bundle, work / "server.log", "--settings", str(settings)) as (url, _), Client(url) as client:
        return examine_server(client, config, questions, images, answers)


def examine_server(
    client: Client,
    config: RehearseConfig,
    questions: Sequence[Question],
    images: Mapping[str, bytes],
    answers: Sequence[Answer],
) -> dict[str, Any]:
    """Sends a running server questions that the evaluator scored.

    Args:
        client: A connection to it.
        config: How many questions are sent, and which seed chooses them.
        questions: The test questions; choices are compared of those that the evaluator chose by likelihood, as the
            server does.
        images: Their images.
        answers: The evaluator's answers to them.

    Returns:
        The content of `rehearsal.json`.

    Raises:
        RehearsalError: If a choice is not the evaluator's, a view is not the requested one, or a streamed answer
            is not the whole one.
    """
    order = np.random.default_rng(config.seed).permutation(len(questions))
    drawn = [questions[index] for index in order]
    recorded = {(answer.question_id, answer.view): answer for answer in answers}
    for question, view in itertools.product(drawn, SERVED_VIEWS):
        if (question.question_id, view) not in recorded:
            raise RehearsalError(f"the evaluator has no answer to question {question.question_id} ({view})")
    scored = [one for one in drawn if recorded[one.question_id, SERVED_VIEWS[0]].method == BY_LIKELIHOOD]
    chosen, chatted = scored[: config.questions], drawn[: config.chats]
    total = len(SERVED_VIEWS) * (len(chosen) + len(chatted))
    with Progress("examining the server", total, "questions") as progress:
        views = {view: _choose(client, view, chosen, images, recorded, progress) for view in SERVED_VIEWS}
        chats = [chat for view in SERVED_VIEWS for chat in _chat(client, view, chatted, images, progress)]
    outcome = {"questions": [question.question_id for question in chosen], "views": views, "chats": chats}
    _judge(outcome)
    return outcome


def _choose(
    client: Client,
    view: ServedView,
    questions: Sequence[Question],
    images: Mapping[str, bytes],
    recorded: Recorded,
    progress: Progress,
) -> dict[str, Any]:
    disagreements = []
    for question in questions:
        expected = recorded[question.question_id, view]
        choice, reported, _ = client.choose(question.question, question.choices, _image(question, view, images))
        tied = expected.log_likelihoods[choice] == max(expected.log_likelihoods)
        if reported != view or not tied:
            disagreements.append(
                {"question_id": question.question_id, "evaluator": expected.choice, "server": choice, "view": reported}
            )
        progress.advance()
    return {"questions": len(questions), "agreed": len(questions) - len(disagreements), "disagreements": disagreements}


def _chat(
    client: Client, view: ServedView, questions: Sequence[Question], images: Mapping[str, bytes], progress: Progress
) -> list[dict[str, Any]]:
    chats = []
    for question in questions:
        image = _image(question, view, images)
        url = None if image is None else data_uri(image)
        answer, reported = client.chat(question.question, url)
        streamed = "".join(part.text for part in client.stream([user_message(question.question, url)]))
        chats.append(
            {
                "question_id": question.question_id,
                "question": question.question,
                "view": reported,
                "requested": view,
                "answer": answer,
                "streamed": streamed,
                "right": question.answer,
            }
        )
        progress.advance()
    return chats


def _image(question: Question, view: ServedView, images: Mapping[str, bytes]) -> bytes | None:
    return images[question.image_id] if view == "visual" else None


def _judge(outcome: dict[str, Any]) -> None:
    problems = [
        f"question {one['question_id']} ({view}): the server chose {one['server']} in view {one['view']}, "
        f"the evaluator chose {one['evaluator']}"
        for view, found in outcome["views"].items()
        for one in found["disagreements"]
    ]
    for chat in outcome["chats"]:
        place = f"question {chat['question_id']} ({chat['requested']})"
        if chat["view"] != chat["requested"]:
            problems.append(f"{place}: the server answered in view {chat['view']}")
        if chat["streamed"] != chat["answer"]:
            problems.append(f"{place}: streamed '{chat['streamed']}', whole '{chat['answer']}'")
    if problems:
        raise RehearsalError("the server's answers are not the evaluator's:\n" + "\n".join(problems))
