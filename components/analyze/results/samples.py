"""Answers as lmms-eval logs samples: JSON lines, a file a task.

The fields are those that `lmms_eval/evaluator.py` makes with `--log_samples` (LMMs-Lab, commit 03cbb1f; `arguments` and
`input_media` as version 0.7.3 fills them): `doc_id`, `doc` without its images, `target`, `arguments`, `resps`,
`filtered_resps`, the SHA-256 of document, prompt and target, the image that was shown, and the metric. `arguments` has
all requests in one list, of each what the model read: its prompt, what was scored behind it or how it was to go on, and
`doc_id`, task and split. A view is a task of its own: `scenes`, `scenes_blind`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.models.strict_json import to_json

_OF_IMAGES = ("image_id", "mismatched_image_id")


@dataclass(frozen=True)
class ModelInput:
    """What a model was given for an answer.

    Attributes:
        image: Name of the image that was shown; empty for none.
        requests: Each prompt with the text that was scored behind it, a choice each in the question's order; or the one
            prompt that the model went on from, with the settings of generation.
    """

    image: str
    requests: tuple[tuple[str, str | dict[str, Any]], ...]


def task_name(suite: str, view: str) -> str:
    """What a suite is called in a view: by its name alone where its images are seen."""
    return suite if view == "visual" else f"{suite}_{view}"


def samples(
    answers: Sequence[Answer],
    questions: Mapping[str, Question],
    metric: str,
    given: Callable[[Question, Answer], ModelInput],
) -> Iterator[dict[str, Any]]:
    """The answers of one suite in one view.

    A choice by likelihood has a request an option, in the question's order of options; whether an option is what the
    model would have generated was not asked, so it is null. A generated answer has one request.

    Args:
        answers: The answers.
        questions: The questions by id.
        metric: Name of the score.
        given: What the model was given for an answer.

    Raises:
        ValueError: If an answer is to no question.
    """
    for number, answer in enumerate(answers):
        question = questions.get(answer.question_id)
        if question is None:
            raise ValueError(f"answer {answer.question_id} ({answer.view}) is to no question given")
        yield _sample(number, question, answer, metric, given(question, answer))


def _sample(number: int, question: Question, answer: Answer, metric: str, given: ModelInput) -> dict[str, Any]:
    doc = {name: value for name, value in vars(question).items() if name not in _OF_IMAGES}
    where = (number, task_name(answer.suite, answer.view), answer.split)
    if answer.log_likelihoods:
        filtered: list[Any] = [[value, None] for value in answer.log_likelihoods]
        target: int | str = question.correct
        replies: list[Any] = [[one] for one in filtered]
    else:
        filtered = [question.choices[answer.choice] if answer.choice >= 0 else answer.text]
        target = question.answer
        replies = [[answer.text]]
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": [value for request in given.requests for value in (*request, *where)],
        "resps": replies,
        "filtered_resps": filtered,
        "doc_hash": _hash(to_json(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(given.requests[0][0]),
        "target_hash": _hash(str(target)),
        **({"input_media": [given.image]} if given.image else {}),
        metric: answer.score,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
