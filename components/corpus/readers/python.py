"""Python modules, read two ways that share no text: their docstrings, and their code without docstrings."""

import ast
import inspect
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

_LEFT_OUT = ("/tests/", "/test/", "/benchmarks/", "/externals/", "_antlr/", "/__init__.py")
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def read_docstrings(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per module that has docstrings: each under the name of what it describes."""
    for name, source in _modules(archive, order):
        parts = []
        for node in _documented(ast.parse(source)):
            title = name.rpartition("/")[2] if isinstance(node, ast.Module) else node.name
            parts.append(f"{title}\n{inspect.cleandoc(ast.get_docstring(node, clean=False) or '')}")
        if parts:
            yield Document(name, "\n\n".join(parts))


def read_code(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per module: its source with the lines of all docstrings taken out."""
    for name, source in _modules(archive, order):
        lines = source.splitlines(keepends=True)
        for node in _documented(ast.parse(source)):
            docstring = node.body[0]
            for number in range(docstring.lineno - 1, docstring.end_lineno or docstring.lineno):
                lines[number] = ""
        code = "".join(lines).strip()
        if code:
            yield Document(name, code + "\n")


def _modules(archive: Archive, order: Order) -> Iterator[tuple[str, str]]:
    """Modules of a library proper: no tests, benchmarks, vendored or generated files."""
    names = [name for name in matching(archive, "*.py") if not any(part in name for part in _LEFT_OUT)]
    return ((name, text_of(archive, name)) for name in order(names))


def _documented(node: ast.AST) -> Iterator[_Documented]:
    """A syntax tree's modules, classes and functions that have docstrings, in the order of the source."""
    if isinstance(node, _Documented) and ast.get_docstring(node, clean=False):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _documented(child)
