"""The command `inkling evaluate`: any model, asked any suites in any views, with statistics."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from inkling.components.shared.config import ConfigError, unknown
from inkling.models.sequence.views import ALL_VIEWS, VIEWS
from inkling.models.settings import explain
from inkling.pipelines.commands.options import Overrides

if TYPE_CHECKING:
    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.evaluate.endpoint_settings import EndpointSettings
    from inkling.pipelines.evaluation.targets import Target


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="Directory of a run, a MultimodalModel or a Bundle; or the URL of an OpenAI-compatible endpoint.",
            metavar="MODEL_OR_URL",
        ),
    ],
    suites: Annotated[
        list[str] | None,
        typer.Option("--suite", help="A suite: a shipped one, a YAML file, or {suite: NAME, data: FILE}. Repeatable."),
    ] = None,
    views: Annotated[
        str, typer.Option(help=f"What stands beside a question, by comma, of {', '.join(ALL_VIEWS)}.")
    ] = ",".join(VIEWS),
    method: Annotated[
        str,
        typer.Option(
            help="How answers are found: likelihood, likelihood-bytes, likelihood-letters, generate, explain."
        ),
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
    name: Annotated[
        str | None, typer.Option("--model", help="Name of an endpoint's model; needed where it serves several.")
    ] = None,
    key: Annotated[str, typer.Option(help="Environment variable with an endpoint's key.")] = "",
    judge: Annotated[
        str | None,
        typer.Option(help="URL of an OpenAI-compatible endpoint that judges explanations (--method explain)."),
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

        inkling evaluate http://127.0.0.1:8000/v1 --suite ./mine.yaml --method generate --model llava --key API_KEY

        inkling evaluate .inkling/runs/latest --method explain --judge http://127.0.0.1:8000/v1 --set judge.key=API_KEY
    """
    try:
        profile = _profile(suites or ["scenes"], views, method, overrides)
        stated = {**_section(profile, "endpoint"), **({"model": name} if name else {}), **({"key": key} if key else {})}
        judging = _section(profile, "judge")
        _evaluate(model, stated, judge, judging, profile, output, question, run, encoder)
    except ConfigError:
        raise
    except ValueError as error:  # rows that cannot be used, a question too long, a method that cannot ask it
        raise ConfigError(str(error)) from None


def _evaluate(
    model: str,
    endpoint: dict[str, Any],
    judge: str | None,
    judging: dict[str, Any],
    profile: dict[str, Any],
    output: Path,
    question: str | None,
    run: Path | None,
    encoder: Path | None,
) -> None:
    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.evaluate.examine import examine, find
    from inkling.components.evaluate.requests import STOPPED
    from inkling.components.suites.config import SuitesConfig
    from inkling.pipelines.evaluation.explained import TRACES, measure_traces, show_traces
    from inkling.pipelines.evaluation.screen import show_missing, show_scores
    from inkling.pipelines.evaluation.work import (
        clear,
        evaluate_suites,
        gather_questions,
        rendered_questions,
        suite_config,
        workplace,
        write_all,
    )
    from inkling.pipelines.local.run import Run

    config, read = EvaluateConfig.parse(profile), SuitesConfig.parse(profile).read
    target = _target(model, endpoint, encoder)
    target.check(config)
    judged_by = _judge(judge, judging, config)
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
        found = evaluate_suites(target, profile, questions, folder, output / "answers")
        text = Path(Run.read(own).outputs["corpus"]["corpus"]) if own else None
        written = write_all(output, target, config.method, found, questions, read, text)
        explained = None
        if config.method.explains and found.answers:
            asked_of = [one for members in questions.values() for one in members.questions()]
            explained = measure_traces(found.answers, asked_of, judged_by, output)
            written.append(output / TRACES)
    console = Console(file=sys.stdout)
    show_scores(found.summary, read, config.views, console)
    if explained is not None:
        show_traces(explained, console)
    for path in (*([] if found.partial else [output / "answers"]), *written):
        print(path)
    if found.partial:
        show_missing(found.partial, console)
        raise typer.Exit(130 if any(one["ended"] == STOPPED for one in found.partial.values()) else 1)
    if explained is not None and explained.partial:
        raise typer.Exit(130 if explained.partial["ended"] == STOPPED else 1)


def _section(profile: dict[str, Any], name: str) -> dict[str, Any]:
    """Takes the settings of an endpoint out of the profile.

    Raises:
        ConfigError: If they are no settings.
    """
    found = profile.pop(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"{name}={found} is a value: a setting reads {name}.concurrency=4")
    return found


def _judge(url: str | None, stated: dict[str, Any], config: "EvaluateConfig") -> "EndpointSettings | None":
    """The judge, found before anything is asked.

    Raises:
        ConfigError: If there is nothing for it to judge, or it cannot be asked.
    """
    from inkling.components.evaluate.discover import discover
    from inkling.components.evaluate.endpoint_settings import EndpointSettings

    if url is None:
        if stated:
            raise ConfigError(f"judge.{next(iter(stated))} is stated, and no judge: name its URL with --judge")
        return None
    if not config.method.explains:
        raise ConfigError(
            f"--judge: method '{config.method.type}' gives no explanations to judge: take --method explain"
        )
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--judge {url} is no URL: http://HOST:PORT/v1")
    try:
        return discover(url, stated, "--set judge.")
    except ValidationError as error:
        raise ConfigError(explain(error, EndpointSettings, "judge")) from None


def _target(model: str, endpoint: dict[str, Any], encoder: Path | None) -> "Target":
    """The model of a directory or an address.

    Raises:
        ConfigError: If there is none, or a setting of an endpoint cannot be used.
    """
    from inkling.components.evaluate.discover import discover
    from inkling.components.evaluate.endpoint_settings import EndpointSettings
    from inkling.pipelines.evaluation.endpoint_target import EndpointTarget
    from inkling.pipelines.evaluation.targets import directory_target

    if not model.startswith(("http://", "https://")):
        if endpoint:
            raise ConfigError(f"{model} is no endpoint: {', '.join(endpoint)} is for a URL, http://HOST:PORT/v1")
        return directory_target(model, encoder)
    try:
        return EndpointTarget(model, discover(model, endpoint))
    except ValidationError as error:
        raise ConfigError(explain(error, EndpointSettings, "endpoint")) from None


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
    valid = ("evaluate", "suites", "seed", "threads", "endpoint", "judge")
    for key in profile:
        if key not in valid:
            raise unknown("setting's place", key, valid)
    return profile
