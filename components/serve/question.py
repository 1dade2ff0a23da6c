"""A question as the server takes it, whatever protocol it came by."""

from dataclasses import dataclass

from inkling.models.sequence.views import ServedView


class BadRequest(ValueError):
    """A request that cannot be answered; the message tells its sender why and what would be valid."""


@dataclass(frozen=True)
class Question:
    """A question, with an image or blind, with choices or open.

    Attributes:
        text: What is asked.
        image: The bytes of an image file; None asks blind.
        choices: The answers to choose from; none for an answer in the model's own words.
    """

    text: str
    image: bytes | None = None
    choices: tuple[str, ...] = ()

    @property
    def view(self) -> ServedView:
        """Which view of the question the model is given."""
        return "blind" if self.image is None else "visual"
