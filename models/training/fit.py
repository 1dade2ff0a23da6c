"""Training a network by steps; killed at any moment, it goes on from its last checkpoint to the very same bits.

Example:
    class Sequences:
        def batch(self, step: int) -> dict[str, torch.Tensor]:  # a pure function of the step, from 0
            chosen = np.random.default_rng((seed, step)).integers(0, len(rows), size=16)
            return {"input_ids": torch.from_numpy(rows[chosen])}

    def loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return network(**batch, labels=batch["input_ids"]).loss

    fitted = fit(
        network, loss, Sequences(), Optimization(steps=500, learning_rate=3e-3, warmup_steps=20), draft.work / "align",
        seed=config.seed, checkpoint_every=100,
        progress=lambda done: Progress("aligning", total=500, unit="steps", done=done),
    )  # `network` is trained in place; fitted.rows[-1].loss is the loss of the last step

Freeze parameters with `requires_grad_(False)` and put frozen parts in `eval()` before. A run that is already complete
in its work directory is taken as it is, in no time: that is how a stage takes what its ranks have trained.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.models.training.execution import Execution, Ranks
from inkling.models.training.log import LogRow, MeterFactory, silent
from inkling.models.training.optimization import Optimization

if TYPE_CHECKING:
    import torch

    from inkling.models.training.job import BatchSource, Loss, Mirror

_TERMINATED = 128 + 15


@dataclass(frozen=True)
class Fitted:
    """What a run left.

    Attributes:
        rows: A row per step, those of an interrupted run included.
        kept: Where the weights of each step lie that was to be kept; `restore_weights` reads them.
    """

    rows: list[LogRow]
    kept: dict[int, Path]


def fit(
    network: "torch.nn.Module",
    loss: "Loss",
    batches: "BatchSource",
    optimization: Optimization,
    work: Path,
    *,
    seed: int,
    checkpoint_every: int,
    progress: MeterFactory = silent,
    execution: Execution | None = None,
    keep: Collection[int] = (),
    spike: float | None = None,
    describe: Callable[[int], list[str]] | None = None,
    mirror: "Mirror | None" = None,
) -> Fitted:
    """Trains a network in place, on the GPU if there is one, else on the CPU.

    Several ranks, each started with torchrun's environment variables, share the steps of one run: every rank calls this
    with the same arguments, rank 0 writes and shows the progress. Under "fsdp2" the network is left sharded, and ranks
    other than 0 may give a network on the meta device.

    Args:
        network: Its parameters that require gradients are trained.
        loss: Maps the network and a batch to a scalar, a mean over the batch.
        batches: Where the batches come from. With several ranks or parts a step, a `PartedBatchSource`.
        optimization: Settings of the optimiser. With zero steps nothing is done and no framework is imported.
        work: Directory for checkpoints and logs that outlives a kill. Runs that differ in weights, data or settings
            keep theirs apart in it; runs that differ in `execution` alone go on from each other's checkpoints.
        seed: Seed of random numbers drawn while training (not of the data).
        checkpoint_every: Steps between two checkpoints; the last step always has one.
        progress: Opens what shows the progress, given the steps done before.
        execution: How the steps are computed; on one device in fp32 if not given.
        keep: Steps after which the weights are kept beside the checkpoints.
        spike: Rise of the loss over its recent mean that stops the run; never if not given.
        describe: What a batch was made of, a line for each sequence; asked for the batch that stops a run.
        mirror: Keeps a copy of the work directory where that does not outlive a kill; a node goes on from the copy.

    Raises:
        TrainingError: If the loss is not finite or jumps; the message names step, batch and last checkpoint.
        CheckpointError: If a checkpoint cannot be written; the last one is intact.
        SystemExit: With status 143 if the process, or that of another rank, was asked to terminate; a checkpoint was
            written.
    """
    if not optimization.steps:
        return Fitted([], {})
    from inkling.models.training.checkpoint import newest_sound_step, step_path
    from inkling.models.training.identity import run_identity
    from inkling.models.training.job import Job
    from inkling.models.training.ranks import agree, joined, wait

    execution = execution or Execution()
    ranks = Ranks.of(execution.strategy)
    job = Job(
        network, loss, batches, optimization, seed, checkpoint_every, progress, execution, keep, spike, describe, mirror
    )  # fmt: skip
    with joined(ranks):
        identity = agree(ranks, lambda: run_identity(network, batches, optimization, seed, keep))
        work = work / identity[:16]
        checkpoints = work / "checkpoints"
        kept = {step: step_path(work / "kept", step) for step in keep}
        if mirror is not None:
            if ranks.local_rank == 0 and (ranks.rank == 0 or execution.strategy != "fsdp2"):
                mirror.fetch(work)  # under FSDP2 rank 0 alone reads checkpoints
            wait(ranks)
        done = agree(ranks, lambda: newest_sound_step(checkpoints) or 0)
        if done == optimization.steps:
            from inkling.models.training.restore import restore

            return Fitted(restore(network, step_path(checkpoints, done)), kept)
        from inkling.models.training.quiet import quiet_frameworks

        quiet_frameworks()
        from lightning.pytorch.utilities.exceptions import SIGTERMException

        from inkling.models.training.trainer import run

        try:
            return Fitted(run(job, ranks, work, done), kept)
        except SIGTERMException:
            raise SystemExit(_TERMINATED) from None
