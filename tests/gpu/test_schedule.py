"""The schedule: what is needed comes first, what does not fit is left, what is cut or dies is a row that says so."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from ledger import Ledger
from schedule import run_part, wanted
from unit import ONE_AT_A_TIME, Row, Unit

SIZES = {"part": {}}


class Part:
    name, modules, reads_data = "part", (), False


def run(
    units: list[Unit], folder: Path, seconds: float = 30, lanes: Mapping[str, int] = ONE_AT_A_TIME, grace: float = 30
) -> tuple[dict[str, Row], list[str]]:
    ledger = Ledger(folder / "rows.jsonl", SIZES)
    left = run_part(Part(), units, ledger, folder / "logs", time.monotonic() + seconds, lanes, grace)
    return {row.unit: row for row in ledger.of("part")}, [unit.name for unit in left]


def fails() -> dict[str, object]:
    raise ValueError("the third wheel\nand more")


def test_a_unit_runs_after_those_that_it_needs_and_its_prints_are_kept(tmp_path: Path) -> None:
    def make() -> dict[str, object]:
        print("making")
        (tmp_path / "file").write_text("made")
        return {"made": 1}

    units = [
        Unit("reads", 0, lambda: {"read": (tmp_path / "file").read_text()}, needs=("makes",)),
        Unit("makes", 0, make),
    ]
    rows, left = run(units, tmp_path)
    assert rows["reads"].figures == {"read": "made"} and left == []
    assert (tmp_path / "logs" / "makes.log").read_text() == "making\n"


def test_one_that_fails_or_dies_is_named_and_what_needs_it_is_left(tmp_path: Path) -> None:
    units = [
        Unit("fails", 0, fails),
        Unit("dies", 0, lambda: os.kill(os.getpid(), signal.SIGKILL)),  # type: ignore[arg-type, return-value]
        Unit("needs", 0, dict, needs=("fails",)),
        Unit("lives", 0, lambda: {"figure": 2.5}),
    ]
    rows, left = run(units, tmp_path)
    assert rows["fails"].failure == "ValueError: the third wheel"
    assert "status -9" in rows["dies"].failure
    assert rows["lives"].figures == {"figure": 2.5} and left == ["needs"]
    again, _ = run([*units[1:], Unit("fails", 0, lambda: {"mended": 1})], tmp_path)
    assert again["fails"].figures == {"mended": 1} and again["needs"].failure == ""


def test_what_would_end_too_late_is_left_and_what_runs_on_is_cut_with_all_it_started(tmp_path: Path) -> None:
    def sleeps() -> dict[str, object]:
        child = subprocess.Popen(["sleep", "60"])
        (tmp_path / "pid").write_text(str(child.pid))
        time.sleep(60)
        return {}

    units = [Unit("long", 100, dict), Unit("sleeps", 0, sleeps), Unit("short", 0, dict)]
    rows, left = run(units, tmp_path, 1.5, {"": 2})
    assert left == ["long"]
    assert rows["sleeps"].failure.startswith("cut off") and rows["short"].failure == ""
    state = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_lane_runs_as_many_at_once_as_it_may_and_no_lane_waits_for_another(tmp_path: Path) -> None:
    def among(name: str) -> dict[str, object]:
        (tmp_path / name).touch()
        time.sleep(0.3)
        others = sorted(path.name for path in tmp_path.glob("under-way-*"))
        (tmp_path / name).unlink()
        return {"others": others}

    units = [
        Unit(f"{lane} {n}", 0, lambda name=f"under-way-{lane}-{n}": among(name), lane=lane)
        for lane, n in [("one", 0), ("one", 1), ("two", 0), ("two", 1), ("two", 2)]
    ]
    rows, _ = run(units, tmp_path, lanes={"one": 1, "two": 2})
    seen = [Counter(name.split("-")[2] for name in row.figures["others"]) for row in rows.values()]
    assert max(counts["one"] for counts in seen) == 1 and max(counts["two"] for counts in seen) == 2
    assert max(counts.total() for counts in seen) == 3


def test_a_lane_keeps_the_order_of_worth_while_another_makes_what_its_next_unit_needs(tmp_path: Path) -> None:
    def make() -> dict[str, object]:
        time.sleep(0.3)
        return {}

    units = [
        Unit("makes", 0, make, lane="one"),
        Unit("worth more", 0, dict, needs=("makes",), lane="two"),
        Unit("worth less", 0, dict, lane="two"),
        Unit("fails", 0, fails, lane="one"),
        Unit("needs what failed", 0, dict, needs=("fails",), lane="two"),
        Unit("worth least", 0, dict, lane="two"),
    ]
    rows, left = run(units, tmp_path, lanes={"one": 1, "two": 1})
    assert [name for name in rows if name.startswith("worth")] == ["worth more", "worth less", "worth least"]
    assert left == ["needs what failed"]


def test_a_unit_that_hangs_is_cut_off_and_the_next_ones_run(tmp_path: Path) -> None:
    rows, left = run([Unit("hangs", 0.1, lambda: time.sleep(60)), Unit("next", 0, dict)], tmp_path, grace=0.2)  # type: ignore[arg-type, return-value]
    assert rows["hangs"].failure == "cut off: it hung, for it should take 0 s" and rows["hangs"].seconds < 10
    assert rows["next"].failure == "" and left == []


def test_a_lane_that_is_slower_than_planned_starts_nothing_that_it_could_not_end(tmp_path: Path) -> None:
    def slow() -> dict[str, object]:
        time.sleep(0.5)
        return {}

    units = [Unit(f"{lane} {n}", 0.05, slow, lane=lane) for lane in ("", "slow") for n in (0, 1)]
    assert run(units[2:], tmp_path / "slow", 0.9, {"slow": 1})[1] == ["slow 1"]
    rows, left = run(units[:2], tmp_path / "as planned", 0.9, {"": 1})
    assert left == [] and rows[" 1"].failure.startswith("cut off")
    again, _ = run(units[2:], tmp_path / "slow", 30, {"slow": 1})
    assert again["slow 1"].failure == ""


def test_a_done_unit_runs_again_only_where_its_lost_file_is_needed(tmp_path: Path) -> None:
    kept, lost = tmp_path / "kept", tmp_path / "lost"
    kept.touch()
    units = [
        Unit("kept", 0, dict, output=kept),
        Unit("lost", 0, dict, output=lost),
        Unit("lost for good", 0, dict, output=lost),
        Unit("reads kept", 0, dict, needs=("kept",)),
        Unit("reads lost", 0, dict, needs=("lost",)),
        Unit("read it", 0, dict, needs=("lost for good",)),
    ]
    done = {"kept", "lost", "lost for good", "read it"}
    assert [unit.name for unit in wanted(units, done)] == ["lost", "reads kept", "reads lost"]


PROGRAM = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from ledger import Ledger
from schedule import run_part
from unit import Unit

class Part:
    name, modules, reads_data = "part", (), False

folder = Path({folder!r})

def work(number):
    with (folder / "begun").open("a") as file:
        file.write(f"{{number}}\\n")
    time.sleep(0.15)
    return {{"square": number * number}}

units = [Unit(f"unit {{n}}", 0, lambda n=n: work(n)) for n in range(8)]
run_part(Part(), units, Ledger(folder / "rows.jsonl", {{"part": {{}}}}), folder / "logs", time.monotonic() + 60,
         {{"": 1}}, 30)
"""


@pytest.mark.parametrize("killed_at", [(1, 3, 5)])
def test_a_run_killed_at_three_moments_goes_on_behind_its_last_row(tmp_path: Path, killed_at: tuple[int, ...]) -> None:
    program = PROGRAM.format(here=str(Path(__file__).parent), folder=str(tmp_path))
    rows = tmp_path / "rows.jsonl"
    for count in killed_at:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
        while not rows.exists() or len(rows.read_text().splitlines()) < count:
            time.sleep(0.005)
            assert process.poll() is None
        process.kill()
        process.wait()
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    ledger = Ledger(rows, SIZES)
    assert [row.figures["square"] for row in ledger.of("part")] == [n * n for n in range(8)]
    begun = (tmp_path / "begun").read_text().split()
    assert len(ledger.rows) == 8 and len(begun) <= 8 + len(killed_at)


def test_an_interrupt_at_the_moment_of_a_fork_is_heard_and_nothing_runs_on(tmp_path: Path) -> None:
    program = """
import os, signal, sys, time
from pathlib import Path
from test_schedule import Part, Unit, run

def interrupt():
    if not Path("sent").exists():
        Path("sent").touch()
        os.kill(os.getpid(), signal.SIGINT)

os.register_at_fork(before=interrupt)
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    run([Unit("sleeps", 1000, lambda: time.sleep(1000))], Path(), 5000)
except KeyboardInterrupt:
    print("heard")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip
    assert ended.stdout == "heard\n", ended.stderr
