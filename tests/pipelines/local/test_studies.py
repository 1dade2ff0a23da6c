"""A study on this machine: what fails is tried again, what was killed goes on, and the table is the same."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from inkling.pipelines import profiles
from inkling.pipelines.local import studies
from inkling.pipelines.local.run_workers import RunOutcome, RunTask
from inkling.pipelines.local.studies import LocalStudy, compares, say_failed, show_states
from inkling.pipelines.study.file import Study
from inkling.tests.pipelines.study.test_stored import make

KILLS = 10
COMMAND = [
    sys.executable, "-m", "inkling.pipelines", "study", "interpolation", "--profile", "tiny", "--set", "threads=1",
    "--only", "mixture.recipe=mix6", "--only", "seed=0,1", "--at-once", "1",
]  # fmt: skip
Run = Callable[..., tuple[list[str], str]]


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStudy:
    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    monkeypatch.setenv("INKLING_STORE", "")  # set by the study, and taken back after the test
    (tmp_path / "made").mkdir()
    stated = {"title": "Two mixtures", "source": "s", "axes": {"mixture.recipe": ["mix0", "mix6"], "seed": [0, 1]}}
    return LocalStudy(Study.model_validate(stated), profiles.load("tiny"), "two")


@pytest.fixture
def run(local: LocalStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the study with tasks that put into the store what a run leaves; those that are named fail."""

    def run(*failing: str) -> tuple[list[str], str]:
        tried: list[str] = []

        def finished(
            works: Sequence[RunTask], at_once: int, shown: bool, started: Callable[[RunTask], None]
        ) -> Iterator[RunOutcome]:
            runs = {one.name: one for one in local.plan.runs()}
            for work in works:
                started(work)
                tried.append(work.name)
                if work.name in failing:
                    yield RunOutcome(work, 5.0, "ConfigError: no room\nThe whole log: here")
                else:
                    make(runs[work.name], tmp_path / "made")
                    yield RunOutcome(work, 60.0)

        monkeypatch.setattr(studies, "finished", finished)
        said = io.StringIO()
        states = local.run(Console(file=said, width=200), at_once=1)
        assert say_failed(states, Console(file=said, width=200)) == bool(failing)
        return tried, said.getvalue()

    return run


def test_a_run_that_fails_stops_no_other_and_is_tried_again(local: LocalStudy, run: Run) -> None:
    names = [one.name for one in local.plan.runs()]
    tried, said = run(names[1])
    assert tried == names and [one.done for one in local.states()] == [True, False, True, True]
    assert "4 runs, 0 done before" in said and f"FAILED: {names[1]}: ConfigError: no room" in said
    assert "1 of 4 runs failed" in said and "run 2 of 4: mixture.recipe=mix0, seed=1, about 3:00 left" in said
    assert local.states()[1].state == "failed: ConfigError: no room"
    tried, said = run()
    assert tried == [names[1]] and "4 runs, 3 done before" in said
    assert all(one.done and not one.error for one in local.states())
    assert run()[0] == []


def test_the_status_says_what_is_done_what_failed_and_the_time_left(local: LocalStudy, run: Run) -> None:
    names = [one.name for one in local.plan.runs()]
    run(names[1], names[3])
    said = io.StringIO()
    show_states(local.states(), Console(file=said, width=200))
    assert "2 of 4 runs done, 2 left, about 2:00 one after the other" in said.getvalue()
    assert said.getvalue().count("failed: ConfigError: no room") == 2 and said.getvalue().count(" 1:00") == 2


def test_a_study_is_among_all_once_two_labels_of_each_axis_are_done() -> None:
    axes = {"mixture.recipe": ["mix0"], "adapt.connector": ["mlp", "pool"], "seed": [0, 1]}
    study = Study.model_validate({"title": "t", "source": "s", "axes": axes, "baseline": {"no_pretraining": True}})
    baseline = {"labels": {"mixture.recipe": "no pretraining", "adapt.connector": "mlp"}}
    groups = [{"labels": {"mixture.recipe": "mix0", "adapt.connector": "mlp"}}, baseline]
    assert not compares(study, {"groups": groups, "contrasts": [{}]})
    groups.append({"labels": {"mixture.recipe": "mix0", "adapt.connector": "pool"}})
    assert compares(study, {"groups": groups, "contrasts": [{}]})
    assert not compares(study, {"groups": groups, "contrasts": []})


def test_what_other_code_made_counts_where_it_is_asked_for(
    local: LocalStudy, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr("inkling.components.shared.store.provenance.stage_code", lambda stage, plugins: "other")
    study = local.plan.study
    assert not any(one.done for one in local.states())
    assert all(one.done for one in LocalStudy(study, profiles.load("tiny"), "two", any_code=True).states())
    other = profiles.load("tiny", ["adapt.seed=9"])
    assert not any(one.done for one in LocalStudy(study, other, "two", any_code=True).states())
    make(local.plan.runs()[0], tmp_path / "made", stages=6)  # of other bytes, and not yet adapted
    assert all(one.done for one in LocalStudy(study, profiles.load("tiny"), "two", any_code=True).states())


def finish(home: Path, kills: int = 0) -> dict[str, Any]:
    """Runs the command until it ends by itself, after so many kills; gives the table and the digests of its files."""
    chance = random.Random(0)
    environment = {**os.environ, "INKLING_HOME": str(home), "OMP_NUM_THREADS": "1"}
    for _ in range(kills):
        process = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(6, 16))
        assert process.poll() is None, "it ended before it was killed ten times"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    folder = home / "studies" / "interpolation"
    manifest = json.loads((folder / "table" / "scores" / "manifest.json").read_text())
    return {"csv": (folder / "report" / "interpolation.csv").read_text(), "files": manifest["files"]}


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.data
def test_a_study_killed_ten_times_ends_with_the_same_tables(tmp_path: Path) -> None:
    killed = finish(tmp_path / "killed", KILLS)
    assert killed == finish(tmp_path / "whole")
