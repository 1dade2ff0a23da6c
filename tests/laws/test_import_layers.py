"""Imports run one way; the contract itself is in pyproject.toml and is held by import-linter."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


@pytest.fixture
def contract(root: Path) -> list[str]:
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    return settings["tool"]["importlinter"]["contracts"][0]["layers"]


@pytest.fixture
def package(root: Path, contract: list[str], tmp_path: Path) -> Path:
    """An empty package with every module that the contract names."""
    for module in " ".join(contract).replace("|", " ").replace(":", " ").split():
        folder = tmp_path.joinpath(*module.split("."))
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder.parent / "__init__.py").touch()
    (tmp_path / "inkling" / "__init__.py").touch()
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def lint(package: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.run(
        [*command, "--no-cache"], cwd=package, env=environment, capture_output=True, text=True, check=False
    )


def test_the_contract_names_every_stage_and_every_library(root: Path, stages: list[str], contract: list[str]) -> None:
    named = set(" ".join(contract).replace("|", " ").replace(":", " ").split())
    folders = [path.parent.name for path in (root / "components").glob("*/__init__.py")]
    assert set(stages) | {"artifacts", "serve", "shared"} == set(folders)
    assert {f"inkling.components.{name}" for name in folders} == {n for n in named if ".components." in n}


def test_no_module_lies_loose_beside_the_stages(root: Path) -> None:
    assert [path.name for path in (root / "components").glob("*.py")] == ["__init__.py"]
    assert [path.name for path in root.glob("*.py")] == ["__init__.py"]


def test_an_orderly_package_passes(package: Path) -> None:
    (package / "inkling/pipelines/__init__.py").write_text("import inkling.components.scenes")
    (package / "inkling/components/scenes/__init__.py").write_text(
        "import inkling.components.shared.config, inkling.models"
    )
    checked = lint(package)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("components/scenes", "inkling.components.encode"),
        ("components/shared", "inkling.components.scenes"),
        ("components/shared", "inkling.components.artifacts"),
        ("components/serve", "inkling.pipelines"),
        ("models", "inkling.components.shared"),
    ],
)
def test_an_import_the_wrong_way_is_found(package: Path, importer: str, imported: str) -> None:
    (package / "inkling" / importer / "__init__.py").write_text(f"def late():\n    import {imported}\n")
    checked = lint(package)
    assert checked.returncode == 1
    assert f"-> {imported}" in checked.stdout
