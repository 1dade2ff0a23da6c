"""`inkling systems` prints every system, and docs/systems.md holds what it prints."""

import json
from pathlib import Path

from typer.testing import CliRunner

import inkling
from inkling.components.artifacts.scores import SCORES, Scores
from inkling.components.shared.store.manifest import Manifest, Provenance
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


def test_what_a_study_found_of_its_systems_is_listed(tmp_path: Path) -> None:
    seen = {"visual": {"value": 0.021, "low": 0.004, "high": 0.038}}
    contrasts = [
        {"first": name, "second": "control", "suites": {"scenes": seen}} for name in ("Marten", "no system of ours")
    ]
    table = tmp_path / "table" / "scores"
    table.mkdir(parents=True)
    (table / SCORES).write_text(json.dumps({"contrasts": contrasts}))
    nobody = Provenance("test", "key", "code", {}, {}, {})
    Manifest.describe(table, Scores.type, Scores.schema, nobody).write(table)
    lines = printed("--study", str(table)).splitlines()
    (row,) = (line for line in lines if "Marten" in line)
    assert row.split()[-2:] == ["-", "control"], "who made the runs did not keep how long they took"
    tried = ((0, 200.0, ""), (1, 220.0, ""), (2, 3.0, "killed"))
    runs = {seed: {"run": f"adapt.phases=Marten, seed={seed}", "seconds": s, "error": e} for seed, s, e in tried}
    (tmp_path / "runs.json").write_text(json.dumps(runs))
    lines = printed("--study", str(table)).splitlines()
    (row,) = (line for line in lines if "Marten" in line)
    assert all(word in row for word in ("marten", "+2.1 [+0.4, +3.8]", "supported", " 210 ", "control"))
    assert not any("no system" in line or "Q-Former" in line for line in lines)
