"""The work of `inkling evaluate`: questions of each suite, answers, and what is written of them."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkling.components.artifacts.answers import Answer, Answers
from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.artifacts.suite import THIS_RUN, Suite
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.contract import MethodSpec
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.store.artifact import write_json
from inkling.components.suites.config import SuitesConfig
from inkling.pipelines.evaluation.targets import Target
from inkling.pipelines.local.run import Run, RunError, home, use_store

if TYPE_CHECKING:
    from inkling.components.analyze.contamination import Overlap

Profile = Mapping[str, Any]


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A folder for the links to artifacts, which themselves lie in this home's store."""
    home().mkdir(parents=True, exist_ok=True)
    use_store()
    with tempfile.TemporaryDirectory(dir=home(), prefix="evaluate-") as folder:
        yield Path(folder)


def rendered_questions(suites: Sequence[Suite], run: Path | None) -> Path | None:
    """The Questions about rendered scenes that suites ask; None where none asks about them.

    Args:
        suites: The suites.
        run: The run that rendered them; the latest where None.

    Raises:
        ConfigError: If there is no such run.
    """
    asking = [suite.name for suite in suites if suite.artifact == THIS_RUN]
    if not asking:
        return None
    try:
        return Path(Run.read(run or home() / "runs" / "latest").outputs["scenes"]["questions"])
    except RunError as error:
        raise ConfigError(
            f"suite '{asking[0]}' asks about scenes that a run has rendered, but there is {error}; name one with --run"
        ) from None


def gather_questions(profile: Profile, scenes: Path | None, folder: Path) -> dict[str, Questions]:
    """The questions of each suite, an artifact each, so that another suite changes nothing about them.

    Args:
        profile: The settings, with `suites.read`.
        scenes: The Questions about rendered scenes.
        folder: Where they may lie.

    Raises:
        ConfigError: If data are missing.
        SuiteError: If rows of a suite cannot be used.
    """
    from inkling.components.suites.build import build_suites

    found = {}
    for suite in SuitesConfig.parse(profile).read:
        own = SuitesConfig.parse({**profile, "suites": {"read": [suite]}})
        rendered = scenes if suite.artifact == THIS_RUN else None
        found[suite.name] = build_suites(own, rendered, folder / suite.name / "questions")
    return found


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation has come to.

    Attributes:
        answers: The answers; of questions with a reply missing none.
        summary: The scores of these.
        partial: What is missing of each suite, as JSON values; empty where nothing is.
    """

    answers: list[Answer]
    summary: dict[str, Any]
    partial: dict[str, dict[str, Any]]


def evaluate_suites(
    target: Target, profile: Profile, questions: Mapping[str, Questions], folder: Path, output: Path
) -> Evaluated:
    """Has a model asked all suites, one after the other, and puts its answers together.

    Args:
        target: The model.
        profile: The settings.
        questions: The questions of each suite.
        folder: Where artifacts may lie on the way.
        output: Where the Answers of all suites go, if none is missing.
    """
    from inkling.components.evaluate.gather import gather_answers
    from inkling.components.evaluate.requests import Unfinished, UnfinishedError, partial_summary

    whole, ended = EvaluateConfig.parse(profile), ""
    parts: list[Answers] = []
    answers: list[Answer] = []
    partial: dict[str, dict[str, Any]] = {}
    for number, suite in enumerate(whole.suites, 1):
        asked = questions[suite.name]
        note(f"suite {number} of {len(whole.suites)}, {suite.title}: {', '.join(whole.views)}")
        try:
            if ended:
                count = len(asked.questions())
                raise UnfinishedError(Unfinished([], count, 0, count * len(whole.views), {}, ended))
            part = target.answer(suite_config(profile, suite), asked.path, folder / suite.name)
        except UnfinishedError as error:
            found, ended = error.found, error.found.ended
            answers += found.answers
            partial[suite.name] = found.counts()
        else:
            parts.append(part)
            answers += part.answers()
    if partial:
        return Evaluated(answers, partial_summary(answers, {suite.name: suite for suite in whole.suites}), partial)
    gathered = gather_answers(whole, [part.path for part in parts], output)
    return Evaluated(gathered.answers(), gathered.summary(), {})


def suite_config(profile: Profile, suite: Suite) -> EvaluateConfig:
    """How a model is asked one of the suites."""
    return EvaluateConfig.parse({**profile, "suites": {"read": [suite]}})


def write_all(
    output: Path,
    target: Target,
    method: MethodSpec,
    found: Evaluated,
    questions: Mapping[str, Questions],
    suites: Sequence[Suite],
    text: Path | None = None,
) -> list[Path]:
    """Writes scores, samples, tables and pages beside the artifact, and what is missing if anything is.

    Args:
        output: The folder.
        target: The model.
        method: How its answers were found.
        found: What the evaluation has come to.
        questions: The questions of each suite.
        suites: What the suites are.
        text: The Corpus that the model was pre-trained on, where that is known.
    """
    from inkling.components.analyze.results.scores import scores_page
    from inkling.components.analyze.results.write import write_results
    from inkling.pipelines.evaluation.model_input import model_inputs

    written = []
    if found.partial:
        written.append(output / "partial.json")
        write_json(written[-1], found.partial)
    if not found.answers:
        return written
    written.append(output / "scores.json")
    write_json(written[-1], {**({"partial": True} if found.partial else {}), **found.summary})
    asked = [one for members in questions.values() for one in members.questions()]
    shown = {name: one for members in questions.values() for name, one in members.annotations().items()}
    missing = "scores are of the questions that were answered in all views" if found.partial else ""
    written.append(output / "scores.html")
    written[-1].write_text(
        scores_page(target.name, found.summary, suites, found.answers, asked, shown, _seen(text, asked), missing),
        encoding="utf-8",
    )
    pictures = {name: data for members in questions.values() for name, data in members.images().items()}
    given = model_inputs(method, target.templated)
    return [*written, *write_results(found.answers, asked, suites, given, output, pictures)]


def _seen(text: Path | None, questions: Sequence[Question]) -> "Overlap | None":
    """Overlap of the test questions' n-grams with the pre-training text."""
    from inkling.components.analyze.config import AnalyzeConfig
    from inkling.components.analyze.contamination import overlap

    if text is None:
        return None
    return overlap([one for one in questions if one.split == "test"], Corpus.open(text), AnalyzeConfig().overlap_words)


def clear(output: Path) -> None:
    """Makes the folder of results, and removes what an earlier evaluation has written there, and nothing else.

    Raises:
        ConfigError: If it is a file.
    """
    if output.exists() and not output.is_dir():
        raise ConfigError(f"--output {output} is a file; name a folder")
    output.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(output / "answers", ignore_errors=True)
    for pattern in ("samples_*.jsonl", "results.json", "results.md", "answers.html", "scores.*", "partial.json"):
        for path in output.glob(pattern):
            path.unlink()
