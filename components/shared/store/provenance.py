"""What determines a result: the code that is run, the packages below it, the config and the inputs."""

import ast
import dataclasses
import functools
import hashlib
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path

from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.manifest import Provenance, digest_of

ROOT = Path(__file__).resolve().parents[3]

# The packages whose version can change a bit of an artifact.
PACKAGES = (
    "datasketch", "feast", "lightning", "matplotlib", "nemo-toolkit", "numpy", "onnx", "onnxruntime-gpu", "onnxscript",
    "pillow", "pyarrow", "safetensors", "scikit-learn", "scipy", "tokenizers", "torch", "transformers",
)  # fmt: skip


def provenance(config: StageConfig, inputs: Mapping[str, str]) -> Provenance:
    """States what determines the result of a stage.

    Args:
        config: The stage's resolved configuration.
        inputs: Content digest of each input artifact, by name.
    """
    origin = Provenance(
        stage=config.stage,
        key="",
        code=code_digest(f"inkling.components.{config.stage}.build"),
        packages=package_versions(),
        config=config.determinants(),
        inputs=dict(inputs),
    )
    return dataclasses.replace(origin, key=digest_of(dataclasses.asdict(origin)))


@functools.cache
def package_versions() -> dict[str, str]:
    """Installed version of each package that can change a result; absent ones are left out."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@functools.cache
def code_digest(module: str) -> str:
    """Digest of a module's source and of every module and data file of this project that it needs.

    Imports are read from the syntax tree, those inside functions included, so nothing is executed. The YAML files in
    the folder of a needed module count as needed too.
    """
    digest = hashlib.sha256()
    for path in sorted(needed_files(module)):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def needed_files(module: str) -> set[Path]:
    """Source and data files of this project that a module needs, itself included."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _source(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        found.update(path.parent.glob("*.yaml"))
        waiting += _imports(path)
    return found


def _source(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != "inkling" or len(parts) == 1:
        return None
    base = ROOT.joinpath(*parts[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
