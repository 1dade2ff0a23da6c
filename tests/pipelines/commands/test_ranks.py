from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from inkling.pipelines.cli import app

PROFILE = """\
pretrain:
  {strategy: fsdp2, nodes: 2, processes: 8, batch: 16, launch: {scheduler: kubernetes, image: reg/train:1, gpus: 8,
   claims: {runs: /runs}, queue: gpu, namespace: ml}}
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
    assert manifest["kind"] == name
    assert (
        "/runs/out" in result.stdout and "claimName: runs" in result.stdout and "nvidia.com/gpu: '8'" in result.stdout
    )


@pytest.mark.parametrize("kind", ["trainjob", "volcano"])
def test_the_manifest_of_a_profile_with_object_storage(kind: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(PROFILE.replace("claims: {runs: /runs}", "storage: {uri: 's3://runs/x', secret: inkling-storage}"))
    command = ["ranks", "s3://runs/x/tokens", "s3://runs/x/work", "--profile", str(own), "--kind", kind]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "s3://runs/x/work" in result.stdout and "persistentVolumeClaim" not in result.stdout
    mixed = CliRunner().invoke(app, ["ranks", "/runs/tokens", *command[2:]])
    assert "TOKENS and WORK are s3:// URIs" in str(mixed.exception)


def test_a_laptop_has_no_manifest() -> None:
    result = CliRunner().invoke(app, ["ranks", "/runs/tokens", "/runs/out"])
    assert "a manifest needs kubernetes" in str(result.exception)
