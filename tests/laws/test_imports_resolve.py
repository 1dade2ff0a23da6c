"""What is imported of ours is there, also where a function or a bench imports it: no test runs those lines."""

import ast
from pathlib import Path

import pytest

OURS = "inkling."


def names_in(path: Path) -> set[str]:
    """What a module defines or imports at any level outside functions and classes."""
    found, waiting = set[str](), list[ast.AST](ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        else:
            found |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
            waiting += [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)]
    return found


def lost_imports(files: list[Path], root: Path) -> list[str]:
    """Imports of ours whose module or name is not there."""
    found, known = [], dict[Path, set[str]]()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(OURS):
                continue
            place = root.joinpath(*node.module.split(".")[1:])
            module = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
            for alias in node.names:
                inside = place / alias.name
                if inside.with_suffix(".py").is_file() or inside.is_dir():
                    continue
                if module.is_file() and module not in known:
                    known[module] = names_in(module)
                if alias.name not in known.get(module, ()):
                    found.append(f"{path}:{node.lineno} imports {alias.name} from {node.module}")
    return found


def test_every_import_of_ours_names_what_is_there(root: Path, sources: list[Path]) -> None:
    assert not lost_imports(sources, root)


@pytest.mark.parametrize(
    "planted",
    [
        "def f():\n    from inkling.components.encode.probing import FAMILIES",
        "from inkling.models.multimodal import Multimodel",
    ],
)
def test_a_lost_import_is_found(planted: str, tmp_path: Path, root: Path) -> None:
    (tmp_path / "planted.py").write_text(planted)
    (tmp_path / "fine.py").write_text(
        "from inkling.models.multimodal import MultimodalModel\nfrom inkling import models"
    )
    assert len(lost_imports(sorted(tmp_path.iterdir()), root)) == 1
