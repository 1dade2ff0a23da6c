"""Making Scores: the answers of a study's runs in one table, with intervals over questions and seeds."""

from collections.abc import Sequence
from pathlib import Path

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.run_scores import RunScores, write_run_scores
from inkling.components.artifacts.scores import Scores, write_scores
from inkling.components.compare.config import CompareConfig, PartConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.store import Draft, produce


def build_compare_part(
    config: PartConfig,
    answers: Sequence[str | Path],
    language_models: Sequence[str | Path],
    output: str | Path,
) -> RunScores:
    """Scores the runs that have read one recipe.

    Args:
        config: Whose runs they are.
        answers: The Answers artifacts.
        language_models: The LanguageModel artifacts of the same runs, in the same order.
        output: Where the RunScores artifact shall lie.

    Raises:
        ConfigError: If there are not as many answers as language models.
        ArtifactError: If an artifact is not what was written, or a run was asked no question with four choices.
    """
    if not len(answers) == len(language_models) > 0:
        raise ConfigError(f"{len(answers)} sets of answers, but {len(language_models)} language models")
    opened, read = [Answers.open(path) for path in answers], [LanguageModel.open(path) for path in language_models]
    inputs: dict[str, Artifact] = {f"answers-{number:04d}": one for number, one in enumerate(opened)}
    inputs |= {f"language-model-{number:04d}": one for number, one in enumerate(read)}
    return produce(RunScores, output, config, inputs, lambda draft: _score(config, opened, read, draft))


def build_compare(config: CompareConfig, scored: Sequence[str | Path], output: str | Path) -> Scores:
    """Compares runs.

    Args:
        config: The stage's configuration.
        scored: The RunScores artifacts.
        output: Where the Scores artifact shall lie.

    Raises:
        ArtifactError: If an artifact is not what was written, two runs are the same, or they were asked different
            questions or scored on different text.
    """
    opened = [RunScores.open(path) for path in scored]
    inputs: dict[str, Artifact] = {f"scored-{number:04d}": one for number, one in enumerate(opened)}
    return produce(Scores, output, config, inputs, lambda draft: _make(config, opened, draft))


def _score(
    config: PartConfig, answers: Sequence[Answers], language_models: Sequence[LanguageModel], draft: Draft
) -> None:
    from inkling.components.compare.score import score
    from inkling.components.shared.runtime.progress import track

    pairs = track(zip(answers, language_models, strict=True), "reading answers", len(answers), "runs")
    write_run_scores(draft.path, [score(config.recipe, *pair) for pair in pairs])


def _make(config: CompareConfig, scored: Sequence[RunScores], draft: Draft) -> None:
    from inkling.components.compare.chart import draw, draw_losses
    from inkling.components.compare.table import tabulate

    table = tabulate(config, [score for one in scored for score in one.scores()])
    write_scores(draft.path, table, draw(table), draw_losses(table))
