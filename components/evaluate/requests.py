"""An endpoint asked question by question: several requests at a time, each reply kept as it comes.

A question is asked in all views before the next, so that what there is of a run that was cut short can be compared.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.artifacts.suite import Suite
from inkling.components.evaluate.build import check_suites
from inkling.components.evaluate.contract import Asked, Method
from inkling.components.evaluate.endpoint import EndpointAnswering, EndpointRefusedError, NoReplyError
from inkling.components.evaluate.endpoint_settings import EndpointConfig
from inkling.components.evaluate.replies import reply_log, reply_task, subject
from inkling.components.evaluate.resume_log import ResumeLog
from inkling.components.evaluate.scoring import answer, ask, order, reply_key, restored
from inkling.components.evaluate.summary import summarise
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.store.store import Draft, produce
from inkling.models.sequence.views import View

IN_A_ROW = 5
"""Questions without a reply one after another, after which an endpoint is not asked any further."""
_REASONS = 10
"""Different words of the endpoint that are kept, the most frequent ones."""
STOPPED = "stopped by Ctrl-C"


@dataclass(frozen=True)
class Unfinished:
    """What there is of an evaluation in which some replies are missing.

    Attributes:
        answers: Answers to the questions that were answered in all views.
        questions: Questions in all.
        replies: Replies that came.
        wanted: Replies in all.
        reasons: How many replies are missing, by what the endpoint said.
        ended: Why nothing more was asked; empty where all was asked.
    """

    answers: list[Answer]
    questions: int
    replies: int
    wanted: int
    reasons: dict[str, int]
    ended: str

    def counts(self) -> dict[str, Any]:
        """What is missing, as JSON values."""
        answered = len({one.question_id for one in self.answers})
        return {
            "questions": self.questions,
            "answered_in_all_views": answered,
            "wanted": self.wanted,
            "replies": self.replies,
            "missing": dict(sorted(self.reasons.items(), key=lambda entry: -entry[1])[:_REASONS]),
            "ended": self.ended,
        }


class UnfinishedError(RuntimeError):
    """Replies are missing; all that came are kept."""

    def __init__(self, found: Unfinished) -> None:
        """Takes what there is."""
        super().__init__(f"{found.replies:,} of {found.wanted:,} replies came")
        self.found = found


@dataclass(frozen=True)
class Request:
    """A question in a view.

    Attributes:
        key: What its reply is kept by.
        asked: The question.
        view: The view.
    """

    key: str
    asked: Asked
    view: View


def check_endpoint(config: EndpointConfig) -> None:
    """Refuses a method that an endpoint cannot answer by.

    Raises:
        ConfigError: Naming one that it can.
    """
    if config.method.scores and not config.endpoint.choices_url:
        raise ConfigError(
            f"method '{config.method.type}' needs likelihoods of given texts, which {config.endpoint.url} does not "
            "give: take --method generate"
        )
    if config.method.opens_model:
        raise ConfigError(
            f"method '{config.method.type}' changes what runs inside a model, which {config.endpoint.url} does not let "
            "it: take --method likelihood or generate"
        )


def build_from_endpoint(config: EndpointConfig, questions: str | Path, output: str | Path) -> Answers:
    """Has an endpoint asked the questions of a suite and stores its answers and their scores.

    Args:
        config: The stage's configuration.
        questions: The Questions artifact.
        output: Where the Answers artifact goes.

    Raises:
        ConfigError: If the endpoint cannot answer by the method.
        UnfinishedError: If replies are missing; those that came are kept, and the next call goes on.
    """
    check_endpoint(config)
    asked = Questions.open(questions)
    check_suites(config.suites, asked)
    return produce(Answers, output, config, {"questions": asked}, lambda draft: _make(config, asked, draft))


def _make(config: EndpointConfig, questions: Questions, draft: Draft) -> None:
    endpoint, pictures = config.endpoint, questions.images()
    who = subject(config, f"{endpoint.url} {endpoint.model} {endpoint.revision}", config.modules())
    suites, answers = {suite.name: suite for suite in config.suites}, []
    with EndpointAnswering(endpoint, pictures) as model:
        for name, members in questions.suites().items():
            with reply_log(draft.scratch, name, reply_task(who, suites[name], members, pictures, config)) as log:
                answers += _answers(model, suites[name], members, config, log)
    write_answers(draft.path, answers, summarise(answers, config.suites))


def _answers(
    model: EndpointAnswering, suite: Suite, questions: Sequence[Question], config: EndpointConfig, log: ResumeLog
) -> list[Answer]:
    """The answers to a suite, view by view in the order of the questions."""
    method: Method = config.method.build()
    asked = [Asked(question, order(question, config.seed)) for question in questions]
    method.check(model, [one for one in asked if one.order])
    requests = [Request(reply_key(one, view, config), one, view) for one in asked for view in config.views]
    reasons, ended = ask_missing(model, method, requests, config.endpoint.concurrency, log)
    missing = [one for one in requests if one.key not in log.results]
    lacking = {one.asked.question.question_id for one in missing}
    if missing and suite.metric.grouped:
        groups = {one.asked.question.group for one in missing} - {""}
        lacking |= {one.question_id for one in questions if one.group in groups}
    answers = [
        answer(one.asked, one.view, restored(log.results[one.key]), config.method.type, suite.metric)
        for view in config.views
        for one in requests
        if one.view == view and one.asked.question.question_id not in lacking
    ]
    if missing:
        replies = len(requests) - len(missing)
        raise UnfinishedError(Unfinished(answers, len(questions), replies, len(requests), dict(reasons), ended))
    return answers


def ask_missing(
    model: EndpointAnswering, method: Method, requests: Sequence[Request], concurrency: int, log: ResumeLog
) -> tuple[Counter[str], str]:
    """Asks what the log does not hold, and adds each reply as it comes.

    Args:
        model: The endpoint.
        method: How questions with choices are asked.
        requests: What is wanted; what the log holds is not asked.
        concurrency: Requests at the same time.
        log: Where the replies are kept.

    Returns:
        How many replies are missing, by what the endpoint said, and why it ended early; empty where all was asked.
    """
    missing = [one for one in requests if one.key not in log.results]
    reasons: Counter[str] = Counter()
    in_a_row = 0
    with Progress("asking", len(requests), "replies", done=len(requests) - len(missing)) as progress:
        try:
            for request, came in _replies(model, method, missing, concurrency):
                if isinstance(came, EndpointRefusedError):
                    return reasons, str(came)
                if isinstance(came, NoReplyError):
                    reasons[str(came)] += 1
                    in_a_row += 1
                    if in_a_row == IN_A_ROW:
                        return reasons, f"no reply to {IN_A_ROW} requests in a row, the last: {came}"
                    continue
                in_a_row = 0
                log.append({request.key: came})
                progress.advance()
        except KeyboardInterrupt:
            return reasons, STOPPED
    return reasons, ""


def _replies(
    model: EndpointAnswering, method: Method, requests: Sequence[Request], concurrency: int
) -> Iterator[tuple[Request, Any]]:
    """What comes back to each request, or the error in its place, in the order in which it comes.

    The threads are daemons: a request that hangs keeps no one from ending.
    """
    waiting: SimpleQueue[Request | None] = SimpleQueue()
    done: SimpleQueue[tuple[Request, Any]] = SimpleQueue()

    over = Event()

    def work() -> None:
        while (request := waiting.get()) is not None and not over.is_set():
            try:
                (reply,) = ask(method, model, [request.asked], request.view)
                done.put((request, dataclasses.asdict(reply)))
            except Exception as error:  # the main thread tells what it means
                done.put((request, error))

    for request in requests:
        waiting.put(request)
    for _ in range(concurrency):
        waiting.put(None)
        Thread(target=work, daemon=True).start()
    try:
        for _ in requests:
            request, came = done.get()
            if isinstance(came, Exception) and not isinstance(came, NoReplyError | EndpointRefusedError):
                raise came
            yield request, came
    except BaseException:
        model.stopping.set()
        raise
    finally:
        over.set()


def partial_summary(answers: Sequence[Answer], suites: Mapping[str, Suite]) -> dict[str, Any]:
    """The scores of what there is, of those splits that have a question of their suite's headline.

    Args:
        answers: Answers, those to a question in all views.
        suites: What the suites are, by name.
    """
    wanted = {name: suite.headline.categories for name, suite in suites.items()}
    scored = {(one.suite, one.split) for one in answers if not wanted[one.suite] or one.category in wanted[one.suite]}
    return summarise([one for one in answers if (one.suite, one.split) in scored], list(suites.values()))
