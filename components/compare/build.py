"""Making Scores: the answers of a study's runs in one table, with intervals over questions and seeds, and figures."""

from collections.abc import Sequence
from pathlib import Path

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.measurements import Measurements
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.run_scores import RunScores, write_run_scores
from inkling.components.artifacts.scores import Scores, write_scores
from inkling.components.compare.config import CompareConfig, ScoreConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.store import Draft, produce


def build_compare_part(
    config: ScoreConfig,
    answers: Sequence[str | Path],
    language_models: Sequence[str | Path],
    output: str | Path,
    earlier: str | Path | None = None,
    measurements: Sequence[str | Path] = (),
    multimodal_models: Sequence[str | Path] = (),
) -> RunScores:
    """Scores runs that share their text and what follows pre-training.

    Args:
        config: Which runs they are.
        answers: The Answers artifacts.
        language_models: The LanguageModel artifacts of the same runs, in the same order.
        output: Where the RunScores artifact shall lie.
        earlier: A RunScores artifact whose runs are handed on, before these.
        measurements: The Measurements artifacts of the same runs, in the same order; none where they were not probed.
        multimodal_models: The MultimodalModel artifacts of the same runs, in the same order; none where what adaptation
            costs in language is not asked.

    Raises:
        ConfigError: If there are not as many answers as language models, or as measurements or multimodal models if
            there are any.
        ArtifactError: If an artifact is not what was written, or is of no run of the study.
    """
    if not len(answers) == len(language_models) > 0:
        raise ConfigError(f"{len(answers)} sets of answers, but {len(language_models)} language models")
    opened, read = [Answers.open(path) for path in answers], [LanguageModel.open(path) for path in language_models]
    if measurements and len(measurements) != len(answers):
        raise ConfigError(f"{len(answers)} sets of answers, but {len(measurements)} of measurements")
    if multimodal_models and len(multimodal_models) != len(answers):
        raise ConfigError(f"{len(answers)} sets of answers, but {len(multimodal_models)} multimodal models")
    adapted = [MultimodalModelArtifact.open(path) for path in multimodal_models]
    probed = [Measurements.open(path) for path in measurements]
    before = RunScores.open(earlier) if earlier else None
    inputs: dict[str, Artifact] = {f"answers-{number:04d}": one for number, one in enumerate(opened)}
    inputs |= {f"language-model-{number:04d}": one for number, one in enumerate(read)}
    inputs |= {f"measurements-{number:04d}": one for number, one in enumerate(probed)}
    inputs |= {f"multimodal-model-{number:04d}": one for number, one in enumerate(adapted)}
    inputs |= {"earlier": before} if before else {}
    return produce(
        RunScores, output, config, inputs, lambda draft: _score(config, opened, read, probed, adapted, before, draft)
    )


def build_compare(config: CompareConfig, scored: Sequence[str | Path], output: str | Path) -> Scores:
    """Compares runs.

    Raises:
        ArtifactError: If an artifact is not what was written, two runs are the same, or they were evaluated on
            different questions.
    """
    opened = [RunScores.open(path) for path in scored]
    inputs: dict[str, Artifact] = {f"scored-{number:04d}": one for number, one in enumerate(opened)}
    return produce(Scores, output, config, inputs, lambda draft: _make(config, opened, draft))


def build_compare_runs(scored: Sequence[str | Path], output: str | Path) -> RunScores:
    """Puts the scores of runs together, so that a study has one artifact of which a table can be made again.

    Raises:
        ArtifactError: If an artifact is not what was written.
    """
    opened = [RunScores.open(path) for path in scored]
    inputs: dict[str, Artifact] = {f"scored-{number:04d}": one for number, one in enumerate(opened)}

    def write(draft: Draft) -> None:
        write_run_scores(draft.path, [score for one in opened for score in one.scores()])

    return produce(RunScores, output, ScoreConfig(), inputs, write)


def _score(
    config: ScoreConfig,
    answers: Sequence[Answers],
    language_models: Sequence[LanguageModel],
    measurements: Sequence[Measurements],
    multimodal_models: Sequence[MultimodalModelArtifact],
    earlier: RunScores | None,
    draft: Draft,
) -> None:
    from inkling.components.compare.score import score
    from inkling.components.shared.runtime.progress import track

    probed: Sequence[Measurements | None] = measurements or [None] * len(answers)
    adapted: Sequence[MultimodalModelArtifact | None] = multimodal_models or [None] * len(answers)
    runs = track(zip(answers, language_models, probed, adapted, strict=True), "reading answers", len(answers), "runs")
    scores = [score(config, *run) for run in runs]
    write_run_scores(draft.path, [*(earlier.scores() if earlier else []), *scores])


def _make(config: CompareConfig, scored: Sequence[RunScores], draft: Draft) -> None:
    from inkling.components.compare.figures.draw import draw
    from inkling.components.compare.table import tabulate

    table = tabulate(config, [score for one in scored for score in one.scores()])
    drawn = {name: draw(name, figure, table) for name, figure in config.figures.items()}
    write_scores(draft.path, table, {name: drawing for name, drawing in drawn.items() if drawing})
