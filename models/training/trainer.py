"""One run of Lightning's trainer under NeMo's experiment manager, on one device or on many."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.environments import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy
from nemo.utils.exp_manager import exp_manager

from inkling.models.training.blocks import compile_blocks
from inkling.models.training.checkpoint import step_path, write_checkpoint
from inkling.models.training.execution import Ranks
from inkling.models.training.job import Batch, Job, PartedBatchSource
from inkling.models.training.log import LogRow, silent
from inkling.models.training.memory import keep_freed_memory
from inkling.models.training.module import NetworkModule
from inkling.models.training.plugin import Recorder, SafetensorsCheckpointIO
from inkling.models.training.restore import MODULE_PREFIX
from inkling.models.training.sharding import ShardedStrategy


class _Parts(torch.utils.data.Dataset[Batch]):
    """What a rank reads, part after part, from a step on."""

    def __init__(self, job: Job, ranks: Ranks, first: int) -> None:
        self._batches, self._ranks, self._first = job.batches, ranks, first
        self._accumulate, self._steps = job.execution.accumulate, job.optimization.steps
        self._count = self._accumulate * ranks.size
        if self._count > 1 and not isinstance(job.batches, PartedBatchSource):
            raise ValueError(f"{type(job.batches).__name__} gives whole batches only, not {self._count} parts of one")

    def __len__(self) -> int:
        return (self._steps - self._first) * self._accumulate

    def __getitem__(self, number: int) -> Batch:
        step, part = divmod(number, self._accumulate)
        if self._count == 1:
            return self._batches.batch(self._first + step)
        assert isinstance(self._batches, PartedBatchSource)
        return self._batches.part(self._first + step, part * self._ranks.size + self._ranks.rank, self._count)


class _Stream:
    """The parts in their order, read ahead by worker processes where there are any."""

    def __init__(self, parts: _Parts, workers: int) -> None:
        self._parts, self._workers = parts, workers

    def __iter__(self) -> Iterator[Batch]:
        if not self._workers:
            return (self._parts[number] for number in range(len(self._parts)))
        cuda = torch.cuda.is_available()
        return iter(
            torch.utils.data.DataLoader(self._parts, batch_size=None, num_workers=self._workers, pin_memory=cuda)
        )


def run(job: Job, ranks: Ranks, work: Path, done: int) -> list[LogRow]:
    """Trains from the checkpoint of step `done` (0: from the start) and returns a row per step."""
    folder, execution = work / "checkpoints", job.execution
    cuda = torch.cuda.is_available()
    half = execution.half(cuda)
    keep_freed_memory()
    if 0 in job.keep and not done and ranks.rank == 0:
        first = {MODULE_PREFIX + name: value for name, value in job.network.state_dict().items()}
        write_checkpoint(step_path(work / "kept", 0), {"state_dict": first})
        if job.mirror is not None:
            job.mirror.saved(step_path(work / "kept", 0))
    if execution.compiled(cuda):
        compile_blocks(job.network)
    progress = job.progress if ranks.rank == 0 else silent
    with progress(done) as meter:
        recorder = Recorder(job, ranks, folder, meter)
        trainer = Trainer(
            accelerator="gpu" if cuda else "cpu",
            devices=ranks.local_size,
            num_nodes=ranks.size // ranks.local_size,
            strategy=_strategy(job, ranks),
            precision="bf16-mixed" if half and execution.strategy != "fsdp2" else "32-true",
            max_steps=job.optimization.steps,
            accumulate_grad_batches=execution.accumulate,
            gradient_clip_val=job.optimization.gradient_clip,
            callbacks=[recorder],
            plugins=[SafetensorsCheckpointIO(), *([TorchElasticEnvironment()] if ranks.launched else [])],
            use_distributed_sampler=False,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=0,
        )
        exp_manager(trainer, _manager_config(work))
        module = NetworkModule(job, ranks, half, trainer)
        checkpoint = step_path(folder, done) if done else None
        stream = _Stream(_Parts(job, ranks, done), execution.loader_workers)
        trainer.fit(module, train_dataloaders=stream, ckpt_path=checkpoint)
    return recorder.rows


def _strategy(job: Job, ranks: Ranks) -> Any:
    if job.execution.strategy == "ddp":
        return DDPStrategy(broadcast_buffers=False, gradient_as_bucket_view=True)
    return ShardedStrategy(ranks.size) if job.execution.strategy == "fsdp2" else "auto"


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
