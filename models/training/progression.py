"""Lightning's count of batches in a checkpoint: it counts parts of a step, our checkpoints count steps."""

from typing import Any


def move_loops(loops: dict[str, Any], batches: int) -> None:
    """Sets the progress of the training loop to a number of batches that are done, in place.

    Lightning writes a checkpoint before it calls the batch that just ended complete; here it is.

    Args:
        loops: The entry `loops` of a checkpoint.
        batches: Batches, or parts of them, done so far.
    """
    progress = loops["fit_loop"]["epoch_loop.batch_progress"]
    for span in ("total", "current"):
        progress[span] = dict.fromkeys(progress[span], batches)
