"""The images: what the Dockerfile promises, and the built images themselves where a Docker daemon has them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import inkling

ROOT = Path(inkling.__file__).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = sorted(path.parent.name for path in (ROOT / "components").glob("*/component.py"))
# As a restricted pod runs it: no network, no capabilities, nothing to write to but /tmp.
RESTRICTED = [
    "--rm",
    "--network=none",
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
]


def final_stages(dockerfile: str) -> dict[str, str]:
    """Text of each target that is an image of its own, with the text of the target it grows from."""
    parts = re.findall(r"^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", dockerfile, re.MULTILINE | re.DOTALL)
    texts: dict[str, str] = {}
    for parent, name, text in parts:
        texts[name] = texts.get(parent, "") + text
    return {name: texts[name] for name in ("serve", "train-cpu", "train-gpu")}


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=["train-cpu", "serve"])
def image(request: pytest.FixtureRequest) -> str:
    """A built image, by name."""
    name = f"inkling/{request.param}:{inkling.__version__}"
    if not shutil.which("docker") or docker("info").returncode:
        pytest.skip("no Docker daemon answers")
    if docker("image", "inspect", name).returncode:
        pytest.skip(f"{name} is not built (make image TARGET={request.param})")
    return name


def run(image: str, *command: str) -> str:
    ended = docker("run", *RESTRICTED, image, *command)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_images_run_as_nobody_in_particular() -> None:
    for name, text in final_stages(DOCKERFILE).items():
        users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
        assert users, name
        assert users[-1] == "1001:1001", name


def test_images_carry_no_build_tools_and_name_no_moving_tag() -> None:
    assert not re.search(r"gcc|build-essential|apt-get|:latest|^ADD ", DOCKERFILE, re.MULTILINE)
    assert "--constraint constraints.txt" in DOCKERFILE


def test_the_server_reports_its_health() -> None:
    assert "HEALTHCHECK" in final_stages(DOCKERFILE)["serve"]


@pytest.mark.containers
def test_the_user_is_not_root(image: str) -> None:
    assert run(image, "id", "-u") == "1001"


@pytest.mark.containers
def test_the_command_works(image: str) -> None:
    assert "visual priors" in run(image, "inkling", "--help")


@pytest.mark.containers
def test_there_is_no_compiler(image: str) -> None:
    assert run(image, "sh", "-c", "command -v cc gcc g++ make clang || echo none") == "none"


@pytest.mark.containers
def test_every_stage_can_be_imported(image: str) -> None:
    if "/serve:" in image:
        pytest.skip("the server's image carries the serve stage only")
    modules = ", ".join(f"inkling.components.{stage}.{name}" for stage in STAGES for name in ("build", "component"))
    assert (
        run(image, "python", "-c", f"import {modules}; import lightning, nemo.core, onnxscript, kserve; print('ok')")
        == "ok"
    )


@pytest.mark.containers
def test_the_server_can_be_imported_without_torch(image: str) -> None:
    probe = "import sys, inkling.components.serve.server; print('torch' in sys.modules)"
    assert run(image, "python", "-c", probe) == "False"
