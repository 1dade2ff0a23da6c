"""One name means one thing: no two modules of the library have a class of the same name."""

import ast
from collections import defaultdict
from pathlib import Path


def shared_names(paths: list[Path]) -> dict[str, list[str]]:
    """The class names that several files define, with the files."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path))
    return {name: files for name, files in found.items() if len(files) > 1}


def test_no_two_classes_share_a_name(library: list[Path]) -> None:
    assert shared_names(library) == {}


def test_a_second_class_of_a_name_is_found(tmp_path: Path) -> None:
    first, second = tmp_path / "launch.py", tmp_path / "plan.py"
    first.write_text("class Job: ...\nclass _Private: ...\n")
    second.write_text("class Job: ...\nclass _Private: ...\n")
    assert shared_names([first, second]) == {"Job": [str(first), str(second)]}
