"""Windows of held-out text: what a language model is asked to predict, and to which document each token belongs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Heldout:
    """Windows of held-out text.

    Attributes:
        inputs: int64 (windows, context).
        targets: The token after each input, int64 (windows, context).
        documents: Document of each target, or -1 where none is scored (past the end, and `<|bos|>`, which follows
            every end), int64 (windows, context).
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    documents: NDArray[np.int64]
