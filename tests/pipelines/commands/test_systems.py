"""`inkling systems` prints every system, and docs/systems.md holds what it prints."""

from pathlib import Path

from typer.testing import CliRunner

import inkling
from inkling.pipelines.cli import app

PAGE = Path(inkling.__file__).parent / "docs" / "systems.md"


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["systems", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_holds_the_table_as_it_is_printed() -> None:
    table = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert table == printed("--markdown").splitlines(), f"put the output of `inkling systems --markdown` into {PAGE}"


def test_every_system_is_on_the_screen_with_what_is_not_reproduced() -> None:
    shown = "".join(printed().split())
    for line in printed("--markdown").splitlines()[2:]:
        name, _, plugin, *_, left_out = (cell.strip(" `") for cell in line.strip("|").split(" | "))
        assert "".join(f"{name}: {left_out}".split()) in shown
        assert "".join(plugin.split()) in shown
