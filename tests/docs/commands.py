"""The `inkling` commands that the README, the docs and the help of the commands print, as a reader would type them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

import inkling
from inkling.pipelines.cli import app

ROOT = Path(inkling.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE, _SPAN = re.compile(r"```bash\n(.*?)```", re.DOTALL), re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMAND = re.compile(r"(?:\.venv/bin/)?inkling (.+)")
_PLACEHOLDER = re.compile(r"[A-Z]+")


class Unknown(ValueError):
    """A command that there is not."""


def group() -> TyperGroup:
    """The command line."""
    found = typer.main.get_command(app)
    assert isinstance(found, TyperGroup)
    return found


def printed() -> dict[str, str]:
    """The arguments of each command that is printed, with where it stands."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text()
        lines = [line for fence in _FENCE.findall(text) for line in fence.splitlines()]
        lines += list(_SPAN.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
        for line in lines:
            if match := _COMMAND.fullmatch(line.split("  #")[0].strip()):
                found.setdefault(match[1], page.name)
    for name, command in every(group()):
        for line in (command.help or "").splitlines():
            if match := _COMMAND.match(line.strip()):
                found.setdefault(re.split(r"\s{3,}", match[1])[0], f"inkling {name} --help")
    return found


def every(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All commands below one, with their names."""
    if isinstance(command, TyperGroup):
        for below, sub in command.commands.items():
            yield from every(sub, f"{name} {below}".strip())
    else:
        yield name, command


def parsed(arguments: list[str]) -> tuple[Any, list[str]]:
    """The command that arguments name, and what is left of them for it.

    Raises:
        Unknown: If there is no such command.
    """
    command: Any = group()
    while isinstance(command, TyperGroup) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        if name not in command.commands:
            raise Unknown(f"no command {name!r} among {', '.join(command.commands)}")
        command = command.commands[name]
    return command, arguments


def filled(printed: str, values: Mapping[str, str]) -> list[str]:
    """The arguments of a printed command with values in place of what it leaves to the reader, such as CORPUS."""
    return [values.get(word, word) if _PLACEHOLDER.fullmatch(word) else word for word in shlex.split(printed)]
