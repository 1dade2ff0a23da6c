"""The plan of the eight minutes: names that tell units apart, and what is worth most within each part's share."""

from pathlib import Path

import pytest
import run
import yaml
from ledger import Ledger
from unit import Part, Unit

SIZES = yaml.safe_load(Path(__file__).with_name("sizes.yaml").read_text())
SECONDS, START = 8 * 60, 40
"""The whole time, and what a cold start may take of it."""
WORTH_MOST = {
    "correct": ["fp32 losses", "the same seed", "killed", "ddp", "fsdp2"],
    "fast": ["fit, compiled, 340M, 12 sequences", "plain, compiled", "compiled loss"],
    "served": ["answers, torch", "340M, bf16"],
}


def units(part: Part, sizes: str) -> list[Unit]:
    return part.units(SIZES[sizes][part.name], Path("data"), Path("work"))


@pytest.mark.parametrize("sizes", ["h100", "rehearsal"])
@pytest.mark.parametrize("part", run.parts(run.PARTS), ids=lambda part: part.name)
def test_units_have_names_of_their_own_and_need_units_that_there_are(part: Part, sizes: str) -> None:
    names = [unit.name for unit in units(part, sizes)]
    assert len(set(names)) == len(names)
    assert {unit.lane for unit in units(part, sizes)} == set(part.lanes)
    assert {need for unit in units(part, sizes) for need in unit.needs} <= set(names)


@pytest.mark.parametrize("part", run.parts(tuple(WORTH_MOST)), ids=lambda part: part.name)
def test_what_is_worth_most_fits_a_parts_share(part: Part) -> None:
    planned = [
        next(unit.seconds for unit in units(part, "h100") if name in unit.name) for name in WORTH_MOST[part.name]
    ]
    shares = SIZES["h100"]["seconds"]
    assert sum(shares.values()) == SECONDS
    assert sum(planned) <= (SECONDS - START) * shares[part.name] / SECONDS


def test_units_whose_modules_lack_another_module_are_skipped_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    (part,) = run.parts(["fast"])
    found, skipped = run._possible(part, units(part, "rehearsal"), {"nemo": "hydra", "lightning": "hydra"})
    assert [unit.name for unit in found] == ["plain, eager, micro, 2 sequences"]
    assert skipped == ["skipped: fit, eager, micro, 2 sequences: this machine and the kit lack hydra"]
    assert skipped[0] in capsys.readouterr().out


def test_the_report_names_what_was_skipped_and_what_was_left(tmp_path: Path) -> None:
    (part,) = run.parts(["fast"])
    none = Ledger(tmp_path / "rows.jsonl", {"fast": {}})
    text = run._report(
        {"date": "today"}, [part], none, {"fast": units(part, "rehearsal")[:1]}, {"fast": ["skipped: x"]}
    )
    assert "- skipped: x\n- left for want of time, the same command goes on: fit, eager, micro, 2 sequences\n" in text
