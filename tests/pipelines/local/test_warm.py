"""Forked tasks: what kfp.local sees of them is what it sees of tasks with an interpreter of their own."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from kfp import dsl, local
from kfp.local import subprocess_task_handler

from inkling.pipelines.local import warm


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def evaluate(folder: str, fail: bool) -> str:
    """A component of a name that is forked."""
    import os
    import sys
    from pathlib import Path

    if fail:
        raise ValueError("refused")
    print("said on stdout")
    print("said on stderr", file=sys.stderr)
    Path(folder, "warm").write_text(str("colorsys" in sys.modules))
    Path(folder, "cwd").write_text(str(Path.cwd()))
    return str(os.getpid())


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def adapt(folder: str) -> None:
    """A component that would take long."""
    import os
    import time
    from pathlib import Path

    Path(folder, "process").write_text(str(os.getpid()))
    time.sleep(600)


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def analyze(folder: str) -> None:
    """A component of a name that is not forked."""
    import sys
    from pathlib import Path

    Path(folder, "cold").write_text(str("colorsys" in sys.modules))


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def mixture(folder: str, name: str) -> None:
    """A component that is forked when the server has its imports."""
    import sys
    from pathlib import Path

    Path(folder, name).write_text(str("colorsys" in sys.modules))


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_PRELOAD", "colorsys")
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))


@pytest.mark.usefixtures("runner")
def test_a_task_runs_in_a_fork_of_the_process_that_has_imported(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with warm.warm_tasks({"evaluate"}):
        task = evaluate(folder=str(tmp_path), fail=False)
        analyze(folder=str(tmp_path))
    assert int(task.output) != os.getpid()
    assert (tmp_path / "warm").read_text() == "True"
    assert (tmp_path / "cold").read_text() == "False"
    assert (tmp_path / "cwd").read_text() == str(Path.cwd())
    printed = capfd.readouterr().out
    assert "said on stdout" in printed
    assert "said on stderr" in printed


@pytest.mark.usefixtures("runner")
def test_a_task_without_frameworks_does_not_wait_for_their_import_and_is_forked_after_it(tmp_path: Path) -> None:
    with warm.warm_tasks({"evaluate"}):
        mixture(folder=str(tmp_path), name="before")
        evaluate(folder=str(tmp_path), fail=False)
        mixture(folder=str(tmp_path), name="after")
    assert (tmp_path / "before").read_text() == "False"
    assert (tmp_path / "after").read_text() == "True"


@pytest.mark.usefixtures("runner")
def test_a_task_that_fails_fails_the_run_and_its_message_is_seen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with warm.warm_tasks({"evaluate"}), pytest.raises(RuntimeError):
        evaluate(folder=str(tmp_path), fail=True)
    assert "ValueError: refused" in capfd.readouterr().out


@pytest.mark.usefixtures("runner")
def test_an_interrupted_run_leaves_no_task_behind(tmp_path: Path) -> None:
    process = tmp_path / "process"

    def interrupt() -> None:
        while not process.exists() or not process.read_text():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with warm.warm_tasks({"adapt"}), pytest.raises(KeyboardInterrupt):
            adapt(folder=str(tmp_path))
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(process.read_text()), 0)


def test_nothing_is_imported_where_no_such_stage_has_work() -> None:
    before = subprocess_task_handler.run_local_subprocess
    with warm.warm_tasks({"corpus", "analyze"}):
        assert subprocess_task_handler.run_local_subprocess is before


def test_what_is_forked_is_a_stage_of_the_pipeline() -> None:
    from inkling.pipelines.visual_prior import visual_prior

    found = set(visual_prior(optional={"label", "suites", "probe"}).pipeline_spec.components)
    assert {f"comp-{name}" for name in warm._STAGES | warm._LIGHT} <= found


def test_the_runner_of_kfp_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_PRELOAD", "colorsys")
    before = subprocess_task_handler.run_local_subprocess
    with warm.warm_tasks({"evaluate"}):
        assert subprocess_task_handler.run_local_subprocess is not before
    assert subprocess_task_handler.run_local_subprocess is before
