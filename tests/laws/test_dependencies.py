"""What is imported is declared, and what is declared is pinned, with everything below it."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.]*)")


@pytest.fixture(scope="module")
def declared(root: Path) -> list[Requirement]:
    """Every requirement of the project and of its extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    return read_pins((root / "constraints.txt").read_text())


def read_pins(text: str) -> dict[str, str]:
    """Parses constraints that may hold exact versions and comments only: no address, path, option or local version."""
    pins = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            match = _PIN.fullmatch(line)
            assert match, f"not a plain pin: {line}"
            pins[canonicalize_name(match[1])] = match[2]
    return pins


def undeclared(files: list[Path], declared: list[Requirement], imported: Callable) -> list[str]:
    """Imports, inside functions too, that no declared distribution provides."""
    names = {canonicalize_name(requirement.name) for requirement in declared}
    providers = metadata.packages_distributions()
    found = []
    for path in files:
        for line, module in imported(ast.walk(ast.parse(path.read_text()))):
            top = module.split(".")[0]
            provided = {canonicalize_name(name) for name in providers.get(top, [])}
            if top not in sys.stdlib_module_names and top != "inkling" and not provided & names:
                found.append(f"{path}:{line} imports {module}, which no dependency declares")
    return found


def unpinned(declared: list[Requirement], pins: dict[str, str]) -> list[str]:
    """Requirements, and requirements of those that are installed, without a pin that satisfies them."""
    faults, seen, waiting = [], set(), list(declared)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        version = pins.get(name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement}: pinned to {version}")
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                below = [Requirement(line) for line in metadata.requires(name) or []]
            except metadata.PackageNotFoundError:
                break
            waiting += [item for item in below if item.marker is None or item.marker.evaluate({"extra": extra})]
    return faults


def test_every_import_is_declared(library: list[Path], declared: list[Requirement], imported: Callable) -> None:
    assert not undeclared(library, declared, imported)


def test_an_undeclared_import_is_found(tmp_path: Path, declared: list[Requirement], imported: Callable) -> None:
    (tmp_path / "planted.py").write_text("import json, yaml\ndef late():\n    import networkx, nowhere_to_be_found\n")
    found = undeclared([tmp_path / "planted.py"], declared, imported)
    assert [line.split(" imports ")[1].split(",")[0] for line in found] == ["networkx", "nowhere_to_be_found"]


def test_the_closure_is_pinned(declared: list[Requirement], pins: dict[str, str]) -> None:
    assert not unpinned(declared, pins)


def test_a_missing_pin_is_found(declared: list[Requirement], pins: dict[str, str]) -> None:
    without = {name: version for name, version in pins.items() if name != "regex"}
    assert any(fault.startswith("regex") for fault in unpinned(declared, without))


def test_a_pin_that_does_not_satisfy_is_found(pins: dict[str, str]) -> None:
    assert unpinned([Requirement("kfp==2.17.0")], {**pins, "kfp": "2.16.1"}) == ["kfp==2.17.0: pinned to 2.16.1"]


@pytest.mark.parametrize(
    "line", ["torch==2.13.0+cpu", "torch @ https://somewhere/torch.whl", "-f somewhere", "numpy>=2"]
)
def test_only_plain_pins_are_allowed(line: str) -> None:
    with pytest.raises(AssertionError, match="not a plain pin"):
        read_pins(f"# a comment\nkfp==2.17.0\n{line}\n")
