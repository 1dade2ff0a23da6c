"""A stage's work on several ranks: what they are given, and where what they leave is found."""

from collections.abc import Callable, Mapping
from pathlib import Path

from inkling.components.shared.launch.config import LaunchedConfig
from inkling.components.shared.launch.exchange import CONFIG, Exchange
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.launch import ranks_job, run_ranks
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.store.artifact import Artifact


def work_on_ranks(
    config: LaunchedConfig,
    module: str,
    inputs: Mapping[str, Artifact],
    work: Path,
    ended: Callable[[Exchange], bool],
    collect: Callable[[Exchange], None],
) -> None:
    """Runs the ranks of a stage's configuration; what they leave is in `work`.

    With `launch.storage` everything goes through object storage; otherwise every rank sees the directories themselves.

    Args:
        config: The configuration.
        module: What each rank runs; `reach` gives it the inputs by their names.
        inputs: What the ranks read, by name.
        work: Directory that outlives a kill.
        ended: Whether all that ranks leave lies in object storage already; then none is started again.
        collect: Brings it from there into `work`.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        StorageError: If object storage cannot be used or does not give back what was written.
        SystemExit: With status 143 if this process receives SIGTERM; the ranks were told to end first.
    """
    if config.launch.storage is None:
        (work / CONFIG).write_text(config.model_dump_json())
        places = {name: str(artifact.path.resolve()) for name, artifact in inputs.items()}
        run_ranks(stage_job(config, module, places, str(work.resolve()), work), config.launch)
        return
    exchange = Exchange.of(config.launch.storage.open(), config, inputs)
    exchange.work.check()
    if ended(exchange):
        note(f"the ranks have ended before: {exchange.work.uri}")
    else:
        exchange.offer(config, inputs)
        places = {name: place.uri for name, place in exchange.inputs.items()}
        run_ranks(stage_job(config, module, places, exchange.work.uri, work), config.launch)
    collect(exchange)


def stage_job(config: LaunchedConfig, module: str, inputs: Mapping[str, str], work: str, place: Path) -> Job:
    """The job that `work_on_ranks` runs.

    Args:
        config: The stage's configuration.
        module: What each rank runs.
        inputs: The inputs as the ranks find them, each a path or a URI, by name.
        work: The directory of settings and of what the ranks leave, likewise.
        place: Directory of the launching process for the job's logs.
    """
    arguments, shape = (*inputs.values(), work), (config.nodes, config.processes)
    return ranks_job(config.stage, module, arguments, place.resolve(), *shape, config.launch, config.placement)
