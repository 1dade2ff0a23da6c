"""Making Scores: the answers of a study's runs in one table, with intervals over questions and seeds."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.artifact import Artifact
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.scores import Scores, write_scores
from inkling.components.artifacts.store import Draft, produce
from inkling.components.compare.config import CompareConfig, RunLabel
from inkling.components.config import ConfigError


def labels(runs: Iterable[Mapping[str, Any]]) -> tuple[RunLabel, ...]:
    """Labels of runs as a pipeline hands them on; KFP turns whole numbers into broken ones on the way."""
    return tuple(RunLabel(recipe=run["recipe"], size=run["size"], seed=int(run["seed"])) for run in runs)


def build_compare(
    config: CompareConfig,
    answers: Sequence[str | Path],
    language_models: Sequence[str | Path],
    output: str | Path,
) -> Scores:
    """Compares runs.

    Args:
        config: The stage's configuration, with a label for each of the answers.
        answers: The Answers artifacts.
        language_models: The LanguageModel artifacts of the same runs, in the same order.
        output: Where the Scores artifact shall lie.

    Raises:
        ConfigError: If there are not as many labels as answers and language models, or two are the same.
        ArtifactError: If an artifact is not what was written, or the runs were asked different questions or scored on
            different text.
    """
    if not len(config.runs) == len(answers) == len(language_models) > 0:
        raise ConfigError(
            f"{len(answers)} sets of answers and {len(language_models)} language models, but {len(config.runs)} labels "
            "of runs"
        )
    if len(set(config.runs)) < len(config.runs):
        raise ConfigError("two runs of the study have the same recipe, size and seed")
    opened, read = [Answers.open(path) for path in answers], [LanguageModel.open(path) for path in language_models]
    inputs: dict[str, Artifact] = {f"answers-{number:04d}": one for number, one in enumerate(opened)}
    inputs |= {f"language-model-{number:04d}": one for number, one in enumerate(read)}
    return produce(Scores, output, config, inputs, lambda draft: _make(config, opened, read, draft))


def _make(
    config: CompareConfig, answers: Sequence[Answers], language_models: Sequence[LanguageModel], draft: Draft
) -> None:
    from inkling.components.compare.chart import draw, draw_losses
    from inkling.components.compare.table import tabulate

    table = tabulate(config, answers, language_models)
    write_scores(draft.path, table, draw(table), draw_losses(table))
