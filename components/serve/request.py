"""A question and its answer as the server handles them, whatever protocol they come by."""

from dataclasses import dataclass

from inkling.models.sequence.views import ServedView


class BadRequest(ValueError):
    """A request that cannot be answered; the message tells its sender why and what would be valid."""


@dataclass(frozen=True)
class QuestionRequest:
    """A question, with an image or blind, with choices or open.

    Attributes:
        text: What is asked.
        image: The bytes of an image file; None asks blind.
        choices: The answers to choose from; none for a generated answer.
    """

    text: str
    image: bytes | None = None
    choices: tuple[str, ...] = ()

    @property
    def view(self) -> ServedView:
        """Which view of the question the model is given."""
        return "blind" if self.image is None else "visual"


@dataclass(frozen=True)
class QuestionResponse:
    """The answer to a question, whatever protocol asked for it.

    Attributes:
        question: The question.
        text: The chosen choice, or the text that was generated.
        choice: Index of the chosen choice; None where there were none.
        log_likelihoods: Log-likelihood of each choice in nats.
    """

    question: QuestionRequest
    text: str
    choice: int | None = None
    log_likelihoods: tuple[float, ...] = ()
