"""The wheel holds the tree, all of it and nothing else, and works in an environment that has never seen the tree."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

FOLDERS = ("components", "models", "pipelines")
_IMPORT_ALL = """
import importlib, sys, traceback
place, modules = sys.argv[1], sys.argv[2:]
for module in modules:
    try:
        file = importlib.import_module(module).__file__
        if not file.startswith(place):
            print(f"{module} came from {file}")
    except Exception:
        print(f"{module} cannot be imported:", traceback.format_exc())
"""


def shipped(root: Path) -> set[str]:
    """Paths that a wheel of the tree should hold, by import name."""
    files = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    names = (path.relative_to(root).as_posix() for path in files if "__pycache__" not in path.parts)
    return {"inkling/__init__.py", *(f"inkling/{name}" for name in names if not name.endswith(".md"))}


def packages(root: Path) -> set[str]:
    """Import names of the packages in the tree."""
    folders = (path.parent.relative_to(root) for folder in FOLDERS for path in (root / folder).rglob("__init__.py"))
    return {"inkling", *(".".join(("inkling", *folder.parts)) for folder in folders)}


def difference(expected: set[str], found: set[str]) -> list[str]:
    return [f"missing: {name}" for name in sorted(expected - found)] + [
        f"extra: {name}" for name in sorted(found - expected)
    ]


@pytest.fixture(scope="module")
def tree(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from, free of earlier builds."""
    copy = tmp_path_factory.mktemp("tree")
    for folder in FOLDERS:
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("__init__.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / file, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(folder)]
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(tree)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_every_package_of_the_tree_is_declared(root: Path) -> None:
    declared = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert not difference(packages(root), set(declared))
    assert declared == sorted(declared)


def test_an_undeclared_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "models/vision").mkdir(parents=True)
    (tmp_path / "models/vision/__init__.py").touch()
    assert difference(packages(tmp_path), {"inkling"}) == ["missing: inkling.models.vision"]


def test_the_wheel_holds_the_tree(tree: Path, wheel: Path) -> None:
    assert not difference(shipped(tree), contents(wheel))


def test_a_file_that_is_not_shipped_is_found(tree: Path, wheel: Path) -> None:
    planted = tree / "models" / "planted.json"
    planted.write_text("{}")
    try:
        assert difference(shipped(tree), contents(wheel)) == ["missing: inkling/models/planted.json"]
    finally:
        planted.unlink()


def import_all(place: Path, modules: list[str], directory: Path) -> list[str]:
    """Imports modules from a place with the installed packages beside it, but without this tree (`-S` skips its link).

    Returns:
        What went wrong, a line each.
    """
    path = os.pathsep.join([str(place), *dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-c", _IMPORT_ALL, str(place), *modules]
    run = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return [line for line in run.stdout.splitlines() if line]


def test_every_module_can_be_imported_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    names = (name.removesuffix(".py").removesuffix("/__init__") for name in contents(wheel) if name.endswith(".py"))
    modules = sorted(name.replace("/", ".") for name in names if not name.endswith("__main__"))
    assert not import_all(place, modules, tmp_path)


def test_a_module_that_is_not_in_the_wheel_is_found(tmp_path: Path) -> None:
    (tmp_path / "inkling").mkdir()
    (tmp_path / "inkling" / "__init__.py").touch()
    assert (
        "inkling.components.shared.config cannot be imported"
        in import_all(tmp_path, ["inkling.components.shared.config"], tmp_path)[0]
    )
