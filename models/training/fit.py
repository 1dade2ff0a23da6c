"""Training a network by steps; killed at any moment, it goes on from its last checkpoint to the very same bits.

Example:
    class Sequences:
        def batch(self, step: int) -> dict[str, torch.Tensor]:  # a pure function of the step, from 0
            chosen = np.random.default_rng((seed, step)).integers(0, len(rows), size=16)
            return {"input_ids": torch.from_numpy(rows[chosen])}

    def loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return network(**batch, labels=batch["input_ids"]).loss

    fitted = fit(
        network, loss, Sequences(), Optimization(steps=500, learning_rate=3e-3, warmup_steps=20),
        draft.scratch / "align", seed=config.seed, checkpoint_every=100,
        progress=lambda done: Progress("aligning", total=500, unit="steps", done=done),
    )  # `network` is trained in place; fitted.rows[-1].loss is the loss of the last step

Freeze parameters with `requires_grad_(False)` and put frozen parts in `eval()` before. A run that is already complete
in its work directory is taken as it is, in no time: that is how a stage takes what its ranks have trained.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from inkling.models.strict_json import to_json
from inkling.models.training.batches import BatchSource, BatchStream, RankBatches
from inkling.models.training.checkpoint import newest_sound_step, restore, saved_path, step_path, write_weights
from inkling.models.training.job import (
    CheckpointMirror,
    Execution,
    LogRow,
    Loss,
    MeterFactory,
    Optimization,
    TrainingJob,
    silent,
)
from inkling.models.training.process import keep_freed_memory, quiet_frameworks
from inkling.models.training.ranks import Ranks, agree, joined, wait

_TERMINATED = 128 + 15


@dataclass(frozen=True)
class Fitted:
    """What a run left.

    Attributes:
        rows: A row per step, those of an interrupted run included.
        saved: Where the weights lie that were saved on the way, by step; `restore_weights` reads them.
    """

    rows: list[LogRow]
    saved: dict[int, Path]


def fit(
    network: torch.nn.Module,
    loss: Loss,
    batches: BatchSource,
    optimization: Optimization,
    work: Path,
    *,
    seed: int,
    checkpoint_every: int,
    progress: MeterFactory = silent,
    execution: Execution | None = None,
    save_steps: Collection[int] = (),
    loss_spike: float | None = None,
    describe: Callable[[int], list[str]] | None = None,
    mirror: CheckpointMirror | None = None,
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
        save_steps: Steps after which the weights are saved beside the checkpoints.
        loss_spike: Jump of the loss over its recent mean, in nats, that stops the run; never if not given.
        describe: What a batch was made of, a line for each sequence; called for the batch that stops a run.
        mirror: Keeps a copy of the work directory where that does not outlive a kill; a node goes on from the copy.

    Raises:
        TrainingError: If the loss is not finite or jumps; the message names step, batch and last checkpoint.
        CheckpointError: If a checkpoint cannot be written; the last one is intact.
        SystemExit: With status 143 if this process, or that of another rank, received SIGTERM; a checkpoint was
            written.
    """
    if not optimization.steps:
        return Fitted([], {})
    execution = execution or Execution()
    ranks = Ranks.of(execution.strategy)
    job = TrainingJob(
        network, loss, batches, optimization, seed, checkpoint_every, progress, execution, save_steps, loss_spike,
        describe, mirror,
    )  # fmt: skip
    with joined(ranks):
        work = work / agree(ranks, lambda: run_identity(network, batches, optimization, seed, save_steps))[:16]
        if mirror is not None:
            if ranks.local_rank == 0 and (ranks.rank == 0 or execution.strategy != "fsdp2"):
                mirror.fetch(work)  # under FSDP2 rank 0 alone reads checkpoints
            wait(ranks)
        checkpoints = work / "checkpoints"
        done = agree(ranks, lambda: newest_sound_step(checkpoints) or 0)
        if done == optimization.steps:
            rows = restore(network, step_path(checkpoints, done))
        else:
            rows = _train(job, ranks, work, done)
        return Fitted(rows, {step: saved_path(work, step) for step in save_steps})


def _train(job: TrainingJob, ranks: Ranks, work: Path, done: int) -> list[LogRow]:
    """Trains from the checkpoint of step `done` (0: from the start) and returns a row per step."""
    quiet_frameworks()
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from inkling.models.training.callbacks import Recorder
    from inkling.models.training.sharding import run_eagerly
    from inkling.models.training.trainer import set_up

    keep_freed_memory()
    if 0 in job.save_steps and not done and ranks.rank == 0:
        write_weights(job.network, saved_path(work, 0))
        if job.mirror is not None:
            job.mirror.saved(saved_path(work, 0))
    execution, checkpoints = job.execution, work / "checkpoints"
    own = RankBatches(job.batches, job.optimization.steps, done, execution.accumulate, ranks.rank, ranks.size)
    progress = job.progress if ranks.rank == 0 else silent
    with progress(done) as meter:
        recorder = Recorder(job, ranks, checkpoints, meter)
        trainer, module = set_up(job, ranks, work, recorder)
        try:
            trainer.fit(
                module,
                train_dataloaders=BatchStream(own, execution.loader_workers),
                ckpt_path=step_path(checkpoints, done) if done else None,
            )
        except SIGTERMException:
            raise SystemExit(_TERMINATED) from None
        finally:
            run_eagerly(job.network)
    return recorder.rows


def run_identity(
    network: torch.nn.Module, batches: BatchSource, optimization: Optimization, seed: int, save_steps: Collection[int]
) -> str:
    """What determines a run, as a digest: a run never goes on from the checkpoints of another one.

    It covers the first weights, what trains, the first and last batch, the settings, the seed and what is saved.
    """
    trained = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    settings = {"optimization": dataclasses.asdict(optimization), "seed": seed, "trained": trained}
    settings["save_steps"] = sorted(save_steps)
    digest = hashlib.sha256(to_json(settings).encode())
    for tensors in (network.state_dict(), batches.batch(0), batches.batch(optimization.steps - 1)):
        _add(digest, tensors)
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", tensors: Mapping[str, torch.Tensor]) -> None:
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
