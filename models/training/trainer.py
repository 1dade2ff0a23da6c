"""One run of Lightning's trainer under NeMo's experiment manager."""

from collections.abc import Iterator
from pathlib import Path

import torch
from lightning.pytorch import Trainer
from nemo.utils.exp_manager import exp_manager

from inkling.models.training.checkpoint import step_path
from inkling.models.training.fit import BatchSource
from inkling.models.training.log import LogRow, MeterFactory
from inkling.models.training.module import Batch, Loss, NetworkModule
from inkling.models.training.optimization import Optimization
from inkling.models.training.plugin import Recorder, SafetensorsCheckpointIO


class _Remaining:
    """The batches from a step on."""

    def __init__(self, batches: BatchSource, first: int, steps: int) -> None:
        self._batches, self._range = batches, range(first, steps)

    def __iter__(self) -> Iterator[Batch]:
        return (self._batches.batch(step) for step in self._range)


def run(
    network: torch.nn.Module,
    loss: Loss,
    batches: BatchSource,
    optimization: Optimization,
    work: Path,
    done: int,
    seed: int,
    checkpoint_every: int,
    progress: MeterFactory,
) -> list[LogRow]:
    """Trains from the checkpoint of step `done` (0: from the start); the arguments are those of `fit`."""
    folder = work / "checkpoints"
    with progress(done) as meter:
        recorder = Recorder(folder, checkpoint_every, meter)
        trainer = Trainer(
            accelerator="gpu" if torch.cuda.is_available() else "cpu",
            devices=1,
            precision="32-true",
            max_steps=optimization.steps,
            gradient_clip_val=optimization.gradient_clip,
            callbacks=[recorder],
            plugins=[SafetensorsCheckpointIO()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=0,
        )
        exp_manager(trainer, _manager_config(work))
        module = NetworkModule(network, loss, optimization, seed, trainer)
        checkpoint = step_path(folder, done) if done else None
        trainer.fit(module, train_dataloaders=_Remaining(batches, done, optimization.steps), ckpt_path=checkpoint)
    return recorder.rows


def _manager_config(work: Path) -> dict[str, object]:
    """Logs for TensorBoard in the work directory; checkpoints are the recorder's, timing is the meter's."""
    return {
        "explicit_log_dir": str(work / "logs"),
        "create_tensorboard_logger": True,
        "create_checkpoint_callback": False,
        "create_preemption_callback": False,
        "log_step_timing": False,
        "log_tflops_per_sec_per_gpu": False,
        "resume_if_exists": False,
    }
