"""Making an artifact again: the same digests back to the sources, numbers and words where something differs."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from inkling.components.shared.store.manifest import ArtifactError, Manifest
from inkling.components.shared.store.provenance import package_versions
from inkling.components.shared.store.store import STORE_VARIABLE
from inkling.pipelines.cli import app
from inkling.pipelines.local import reproduce as module
from inkling.pipelines.local.contents import Verdict
from inkling.pipelines.local.reproduce import expectations, lineage, reproduce

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with pictures and their features."""
    from inkling.components.encode.build import build_encode
    from inkling.components.encode.config import EncodeConfig
    from inkling.components.scenes.build import build_scenes
    from inkling.components.scenes.config import ScenesConfig

    home = tmp_path_factory.mktemp("home")
    run = home / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORE_VARIABLE, str(home / "store"))
        build_scenes(ScenesConfig(seed=3, train=11, validation=2, test=2), run / "conversations", run / "questions")
        build_encode(EncodeConfig(encoder="tiny-random"), run / "conversations", run / "questions", run / "features")
    return home


def _reproduce(home: Path, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INKLING_HOME", str(home))
        return CliRunner().invoke(app, ["reproduce", *arguments])


def _forged(source: Path, directory: Path, change: Callable[[Path], None], **provenance: Any) -> Path:
    """A copy of an artifact whose files and provenance were changed before its manifest was written."""
    shutil.copytree(source, directory)
    (directory / "manifest.json").unlink()
    change(directory)
    manifest = Manifest.read(source)
    origin = dataclasses.replace(manifest.provenance, **provenance)
    Manifest.describe(directory, manifest.type, manifest.schema, origin, manifest.build_environment).write(directory)
    return directory


@pytest.fixture
def made_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages make at once what they have made before."""
    outputs = {name: home / "run" / name for name in ("conversations", "questions", "features")}
    monkeypatch.setattr(module, "_remake", lambda *arguments: outputs)


def _add(directory: Path, amount: float) -> None:
    """Adds to one number of the features of the questions."""
    path = directory / "questions" / "grid.00000.safetensors"
    (name, grid), *_ = load_file(path).items()
    grid.flat[0] += amount
    path.unlink()
    save_file({name: grid}, path)


def test_an_artifact_is_made_again_to_the_same_digests(home: Path) -> None:
    ended = _reproduce(home, str(home / "run" / "features"))
    assert ended.exit_code == 0, ended.output
    lines = ended.output.splitlines()
    assert lines[0] == "nothing is otherwise than recorded: bytes must match"
    assert [line.split(":")[0] for line in lines if "the same bytes" in line] == [
        "scenes/conversations",
        "scenes/questions",
        "encode/features",
    ]


@pytest.mark.usefixtures("made_before")
@pytest.mark.parametrize(
    ("amount", "arguments", "verdict", "status"),
    [
        (1e-5, [], "within tolerance", 0),
        (0.5, [], "DIFFERENT", 1),
        (0.5, ["--tolerance", "1"], "within tolerance", 0),
    ],
)
def test_a_numeric_difference_is_measured_and_judged(
    home: Path, tmp_path: Path, amount: float, arguments: list[str], verdict: str, status: int
) -> None:
    other = _forged(home / "run" / "features", tmp_path / "features", lambda path: _add(path, amount))
    ended = _reproduce(home, str(other), "--from-inputs", *arguments)
    assert ended.exit_code == status, ended.output
    assert "scenes/" not in ended.output
    assert f"encode/features: {verdict}" in ended.output
    (line,) = (line for line in ended.output.splitlines() if "largest difference" in line)
    assert float(line.split()[2].rstrip(",")) == pytest.approx(amount, rel=0.1)


def test_a_tampered_artifact_is_refused_before_anything_is_made(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "run" / "features", tmp_path / "features")
    _add(tmp_path / "features", 1.0)
    with pytest.raises(ArtifactError, match=r"grid\.00000\.safetensors is not what was written"):
        lineage(tmp_path / "features", home / "store")


def test_a_tampered_input_is_not_used(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "run", tmp_path / "run")
    (tmp_path / "run" / "questions" / "ATTRIBUTION.md").unlink()
    steps = lineage(tmp_path / "run" / "features", tmp_path / "run")
    with pytest.raises(ArtifactError, match=r"ATTRIBUTION\.md is missing"):
        next(reproduce(steps, tmp_path / "work", from_inputs=True))


@pytest.mark.usefixtures("made_before")
def test_inputs_are_found_wherever_they_lie(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "run", tmp_path / "downloaded" / "deep")
    path = tmp_path / "downloaded" / "deep" / "features"
    ended = _reproduce(tmp_path, str(path), "--store", str(tmp_path / "downloaded"), "--from-inputs")
    assert ended.exit_code == 0, ended.output
    assert "encode/features: the same bytes" in ended.output


def test_an_artifact_that_records_another_seed_is_found_different(home: Path, tmp_path: Path) -> None:
    questions = home / "run" / "questions"
    config = {**Manifest.read(questions).provenance.config, "seed": 4}
    forged = _forged(questions, tmp_path / "questions", lambda path: None, config=config)
    (outcome,) = reproduce(lineage(forged, tmp_path / "store"), tmp_path / "work")
    assert outcome.comparison.verdict is Verdict.DIFFERENT
    assert outcome.recorded != outcome.made


def test_a_setting_whose_content_is_not_here_is_refused(home: Path, tmp_path: Path) -> None:
    questions = home / "run" / "questions"
    packages = {**Manifest.read(questions).provenance.contents["packages"], "scikit-image": {"version": "0"}}
    forged = _forged(questions, tmp_path / "questions", lambda path: None, contents={"packages": packages})
    with pytest.raises(ArtifactError, match="what it took for packages is not here"):
        list(reproduce(lineage(forged, tmp_path / "store"), tmp_path / "work"))


def test_an_input_that_the_store_lacks_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="input 'conversations'.*is not in the store"):
        lineage(home / "run" / "features", tmp_path / "store")


def test_a_state_within_a_model_names_the_model(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "language_model" / "checkpoints" / "100"
    folder.parent.mkdir(parents=True)
    _forged(home / "run" / "questions", folder, lambda path: None, config={"checkpoint": 100})
    with pytest.raises(ArtifactError, match="reproduce .*language_model$"):
        lineage(folder, tmp_path)


def test_another_machine_code_and_packages_are_reported_before_the_start(home: Path) -> None:
    steps = lineage(home / "run" / "questions", home / "store")
    assert list(expectations(steps)) == []
    (step,) = steps
    here = step.manifest.build_environment
    assert here is not None
    elsewhere = dataclasses.replace(here, image="r/train@sha256:1", device="NVIDIA H100", threads=64)
    origin = step.manifest.provenance
    old = dataclasses.replace(origin, code="0" * 64, packages={**origin.packages, "pillow": "1.0"})
    changed = dataclasses.replace(
        step, manifest=dataclasses.replace(step.manifest, provenance=old, build_environment=elsewhere)
    )
    assert list(expectations([changed])) == [
        "the code of the stage has changed (scenes)",
        f"pillow is {package_versions()['pillow']} here, was 1.0 (scenes)",
        "image here none, was r/train@sha256:1 (scenes)",
        "device here cpu, was NVIDIA H100 (scenes)",
    ]
    silent = dataclasses.replace(step, manifest=dataclasses.replace(step.manifest, build_environment=None))
    assert list(expectations([silent])) == ["no build environment is recorded (scenes)"]
