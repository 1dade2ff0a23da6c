"""The images: what the Dockerfile promises, and the built images themselves where a Docker daemon has them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

import inkling
from inkling.pipelines import profiles
from inkling.pipelines.ir import compile_for_cluster

ROOT = Path(inkling.__file__).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
BILL = "/usr/share/sbom/inkling.cdx.json"
IMAGES = ("pipeline", "serve", "train-cpu")
VERSION_PROBE = "import platform; print(platform.python_version())"
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
    return {name: texts[name] for name in (*IMAGES, "train-gpu")}


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


def built(target: str) -> str:
    """Name of a target's image; the test is skipped where it is not built."""
    name = f"inkling/{target}:{inkling.__version__}"
    if not shutil.which("docker") or docker("info").returncode:
        pytest.skip("no Docker daemon answers")
    if docker("image", "inspect", name).returncode:
        pytest.skip(f"{name} is not built (make image TARGET={target})")
    return name


@pytest.fixture(scope="module", params=IMAGES)
def target(request: pytest.FixtureRequest) -> str:
    """Name of the target of an image that is built."""
    built(request.param)
    return request.param


@pytest.fixture(scope="module")
def image(target: str) -> str:
    """A built image, by name."""
    return built(target)


@pytest.fixture(scope="module")
def bill(image: str) -> dict[str, Any]:
    """What an image says that it is made of."""
    return json.loads(run(image, "cat", BILL))


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
    assert "PIP_CONSTRAINT=/wheels/constraints.txt" in DOCKERFILE


def test_the_labels_name_the_version_that_is_built() -> None:
    assert f"ARG VERSION={inkling.__version__}\n" in DOCKERFILE


def test_every_image_carries_a_bill_of_materials() -> None:
    for name, text in final_stages(DOCKERFILE).items():
        assert re.search(rf"^COPY --from=\S+ /bill.json {BILL}$", text, re.MULTILINE), name


def test_the_server_reports_its_health() -> None:
    assert "HEALTHCHECK" in final_stages(DOCKERFILE)["serve"]


@pytest.mark.containers
def test_the_user_is_not_root(image: str) -> None:
    assert run(image, "id", "-u") == "1001"


@pytest.mark.containers
def test_the_command_works(image: str) -> None:
    assert "visual priors" in run(image, "inkling", "--help")


@pytest.mark.containers
def test_nothing_can_be_written_but_scratch(image: str) -> None:
    probe = "touch /opt/inkling/mark /usr/mark /etc/mark 2>/dev/null || touch /tmp/mark && echo scratch"
    assert run(image, "sh", "-c", probe) == "scratch"


@pytest.mark.containers
def test_there_is_no_compiler(image: str) -> None:
    probe = "for name in cc c++ gcc g++ cpp ld as make cmake clang rustc go; do command -v $name; done; echo none"
    assert run(image, "sh", "-c", probe) == "none"


@pytest.mark.containers
def test_labels_say_what_it_is(image: str) -> None:
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", image).stdout)
    assert labels["org.opencontainers.image.version"] == inkling.__version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["inkling.bill-of-materials"] == BILL
    assert {"org.opencontainers.image.description", "org.opencontainers.image.revision"} <= labels.keys()


@pytest.mark.containers
@pytest.mark.slow
def test_the_bill_is_valid_and_names_its_image(target: str, bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert bill["metadata"]["component"]["name"] == f"inkling/{target.removesuffix('-cpu')}"


@pytest.mark.containers
def test_the_bill_lists_what_is_installed_as_pinned(image: str, bill: dict[str, Any]) -> None:
    listed = {canonicalize_name(name): version for name, version in of_kind(bill, "pypi")}
    probe = "import json, importlib.metadata as m; print(json.dumps([[d.name, d.version] for d in m.distributions()]))"
    installed = {canonicalize_name(name): version for name, version in json.loads(run(image, "python", "-c", probe))}
    assert installed.pop("inkling-stack") == inkling.__version__
    assert "inkling-stack" in {one["name"] for one in bill["components"]}
    assert listed == installed
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    plain = {name: version.split("+")[0] for name, version in listed.items() if name != "pip"}
    assert plain == {name: pins[name] for name in plain}


@pytest.mark.containers
def test_the_bill_lists_the_debian_packages_and_the_interpreter(image: str, bill: dict[str, Any]) -> None:
    shown = run(image, "dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\n")
    installed = [tuple(line.split()[1:]) for line in shown.splitlines() if line.startswith("installed ")]
    assert sorted(of_kind(bill, "deb")) == sorted(installed)
    assert list(of_kind(bill, "generic")) == [("python", run(image, "python", "-c", VERSION_PROBE))]


def of_kind(bill: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Name and version of a bill's components that one kind of package URL names."""
    for one in bill["components"]:
        if one.get("purl", "").startswith(f"pkg:{kind}/"):
            yield one["name"], one["version"]


@pytest.mark.containers
def test_the_pipeline_image_compiles_what_is_compiled_here(tmp_path: Path) -> None:
    compile_for_cluster(profiles.load("cluster"), tmp_path)
    here = "\n".join(path.read_text().strip() for path in sorted(tmp_path.iterdir()))
    command = "inkling compile --profile cluster --output /tmp/made >&2 && cat $(ls -d /tmp/made/* | LC_ALL=C sort)"
    there = run(built("pipeline"), "sh", "-c", command)
    assert there == here, "the image was built from other sources: make image TARGET=pipeline"


@pytest.mark.containers
@pytest.mark.slow
def test_every_stage_can_be_imported() -> None:
    modules = ", ".join(f"inkling.components.{stage}.{name}" for stage in STAGES for name in ("build", "component"))
    probe = f"import {modules}; import lightning, nemo.core, onnxscript, kserve, feast; print('ok')"
    assert run(built("train-cpu"), "python", "-c", probe) == "ok"


@pytest.mark.containers
@pytest.mark.parametrize(("target", "module"), [("serve", "components.serve.server"), ("pipeline", "pipelines.cli")])
def test_torch_is_not_needed_to_serve_or_to_compile(target: str, module: str) -> None:
    probe = f"import importlib.util as u, inkling.{module}; print(u.find_spec('torch'))"
    assert run(built(target), "python", "-c", probe) == "None"
