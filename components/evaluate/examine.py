"""One question asked alone, with exactly what the model was given and what came back."""

import difflib
from collections.abc import Iterator, Mapping, Sequence

from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.components.evaluate.scoring import ask, image_of, order
from inkling.components.shared.config import ConfigError
from inkling.models.inference.answering import Answering, EngineAnswering
from inkling.models.sequence.prompt import answer_text, prompt_text
from inkling.models.sequence.views import BLANK_IMAGE, View
from inkling.models.vision.preprocess import decode


def examine(
    model: Answering, question: Question, pictures: Mapping[str, bytes], config: EvaluateConfig
) -> Iterator[str]:
    """Asks a question in each view, and yields lines of what went in and what came out.

    Args:
        model: The model.
        question: The question.
        pictures: Bytes of the images by id.
        config: How it is asked.

    Raises:
        ValueError: If the method cannot ask it.
    """
    method: Method = config.method.build()
    asked = Asked(question, order(question, config.seed))
    method.check(model, [asked] if asked.order else [])
    text = method.prompt(asked) if asked.order else question.question
    yield f"question  {question.question_id} of suite '{question.suite}', {question.category}, {question.split}"
    yield from _prompt(model, text)
    yield from _options(model, method, asked)
    yield f"right     {'; '.join(question.accepted)}"
    for view in config.views:
        yield f"{view}:"
        yield f"  image   {_image(question, view, pictures)}"
        (reply,) = ask(method, model, [asked], view)
        yield from _came_back(asked, reply)


def _prompt(model: Answering, text: str) -> Iterator[str]:
    """The prompt as the model reads it."""
    if isinstance(model, EngineAnswering):
        yield f"prompt    {prompt_text(text)!r}"
        yield f"tokens    {model.prompt_length(text)}, those of the image not counted"
    else:
        yield f"prompt    {text!r}, one user message"


def _options(model: Answering, method: Method, asked: Asked) -> Iterator[str]:
    """The choices in the order in which they are given, and what is scored for each."""
    if not asked.order:
        yield f"options   none: an open question, answered in at most {method.spec.max_new_tokens} tokens"
        return
    yield f"options   in the order given, by method '{method.spec.type}'"
    for place, (choice, scored) in enumerate(zip(asked.choices, method.scored(asked), strict=True)):
        tokens = ""
        if method.spec.scores and isinstance(model, EngineAnswering):
            tokens = f"  {answer_text(scored)!r}  {' '.join(model.tokens(scored))}"
        yield f"  {place}  {choice}{tokens}"


def _image(question: Question, view: View, pictures: Mapping[str, bytes]) -> str:
    """Which image stands beside the question, and how large it is."""
    if view == "blind":
        return "none"
    name = image_of(question, view)
    if name == BLANK_IMAGE:
        return "plain grey, of the encoder's size"
    width, height = decode(pictures[name]).size
    return f"{name}, {width} x {height} pixels, {len(pictures[name]):,} bytes"


def _came_back(asked: Asked, reply: Reply) -> Iterator[str]:
    """What the model said, and which choice that is."""
    if reply.log_likelihoods:
        for place, value in enumerate(reply.log_likelihoods):
            yield f"  {'*' if place == reply.choice else ' '} {place}  {value:10.4f} nats  {asked.choices[place]}"
        return
    yield f"  said    {reply.text!r}"
    if asked.order:
        chosen = "none: undecidable" if reply.choice is None else asked.choices[reply.choice]
        yield f"  choice  {chosen}"


def find(questions: Mapping[str, Sequence[Question]], name: str) -> Question:
    """The question of a name, of the first suite that has it.

    Args:
        questions: The questions of each suite.
        name: Its `question_id`.

    Raises:
        ConfigError: If none has it.
    """
    known = {one.question_id: one for members in reversed(list(questions.values())) for one in members}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)[:3]
        shown = ", ".join(f"'{one}'" for one in near)
        raise ConfigError(f"no suite that is read has a question '{name}'; there are, for example, {shown}")
    return known[name]
