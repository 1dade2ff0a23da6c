"""Manifests: every changed, missing or extra file is found and named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.runtime.machine import Machine
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance, digest_of

MACHINE = Machine("registry/train@sha256:1", "Model A", ("avx2",), 2, "cpu")
ORIGIN = Provenance(stage="s", key="k", code="c", packages={}, config={"a": 1}, inputs={"x": "d"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.bin").write_bytes(b"ink")
    (tmp_path / "b.txt").write_text("ling")
    Manifest.describe(tmp_path, "Thing", 1, ORIGIN).write(tmp_path)
    return tmp_path


def test_reads_back_what_it_wrote(directory: Path) -> None:
    manifest = Manifest.read(directory)
    assert manifest == Manifest.describe(directory, "Thing", 1, ORIGIN)
    assert list(manifest.files) == ["b.txt", "deep/a.bin"]
    manifest.verify(directory)


def test_a_changed_byte_is_refused_by_file_name(directory: Path) -> None:
    (directory / "deep" / "a.bin").write_bytes(b"inc")
    with pytest.raises(ArtifactError, match=r"deep/a\.bin is not what was written"):
        Manifest.read(directory).verify(directory)
    assert (directory / "deep" / "a.bin").read_bytes() == b"inc"


def test_a_missing_and_an_extra_file_are_refused_by_name(directory: Path) -> None:
    (directory / "extra").touch()
    with pytest.raises(ArtifactError, match="extra does not belong"):
        Manifest.read(directory).verify(directory)
    (directory / "b.txt").unlink()
    with pytest.raises(ArtifactError, match=r"b\.txt is missing"):
        Manifest.read(directory).verify(directory)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "Thing"}', '{"provenance": {}}'])
def test_a_damaged_manifest_is_refused(directory: Path, text: str) -> None:
    (directory / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"manifest\.json cannot be read"):
        Manifest.read(directory)


def test_no_manifest_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no artifact at"):
        Manifest.read(tmp_path)


def test_the_digest_is_of_the_content_not_of_its_maker(directory: Path) -> None:
    other = Provenance(stage="t", key="l", code="d", packages={"p": "1"}, config={}, inputs={})
    assert Manifest.describe(directory, "Thing", 1, other).digest == Manifest.read(directory).digest
    assert Manifest.describe(directory, "Other", 1, ORIGIN).digest != Manifest.read(directory).digest


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=5))
def test_the_canonical_digest_ignores_the_order_of_keys(value: dict[str, object]) -> None:
    assert digest_of(value) == digest_of(dict(reversed(list(value.items()))))


def test_the_build_environment_is_kept_and_is_no_part_of_the_identity(directory: Path) -> None:
    made = Manifest.describe(directory, "Thing", 1, ORIGIN, MACHINE)
    assert made.digest == Manifest.read(directory).digest
    made.write(directory)
    assert Manifest.read(directory) == made and Manifest.read(directory).build_environment == MACHINE


def test_a_manifest_from_before_machines_were_recorded_is_read(directory: Path) -> None:
    path = directory / "manifest.json"
    raw = json.loads(path.read_text())
    del raw["build_environment"]
    path.write_text(json.dumps(raw))
    assert Manifest.read(directory).build_environment is None
    Manifest.read(directory).verify(directory)
