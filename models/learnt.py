"""What training an encoder came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Learnt:
    """The losses of an encoder that was trained on pictures.

    Attributes:
        heldout_before: The objective's loss on pictures that were held out, before any step.
        heldout_after: The same after the last.
        losses: The loss of each step.
    """

    heldout_before: float
    heldout_after: float
    losses: list[float]
