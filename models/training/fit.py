"""Training a network by steps; killed at any moment, it goes on from its last checkpoint to the very same bits.

Example:
    class Sequences:
        def batch(self, step: int) -> dict[str, torch.Tensor]:  # a pure function of the step, from 0
            chosen = np.random.default_rng((seed, step)).integers(0, len(rows), size=16)
            return {"input_ids": torch.from_numpy(rows[chosen])}

    def loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return network(**batch, labels=batch["input_ids"]).loss

    rows = fit(
        network, loss, Sequences(), Optimization(steps=500, learning_rate=3e-3, warmup_steps=20), draft.work / "align",
        seed=config.seed, checkpoint_every=100,
        progress=lambda done: Progress("aligning", total=500, unit="steps", done=done),
    )  # `network` is trained in place; rows[-1].loss is the loss of the last step

Freeze parameters with `requires_grad_(False)` and put frozen parts in `eval()` before. A run that is already complete
in its work directory is taken as it is, in no time.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from inkling.models.training.log import LogRow, MeterFactory, silent
from inkling.models.training.optimization import Optimization

if TYPE_CHECKING:
    import torch

    from inkling.models.training.module import Loss

_TERMINATED = 128 + 15


class BatchSource(Protocol):
    """Batches as a pure function of the step: asking twice, in any order, gives the same bits."""

    def batch(self, step: int) -> "dict[str, torch.Tensor]":
        """The batch of a step, counted from 0."""


def fit(
    network: "torch.nn.Module",
    loss: "Loss",
    batches: BatchSource,
    optimization: Optimization,
    work: Path,
    *,
    seed: int,
    checkpoint_every: int,
    progress: MeterFactory = silent,
) -> list[LogRow]:
    """Trains a network in place, on the GPU if there is one, else on the CPU in fp32.

    Args:
        network: Its parameters that require gradients are trained.
        loss: Maps the network and a batch to a scalar.
        batches: Where the batches come from.
        optimization: Settings of the optimiser. With zero steps nothing is done and no framework is imported.
        work: Directory for checkpoints and logs that outlives a kill. Runs that differ in weights, data or settings
            keep theirs apart in it.
        seed: Seed of random numbers drawn while training (not of the data).
        checkpoint_every: Steps between two checkpoints; the last step always has one.
        progress: Opens what shows the progress, given the steps done before.

    Returns:
        A row per step, those of an interrupted run included.

    Raises:
        TrainingError: If the loss is not finite; the message names the step.
        SystemExit: With status 143 if the process was asked to terminate; a checkpoint was written.
    """
    if not optimization.steps:
        return []
    from inkling.models.training.checkpoint import newest_sound_step, step_path
    from inkling.models.training.identity import run_identity

    work = work / run_identity(network, batches, optimization, seed)[:16]
    checkpoints = work / "checkpoints"
    done = newest_sound_step(checkpoints) or 0
    if done == optimization.steps:
        from inkling.models.training.restore import restore

        return restore(network, step_path(checkpoints, done))
    from inkling.models.training.quiet import quiet_frameworks

    quiet_frameworks()
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from inkling.models.training.trainer import run

    try:
        return run(network, loss, batches, optimization, work, done, seed, checkpoint_every, progress)
    except SIGTERMException:
        raise SystemExit(_TERMINATED) from None
