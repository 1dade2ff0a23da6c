"""Lightning's trainer under NeMo's experiment manager, set up for one run on one device or on many."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins import MixedPrecision, Precision
from lightning.pytorch.plugins.environments import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities import GradClipAlgorithmType
from nemo.utils.exp_manager import exp_manager
from torch.optim import Optimizer

from inkling.models.training.callbacks import Recorder, SafetensorsCheckpointIO
from inkling.models.training.job import TrainingJob
from inkling.models.training.module import NetworkModule
from inkling.models.training.ranks import Ranks
from inkling.models.training.sharding import ShardedStrategy, compile_blocks


class Bf16Precision(MixedPrecision):
    """Lightning's bf16 autocast, with gradients clipped in front of a fused optimiser too.

    Lightning refuses that for every mixed precision; the reason, an optimiser that unscales gradients itself, holds
    for fp16 alone: bf16 gradients are never scaled.
    """

    def __init__(self, device: str) -> None:
        """Takes the kind of device: "cuda" or "cpu"."""
        super().__init__("bf16-mixed", device)

    def clip_gradients(
        self,
        optimizer: Optimizer,
        clip_val: int | float = 0.0,
        gradient_clip_algorithm: GradClipAlgorithmType = GradClipAlgorithmType.NORM,
    ) -> None:
        """Clips as in fp32."""
        Precision.clip_gradients(self, optimizer, clip_val, gradient_clip_algorithm)


def set_up(job: TrainingJob, ranks: Ranks, work: Path, recorder: Recorder) -> tuple[Trainer, NetworkModule]:
    """Builds the trainer of a run and the module that it trains; compiles the network's blocks where the job says so.

    Args:
        job: What is trained, and how.
        ranks: Who shares the work.
        work: The run's directory; TensorBoard's logs go to `logs` in it.
        recorder: The callback that keeps the log and writes checkpoints.
    """
    execution, cuda = job.execution, torch.cuda.is_available()
    bf16 = execution.bf16(cuda)
    if execution.compiled(cuda):
        compile_blocks(job.network)
    trainer = Trainer(
        accelerator="gpu" if cuda else "cpu",
        devices=ranks.local_size,
        num_nodes=ranks.size // ranks.local_size,
        strategy=_strategy(job, ranks),
        max_steps=job.optimization.steps,
        accumulate_grad_batches=execution.accumulate,
        gradient_clip_val=job.optimization.gradient_clip,
        callbacks=[recorder],
        plugins=[
            SafetensorsCheckpointIO(),
            *([Bf16Precision("cuda" if cuda else "cpu")] if bf16 and execution.strategy != "fsdp2" else []),
            *([TorchElasticEnvironment()] if ranks.launched else []),
        ],
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
    )
    exp_manager(trainer, _manager_config(work))
    return trainer, NetworkModule(job, ranks, bf16, trainer)


def _strategy(job: TrainingJob, ranks: Ranks) -> Any:
    if job.execution.strategy == "ddp":
        sparse = job.execution.sparse
        return DDPStrategy(broadcast_buffers=False, gradient_as_bucket_view=not sparse, find_unused_parameters=sparse)
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
