"""The command `inkling study`: many runs along some axes, here or on a cluster, and what is done of them."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from inkling.components.compare.report.export import write_report
from inkling.components.shared.config import ConfigError
from inkling.models.strict_json import to_json
from inkling.pipelines.commands.cluster import report_compiled, submit_compiled
from inkling.pipelines.commands.options import Overrides
from inkling.pipelines.study.summary import show_scores, show_studies

if TYPE_CHECKING:
    from inkling.pipelines.ir import Compiled
    from inkling.pipelines.study.file import Study

_LIST, _ALL = "list", "all"


def study(
    name: Annotated[str, typer.Argument(help="A study or a YAML file; `list`; `all`: reports of what is done.")],
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="A profile; laptop, or that of the paper for a twin, if none.")
    ] = None,
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    twin: Annotated[bool, typer.Option("--twin", help="The paper's exact values, for a cluster.")] = False,
    only: Annotated[
        list[str],
        typer.Option("--only", help="Part of an axis: adapt.connector=pool, seed=0,1. Repeatable."),
    ] = [],  # noqa: B006 (typer wants a list)
    at_once: Annotated[
        int | None, typer.Option("--at-once", min=1, help="Runs side by side here; as the cores allow if left out.")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Only print how each run stands and the time left.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Only compare the runs that are done so far.")] = False,
    into: Annotated[Path | None, typer.Option("--into", help="Folder of the report; else that of the study.")] = None,
    any_code: Annotated[
        bool, typer.Option("--any-code", help="Count runs too that other code made of the same settings.")
    ] = False,
    parts: Annotated[
        list[str],
        typer.Option("--from", help="Only compare what a pipeline left as run_scores: folder or URI. Repeatable."),
    ] = [],  # noqa: B006 (typer wants a list)
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Only compile, into this directory.")] = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Submit to this endpoint instead.")] = None,
    experiment: Annotated[str, typer.Option(help="Experiment that a submitted study is filed under.")] = "inkling",
) -> None:
    """Runs many settings and seeds and compares them in tables and figures: here, or on a cluster with --endpoint.

    Here the same command goes on after Ctrl-C, a kill or a failure: what is done is not done again, and runs that
    failed are tried once more; it exits with 1 while any has failed. --status and --report may be asked at any time,
    from another terminal too.

    Examples:
        inkling study list

        inkling study interpolation --profile tiny --only mixture.recipe=mix0,mix6 --only seed=0

        inkling study interpolation --status

        inkling study all --into results

        inkling study interpolation --profile cluster --endpoint http://127.0.0.1:8888

        inkling study grid --from part-1/run_scores --from part-2/run_scores --into results

        inkling study scale --twin --set 'scenes.conversations={type: llava, path: FILE, images: FOLDER}'
    """
    from inkling.pipelines.study import file as study_file

    console = Console(file=sys.stdout)
    if name in (_LIST, _ALL):
        from inkling.pipelines.local import studies
        from inkling.pipelines.local.run import use_store

        use_store()
        if name == _LIST:
            show_studies(console, overrides)
        else:
            studies.report_all(profile or study_file.HERE, overrides, into, any_code, console)
        return
    whole = study_file.load(name, twin)
    text = whole.profile(profile or (study_file.TWINS if twin else study_file.HERE), overrides)
    stated = whole.only(only)
    if parts:
        _joint(stated, text, name, parts, into, output, endpoint, experiment, console)
        return
    if output is None and endpoint is None:
        from inkling.pipelines.local.studies import LocalStudy, say_failed, show_states

        local = LocalStudy(stated, text, Path(name).stem, any_code)
        states = local.states() if status or report else local.run(console, at_once)
        if status:
            show_states(states, console)
            return
        scores = local.scores()
        if scores is None:
            why = [f"{one.run.name}: {one.error}" for one in states if one.error]
            raise ConfigError(f"no run of '{name}' is done with these settings{': ' if why else ''}{'; '.join(why)}")
        show_scores(scores.scores(), console)
        failed = say_failed(states, console)
        print(f"report  {write_report(local.report(scores), scores, into or local.folder / 'report')}")
        if failed and not report:
            raise typer.Exit(1)
        return
    from inkling.pipelines.ir import compile_study_for_cluster, refuse_local_data
    from inkling.pipelines.study.plan import StudyPlan

    refuse_local_data(text)
    plans = StudyPlan.parts(stated, text)
    for item in (item for plan in plans for item in plan.items):
        refuse_local_data(item.settings)
    if len(plans) > 1:
        console.print(f"too large for one pipeline: {len(plans)} of them, each with its part of the runs and its table")
    for number, plan in enumerate(plans, 1):
        if output is not None:
            folder = output if len(plans) == 1 else output / f"part-{number}"
            _write_compiled(compile_study_for_cluster(plan, text, folder), plan.parameters(), folder)
        if endpoint is not None:
            compile_into = partial(compile_study_for_cluster, plan, text)
            unique = name if len(plans) == 1 else f"{Path(name).stem}-part-{number}"
            submit_compiled(endpoint, compile_into, text, plan.parameters(), unique, experiment)


def _write_compiled(compiled: "Compiled", parameters: Mapping[str, Any], folder: Path) -> None:
    """Puts the parameters beside a compiled pipeline, and says what was written."""
    (folder / "parameters.json").write_text(to_json(parameters, indent=2) + "\n")
    report_compiled(compiled, (*compiled.files, folder / "parameters.json"))


def _joint(
    study: "Study",
    profile: str,
    name: str,
    parts: list[str],
    into: Path | None,
    output: Path | None,
    endpoint: str | None,
    experiment: str,
    console: Console,
) -> None:
    """One table of what several pipelines of a study have left: here from folders, on a cluster from URIs."""
    from inkling.pipelines.ir import compile_table_for_cluster
    from inkling.pipelines.local.joint_table import joint_report
    from inkling.pipelines.study.plan import StudyPlan

    plan = StudyPlan.of(study, profile)
    if output is None and endpoint is None:
        report, scores, folder = joint_report(plan, profile, Path(name).stem, parts)
        show_scores(report.scores, console)
        print(f"report  {write_report(report, scores, into or folder / 'report')}")
    compile_into, given = (
        partial(compile_table_for_cluster, plan, parts, profile),
        {"config": plan.parameters()["config"]},
    )
    if output is not None:
        _write_compiled(compile_into(output), given, output)
    if endpoint is not None:
        submit_compiled(endpoint, compile_into, profile, given, f"{Path(name).stem}-table", experiment)
