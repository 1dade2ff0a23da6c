"""A pass of the language model that an objective makes for an image."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Pass:
    """A pass of the language model over what is said about an image.

    Attributes:
        reads: All turns of the phase about the image, one instruction with its answer, or the caption.
        times: How many texts of that length it reads.
        image: Whether the image stands before the text.
        learns: Whether a backward pass follows.
        once: Whether it is made before the phase's first step, and not in every epoch.
    """

    reads: Literal["turns", "question", "caption"]
    times: float = 1.0
    image: bool = True
    learns: bool = True
    once: bool = False
