"""The evaluation questions that no training text may repeat."""

from inkling.components.artifacts.questions import Questions


def items_of(questions: Questions) -> list[str]:
    """The evaluation items of a run's own questions, each followed by its right answer."""
    return [f"{question.question} {question.answer}" for question in questions.questions()]
