"""Making Scores: the answers of a study's runs in one table, with intervals over questions and seeds."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.scores import Scores, write_scores
from inkling.components.artifacts.store import Draft, produce
from inkling.components.compare.config import CompareConfig, RunLabel
from inkling.components.config import ConfigError


def labels(runs: Iterable[Mapping[str, Any]]) -> tuple[RunLabel, ...]:
    """Labels of runs as a pipeline hands them on; KFP turns whole numbers into broken ones on the way."""
    return tuple(RunLabel(recipe=run["recipe"], size=run["size"], seed=int(run["seed"])) for run in runs)


def build_compare(config: CompareConfig, answers: Sequence[str | Path], output: str | Path) -> Scores:
    """Compares runs.

    Args:
        config: The stage's configuration, with a label for each of the answers.
        answers: The Answers artifacts.
        output: Where the Scores artifact shall lie.

    Raises:
        ConfigError: If there are not as many labels as answers, or two are the same.
        ArtifactError: If an artifact is not what was written, or the runs were asked different questions.
    """
    if len(config.runs) != len(answers) or not answers:
        raise ConfigError(f"{len(answers)} sets of answers, but {len(config.runs)} labels of runs")
    if len(set(config.runs)) < len(config.runs):
        raise ConfigError("two runs of the study have the same recipe, size and seed")
    opened = [Answers.open(path) for path in answers]
    inputs = {f"answers-{number:04d}": one for number, one in enumerate(opened)}
    return produce(Scores, output, config, inputs, lambda draft: _make(config, opened, draft))


def _make(config: CompareConfig, answers: Sequence[Answers], draft: Draft) -> None:
    from inkling.components.compare.chart import draw
    from inkling.components.compare.table import tabulate

    table = tabulate(config, answers)
    write_scores(draft.path, table, draw(table))
