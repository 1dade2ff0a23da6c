"""Pre-training on several ranks."""

from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.launch.train import train_on_ranks, training_job

if TYPE_CHECKING:
    from inkling.components.shared.launch.job import Job

MODULE = "inkling.components.pretrain.rank"


def pretrain_on_ranks(config: PretrainConfig, tokens: Tokens, work: Path) -> None:
    """Trains on the ranks of the configuration; the last checkpoint in `work` is the result.

    Args:
        config: The stage's configuration, of more than one rank.
        tokens: What the ranks train on.
        work: Directory that outlives a kill.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        StorageError: If object storage cannot be used or does not give back what was written.
        SystemExit: With status 143 if this process receives SIGTERM; the ranks wrote a checkpoint first.
    """
    train_on_ranks(config, MODULE, {"tokens": tokens}, work, config.steps)


def pretrain_job(config: PretrainConfig, tokens: str, work: str, place: Path) -> "Job":
    """The job of the ranks.

    Args:
        config: The stage's configuration.
        tokens: The Tokens artifact as the ranks find it, a path or a URI.
        work: The directory of settings and checkpoints, likewise.
        place: Directory of the launching process for the job's logs.
    """
    return training_job(config, MODULE, {"tokens": tokens}, work, place)
