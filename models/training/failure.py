"""A loss that is not finite, or that jumps: where it happened, on what, and what to go back to."""

import json
from pathlib import Path

from inkling.models.training.checkpoint import newest_sound_step, step_path
from inkling.models.training.job import Job, TrainingError
from inkling.models.training.log import LogRow

_RECENT = 50  # steps whose mean loss a step is compared with, once there are so many
_SHOWN = 4


class Watch:
    """Stops a run whose loss says that going on is of no use."""

    def __init__(self, job: Job, folder: Path) -> None:
        """Takes what is trained and the folder of its checkpoints."""
        self._job, self._folder = job, folder

    def check(self, step: int, loss: float, before: list[LogRow]) -> None:
        """Looks at the loss of a step.

        Args:
            step: The step, from 1.
            loss: Its loss.
            before: The steps before it.

        Raises:
            TrainingError: If it is not finite or jumps. The message names the step, its first sequences and the last
                checkpoint; `failure.json` beside the checkpoints names all sequences.
        """
        recent = [row.loss for row in before[-_RECENT:]]
        mean = sum(recent) / len(recent) if len(recent) == _RECENT else None
        if not abs(loss) < float("inf"):
            self._stop(step, loss, f"the loss is {loss} at step {step}")
        if self._job.spike is not None and mean is not None and loss > mean + self._job.spike:
            self._stop(step, loss, f"the loss jumps from {mean:.3f} to {loss:.3f} at step {step}")

    def _stop(self, step: int, loss: float, what: str) -> None:
        sequences = self._job.describe(step - 1) if self._job.describe else []
        sound = newest_sound_step(self._folder)
        kept = (
            f"the last good checkpoint is {step_path(self._folder, sound)}" if sound else "there is no checkpoint yet"
        )
        record = {"step": step, "loss": repr(loss), "checkpoint": sound, "sequences": sequences}
        path = self._folder.with_name("failure.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=2) + "\n")
        batch = f"; its batch holds {', '.join(sequences[:_SHOWN])}" if sequences else ""
        more = f" and {len(sequences) - _SHOWN} more (all in {path})" if len(sequences) > _SHOWN else ""
        raise TrainingError(f"{what}{batch}{more}; {kept}: lower the learning rate or clip harder")
