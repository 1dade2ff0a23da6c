"""Options that several commands share, so that they are called and explained alike."""

from typing import Annotated

import typer

Profile = Annotated[
    str, typer.Option("--profile", "-p", help="A shipped profile (tiny, laptop, gpu, cluster) or a YAML file.")
]
Overrides = Annotated[list[str], typer.Option("--set", "-s", help="Replace a setting: stage.key=value. Repeatable.")]
Port = Annotated[int, typer.Option(help="Port of the server.", min=1, max=65535)]
Url = Annotated[
    str | None,
    typer.Option(help="Address of a server, such as https://inkling.example.org, in place of this machine's."),
]
Token = Annotated[
    str | None,
    typer.Option(
        envvar="INKLING_TOKEN", help="The bearer token that the server wants; in the environment no `ps` shows it."
    ),
]


def address(url: str | None, port: int) -> str:
    """A server's address: the one that was given, or a port of this machine."""
    return url.rstrip("/") if url else f"http://127.0.0.1:{port}"
