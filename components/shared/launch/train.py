"""Training on several ranks: what they are given, and where the result is found."""

from collections.abc import Mapping
from pathlib import Path

from inkling.components.shared.launch.config import RanksConfig
from inkling.components.shared.launch.exchange import CONFIG, Exchange
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.launch import ranks_job, run_ranks
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.store.artifact import Artifact


def train_on_ranks(
    config: RanksConfig, module: str, inputs: Mapping[str, Artifact], work: Path, steps: int | None = None
) -> None:
    """Trains on the ranks of a stage's configuration; the last checkpoints in `work` are the result.

    With `launch.storage` everything goes through object storage; otherwise every rank sees the directories themselves.

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
    if config.launch.storage is None:
        (work / CONFIG).write_text(config.model_dump_json())
        places = {name: str(artifact.path.resolve()) for name, artifact in inputs.items()}
        run_ranks(training_job(config, module, places, str(work.resolve()), work), config.launch)
        return
    exchange = Exchange.of(config.launch.storage.open(), config, inputs)
    exchange.work.check()
    if steps is not None and exchange.finished(steps):
        note(f"the ranks have ended before: {exchange.work.uri}")
    else:
        exchange.offer(config, inputs)
        places = {name: place.uri for name, place in exchange.inputs.items()}
        run_ranks(training_job(config, module, places, exchange.work.uri, work), config.launch)
    exchange.collect(work)


def training_job(config: RanksConfig, module: str, inputs: Mapping[str, str], work: str, place: Path) -> Job:
    """The job that `train_on_ranks` runs.

    Args:
        config: The stage's configuration.
        module: What each rank runs.
        inputs: The inputs as the ranks find them, each a path or a URI, by name.
        work: The directory of settings and checkpoints, likewise.
        place: Directory of the launching process for the job's logs.
    """
    arguments, shape = (*inputs.values(), work), (config.nodes, config.processes)
    return ranks_job(config.stage, module, arguments, place.resolve(), *shape, config.launch, config.placement)
