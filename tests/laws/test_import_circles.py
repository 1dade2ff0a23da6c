"""No circle: modules of the library import one another in an order, imports inside functions included."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest


def circle(root: Path, paths: list[Path], imported) -> list[str]:
    """The modules of a circle of imports; empty where there is none.

    A package's own `__init__` counts as importing what it imports, not what lies in it.
    """
    names = {_module(root, path): path for path in paths}
    graph = {}
    for name, path in names.items():
        tree = ast.parse(path.read_text())
        found = {module for _, module in imported(ast.walk(tree))}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        graph[name] = (found & names.keys()) - {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _module(root: Path, path: Path) -> str:
    parts = ("inkling", *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_imports_itself_by_way_of_others(root: Path, library: list[Path], imported) -> None:
    assert circle(root, library, imported) == []


@pytest.mark.parametrize("late", [False, True], ids=["at the top", "inside a function"])
def test_a_circle_is_found(tmp_path: Path, imported, late: bool) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    first.write_text("from inkling.second import b\na = 1\n")
    second.write_text(("def f():\n    " if late else "") + "from inkling import first\nb = 1\n")
    assert set(circle(tmp_path, [first, second], imported)) == {"inkling.first", "inkling.second"}
