"""Evaluation on several ranks: each asks its share of the questions and leaves a part, as a task of a fan-out does."""

from collections.abc import Mapping
from pathlib import Path

from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.launch.work import work_on_ranks
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.part import Share

MODULE = "inkling.components.evaluate.rank"
PARTS = "parts"


def ask_on_ranks(config: EvaluateConfig, inputs: Mapping[str, Artifact], work: Path) -> list[Path]:
    """Has the ranks of the configuration ask a model the questions.

    Args:
        config: The stage's configuration, of more than one rank or of pods.
        inputs: The model, the questions and the features, by name.
        work: Directory that outlives a kill.

    Returns:
        Where the Part artifacts of the ranks lie.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        StorageError: If object storage cannot be used or does not give back what was written.
        SystemExit: With status 143 if this process receives SIGTERM; replies so far are kept.
    """
    names = [f"{PARTS}/{Share(rank, config.ranks).name}" for rank in range(config.ranks)]
    work_on_ranks(
        config,
        MODULE,
        inputs,
        work,
        lambda exchange: exchange.holds(names),
        lambda exchange: exchange.bring(names, work),
    )
    return [work / name for name in names]
