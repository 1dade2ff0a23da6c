"""A small world of fake wheels, so that readers and the stage run without the real packages."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.corpus import catalogue
from inkling.components.corpus.catalogue import PackagePart, PackageSource
from inkling.components.shared.storage import packages
from inkling.components.shared.storage.packages import CACHE_VARIABLE, Package

Wheel = Callable[[str, dict[str, str]], zipfile.ZipFile]


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """Makes a wheel with the given files and puts it into the catalogue of packages."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    known: dict[str, Package] = {}
    monkeypatch.setattr(packages, "catalogue", lambda: known)

    def make(name: str, files: dict[str, str]) -> zipfile.ZipFile:
        path = tmp_path / "cache" / f"{name}.whl"
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        known[name] = Package(
            name=name,
            version="1.0",
            file=path.name,
            sha256=sha256,
            licence=f"licence of {name}",
            attribution=f"people of {name}",
        )
        return known[name].open()

    return make


@pytest.fixture
def fake_sources(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> dict[str, PackageSource]:
    """Two sources on fake wheels: articles, and code that comes from two packages."""
    articles = {f"Article {i}": {"extract": f"Thing {i} is large. It is red. " * 6} for i in range(80)}
    wheel("articles", {"data/summaries_en-us.json": json.dumps(articles)})
    module = (
        '"""What it does."""\n\n\ndef work(number):\n    """Works."""\n    return number + {i}\n\n\n' + "x = 1\n" * 10
    )
    for name, count in (("small", 4), ("large", 120)):
        wheel(name, {f"{name}/m{i}.py": module.replace("{i}", str(i)) for i in range(count)})
    found = {
        "encyclopedia": PackageSource(
            quality="real", description="articles", parts=[PackagePart(package="articles", reader="summaries")]
        ),
        "code": PackageSource(
            quality="proxy",
            description="code",
            parts=[PackagePart(package="small", reader="code"), PackagePart(package="large", reader="code")],
        ),
    }
    monkeypatch.setattr(catalogue, "sources", lambda: found)
    return found
