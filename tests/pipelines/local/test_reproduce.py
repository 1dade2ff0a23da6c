"""Making an artifact again: the same digests back to the sources, and words where something differs."""

import dataclasses
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inkling.components.artifacts.manifest import ArtifactError, Manifest
from inkling.components.artifacts.provenance import package_versions
from inkling.components.artifacts.store import STORE_VARIABLE
from inkling.pipelines.cli import app
from inkling.pipelines.local.reproduce import differences, reproduce

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


def test_an_artifact_is_made_again_to_the_same_digests(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_HOME", str(home))
    ended = CliRunner().invoke(app, ["reproduce", str(home / "run" / "features")], catch_exceptions=False)
    lines = ended.output.splitlines()
    assert ended.exit_code == 0, ended.output
    assert [line.split(":")[0] for line in lines if "the same" in line] == [
        "scenes/conversations",
        "scenes/questions",
        "encode/features",
    ]


def test_an_artifact_that_records_another_seed_is_found_different(home: Path, tmp_path: Path) -> None:
    questions = home / "run" / "questions"
    manifest = Manifest.read(questions)
    config = {**manifest.provenance.config, "seed": 4}
    forged = dataclasses.replace(manifest, provenance=dataclasses.replace(manifest.provenance, config=config))
    (tmp_path / "questions").mkdir()
    forged.write(tmp_path / "questions")
    (outcome,) = reproduce(tmp_path / "questions", tmp_path / "store", tmp_path / "work")
    assert not outcome.matches
    assert outcome.differs == ()


def test_an_input_that_the_store_lacks_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="input 'conversations'.*is not in the store"):
        list(reproduce(home / "run" / "features", tmp_path / "store", tmp_path / "work"))


def test_other_code_and_packages_are_told(home: Path) -> None:
    recorded = Manifest.read(home / "run" / "questions").provenance
    assert not list(differences(recorded))
    old = dataclasses.replace(recorded, code="0" * 64, packages={**recorded.packages, "pillow": "1.0"})
    assert list(differences(old)) == [
        "the code of the stage has changed",
        f"pillow is {package_versions()['pillow']} here, was 1.0",
    ]
