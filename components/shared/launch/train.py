"""Training on several ranks: their checkpoints are the result."""

from collections.abc import Mapping
from pathlib import Path

from inkling.components.shared.launch.config import RanksConfig
from inkling.components.shared.launch.work import work_on_ranks
from inkling.components.shared.store.artifact import Artifact


def train_on_ranks(
    config: RanksConfig, module: str, inputs: Mapping[str, Artifact], work: Path, steps: int | None = None
) -> None:
    """Trains on the ranks of a stage's configuration; the last checkpoints in `work` are the result.

    Args:
        config: The configuration, of more than one rank.
        module: What each rank runs; `reach` gives it the inputs by their names.
        inputs: What the ranks train on, by name.
        work: Directory that outlives a kill.
        steps: Steps of the whole run; once a checkpoint of the last one is stored, no rank is started again.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        StorageError: If object storage cannot be used or does not give back what was written.
        SystemExit: With status 143 if this process receives SIGTERM; the ranks wrote a checkpoint first.
    """
    work_on_ranks(
        config,
        module,
        inputs,
        work,
        lambda exchange: steps is not None and exchange.finished(steps),
        lambda exchange: exchange.collect(work),
    )
