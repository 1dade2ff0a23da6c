"""Tasks in containers: what a task may do there, how its end is told, and that none outlives its run."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kfp import dsl, local
from rich.console import Console

import inkling
from inkling.components.shared.config import ConfigError
from inkling.pipelines import profiles
from inkling.pipelines.local import containers, run

IMAGE = f"inkling/train-cpu:{inkling.__version__}"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def look(finding: dsl.OutputPath(str)) -> None:  # type: ignore[valid-type]
    """What a task sees of its container."""
    import json
    import os
    import socket
    from pathlib import Path

    def refused(action) -> str:  # type: ignore[no-untyped-def]
        try:
            action()
        except OSError as error:
            return type(error).__name__
        return "allowed"

    found = {
        "user": os.getuid(),
        "root": refused(lambda: Path("/etc/mark").write_text("")),
        "network": refused(lambda: socket.create_connection(("192.0.2.1", 80), timeout=2)),
        "environment": os.environ["MARK"],
    }
    Path(finding).write_text(json.dumps(found))


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def end(status: int) -> None:
    """Ends at once, with an exit status."""
    import os

    print("ends now", flush=True)
    os._exit(status)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def sleep() -> None:
    """A stage at work."""
    import time

    from inkling.components.shared.runtime.watchdog import end_with_parent

    end_with_parent()
    time.sleep(600)


SLEEPER = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from kfp import local
from inkling.pipelines.local.containers import container_tasks
from test_containers import IMAGE, sleep
home = Path(sys.argv[1])
with container_tasks(home, [home / "tasks"], [IMAGE], {{}}) as runner:
    local.init(runner, pipeline_root=str(home / "tasks"))
    sleep()
"""


def _containers(home: Path) -> list[str]:
    command = ["docker", "ps", "--all", "--quiet", "--filter", f"label={containers.LABEL}={home}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[None]:
    """The guarded runner, where a daemon has the image."""
    try:
        with containers.container_tasks(tmp_path, [tmp_path / "tasks"], [IMAGE], {"MARK": "seen"}) as chosen:
            tmp_path.chmod(0o755)
            local.init(chosen, pipeline_root=str(tmp_path / "tasks"))
            yield
    except containers.ContainerError as error:
        pytest.skip(str(error))


def test_a_missing_daemon_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with (
        pytest.raises(containers.ContainerError, match="run without --containers"),
        containers.container_tasks(tmp_path, [], [IMAGE], {}),
    ):
        pass


def test_a_home_that_tasks_cannot_enter_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers.os, "getuid", lambda: 0)
    home = Path("/root/project/.inkling")
    with (
        pytest.raises(containers.ContainerError, match="set INKLING_HOME to a directory elsewhere"),
        containers.container_tasks(home, [home / "store"], [IMAGE], {}),
    ):
        pass


def test_what_settings_name_is_read_in_containers_at_the_same_place_or_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / "home"))
    Path("questions.jsonl").write_text('{"question": "?"}\n')
    whole = profiles.load("tiny", [f"corpus.benchmarks=[{tmp_path}/questions.jsonl]"])
    assert run._data(whole) == [tmp_path]
    short = profiles.load("tiny", ["corpus.benchmarks=[questions.jsonl]"])
    with pytest.raises(ConfigError, match=r"corpus\.benchmarks: tasks in containers need the whole path"):
        run.run(short, "tiny", Console(), containers=True)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("digests", "identity"),
    [(["registry/train@sha256:1", "mirror/train@sha256:1"], "registry/train@sha256:1"), ([], "sha256:2")],
)
def test_a_task_is_told_what_its_image_can_be_had_by(digests: list[str], identity: str) -> None:
    class Stopped(Exception): ...

    class Client:
        images = containers = property(lambda self: self)

        def get(self, name: str) -> SimpleNamespace:
            return SimpleNamespace(attrs={"RepoDigests": digests}, id="sha256:2")

        def create(self, image: str, command: list[str], **settings: Any) -> None:
            assert settings["environment"] == {"MARK": "seen", "INKLING_IMAGE": identity}
            raise Stopped

    with pytest.raises(Stopped):
        containers._run(Client(), IMAGE, ["true"], None, environment={"MARK": "seen"})  # type: ignore[arg-type]


@pytest.mark.containers
@pytest.mark.usefixtures("runner")
def test_an_image_that_is_not_built_is_named_with_how_to_build_it(tmp_path: Path) -> None:
    with (
        pytest.raises(containers.ContainerError, match="make image TARGET=absent"),
        containers.container_tasks(tmp_path, [], ["inkling/absent:1"], {}),
    ):
        pass


@pytest.mark.containers
@pytest.mark.usefixtures("runner")
def test_a_task_is_nobody_and_can_write_and_reach_nothing_else() -> None:
    import json

    found = json.loads(look().outputs["finding"])
    assert found["user"] != 0
    assert found["root"] in ("PermissionError", "OSError")
    assert found["network"] == "OSError"
    assert found["environment"] == "seen"


@pytest.mark.containers
@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("status", [1, 7, 137])
def test_a_task_that_fails_at_once_is_never_called_a_success(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError):
        end(status=status)
    assert "ends now" in capsys.readouterr().out


@pytest.mark.containers
@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_no_container_outlives_its_run(blow: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not _containers(tmp_path):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(5)
    process.send_signal(blow)
    process.wait()
    while _containers(tmp_path):
        assert time.monotonic() < deadline, "a container is still there"
        time.sleep(0.1)
