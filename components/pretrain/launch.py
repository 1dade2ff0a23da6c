"""Pre-training on several ranks: what they are told, and where the result is found."""

from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.launch import ranks_job, run_ranks
from inkling.components.pretrain.config import PretrainConfig

if TYPE_CHECKING:
    from inkling.models.training.launch.job import Job

MODULE, CONFIG = "inkling.components.pretrain.rank", "config.json"


def train_on_ranks(config: PretrainConfig, tokens: Path, work: Path) -> None:
    """Trains on the ranks that the configuration asks for; the last checkpoint in `work` is the result.

    Args:
        config: The stage's configuration, of more than one rank.
        tokens: Where the Tokens artifact lies, for every rank.
        work: Directory that every rank sees and that outlives a kill.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        SystemExit: With status 143 if this process is told to terminate; the ranks wrote a checkpoint first.
    """
    (work / CONFIG).write_text(config.model_dump_json())
    run_ranks(pretrain_job(config, tokens, work), config.launch)


def alone(config: PretrainConfig) -> PretrainConfig:
    """The same run for one process, which takes what the ranks have left: it names the same checkpoints."""
    return config.model_copy(update={"strategy": "single", "processes": 1, "nodes": 1, "micro_batch": None})


def pretrain_job(config: PretrainConfig, tokens: Path, work: Path) -> "Job":
    """The job that `train_on_ranks` runs."""
    arguments = [str(path.resolve()) for path in (work / CONFIG, tokens, work)]
    return ranks_job("pretrain", MODULE, arguments, work.resolve(), config.nodes, config.processes, config.launch)
