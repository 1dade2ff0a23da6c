"""Lightning's side of checkpoints and of the log: what is written when a step ends."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins.io import CheckpointIO

from inkling.models.training.checkpoint import prune, read_checkpoint, step_path, write_checkpoint
from inkling.models.training.log import LogRow, Meter

KEPT_CHECKPOINTS = 2


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


class Recorder(Callback):
    """Collects the log, shows progress and writes checkpoints: every so many steps, at the end, when told to leave."""

    def __init__(self, folder: Path, every: int, meter: Meter) -> None:
        """Takes the folder of the checkpoints, the steps between two of them, and what shows the progress."""
        self.rows: list[LogRow] = []
        self._folder, self._every, self._meter = folder, every, meter
        self._learning_rate = 0.0

    def state_dict(self) -> dict[str, Any]:
        """The log so far."""
        return {"rows": [asdict(row) for row in self.rows]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the log of the run that is resumed."""
        self.rows = [LogRow(**row) for row in state_dict["rows"]]

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: Any, index: int) -> None:
        """Notes the learning rate of the step that begins."""
        self._learning_rate = float(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        """Logs the step that ended, and writes a checkpoint if one is due."""
        step = trainer.global_step
        row = LogRow(step, float(outputs["loss"]), self._learning_rate)
        self.rows.append(row)
        for logger in trainer.loggers:
            logger.log_metrics({"loss": row.loss, "learning_rate": row.learning_rate}, step)
        if step % self._every == 0 or step == trainer.max_steps or trainer.received_sigterm:
            trainer.save_checkpoint(step_path(self._folder, step))
            prune(self._folder, KEPT_CHECKPOINTS)
        self._meter.advance(1, loss=row.loss)
