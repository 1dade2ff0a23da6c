"""The whole pipeline in containers: the bytes of a run in processes, a service of its bundle, a stage that fails."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import inkling
from inkling.components.shared.store.manifest import Manifest
from inkling.pipelines.local.containers import LABEL, ContainerError, container_tasks
from inkling.pipelines.local.run import Run

pytestmark = [pytest.mark.containers, pytest.mark.soak, pytest.mark.slow, pytest.mark.data]
IMAGES = [f"inkling/{target}:{inkling.__version__}" for target in ("train-cpu", "serve")]
RUN = [sys.executable, "-m", "inkling.pipelines", "run", "--profile", "tiny", "--set", "threads=1"]
# As manifests/components/serving asks for it: no network but the loopback, nothing to write to but scratch.
SERVED = ["--detach", "--network=none", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"]
SERVED += ["--security-opt=no-new-privileges", "--health-interval=1s"]
READY_SECONDS = 120


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the pipeline ran, in processes and in containers."""
    base = tmp_path_factory.mktemp("homes")
    try:
        with container_tasks(base, [], IMAGES, {}):
            pass
    except ContainerError as error:
        pytest.skip(str(error))
    made = {}
    for name, options in (("processes", []), ("containers", ["--containers"])):
        made[name] = base / name
        made[name].mkdir()
        started = run(made[name], *options)
        assert started.returncode == 0, started.stdout
    return made


def run(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "INKLING_HOME": str(home)}
    command = [*RUN, *options]
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def digests(home: Path) -> dict[str, str]:
    """Content digest of every artifact of the latest run, by task and output."""
    outputs = Run.read(home / "runs" / "latest").outputs
    return {
        f"{task}/{name}": Manifest.read(Path(path)).digest for task in outputs for name, path in outputs[task].items()
    }


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_containers_make_the_bytes_of_processes(homes: dict[str, Path]) -> None:
    assert digests(homes["containers"]) == digests(homes["processes"])


def test_no_container_is_left(homes: dict[str, Path]) -> None:
    assert docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={homes['containers']}") == ""


@pytest.fixture(scope="module")
def service(homes: dict[str, Path]) -> Iterator[str]:
    """A container that serves the bundle of the run in containers, ready to answer."""
    outputs = Run.read(homes["containers"] / "runs" / "latest").outputs
    exam = {"questions": outputs["scenes"]["questions"], "answers": outputs["evaluate"]["answers"]}
    mounts = {"/mnt/models": outputs["export"]["bundle"], **{f"/exam/{name}": path for name, path in exam.items()}}
    volumes = [f"--volume={path}:{place}:ro" for place, path in mounts.items()]
    container = docker("run", *SERVED, *volumes, IMAGES[1])
    try:
        deadline = time.monotonic() + READY_SECONDS
        while docker("inspect", "--format", "{{.State.Health.Status}}", container) != "healthy":
            assert time.monotonic() < deadline, docker("logs", container)
            time.sleep(0.5)
        yield container
    finally:
        docker("rm", "--force", container)


def test_the_service_answers_as_the_evaluator_did(service: str) -> None:
    exam = ["--url=http://127.0.0.1:8080", "--questions=/exam/questions", "--answers=/exam/answers", "--number=20"]
    said = docker("exec", service, "python", "-m", "inkling.components.rehearse.examine", *exam)
    for view in ("visual", "blind"):
        assert f"{view}: 20 of 20 answers are the evaluator's" in said


def test_the_service_is_nobody_in_particular(service: str) -> None:
    assert docker("exec", service, "sh", "-c", "id -u; stat --format %u /proc/1").split() == ["1001", "1001"]


def test_a_stage_that_fails_fails_the_run(homes: dict[str, Path]) -> None:
    home = homes["containers"]
    before = (home / "runs" / "latest").resolve()
    failed = run(home, "--containers", "--set", "pretrain.loss_spike=1.0e-9")
    assert failed.returncode != 0
    assert re.search(r"pretrain +FAILED", failed.stdout), failed.stdout
    assert (home / "runs" / "latest").resolve() == before
    assert docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={home}") == ""
