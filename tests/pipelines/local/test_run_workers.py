"""Processes that do the runs of a study: one that fails or dies takes its own run with it, and no other."""

import os
import tempfile
from pathlib import Path

import pytest
from kfp import compiler, dsl

from inkling.pipelines.local.run_workers import RunOutcome, RunTask, finished


@dsl.component(install_kfp_package=False)
def behave(how: str) -> None:
    import os
    import signal

    if how == "fail":
        raise ValueError("this run is to fail")
    if how == "kill":
        os.kill(int(os.environ["INKLING_RUNNER"]), signal.SIGKILL)
    if how == "alone" and os.environ["OMP_NUM_THREADS"] != "1":
        raise ValueError("this run is to leave the other cores to the others")


@dsl.pipeline(name="behave")
def pipeline(how: str) -> None:
    behave(how=how)


def test_a_worker_starts_where_the_tasks_keep_their_files_in_a_deep_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    tempfile.gettempdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    compiler.Compiler().compile(pipeline, str(tmp_path / "pipeline.yaml"))
    (tmp_path / "run").mkdir()
    work = RunTask("well", tmp_path / "run", tmp_path / "pipeline.yaml", {"how": "well"})
    (found,) = finished([work], 1, False, warm=["pretrain"])
    assert found.error == ""


def test_numpy_keeps_to_a_run_s_share_of_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    compiler.Compiler().compile(pipeline, str(tmp_path / "pipeline.yaml"))
    (tmp_path / "run").mkdir()
    work = RunTask("alone", tmp_path / "run", tmp_path / "pipeline.yaml", {"how": "alone"})
    (found,) = finished([work], len(os.sched_getaffinity(0)), False, warm=())
    assert found.error == ""


@pytest.mark.parametrize("at_once", [1, 2])
def test_runs_that_fail_or_die_stop_no_other(at_once: int, tmp_path: Path) -> None:
    compiler.Compiler().compile(pipeline, str(tmp_path / "pipeline.yaml"))
    works = []
    for number, how in enumerate(("fail", "kill", "well")):
        (tmp_path / f"{number}").mkdir()
        works.append(RunTask(how, tmp_path / f"{number}", tmp_path / "pipeline.yaml", {"how": how}))
    begun: list[RunTask] = []
    found: dict[str, RunOutcome] = {
        one.work.name: one for one in finished(works, at_once, False, started=begun.append, warm=())
    }
    assert begun == works and set(found) == {"fail", "kill", "well"}
    assert "this run is to fail" in found["fail"].error
    assert "was it killed" in found["kill"].error
    assert found["well"].error == "" and found["well"].seconds > 0
    assert "Executing task" in (tmp_path / "0" / "log.txt").read_text()
