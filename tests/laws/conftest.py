"""What the checks of the repository's invariants look at."""

import ast
from pathlib import Path

import pytest

import inkling

FOLDERS = ("components", "models", "pipelines")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return Path(inkling.__file__).parent


@pytest.fixture(scope="session")
def library(root: Path) -> list[Path]:
    """Every source file that is shipped."""
    return [root / "__init__.py", *(path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py")))]


@pytest.fixture(scope="session")
def sources(root: Path, library: list[Path]) -> list[Path]:
    """Every source file, tests included."""
    return [*library, *sorted((root / "tests").rglob("*.py"))]


@pytest.fixture(scope="session")
def stages(root: Path) -> list[str]:
    """Names of the stage folders: those that have a Kubeflow face."""
    return sorted(path.parent.name for path in (root / "components").glob("*/component.py"))


@pytest.fixture(scope="session")
def imported():
    """Returns a function that lists the absolute modules a syntax tree imports, as (line, module)."""

    def modules(nodes) -> list[tuple[int, str]]:
        found = []
        for node in nodes:
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found.append((node.lineno, "." * node.level + (node.module or "")))
        return found

    return modules
