"""Pre-training on several ranks."""

from pathlib import Path

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.launch.train import train_on_ranks

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
