"""Digests of code: which files of this project a module runs, and what of them can change a result.

Of a source file the syntax tree counts, without docstrings, comments and the descriptions of settings. Files of data
count where a module declares them, as in `_LEXICON = Path(__file__).with_name("lexicon.yaml")`, YAML by what it says.
A table out of which a configuration chooses is bound to a name that ends in `CHOICES` instead: it does not count, and
the chosen entry belongs to what `StageConfig.contents` returns.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from inkling.components.shared.store.manifest import sha256

ROOT = Path(__file__).resolve().parents[3]
UNCOUNTED = ("inkling.components.shared.runtime.", "inkling.components.shared.launch.")
"""Packages that change no byte of any artifact, by their purpose: how work is watched, shared out and started."""


def code_digest(modules: Iterable[str], root: Path = ROOT) -> str:
    """Digest of all that code can change in a result.

    Args:
        modules: Import names of the modules that are run.
        root: Directory of the package `inkling`.
    """
    digest = hashlib.sha256()
    for path in sorted(needed_files(modules, root)):
        digest.update(f"{path.relative_to(root).as_posix()}\0{content_digest(path)}\0".encode())
    return digest.hexdigest()


def needed_files(modules: Iterable[str], root: Path = ROOT) -> set[Path]:
    """The files of this project that modules need: themselves, what they import, and the data that those declare.

    Imports are read from the syntax tree, those inside functions included, so nothing is executed.

    Args:
        modules: Import names.
        root: Directory of the package `inkling`.
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        for path in _files_of(waiting.pop(), root) - found:
            source = _source(path)
            found |= {path, *source.data}
            waiting += source.imports
    return found


@functools.cache
def content_digest(path: Path) -> str:
    """Digest of what counts of a file: Python's syntax tree, YAML's content, the bytes of any other."""
    if path.suffix == ".py":
        return _source(path).digest
    if path.suffix == ".yaml":
        content = repr(yaml.safe_load(path.read_text()))  # in which the order of a mapping counts too
        return hashlib.sha256(content.encode()).hexdigest()
    return sha256(path)


@dataclass(frozen=True)
class _Source:
    """What counts of a Python file.

    Attributes:
        digest: Of its syntax tree.
        imports: Import names of what it may import; some may be names within a module.
        data: The data files that it declares.
    """

    digest: str
    imports: tuple[str, ...]
    data: tuple[Path, ...]


@functools.cache
def _source(path: Path) -> _Source:
    tree = _Normalised().visit(ast.parse(path.read_text(), path))
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return _Source(digest, tuple(_imports(tree)), tuple(path.with_name(name) for name in _declared(tree)))


class _Normalised(ast.NodeTransformer):
    """Takes out of a syntax tree what no result can depend on."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drops docstrings, those below attributes included."""
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Drops the description of a setting, `Field(..., description="...")`."""
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "description"]
        return self.generic_visit(node)


def _imports(tree: ast.AST) -> Iterator[str]:
    """Import names in a tree, but for those that only a type checker reads."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom) and tree.module:
        yield from (tree.module, *(f"{tree.module}.{alias.name}" for alias in tree.names))
    for node in ast.iter_child_nodes(tree):
        yield from _imports(node)


def _declared(tree: ast.AST) -> Iterator[str]:
    """Names of the data files beside a module that it declares."""
    if isinstance(tree, ast.Assign) and any(ast.unparse(target).endswith("CHOICES") for target in tree.targets):
        return
    if isinstance(tree, ast.Call) and ast.unparse(tree.func) == "Path(__file__).with_name":
        (name,) = tree.args
        assert isinstance(name, ast.Constant), f"a data file is declared by a literal name, not {ast.unparse(name)}"
        yield str(name.value)
    for node in ast.iter_child_nodes(tree):
        yield from _declared(node)


def _files_of(module: str, root: Path) -> set[Path]:
    """A module's file and those of the packages around it; none for what is no module of this project or uncounted."""
    parts = module.split(".")
    if parts[0] != "inkling" or f"{module}.".startswith(UNCOUNTED):
        return set()
    base = root.joinpath(*parts[1:])
    around = {root.joinpath(*parts[1:end], "__init__.py") for end in range(2, len(parts) + 1)}
    return {path for path in (*around, base.with_suffix(".py")) if path.is_file()}
