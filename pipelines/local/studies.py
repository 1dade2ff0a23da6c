"""A study on this machine: a pipeline a run, some at a time; one that fails stops no other; resumed from the store.

The folder of a study, `studies/NAME` beside the store, keeps what became of each run (`runs.json`), the log of each and
the table of what is done so far. Whether a run is done is asked of the store: it counts wherever it was made.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from inkling.components.artifacts.scores import Scores
from inkling.components.compare.config import SEED
from inkling.components.compare.report.content import RunRow, StudyReport
from inkling.components.compare.report.export import report_of, write_index, write_report
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.launch.placement import PlacementConfig, unmet
from inkling.components.shared.report.screen import plain_table, show
from inkling.components.shared.runtime.progress import clock
from inkling.models.strict_json import to_json
from inkling.pipelines.ir import compile_run
from inkling.pipelines.local.run import home, temporary_files, use_store
from inkling.pipelines.local.run_workers import RunOutcome, RunTask, finished
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.file import Study
from inkling.pipelines.study.gather import gather
from inkling.pipelines.study.one_run import parameters
from inkling.pipelines.study.plan import StudyPlan, StudyRun
from inkling.pipelines.study.stored import StudyStore

RUNS = "runs.json"


@dataclass(frozen=True)
class StudyRunState:
    """How a run stands.

    Attributes:
        run: The run.
        answers: Digest of its answers; empty where they are not in the store.
        seconds: How long it took here; None where it was not made here, or not yet.
        error: Why its last try failed; empty if it did not, or is done.
    """

    run: StudyRun
    answers: str
    seconds: float | None
    error: str

    @property
    def done(self) -> bool:
        """Whether all its questions are answered."""
        return bool(self.answers)

    @property
    def state(self) -> str:
        """How it stands, in words."""
        return "done" if self.done else f"failed: {self.error.splitlines()[0]}" if self.error else "to do"


class LocalStudy:
    """A study and its folder."""

    def __init__(self, study: Study, profile: str, name: str, any_code: bool = False) -> None:
        """Plans it.

        Args:
            study: The study.
            profile: The checked profile, as YAML text; it sets the sizes of the stages.
            name: Name of the study, for its folder.
            any_code: Whether runs count too that other code made of the same settings.

        Raises:
            ConfigError: If a run cannot be made from the profile.
        """
        use_store()
        self._name, self._any_code = name, any_code
        self.plan = StudyPlan.of(study, profile)
        self.folder = home() / "studies" / name
        self._profile = profile

    def states(self) -> list[StudyRunState]:
        """How each run stands."""
        found, kept = self._store(), self._kept()
        states = []
        for run in self.plan.runs():
            stored, own = found.look(run), kept.get(_key(run), {})
            answers = stored.made["answers"].digest if stored.done else ""
            states.append(StudyRunState(run, answers, own.get("seconds"), "" if stored.done else own.get("error", "")))
        return states

    def run(self, console: Console, at_once: int | None = None) -> list[StudyRunState]:
        """Does the runs that are not in the store, those too that failed before, and says how each then stands.

        Args:
            console: Where progress is shown.
            at_once: Runs under way at the same time; as many as have their threads' cores if None.
        """
        states = self.states()
        waiting = [state.run for state in states if not state.done]
        side_by_side = min(at_once or cores() // PretrainConfig.parse(self._profile).threads or 1, len(waiting) or 1)
        study = self.plan.study
        console.print(
            f"{study.title} ({study.source}): {len(states)} runs, {len(states) - len(waiting)} done before, "
            f"{side_by_side} at a time",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        for line in unmet(PlacementConfig.parse(self._profile)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        if waiting:
            self._work(waiting, side_by_side, console)
        return self.states()

    def scores(self) -> Scores | None:
        """The table of the runs that are done; None where none is."""
        gathered = self.folder / "table"
        shutil.rmtree(gathered, ignore_errors=True)
        return gather(self.plan, self._store().look, gathered)

    def report(self, scores: Scores) -> StudyReport:
        """What the report of the runs that are done says.

        Args:
            scores: Their table.
        """
        rows = [RunRow(one.run.name, one.state, one.seconds, one.answers) for one in self.states()]
        return report_of(self._name, self.plan.study.comparison(), self._profile, scores, rows)

    def _store(self) -> StudyStore:
        return StudyStore(self.plan, self._any_code)

    def _work(self, waiting: list[StudyRun], at_once: int, console: Console) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        pipeline = self.folder / "pipeline.yaml"
        compile_run(pipeline, self.plan.suites, self.plan.probed)
        works = [RunTask(run.name, self.folder / "runs" / _key(run), pipeline, parameters(run)) for run in waiting]
        taken: list[float] = []
        say = partial(console.print, highlight=False, markup=False, soft_wrap=True)

        def started(work: RunTask) -> None:
            shutil.rmtree(work.folder, ignore_errors=True)
            work.folder.mkdir(parents=True)
            left = f", about {clock(_left(taken, len(works), at_once))} left" if taken else ""
            say(f"run {works.index(work) + 1} of {len(works)}: {work.name}{left}")

        with _temporary(self.folder):
            for outcome in finished(works, at_once, console.is_terminal and at_once == 1, started):
                self._keep(outcome)
                if outcome.error:
                    say(f"FAILED: {outcome.work.name}: {outcome.error}")
                else:
                    taken.append(outcome.seconds)
                    shutil.rmtree(outcome.work.folder / "tasks", ignore_errors=True)
                    say(f"done in {clock(outcome.seconds)}: {outcome.work.name}")

    def _kept(self) -> dict[str, Mapping[str, Any]]:
        """What became of the runs that were tried here, by their keys."""
        try:
            kept: dict[str, Mapping[str, Any]] = json.loads((self.folder / RUNS).read_text())
        except FileNotFoundError:
            return {}
        return kept

    def _keep(self, outcome: RunOutcome) -> None:
        key = outcome.work.folder.name
        kept = {**self._kept(), key: {"run": outcome.work.name, "seconds": outcome.seconds, "error": outcome.error}}
        partial = self.folder / f".{RUNS}"
        partial.write_text(to_json(kept, indent=2) + "\n")
        partial.rename(self.folder / RUNS)


def report_all(profile: str, overrides: Iterable[str], folder: Path | None, any_code: bool, console: Console) -> None:
    """Writes the reports of all shipped studies that compare something so far, and the page of all.

    Args:
        profile: Name of the profile.
        overrides: Settings of the user's.
        folder: Where they go; beside the studies if None.
        any_code: Whether runs count too that other code made of the same settings.
        console: Where their paths are printed.
    """
    place = folder or home() / "studies" / "reports"
    given = list(overrides)
    reports, deciding = [], dict[str, str]()
    for name in study_file.names():
        study = study_file.load(name)
        deciding |= dict.fromkeys(study.claims, name)
        local = LocalStudy(study, study.profile(profile, given), name, any_code)
        if (scores := local.scores()) is not None and compares(study, scores.scores()):
            reports.append(local.report(scores))
            console.print(f"report  {write_report(reports[-1], scores, place)}", highlight=False, soft_wrap=True)
    console.print(f"all     {write_index(reports, deciding, place)}", highlight=False, soft_wrap=True)


def compares(study: Study, scores: Mapping[str, Any]) -> bool:
    """Whether a contrast can be told, and of every axis that the study varies two labels are done, the seeds aside."""
    done = {axis: {group["labels"].get(axis) for group in scores["groups"]} for axis in study.axes}
    varied = (axis for axis, values in study.axes.items() if axis != SEED and len(values) > 1)
    return bool(scores["contrasts"]) and all(len(done[axis]) > 1 for axis in varied)


def say_failed(states: list[StudyRunState], console: Console) -> bool:
    """Says which runs failed, if any did, and that the same command tries them again; whether any did."""
    failed = [state for state in states if state.error]
    if failed:
        console.print(
            f"{len(failed)} of {len(states)} runs failed; the table is of the others, and the same command tries these "
            f"again: {'; '.join(state.run.name for state in failed)}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    return bool(failed)


def show_states(states: list[StudyRunState], console: Console) -> None:
    """Prints how each run stands, and how long those left take at the speed of those that were made here."""
    table = plain_table("run", "state", "took")
    for state in states:
        table.add_row(state.run.name, state.state, clock(state.seconds) if state.seconds and state.done else "")
    show(table, console)
    waiting = sum(not state.done for state in states)
    taken = [state.seconds for state in states if state.done and state.seconds]
    left = f", about {clock(_left(taken, waiting + len(taken), 1))} one after the other" if taken and waiting else ""
    console.print(f"{len(states) - waiting} of {len(states)} runs done, {waiting} left{left}", highlight=False)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _left(taken: list[float], runs: int, at_once: int) -> float:
    """Seconds until the last of the runs ends, at the mean of those that did."""
    return sum(taken) / len(taken) * (runs - len(taken)) / at_once


def _key(run: StudyRun) -> str:
    """A name for a run's folder: its labels, as far as a file's name can hold them, and its settings' digest."""
    from inkling.components.shared.store.manifest import digest_of

    words = "".join(letter if letter.isalnum() else "-" for letter in "-".join(run.labels.values()))
    return f"{words[:60]}-{digest_of(parameters(run))[:8]}"


@contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    """Temporary files of the runs, in a folder of this process alone, which is removed at the end."""
    for left in folder.glob("tmp-*"):
        if not Path(f"/proc/{left.name.removeprefix('tmp-')}").exists():
            shutil.rmtree(left, ignore_errors=True)
    with temporary_files(folder / f"tmp-{os.getpid()}"):
        yield
