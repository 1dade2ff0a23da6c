"""The NeMo module around any network: its loss, its parameter groups, its optimiser."""

from typing import Any

import torch
from lightning.pytorch import Trainer
from nemo.core.classes import ModelPT
from omegaconf import OmegaConf

from inkling.models.training.batches import Batch
from inkling.models.training.groups import SCHEDULE, parameter_groups
from inkling.models.training.job import Optimization, TrainingJob
from inkling.models.training.ranks import Ranks
from inkling.models.training.sharding import shard

_SEEDS_PER_RUN, _SEEDS_PER_PART = 1_000_003, 7_368_787


class NetworkModule(ModelPT):
    """A network and a loss over a batch, as a NeMo model.

    NeMo's optimiser and schedule registries build AdamW and its schedule. Random numbers drawn inside a step depend on
    the seed, the step and the part of the batch alone, so a resumed run draws those of an undisturbed one.
    """

    def __init__(self, job: TrainingJob, ranks: Ranks, bf16: bool, trainer: Trainer) -> None:
        """Wraps the network of a job.

        Args:
            job: What is trained; parameters that do not require gradients stay as they are.
            ranks: Who shares the work.
            bf16: Whether matrices are multiplied in bf16.
            trainer: The Lightning trainer that will run it.
        """
        super().__init__(cfg=OmegaConf.create({"optim": _nemo_config(job.optimization)}), trainer=trainer)
        self.network = job.network
        self._job, self._ranks, self._bf16 = job, ranks, bf16

    def configure_model(self) -> None:
        """Leaves each rank its shard of the network, where the ranks are to share it."""
        if self._job.execution.strategy == "fsdp2":
            shard(self.network, self.device_mesh["data_parallel"], self._bf16)

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """The loss of a batch, or of this rank's next part of it."""
        part = batch_index % self._job.execution.accumulate * self._ranks.size + self._ranks.rank
        self._seed_step(self._job.seed * _SEEDS_PER_RUN + self.trainer.global_step + part * _SEEDS_PER_PART)
        return self._job.loss(self.network, batch)

    def setup_optimizer_param_groups(self) -> None:
        """Decays matrices, not vectors; leaves frozen parameters out."""
        self._optimizer_param_groups = parameter_groups(self.network, self._job.optimization.rates)

    def _seed_step(self, seed: int) -> None:
        """Seeds the generators in use; `torch.manual_seed` takes milliseconds, for absent devices too."""
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def setup(self, stage: str | None = None) -> None:
        """Sets nothing up: batches are handed to the trainer, and NeMo's telemetry callback stays off it."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leaves NeMo's config objects out (the module is built from its settings) and counts in whole steps."""
        for kind in ("NAME", "KEY", "TYPE"):
            checkpoint.pop(getattr(self, f"CHECKPOINT_HYPER_PARAMS_{kind}"), None)
        _count_batches(checkpoint["loops"], checkpoint["global_step"])

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Counts in the parts of a step of this run, whatever they were in the run that wrote the checkpoint."""
        _count_batches(checkpoint["loops"], checkpoint["global_step"] * self._job.execution.accumulate)

    def setup_training_data(self, train_data_config: object) -> None:
        """Batches are handed to the trainer."""

    def setup_validation_data(self, val_data_config: object) -> None:
        """Validation is a stage of its own."""

    @classmethod
    def list_available_models(cls) -> None:
        """There are none to download."""


def _nemo_config(optimization: Optimization) -> dict[str, object]:
    return {
        "name": "adamw",
        "lr": optimization.learning_rate,
        "betas": list(optimization.betas),
        "weight_decay": optimization.weight_decay,
        "fused": True,
        "sched": {
            "name": SCHEDULE,
            "warmup_steps": optimization.warmup_steps,
            "min_lr": optimization.learning_rate * optimization.final_ratio,
        },
    }


def _count_batches(loops: dict[str, Any], batches: int) -> None:
    """Sets the progress of the training loop to a number of batches that are done, in place.

    Lightning counts parts of a step and our checkpoints whole steps; Lightning writes a checkpoint before it calls the
    batch that just ended complete, here it is.

    Args:
        loops: The entry `loops` of a checkpoint.
        batches: Batches, or parts of them, done so far.
    """
    progress = loops["fit_loop"]["epoch_loop.batch_progress"]
    for span in ("total", "current"):
        progress[span] = dict.fromkeys(progress[span], batches)
