"""The command `inkling evaluate`: any model, asked any suites in any views, with statistics."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from inkling.components.shared.config import ConfigError, unknown
from inkling.models.sequence.views import ALL_VIEWS, VIEWS
from inkling.pipelines.commands.options import Overrides


def evaluate(
    model: Annotated[str, typer.Argument(help="Directory of a run, a MultimodalModel or a Bundle.", metavar="MODEL")],
    suites: Annotated[
        list[str] | None,
        typer.Option("--suite", help="A suite: a shipped one, a YAML file, or {suite: NAME, data: FILE}. Repeatable."),
    ] = None,
    views: Annotated[
        str, typer.Option(help=f"What stands beside a question, by comma, of {', '.join(ALL_VIEWS)}.")
    ] = ",".join(VIEWS),
    method: Annotated[
        str, typer.Option(help="How answers are found: likelihood, likelihood-bytes, likelihood-letters, generate.")
    ] = "likelihood",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that the results go to.")] = Path("evaluation"),
    question: Annotated[
        str | None, typer.Option(help="Ask this question alone, and print what the model is given and what it says.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Run whose rendered scenes are asked; MODEL's own, else the latest.")
    ] = None,
    encoder: Annotated[
        Path | None, typer.Option(help="Features with the encoder of a MultimodalModel; else looked for in the store.")
    ] = None,
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Asks a model the questions of suites in several views, and writes answers, scores with intervals and a page.

    What was asked before is not asked again: a repeat costs nothing, another suite or view only itself, and a command
    that was stopped goes on when it is repeated.

    Examples:
        inkling evaluate .inkling/runs/latest --suite scenes --views visual,blind,mismatched,blank

        inkling evaluate bundle --suite scenes --suite ./mine.yaml --method generate --output results

        inkling evaluate .inkling/runs/latest --suite '{suite: pope, data: pope.parquet}' --set evaluate.batch_size=16

        inkling evaluate bundle --suite ./mine.yaml --question mine/17
    """
    try:
        _evaluate(model, _profile(suites or ["scenes"], views, method, overrides), output, question, run, encoder)
    except ConfigError:
        raise
    except ValueError as error:  # rows that cannot be used, a question too long, a method that cannot ask it
        raise ConfigError(str(error)) from None


def _evaluate(
    model: str, profile: dict[str, Any], output: Path, question: str | None, run: Path | None, encoder: Path | None
) -> None:
    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.evaluate.examine import examine, find
    from inkling.components.suites.config import SuitesConfig
    from inkling.models.strict_json import to_json
    from inkling.pipelines.evaluation.screen import show_scores
    from inkling.pipelines.evaluation.targets import directory_target
    from inkling.pipelines.evaluation.work import (
        clear,
        evaluate_suites,
        gather_questions,
        rendered_questions,
        suite_config,
        workplace,
        write_all,
    )

    config, read = EvaluateConfig.parse(profile), SuitesConfig.parse(profile).read
    target = directory_target(model, encoder)
    own = Path(model) if (Path(model) / "run.json").is_file() else None
    scenes = rendered_questions(read, run or own)
    with workplace() as folder:
        questions = gather_questions(profile, scenes, folder)
        if question is not None:
            one = find({name: asked.questions() for name, asked in questions.items()}, question)
            asked = questions[one.suite]
            alone = suite_config(profile, next(suite for suite in read if suite.name == one.suite))
            answering = target.answering(alone, asked, folder / one.suite)
            for line in examine(answering, one, asked.images(), alone):
                print(line)
            return
        clear(output)
        answers = evaluate_suites(target, profile, questions, folder, output / "answers")
        written = write_all(output, answers, questions, read)
        (output / "scores.json").write_text(to_json(answers.summary(), indent=2) + "\n")
    show_scores(answers.summary(), read, config.views, Console(file=sys.stdout))
    for path in (output / "answers", output / "scores.json", *written):
        print(path)


def _profile(suites: list[str], views: str, method: str, overrides: list[str]) -> dict[str, Any]:
    """The settings as a profile holds them.

    Raises:
        ConfigError: If a suite or a view is unknown, or a setting is of no stage that has a part in this.
    """
    from inkling.components.shared.strict_yaml import read_value
    from inkling.pipelines.profiles import with_overrides

    named = [view.strip() for view in views.split(",")]
    for view in named:
        if view not in ALL_VIEWS:
            raise unknown("view", view, ALL_VIEWS)
    stated: dict[str, Any] = {
        "suites": {"read": [read_value(suite, "--suite") for suite in suites]},
        "evaluate": {"views": named, "method": read_value(method, "--method")},
    }
    profile = with_overrides(stated, overrides)
    valid = ("evaluate", "suites", "seed", "threads")
    for key in profile:
        if key not in valid:
            raise unknown("setting's place", key, valid)
    return profile
