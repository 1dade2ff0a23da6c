"""Processes that do the runs of a study: one that fails or dies takes its own run with it, and no other."""

from pathlib import Path

import pytest
from kfp import compiler, dsl

from inkling.pipelines.local.run_workers import RunOutcome, RunTask, finished


@dsl.component(install_kfp_package=False)
def behave(how: str) -> None:
    import os
    import signal

    if how == "fail":
        raise ValueError("the run was told to fail")
    if how == "kill":
        os.kill(int(os.environ["INKLING_RUNNER"]), signal.SIGKILL)


@dsl.pipeline(name="behave")
def pipeline(how: str) -> None:
    behave(how=how)


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
    assert "the run was told to fail" in found["fail"].error
    assert "was it killed" in found["kill"].error
    assert found["well"].error == "" and found["well"].seconds > 0
    assert "Executing task" in (tmp_path / "0" / "log.txt").read_text()
