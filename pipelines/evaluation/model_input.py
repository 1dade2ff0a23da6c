"""What a model was given for each of its answers, told from question, answer and method."""

from collections.abc import Callable

from inkling.components.analyze.results.samples import ModelInput
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.contract import Asked, Method, MethodSpec
from inkling.components.evaluate.scoring import image_of
from inkling.models.sequence.prompt import answer_text, prompt_text


def model_inputs(spec: MethodSpec, templated: bool = True) -> Callable[[Question, Answer], ModelInput]:
    """Says of an answer what it is an answer to.

    Args:
        spec: How answers were found.
        templated: Whether a question is put into the chat template here; an endpoint does that itself.
    """
    method: Method = spec.build()

    def given(question: Question, answer: Answer) -> ModelInput:
        asked = Asked(question, answer.order)
        image = "" if answer.view == "blind" else image_of(question, answer.view)  # type: ignore[arg-type]
        text = method.prompt(asked) if asked.order else question.question
        prompt = prompt_text(text) if templated else text
        if not answer.log_likelihoods:
            return ModelInput(image, ((prompt, {"do_sample": False, "max_new_tokens": spec.max_new_tokens}),))
        scored = [answer_text(one) if templated else one for one in method.scored(asked)]
        return ModelInput(image, tuple((prompt, scored[asked.order.index(place)]) for place in sorted(asked.order)))

    return given
