"""The NeMo module around any network: its loss, its parameter groups, its optimiser."""

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import Trainer
from nemo.core.classes import ModelPT
from omegaconf import OmegaConf

from inkling.models.training.optimization import Optimization

Batch = dict[str, torch.Tensor]
Loss = Callable[[torch.nn.Module, Batch], torch.Tensor]


class TrainingError(RuntimeError):
    """Training that cannot go on; the message names the step."""


class NetworkModule(ModelPT):
    """A network and a loss over a batch, as a NeMo model.

    NeMo's optimiser and schedule registries build AdamW and its schedule. Random numbers drawn inside a step depend on
    the seed and the step alone, so a resumed run draws those of an undisturbed one.
    """

    def __init__(
        self, network: torch.nn.Module, loss: Loss, optimization: Optimization, seed: int, trainer: Trainer
    ) -> None:
        """Wraps a network.

        Args:
            network: Trained in place; parameters that do not require gradients stay as they are.
            loss: Maps the network and a batch to a scalar.
            optimization: Settings of the optimiser.
            seed: Seed of random numbers drawn while training.
            trainer: The Lightning trainer that will run it.
        """
        super().__init__(cfg=OmegaConf.create({"optim": _nemo_config(optimization)}), trainer=trainer)
        self.network = network
        self._loss = loss
        self._seed = seed

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """The loss of a batch.

        Raises:
            TrainingError: If it is not finite.
        """
        step = self.trainer.global_step
        self._seed_step(self._seed * 1_000_003 + step)
        loss = self._loss(self.network, batch)
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss is {loss.item()} at step {step + 1}: lower the learning rate or clip harder")
        return loss

    def setup_optimizer_param_groups(self) -> None:
        """Decays matrices, not vectors; leaves frozen parameters out."""
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        matrices = [parameter for parameter in trained if parameter.ndim > 1]
        vectors = [parameter for parameter in trained if parameter.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
        self._optimizer_param_groups = [group for group in groups if group["params"]]

    def _seed_step(self, seed: int) -> None:
        """Seeds the generators in use; `torch.manual_seed` takes milliseconds, for absent devices too."""
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def setup(self, stage: str | None = None) -> None:
        """Sets nothing up: batches are handed to the trainer, and NeMo's telemetry callback stays off it."""

    def on_save_checkpoint(self, checkpoint: dict[str, object]) -> None:
        """Leaves NeMo's config objects out: the module is always built from its settings."""
        for kind in ("NAME", "KEY", "TYPE"):
            checkpoint.pop(getattr(self, f"CHECKPOINT_HYPER_PARAMS_{kind}"), None)

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
            "name": "CosineAnnealing",
            "warmup_steps": optimization.warmup_steps,
            "min_lr": optimization.learning_rate * optimization.final_ratio,
        },
    }
