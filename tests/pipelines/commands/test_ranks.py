from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from inkling.pipelines.cli import app

IMAGE = f"registry.example/train@sha256:{'a' * 64}"
PROFILE = f"""\
pretrain:
  {{strategy: fsdp2, nodes: 2, processes: 8, batch: 16, launch: {{scheduler: kubernetes, claims: {{runs: /runs}}}}}}
placement:
  namespace: ml
  default: {{cpu: "8", memory: 96Gi, ephemeral_storage: 100Gi}}
  stages:
    pretrain: {{image: "{IMAGE}", queue: gpu, accelerator: {{type: nvidia.com/gpu, count: 8}}}}
"""


@pytest.fixture
def profile(tmp_path: Path) -> str:
    (tmp_path / "own.yaml").write_text(PROFILE)
    return str(tmp_path / "own.yaml")


@pytest.mark.parametrize(("kind", "name"), [("trainjob", "TrainJob"), ("volcano", "Job")])
def test_the_manifest_of_a_profile(profile: str, kind: str, name: str) -> None:
    result = CliRunner().invoke(app, ["ranks", "/runs/tokens", "/runs/out", "--profile", profile, "--kind", kind])
    assert result.exit_code == 0, result.output
    manifest = yaml.safe_load(result.stdout)
    assert (manifest["kind"], manifest["metadata"]["namespace"]) == (name, "ml")
    assert (
        "/runs/out" in result.stdout and "claimName: runs" in result.stdout and "nvidia.com/gpu: '8'" in result.stdout
    )


def test_the_ranks_of_adaptation_take_three_inputs(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    stated = PROFILE.replace("pretrain:", "adapt:")
    own.write_text(
        stated.replace("batch: 16", "recipe: laptop-text, epochs: {start: 0, align: 0}")
        .replace("8, ", "4, ", 1)
        .replace("count: 8", "count: 4")
    )
    inputs = ["/runs/language_model", "/runs/conversations", "/runs/features"]
    command = ["ranks", *inputs, "/runs/out", "--stage", "adapt", "--profile", str(own)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.exception
    assert "inkling.components.adapt.rank" in result.stdout and all(place in result.stdout for place in inputs)
    few = CliRunner().invoke(app, ["ranks", *inputs, "--stage", "adapt", "--profile", str(own)])
    assert "take LANGUAGE_MODEL CONVERSATIONS FEATURES WORK, got 3 places" in str(few.exception)


def test_the_ranks_of_an_evaluation_need_no_strategy(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        PROFILE.replace("pretrain:\n  {strategy: fsdp2, ", "evaluate:\n  {")
        .replace("batch: 16, ", "")
        .replace("pretrain:", "evaluate:")
    )
    inputs = ["/runs/multimodal_model", "/runs/questions", "/runs/features"]
    command = ["ranks", *inputs, "/runs/out", "--stage", "evaluate", "--profile", str(own)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.exception
    assert "inkling.components.evaluate.rank" in result.stdout and "nvidia.com/gpu: '8'" in result.stdout
    here = CliRunner().invoke(app, [*command, "--set", "evaluate.launch={}", "--set", "evaluate.nodes=1"])
    assert str(here.exception) == "evaluate.launch.scheduler is local_cwd: a manifest needs kubernetes"


@pytest.mark.parametrize("kind", ["trainjob", "volcano"])
def test_the_manifest_of_a_profile_with_object_storage(kind: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(PROFILE.replace("claims: {runs: /runs}", "storage: {uri: 's3://runs/x'}"))
    command = ["ranks", "s3://runs/x/tokens", "s3://runs/x/work", "--profile", str(own), "--kind", kind]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "s3://runs/x/work" in result.stdout and "persistentVolumeClaim" not in result.stdout
    mixed = CliRunner().invoke(app, ["ranks", "/runs/tokens", *command[2:]])
    assert "TOKENS and WORK are s3:// URIs" in str(mixed.exception)


def test_a_laptop_has_no_manifest() -> None:
    result = CliRunner().invoke(app, ["ranks", "/runs/tokens", "/runs/out"])
    assert "a manifest needs kubernetes" in str(result.exception)


def test_a_train_job_that_no_queue_admits_is_refused_and_another_queue_is_volcanos(profile: str) -> None:
    command = [
        "ranks",
        "/runs/tokens",
        "/runs/out",
        "--profile",
        profile,
        "--set",
        "placement.stages.pretrain.queue=null",
    ]
    assert "placement.stages.pretrain.queue" in str(CliRunner().invoke(app, command).exception)
    volcano = CliRunner().invoke(app, [*command, "--kind", "volcano", "--set", "pretrain.launch.queue=night"])
    assert yaml.safe_load(volcano.stdout)["spec"]["queue"] == "night"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("pretrain.processes=4", "4 processes a node need as many devices"),
        ("placement.default={}", "say cpu, memory, ephemeral_storage in placement.stages.pretrain"),
        ("placement.stages.pretrain.image=train:1", "image train:1 is named by no digest"),
    ],
)
def test_what_cannot_be_is_refused_by_the_setting(profile: str, setting: str, words: str) -> None:
    result = CliRunner().invoke(app, ["ranks", "/runs/tokens", "/runs/out", "--profile", profile, "--set", setting])
    assert words in str(result.exception)
