"""The command `inkling results`: a run's answers in the forms of lmms-eval and lm-evaluation-harness."""

from pathlib import Path
from typing import Annotated

import typer


def results(
    run: Annotated[Path | None, typer.Option(help="Directory of a finished run; the latest if left out.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory that they go to.")] = Path("results"),
    suites: Annotated[
        list[str], typer.Option("--suite", help="YAML file of a suite of your own that the run evaluated. Repeatable.")
    ] = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Writes what a run's model answered: samples a suite and view as JSON lines, a table of scores, a page to browse.

    Examples:
        inkling results --output results

        inkling results --run .inkling/runs/latest --suite ./mine.yaml
    """
    from inkling.components.analyze.results.write import write_results
    from inkling.components.artifacts.answers import Answers
    from inkling.components.artifacts.questions import Questions
    from inkling.components.artifacts.suite import load_suite
    from inkling.components.evaluate.config import DEFAULT_METHOD
    from inkling.components.evaluate.inference import METHODS
    from inkling.pipelines.evaluation.model_input import model_inputs
    from inkling.pipelines.local import run as local

    finished = local.Run.read(run or local.home() / "runs" / "latest")
    answers = Answers.open(finished.outputs["evaluate"]["answers"])
    questions = Questions.open(finished.outputs["suites" if "suites" in finished.outputs else "scenes"]["questions"])
    own = {suite.name: suite for suite in map(load_suite, suites)}
    known = [own.get(name) or load_suite(name) for name in answers.suites()]
    given = model_inputs(METHODS.read(answers.manifest.provenance.config.get("method", DEFAULT_METHOD)))
    written = write_results(answers.answers(), questions.questions(), known, given, output, questions.images())
    print((output / "results.md").read_text())
    for path in written:
        print(path)
