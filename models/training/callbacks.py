"""Lightning's side of checkpoints and of the log: what is written, checked and agreed when a step ends."""

import signal
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins.io import CheckpointIO
from lightning.pytorch.utilities.exceptions import SIGTERMException

from inkling.models.strict_json import to_json
from inkling.models.training.checkpoint import (
    newest_sound_step,
    prune,
    read_checkpoint,
    saved_path,
    step_path,
    write_checkpoint,
)
from inkling.models.training.cost import CHECKPOINTS_ON_DISK
from inkling.models.training.groups import scheduled_rate
from inkling.models.training.job import LogRow, Meter, TrainingError, TrainingJob
from inkling.models.training.ranks import Ranks

_RECENT_STEPS = 50  # steps whose mean loss a step is compared with, once there are so many
_SHOWN_SEQUENCES = 4
STEPS_LOG = "steps.jsonl"


class SafetensorsCheckpointIO(CheckpointIO):
    """Reads and writes Lightning's checkpoints as safetensors and JSON, never with pickle."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Writes a checkpoint so that it appears whole."""
        write_checkpoint(Path(path), checkpoint)

    def load_checkpoint(self, path: str | Path, map_location: Any = None) -> dict[str, Any]:
        """Reads a checkpoint; its tensors come on the CPU."""
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        """Old checkpoints are pruned by the recorder."""


class LossWatch:
    """Stops a run whose loss is not finite or jumps: names where it happened, on what, and what to go back to."""

    def __init__(self, job: TrainingJob, folder: Path) -> None:
        """Takes what is trained and the folder of its checkpoints."""
        self._job, self._folder = job, folder

    def check(self, step: int, loss: float, before: list[LogRow]) -> None:
        """Checks the loss of a step.

        Args:
            step: The step, from 1.
            loss: Its loss.
            before: The steps before it.

        Raises:
            TrainingError: If it is not finite or jumps. The message names the step, its first sequences and the last
                checkpoint; `failure.json` beside the checkpoints names all sequences.
        """
        recent = [row.loss for row in before[-_RECENT_STEPS:]]
        mean = sum(recent) / len(recent) if len(recent) == _RECENT_STEPS else None
        if not abs(loss) < float("inf"):
            self._stop(step, loss, f"the loss is {loss} at step {step}")
        if self._job.loss_spike is not None and mean is not None and loss > mean + self._job.loss_spike:
            self._stop(step, loss, f"the loss jumps from {mean:.3f} to {loss:.3f} at step {step}")

    def _stop(self, step: int, loss: float, what: str) -> None:
        sequences = self._job.describe(step - 1) if self._job.describe else []
        sound = newest_sound_step(self._folder)
        newest = (
            f"the last good checkpoint is {step_path(self._folder, sound)}" if sound else "there is no checkpoint yet"
        )
        record = {"step": step, "loss": repr(loss), "checkpoint": sound, "sequences": sequences}
        path = self._folder.with_name("failure.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(record, indent=2) + "\n")
        batch = f"; its batch holds {', '.join(sequences[:_SHOWN_SEQUENCES])}" if sequences else ""
        more = (
            f" and {len(sequences) - _SHOWN_SEQUENCES} more (all in {path})"
            if len(sequences) > _SHOWN_SEQUENCES
            else ""
        )
        raise TrainingError(f"{what}{batch}{more}; {newest}: lower the learning rate or clip harder")


class Recorder(Callback):
    """Collects the log, shows progress and writes checkpoints: every so many steps, at the end, on SIGTERM.

    All ranks learn at the end of a step its mean loss and whether one of them received SIGTERM, so that they stop after
    the same step.
    """

    def __init__(self, job: TrainingJob, ranks: Ranks, folder: Path, meter: Meter) -> None:
        """Takes what is trained by whom, the folder of the checkpoints, and what shows the progress."""
        self.rows: list[LogRow] = []
        self._job, self._ranks, self._folder, self._meter = job, ranks, folder, meter
        self._watch = LossWatch(job, folder)
        self._learning_rate, self._step, self._terminated = 0.0, 0, False
        self._loss: torch.Tensor | float = 0.0
        self._ended = 0.0

    def state_dict(self) -> dict[str, Any]:
        """The log so far."""
        return {"rows": [asdict(row) for row in self.rows]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the log of the run that is resumed."""
        self.rows = [LogRow(**row) for row in state_dict["rows"]]

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Takes SIGTERM from Lightning, which would have each rank leave at a moment of its own."""
        self._step, self._ended = trainer.global_step, time.monotonic()
        if threading.current_thread() is threading.main_thread():
            self._terminated = trainer.received_sigterm
            signal.signal(signal.SIGTERM, self._on_sigterm)

    def _on_sigterm(self, number: int, frame: object) -> None:
        self._terminated = True

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: Any, index: int) -> None:
        """Notes the learning rate of the step that begins."""
        self._learning_rate = scheduled_rate(trainer.optimizers[0].param_groups[0])

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        """Logs the step that ended, if one did, checks its loss, and writes a checkpoint if one is due."""
        self._loss = outputs["loss"] + self._loss
        if trainer.global_step == self._step:
            return
        self._step = trainer.global_step
        loss, terminated = self._reduced(torch.as_tensor(self._loss))
        self._loss = 0.0
        self._watch.check(self._step, loss, self.rows)
        row = LogRow(self._step, loss, self._learning_rate)
        self.rows.append(row)
        self._log(trainer, row)
        if row.step in self._job.save_steps:
            self._save(trainer, saved_path(self._folder.parent, row.step), weights_only=True)
        if row.step % self._job.checkpoint_every == 0 or row.step == trainer.max_steps or terminated:
            self._save(trainer, step_path(self._folder, row.step))
            if self._ranks.rank == 0:
                prune(self._folder, CHECKPOINTS_ON_DISK)
        self._meter.advance(1, loss=row.loss)
        if terminated and row.step < trainer.max_steps:
            raise SIGTERMException

    def _save(self, trainer: Trainer, path: Path, weights_only: bool = False) -> None:
        trainer.save_checkpoint(path, weights_only=weights_only)
        if self._job.mirror is not None and self._ranks.rank == 0:
            self._job.mirror.saved(path)

    def _log(self, trainer: Trainer, row: LogRow) -> None:
        """Logs a step: for TensorBoard, and as a line of JSON with the seconds that it took."""
        for logger in trainer.loggers:
            logger.log_metrics({"loss": row.loss, "learning_rate": row.learning_rate}, row.step)
        before, self._ended = self._ended, time.monotonic()
        if self._ranks.rank == 0:
            with self._folder.with_name(STEPS_LOG).open("a") as file:
                file.write(to_json({**asdict(row), "seconds": self._ended - before}) + "\n")

    def _reduced(self, loss: torch.Tensor) -> tuple[float, bool]:
        """Mean loss over the ranks, and whether any of them received SIGTERM."""
        if self._ranks.size == 1:
            return float(loss), self._terminated
        terminated = torch.tensor(float(self._terminated), dtype=torch.float64, device=loss.device)
        sums = torch.stack([loss.double(), terminated])
        dist.all_reduce(sums)
        total, signals = sums.tolist()
        return total / self._ranks.size, signals > 0
