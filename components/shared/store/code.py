"""Digests of code: which files of this project a module runs, and what of them can change a result.

Of a source file the syntax tree counts, without docstrings, comments and the descriptions of settings. Files of data
count where a module declares them, as in `_LEXICON = Path(__file__).with_name("lexicon.yaml")`, YAML by what it says.
A table out of which a configuration chooses is bound to a name that ends in `CHOICES` instead: it does not count, and
the chosen entry belongs to what `StageConfig.contents` returns.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
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


def needed_data(path: Path) -> list[Path]:
    """The files of data that a Python file declares."""
    return _source(path).data


@functools.cache
def content_digest(path: Path) -> str:
    """Digest of what counts of a file: Python's syntax tree, YAML's content, the bytes of any other."""
    if path.suffix == ".py":
        return _source(path).digest
    if path.suffix == ".yaml":
        content = repr(yaml.safe_load(path.read_text()))  # in which the order of a mapping counts too
        return hashlib.sha256(content.encode()).hexdigest()
    return sha256(path)


@functools.cache
def _source(path: Path) -> "_Source":
    """A Python file, read once in a process."""
    source = _Source(path)
    source.read(ast.parse(path.read_text(), path))
    return source


class _Source:
    """What counts of a Python file, gathered in one walk over its syntax tree.

    Attributes:
        imports: Import names of what it may import; some may be names within a module.
        data: The data files that it declares.
    """

    def __init__(self, path: Path) -> None:
        """Begins with nothing."""
        self._path = path
        self._counted: list[str] = []
        self.imports: list[str] = []
        self.data: list[Path] = []

    @property
    def digest(self) -> str:
        """Digest of the syntax tree."""
        return hashlib.sha256("\n".join(self._counted).encode()).hexdigest()

    def read(self, node: ast.AST) -> None:
        """Takes in a node and all below it."""
        if _is_docstring(node) or _is_for_type_checkers(node):
            return
        if isinstance(node, ast.Import):
            self.imports += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            self.imports += (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Assign) and (name := _declared(node)):
            self.data.append(self._path.with_name(name))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "description"]
        self._counted.append(type(node).__name__)
        for field in node._fields:
            self._read_field(getattr(node, field, None))

    def _read_field(self, value: object) -> None:
        if isinstance(value, ast.expr_context):
            return
        if isinstance(value, ast.AST):
            self.read(value)
        elif isinstance(value, list):
            self._counted.append("[")
            for item in value:
                self._read_field(item)
            self._counted.append("]")
        else:
            self._counted.append(repr(value))


def _is_docstring(node: ast.AST) -> bool:
    """Whether a node is a constant that stands by itself: a docstring, below an attribute too, or an ellipsis."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _declared(node: ast.Assign) -> str | None:
    """Name of the data file beside the module that an assignment declares, unless it is a table of choices."""
    value, target = node.value, node.targets[0]
    if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "Path(__file__).with_name"):
        return None
    (name,) = value.args
    choices = isinstance(target, ast.Name) and target.id.endswith("CHOICES")
    return str(name.value) if isinstance(name, ast.Constant) and not choices else None


@functools.cache
def _files_of(module: str, root: Path) -> set[Path]:
    """A module's file and those of the packages around it; none for what is no module of this project or uncounted."""
    parts = module.split(".")
    if parts[0] != "inkling" or f"{module}.".startswith(UNCOUNTED):
        return set()
    base = root.joinpath(*parts[1:])
    around = {root.joinpath(*parts[1:end], "__init__.py") for end in range(2, len(parts) + 1)}
    return {path for path in (*around, base.with_suffix(".py")) if path.is_file()}
