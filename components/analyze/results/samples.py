"""Answers as lmms-eval logs samples: JSON lines, a file a task.

The fields are those that `lmms_eval/evaluator.py` writes with `--log_samples` (LMMs-Lab, commit 03cbb1f): `doc_id`,
`doc` without its images, `target`, `arguments` (of all requests, in one list), `resps`, `filtered_resps`, the SHA-256
of document, prompt and target, and the metric. A view is a task of its own: `scenes`, `scenes_blind`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.models.sequence.prompt import prompt_text
from inkling.models.strict_json import to_json

_OF_IMAGES = ("image_id", "mismatched_image_id")
_AS_ASKED = ("likelihood", "likelihood-bytes")
"""Methods that ask a question as it stands; the others list its options behind it."""


def task_name(suite: str, view: str) -> str:
    """What a suite is called in a view: by its name alone where its images are seen."""
    return suite if view == "visual" else f"{suite}_{view}"


def samples(answers: Sequence[Answer], questions: Mapping[str, Question], metric: str) -> Iterator[dict[str, Any]]:
    """The answers of one suite in one view.

    A choice by likelihood has a request an option, in the question's order of options; whether an option is what the
    model would have generated was not asked, so it is null. A generated answer has one request. `arguments` is empty
    where the prompt lists the options: an answer does not hold the prompt that its method wrote.

    Args:
        answers: The answers.
        questions: The questions by id.
        metric: Name of the score.

    Raises:
        ValueError: If an answer is to no question.
    """
    for number, answer in enumerate(answers):
        question = questions.get(answer.question_id)
        if question is None:
            raise ValueError(f"answer {answer.question_id} ({answer.view}) is to no question given")
        yield _sample(number, question, answer, metric)


def _sample(number: int, question: Question, answer: Answer, metric: str) -> dict[str, Any]:
    doc = {name: value for name, value in vars(question).items() if name not in _OF_IMAGES}
    prompt = prompt_text(question.question) if answer.method in _AS_ASKED or not question.choices else ""
    if answer.log_likelihoods:
        arguments: list[Any] = [text for choice in question.choices for text in (prompt, f" {choice}") if prompt]
        filtered: list[Any] = [[value, None] for value in answer.log_likelihoods]
        target: int | str = question.correct
        given: list[Any] = [[one] for one in filtered]
    else:
        arguments = [prompt, {"do_sample": False}] if prompt else []
        filtered = [question.choices[answer.choice] if answer.choice >= 0 else answer.text]
        target = question.answer
        given = [[answer.text]]
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": arguments,
        "resps": given,
        "filtered_resps": filtered,
        "doc_hash": _hash(to_json(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(str(target)),
        metric: answer.score,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
