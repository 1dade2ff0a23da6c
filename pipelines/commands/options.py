"""Options that several commands share, so that they are called and explained alike."""

from typing import Annotated

import typer

Profile = Annotated[
    str, typer.Option("--profile", "-p", help="A shipped profile (tiny, laptop, gpu, cluster) or a YAML file.")
]
Overrides = Annotated[list[str], typer.Option("--set", "-s", help="Replace a setting: stage.key=value. Repeatable.")]
