"""What is said to have gone into a model is what went in, token for token, by every method."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.resume_log import ResumeLog
from inkling.components.evaluate.scoring import score_questions
from inkling.models.inference.answering import EngineAnswering
from inkling.pipelines.evaluation.model_input import model_inputs
from inkling.tests.components.evaluate.tiny import tiny_answering

COLOURS = ["red", "green", "blue"]
WORDS = [*COLOURS, *"ABC", "A.", "B.", "C.", "What", "colour", "is", "it", "?", "the", "letter", "step"]


def asked(number: int, choices: list[str], answer: str) -> Question:
    return Question(f"q{number}", f"own{number}", f"other{number}", "What colour is it ?", choices, answer, "General",
        "colour", "none", "test", answers=[] if choices else [answer])  # fmt: skip


QUESTIONS = [asked(0, COLOURS, "green"), asked(1, COLOURS, "red"), asked(2, [], "blue")]


def recorded(monkeypatch: pytest.MonkeyPatch) -> tuple[EngineAnswering[Any], list[tuple[str, Any, Any]]]:
    """A model, and the requests that its engine will have been given: image, prompt, and answers or limit."""
    model, requests, shown = tiny_answering(WORDS), list[tuple[str, Any, Any]](), list[str]()
    features, engine = model._images, model.engine

    def images(names: Sequence[str]) -> Any:
        shown[:] = names
        return features(names)

    def noting(call: Any) -> Any:
        def noted(prompts: Any, rest: Any, seen: Any, **more: Any) -> Any:
            requests.extend(zip([""] * len(prompts) if seen is None else shown, prompts, rest, strict=True))
            return call(prompts, rest, seen, **more)

        return noted

    monkeypatch.setattr(model, "_images", images)
    for name in ("score", "generate"):
        monkeypatch.setattr(engine, name, noting(getattr(engine, name)))
    return model, requests


@pytest.mark.parametrize("method", ["likelihood", "likelihood-bytes", "likelihood-letters", "generate", "explain"])
def test_it_is_what_the_engine_was_given(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, requests = recorded(monkeypatch)
    config = EvaluateConfig(seed=3, threads=1, batch_size=2, method={"type": method, "max_new_tokens": 4})
    with ResumeLog(tmp_path / "log", "task") as log:
        answers = score_questions(model, QUESTIONS, config, log)
    assert any(answer.order != tuple(sorted(answer.order)) for answer in answers), "an order of its own was given"
    said, inputs = [], model_inputs(config.method)
    for answer in answers:
        given = inputs(QUESTIONS[int(answer.question_id[1:])], answer)
        prompts, rest = zip(*given.requests, strict=True)
        assert len(set(prompts)) == 1 and len(rest) == (len(answer.log_likelihoods) or 1)
        ids = model._tokenizer.encode(prompts[0], add_special_tokens=False).ids
        if answer.log_likelihoods:
            texts = [rest[place] for place in answer.order]  # the engine has them in the order given
            said.append((given.image, ids, [model._tokenizer.encode(text).ids for text in texts]))
        else:
            assert rest == ({"do_sample": False, "max_new_tokens": 4},)
            said.append((given.image, ids, 4))
    assert sorted(said, key=repr) == sorted(requests, key=repr) and len(said) == 9


def test_an_endpoint_has_a_chat_template_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = recorded(monkeypatch)
    config = EvaluateConfig(threads=1, method="likelihood-letters", views=("visual",))
    with ResumeLog(tmp_path / "log", "task") as log:
        first, *_ = score_questions(model, QUESTIONS, config, log)
    listed = "".join(f"\n{letter}. {COLOURS[place]}" for letter, place in zip("ABC", first.order, strict=True))
    prompt = f"What colour is it ?{listed}\nAnswer with the option's letter from the given choices directly."
    given = model_inputs(config.method, templated=False)(QUESTIONS[0], first)
    assert given.requests == tuple((prompt, "ABC"[first.order.index(place)]) for place in range(3))
