"""Everything of ours is imported as `inkling...`, and a component's module imports nothing but kfp."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

Imported = Callable[..., list[tuple[int, str]]]
OURS = ("components", "models", "pipelines", "tests")


def bare_imports(files: list[Path], imported: Imported) -> list[str]:
    """Imports that would make a second copy of a module, or that depend on the current directory."""
    return [
        f"{path}:{line} imports {module}"
        for path in files
        for line, module in imported(ast.walk(ast.parse(path.read_text())))
        if module.split(".")[0] in ("", *OURS)
    ]


def imports_beside_kfp(files: list[Path], imported: Imported) -> list[str]:
    """What the modules of components import at module level: conditional blocks there count, functions do not."""
    found = []
    for path in files:
        waiting: list[ast.AST] = list(ast.parse(path.read_text()).body)
        while waiting:
            node = waiting.pop()
            found += [f"{path}:{line} imports {name}" for line, name in imported([node]) if name.split(".")[0] != "kfp"]
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting += ast.iter_child_nodes(node)
    return sorted(found)


def test_no_bare_import(sources: list[Path], imported: Imported) -> None:
    assert not bare_imports(sources, imported)


def test_component_modules_import_only_kfp(root: Path, stages: list[str], imported: Imported) -> None:
    assert stages
    assert not imports_beside_kfp([root / "components" / stage / "component.py" for stage in stages], imported)


@pytest.mark.parametrize(
    "planted",
    [
        "import components.config",
        "from models import language",
        "from .config import X",
        "if True:\n    import pipelines",
    ],
)
def test_a_bare_import_is_found(planted: str, tmp_path: Path, imported: Imported) -> None:
    (tmp_path / "planted.py").write_text(planted)
    (tmp_path / "fine.py").write_text("from inkling.components import config\nimport modelscope")
    assert len(bare_imports(sorted(tmp_path.iterdir()), imported)) == 1


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("from kfp import dsl\nimport json", 1),
        ("from inkling.components.mixture.config import MixtureConfig", 1),
        ("try:\n    import torch\nexcept ImportError:\n    pass", 1),
        ("from kfp import dsl\ndef stage():\n    import torch", 0),
    ],
)
def test_an_import_beside_kfp_is_found(planted: str, found: int, tmp_path: Path, imported: Imported) -> None:
    (tmp_path / "component.py").write_text(planted)
    assert len(imports_beside_kfp([tmp_path / "component.py"], imported)) == found
