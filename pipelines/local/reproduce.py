"""Making an artifact again, back to its sources, from what its manifest records; and saying which digests match.

The manifest names the stage, its resolved config with the seed, and the digest of each input. The stage's component is
run on inputs that were made again themselves, in a process and a folder of their own; the store is only read.
"""

import importlib
import inspect
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfp.dsl.types import type_annotations

from inkling.components.artifacts.manifest import MANIFEST, ArtifactError, Manifest, Provenance
from inkling.components.artifacts.provenance import code_digest, package_versions
from inkling.components.artifacts.store import STORE_VARIABLE


@dataclass(frozen=True)
class Outcome:
    """How one artifact fared.

    Attributes:
        stage: The stage that makes it.
        output: Its name among the stage's outputs.
        recorded: The digest that its manifest records.
        made: The digest of what was made now.
        differs: What was otherwise than recorded: code, packages; empty if nothing that is known.
    """

    stage: str
    output: str
    recorded: str
    made: str
    differs: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the bytes are the same."""
        return self.recorded == self.made


@dataclass(frozen=True)
class _Place:
    """Where a component finds or leaves an artifact."""

    path: str


def reproduce(artifact: Path, store: Path, work: Path) -> Iterator[Outcome]:
    """Makes an artifact and everything that it was made from again.

    Args:
        artifact: The artifact.
        store: Directory of stored artifacts, in which the manifests of the inputs are looked up.
        work: Empty directory for what is made.

    Yields:
        The outcome of each artifact that was made, sources first.

    Raises:
        ArtifactError: If the artifact or the manifest of something that it was made from is missing.
        RuntimeError: If a stage fails; what it said stands before.
    """
    known = {Manifest.read(path.parent).digest: path.parent for path in sorted(store.glob(f"*/*/{MANIFEST}"))}
    target = Manifest.read(artifact)
    known[target.digest] = artifact
    made: dict[str, Path] = {}
    for digest in _order(target.digest, known):
        manifest = Manifest.read(known[digest])
        folder = work / f"{manifest.provenance.stage}-{manifest.provenance.key[:16]}"
        outputs = _remake(manifest.provenance, made, folder)
        path = outputs[known[digest].name] if known[digest].name in outputs else _same_type(outputs, manifest)
        made[digest] = path
        yield Outcome(
            manifest.provenance.stage,
            path.name,
            digest,
            Manifest.read(path).digest,
            tuple(differences(manifest.provenance)),
        )


def differences(recorded: Provenance) -> Iterator[str]:
    """What of the recorded code and packages is otherwise here."""
    if code_digest(f"inkling.components.{recorded.stage}.build") != recorded.code:
        yield "the code of the stage has changed"
    here = package_versions()
    for name, version in sorted(recorded.packages.items()):
        if here.get(name) != version:
            yield f"{name} is {here.get(name, 'not installed')} here, was {version}"


def _order(target: str, known: dict[str, Path]) -> list[str]:
    """Digests of everything that an artifact was made from, sources first, itself last."""
    ordered: list[str] = []

    def visit(digest: str, name: str) -> None:
        if digest in ordered:
            return
        if digest not in known:
            raise ArtifactError(f"the input '{name}' ({digest[:16]}) is not in the store: its config cannot be read")
        for below, source in sorted(Manifest.read(known[digest]).provenance.inputs.items()):
            visit(source, below)
        ordered.append(digest)

    visit(target, "itself")
    return ordered


def _remake(recorded: Provenance, made: dict[str, Path], folder: Path) -> dict[str, Path]:
    """Runs the component of a stage on what was made again, unless it has run already; returns its outputs by name."""
    function = getattr(importlib.import_module(f"inkling.components.{recorded.stage}.component"), recorded.stage)
    arguments: dict[str, Any] = {}
    outputs: dict[str, Path] = {}
    for name, parameter in inspect.signature(function.python_func).parameters.items():
        if name == "config":
            arguments[name] = json.dumps({recorded.stage: recorded.config})
        elif type_annotations.is_artifact_wrapped_in_Output(parameter.annotation):
            outputs[name] = folder / name
            arguments[name] = _Place(str(folder / name))
        elif name in recorded.inputs:
            arguments[name] = _Place(str(made[recorded.inputs[name]]))
        elif name in recorded.config:
            arguments[name] = recorded.config[name]
        elif parameter.default is inspect.Parameter.empty:
            raise ArtifactError(f"stage '{recorded.stage}' cannot be reproduced: nothing records its '{name}'")
    if not all((path / MANIFEST).exists() for path in outputs.values()):
        process = multiprocessing.get_context("spawn").Process(target=_run, args=(recorded.stage, arguments))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f"stage '{recorded.stage}' failed with status {process.exitcode}")
    return outputs


def _run(stage: str, arguments: dict[str, Any]) -> None:
    os.environ.pop(STORE_VARIABLE, None)
    component = getattr(importlib.import_module(f"inkling.components.{stage}.component"), stage)
    make: Callable[..., None] = component.python_func
    make(**arguments)


def _same_type(outputs: dict[str, Path], manifest: Manifest) -> Path:
    for path in outputs.values():
        if Manifest.read(path).type == manifest.type:
            return path
    raise ArtifactError(
        f"a {manifest.type} is no output of stage '{manifest.provenance.stage}': name what is made of it"
    )
