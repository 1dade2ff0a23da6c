"""Pre-training on several ranks: what they are given, and where the result is found."""

from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.exchange import CONFIG, Exchange
from inkling.components.shared.launch.launch import ranks_job, run_ranks
from inkling.components.shared.runtime.progress import note

if TYPE_CHECKING:
    from inkling.components.shared.launch.job import Job

MODULE = "inkling.components.pretrain.rank"


def train_on_ranks(config: PretrainConfig, tokens: Tokens, work: Path) -> None:
    """Trains on the ranks of the configuration; the last checkpoint in `work` is the result.

    With `launch.storage` everything goes through object storage; otherwise every rank sees the directories themselves.

    Args:
        config: The stage's configuration, of more than one rank.
        tokens: What the ranks train on.
        work: Directory that outlives a kill.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        StorageError: If object storage cannot be used or does not give back what was written.
        SystemExit: With status 143 if this process receives SIGTERM; the ranks wrote a checkpoint first.
    """
    if config.launch.storage is None:
        (work / CONFIG).write_text(config.model_dump_json())
        run_ranks(pretrain_job(config, str(tokens.path.resolve()), str(work.resolve()), work), config.launch)
        return
    exchange = Exchange.of(config.launch.storage.open(), config, tokens)
    exchange.work.check()
    if exchange.finished(config.steps):
        note(f"the ranks have ended before: {exchange.work.uri}")
    else:
        exchange.offer(config, tokens.path)
        run_ranks(pretrain_job(config, exchange.tokens.uri, exchange.work.uri, work), config.launch)
    exchange.collect(work)


def alone(config: PretrainConfig) -> PretrainConfig:
    """The same run for one process, which takes what the ranks have left: it names the same checkpoints."""
    return config.model_copy(update={"strategy": "single", "processes": 1, "nodes": 1, "micro_batch": None})


def pretrain_job(config: PretrainConfig, tokens: str, work: str, place: Path) -> "Job":
    """The job that `train_on_ranks` runs.

    Args:
        config: The stage's configuration.
        tokens: The Tokens artifact as the ranks find it, a path or a URI.
        work: The directory of settings and checkpoints, likewise.
        place: Directory of the launching process for the job's logs.
    """
    arguments, shape = (tokens, work), (config.nodes, config.processes)
    return ranks_job(config.stage, MODULE, arguments, place.resolve(), *shape, config.launch, config.placement)
