"""`inkling suites`: which suites of questions there are, where each comes from, and what it was tried on."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from inkling.components.artifacts.suite import Suite, load_suite, shipped_suites
from inkling.components.shared.report.screen import plain_table, show

app = typer.Typer(no_args_is_help=True, help="The suites of questions: what there is and where it comes from.")


@app.command("list")
def list_suites() -> None:
    """Prints every shipped suite: questions, metric, licence, what it was tried on, and where its data are published.

    Example: inkling suites list
    """
    console = Console(file=sys.stdout)
    table = plain_table("suite", "title", "metric", "licence", "tried on", "published at", "questions", text=6)
    for column in table.columns:
        column.overflow = "fold"
    for name in shipped_suites():
        suite = load_suite(name)
        table.add_row(
            name, suite.title, suite.metric.type, suite.licence, _tried(suite), _place(suite), _questions(suite)
        )
    show(table, console)
    console.print(
        "Data that are not rendered are yours to bring; `inkling suites describe NAME` says how.", highlight=False
    )


@app.command("describe")
def describe_suite(
    name: Annotated[str, typer.Argument(help="A shipped suite, or a YAML file of one.")],
) -> None:
    """Prints what a suite asks, how it is read and scored, and how to have a model asked it.

    Examples:
        inkling suites describe mme

        inkling suites describe ./mine.yaml
    """
    suite = load_suite(name)
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in _account(suite).items():
        table.add_row(key, value)
    Console(file=sys.stdout).print(table, highlight=False, markup=False)
    used = f"{{suite: {name}, data: FILE}}" if suite.data and name in shipped_suites() else name
    print(f"\ninkling run --set 'suites.read=[scenes, {used}]'")


@app.command("build-existence")
def build_existence_suite(
    annotations: Annotated[
        Path, typer.Argument(help="COCO-style JSON, or a Questions or Conversations artifact of rendered scenes.")
    ],
    images: Annotated[Path | None, typer.Option(help="Folder of the pictures that a JSON file names.")] = None,
    output: Annotated[Path, typer.Option(help="The Parquet file that is written.")] = Path("existence.parquet"),
    seed: Annotated[int, typer.Option(min=0, help="Draws pictures, things and distractors.")] = 0,
    smallest: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the pixels from which a thing is asked about.")
    ] = 0.01,
    per_bucket: Annotated[int | None, typer.Option(min=1, help="Things of each size bucket, at most.")] = None,
    synonyms: Annotated[
        Path | None, typer.Option(help="JSON: lists of classes that mean the same, never asked against each other.")
    ] = None,
) -> None:
    """Makes Multi-Level Existence questions of any masks: small, medium and large things, four choices and yes or no.

    Every object of a class must be annotated: what has no mask in a picture counts as absent from it.

    Examples:
        inkling suites build-existence instances_val2017.json --images val2017 --output existence.parquet

        inkling suites build-existence masks.json --images photos --synonyms same.json --per-bucket 500

        inkling run --set 'suites.read=[scenes, {suite: existence, data: ./existence.parquet}]'
    """
    from inkling.components.suites.existence.build import build_existence, read_synonyms

    groups = read_synonyms(synonyms) if synonyms else []
    built = build_existence(annotations, images, output, seed, smallest, per_bucket, groups)
    table = plain_table("category", "small", "medium", "large")
    for category in sorted({name for name, _ in built.questions}):
        counts = [built.questions[category, bucket] for bucket in ("small", "medium", "large")]
        table.add_row(category, *(f"{count:,}" for count in counts))
    console = Console(file=sys.stdout)
    show(table, console)
    console.print(
        f"{output}: one thing in each of {built.pictures:,} pictures; {built.left_out:,} left out. Who knows only how "
        f"often each word is right has {built.guesser:.1%} of the four-choice questions; chance is 25 %.",
        highlight=False, markup=False,
    )  # fmt: skip


def _account(suite: Suite) -> dict[str, str]:
    """What is known of a suite, a line each; nothing that is empty."""
    left_out = [*suite.leave_out, *(f"longer than {suite.max_words} words" for _ in range(suite.max_words is not None))]
    found = {
        "title": f"{suite.title}, version {suite.version}",
        "source": suite.source,
        "licence": suite.licence,
        "published at": str(suite.hub or ""),
        "size": _questions(suite),
        "data": ", ".join(suite.data) or f"the artifact {suite.artifact}",
        "data here": "" if suite.artifact else ", ".join(map(str, _here(suite))) or "none yet",
        "tried on": _tried(suite),
        "prompt": suite.prompt,
        "metric": ", ".join(f"{key} {value}" for key, value in suite.metric.model_dump().items()).removeprefix("type "),
        "choices": _choices(suite),
        "left out": ", ".join(left_out),
        "headline": f"{suite.headline.label}; {suite.headline.mean} weigh alike",
        "categories": "\n".join(f"{one.name}: {one.description}" for one in suite.categories),
        "not tested": " ".join(suite.report.untested),
    }
    return {key: value for key, value in found.items() if value}


def _choices(suite: Suite) -> str:
    """Where the choices of a suite's questions stand."""
    if suite.artifact:
        return ""
    if suite.choices:
        return ", ".join(suite.choices)
    columns = suite.columns
    if columns is None or not columns.choices:
        return "none: open questions"
    named = columns.choices if isinstance(columns.choices, str) else ", ".join(columns.choices)
    return f"column {named}" + ("; rows without any are open questions" if suite.open else "")


def _here(suite: Suite) -> list[Path]:
    """The files of a suite's data that lie where it says."""
    found = [path for pattern in suite.data for path in Path("/").glob(pattern.lstrip("/"))]
    return sorted(path for path in found if path.is_file())


def _place(suite: Suite) -> str:
    """Where a suite's data come from, and the first digits of the commit that is read."""
    if suite.hub is None:
        return suite.source
    revision = suite.hub.revision
    return f"{suite.hub.repository} @ {revision if revision == 'unpinned' else revision[:7]}"


def _questions(suite: Suite) -> str:
    if suite.size is None:
        return "as rendered" if suite.artifact else "not stated"
    images = f" about {suite.size.images:,} images" if suite.size.images else ""
    return f"{suite.size.questions:,}{images}"


def _tried(suite: Suite) -> str:
    return suite.tried or ("what each run renders" if suite.artifact else "nothing")
