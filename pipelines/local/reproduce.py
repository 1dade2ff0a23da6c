"""Making an artifact again, back to its sources, from what its manifest records; and saying what matches.

The manifest names the stage, its resolved config with the seed, the digest of each input, and the machine. The stage's
component is run on inputs that were made again themselves, in a process and a folder of their own; the store is only
read. Where digests differ, the contents are compared.
"""

import dataclasses
import importlib
import inspect
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfp import dsl
from kfp.dsl.types import type_annotations

from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.machine import Machine
from inkling.components.shared.store.manifest import MANIFEST, ArtifactError, Manifest, Provenance
from inkling.components.shared.store.provenance import package_versions, stage_code
from inkling.components.shared.store.store import STORE_VARIABLE
from inkling.components.shared.strict_yaml import write_mapping
from inkling.models.strict_json import to_json
from inkling.pipelines.local.contents import Comparison, Verdict, compare
from inkling.pipelines.profiles import stage_config, with_overrides

FORWARD = 1e-4
"""Tolerance of a forward pass in fp32: what the tests allow between torch and ONNX Runtime, batches, and encoders."""
TRAINED = 1e-3
"""Tolerance of weights and losses after training. Measured: with the kernels of another instruction set (AVX-512, AVX2,
none) the preset `tiny` ends within 8e-5 of a tensor's largest weight, its losses within 1e-6; ten times that is left
for longer runs."""

_SETTINGS = "settings"
"""Folder for files that a restored profile names, beside the outputs of the stage."""


@dataclass(frozen=True)
class Recorded:
    """An artifact that is to be made again.

    Attributes:
        path: Its directory.
        manifest: Its manifest.
    """

    path: Path
    manifest: Manifest

    @property
    def stage(self) -> str:
        """The stage that makes it."""
        return self.manifest.provenance.stage


@dataclass(frozen=True)
class Outcome:
    """How one artifact fared.

    Attributes:
        stage: The stage that makes it.
        output: Its name among the stage's outputs.
        recorded: The digest that its manifest records.
        made: The digest of what was made now.
        comparison: How the contents compare.
    """

    stage: str
    output: str
    recorded: str
    made: str
    comparison: Comparison


@dataclass(frozen=True)
class _Place:
    """Where a component finds or leaves an artifact."""

    path: str


def lineage(artifact: Path, store: Path) -> list[Recorded]:
    """An artifact and everything that it was made from, sources first.

    Args:
        artifact: The artifact; its files must be what its manifest says.
        store: Directory below which the artifacts lie that it was made from.

    Raises:
        ArtifactError: If the artifact is not what was written, or the manifest of an input is missing.
    """
    known: dict[str, Recorded] = {}
    for path in sorted(store.rglob(MANIFEST)):
        found = Recorded(path.parent, Manifest.read(path.parent))
        known.setdefault(found.manifest.digest, found)
    target = Recorded(artifact, Manifest.read(artifact))
    target.manifest.verify(artifact)
    if "checkpoint" in target.manifest.provenance.config:
        raise ArtifactError(f"{artifact} is an earlier state of a model: reproduce {artifact.parent.parent}")
    known[target.manifest.digest] = target
    ordered: list[Recorded] = []

    def visit(digest: str, name: str) -> None:
        if digest not in known:
            raise ArtifactError(
                f"the input '{name}' ({digest[:16]}) is not in the store {store}: its config cannot be read"
            )
        if known[digest] in ordered:
            return
        for below, source in sorted(known[digest].manifest.provenance.inputs.items()):
            visit(source, below)
        ordered.append(known[digest])

    visit(target.manifest.digest, "itself")
    return ordered


def expectations(steps: Sequence[Recorded]) -> Iterator[str]:
    """What is otherwise here than recorded, with the stages that it concerns: why bytes may not match.

    Args:
        steps: The artifacts that are to be made.
    """
    import torch  # noqa: F401 (without it a machine does not know its GPU)

    # A stage sets the threads of torch itself, as its config says.
    here = dataclasses.replace(Machine.here(), threads=None)
    found: dict[str, list[str]] = {}
    for step in steps:
        reasons = list(differences(step.manifest.provenance))
        recorded = step.manifest.build_environment
        reasons += here.differences(recorded) if recorded else ["no build environment is recorded"]
        for reason in reasons:
            found.setdefault(reason, []).append(step.stage)
    for reason, stages in found.items():
        yield f"{reason} ({', '.join(dict.fromkeys(stages))})"


def reproduce(
    steps: Sequence[Recorded],
    work: Path,
    from_inputs: bool = False,
    tolerance: float | None = None,
    overrides: Sequence[str] = (),
) -> Iterator[Outcome]:
    """Makes artifacts again and compares them with those that are recorded.

    Args:
        steps: What `lineage` has found.
        work: Empty directory for what is made.
        from_inputs: Whether only the last one is made, of the inputs that are recorded, instead of all of them.
        tolerance: Largest difference that is taken for rounding; None for that of the stage.
        overrides: Settings that say where something lies of which manifests record only what it holds.

    Yields:
        The outcome of each artifact that was made, sources first.

    Raises:
        ArtifactError: If an input is to be used as recorded and is not what was written, or the settings named
            something that is not here as it was.
        RuntimeError: If a stage fails; its output stands before.
    """
    made: dict[str, Path] = {}
    if from_inputs:
        wanted = steps[-1].manifest.provenance.inputs.values()
        for step in steps[:-1]:
            if step.manifest.digest in wanted:
                step.manifest.verify(step.path)
                made[step.manifest.digest] = step.path
        steps = steps[-1:]
    folders = [work / f"{origin.stage}-{origin.key[:16]}" for origin in (step.manifest.provenance for step in steps)]
    profiles = [
        recorded_profile(step.manifest.provenance, folder / _SETTINGS, overrides)
        for step, folder in zip(steps, folders, strict=True)
    ]
    for step, folder, profile in zip(steps, folders, profiles, strict=True):
        outputs = _remake(step.manifest.provenance, profile, made, folder)
        path = outputs.get(step.path.name) or _same_type(outputs, step.manifest)
        made[step.manifest.digest] = path
        allowed = tolerance_of(step.stage) if tolerance is None else tolerance
        digest = Manifest.read(path).digest
        same = digest == step.manifest.digest
        comparison = Comparison(Verdict.SAME) if same else compare(step.path, path, allowed)
        yield Outcome(step.stage, path.name, step.manifest.digest, digest, comparison)


def tolerance_of(stage: str) -> float:
    """Largest difference of a stage's numbers that is taken for rounding."""
    return TRAINED if stage in ("pretrain", "adapt") else FORWARD


def differences(recorded: Provenance) -> Iterator[str]:
    """What of the recorded code and packages is otherwise here."""
    if stage_code(recorded.stage, recorded.plugins) != recorded.code:
        yield "the code of the stage has changed"
    here = package_versions()
    for name, version in sorted(recorded.packages.items()):
        if here.get(name) != version:
            yield f"{name} is {here.get(name, 'not installed')} here, was {version}"


def recorded_profile(recorded: Provenance, folder: Path, overrides: Iterable[str] = ()) -> str:
    """A profile whose settings are those that a manifest records.

    Args:
        recorded: What it records.
        folder: Where files go that the profile names.
        overrides: Settings that say where something lies, such as `mixture.tokenizer=FILE`.

    Raises:
        ArtifactError: If a setting named something, such as a file, that is not here as it was, or is otherwise.
    """
    stage, settings = recorded.stage, stage_config(recorded.stage)
    folder.mkdir(parents=True, exist_ok=True)
    places = [("suites.read" if name == "suites" else f"{stage}.{name}") for name in recorded.contents]
    named = [place for place, name in zip(places, recorded.contents, strict=True) if name in settings.model_fields]
    more = f". Say what it was with --set: {', '.join(f'{place}=...' for place in named)}" if named else ""
    try:
        stated = {stage: settings.restored(recorded.config, recorded.contents, folder)}
        profile = write_mapping(with_overrides(stated, overrides))
        here = json.loads(to_json(settings.parse(profile).determinants()))
    except ConfigError as error:
        raise ArtifactError(f"stage '{stage}' cannot be reproduced: {error}{more}") from None
    if missing := [name for name, value in recorded.determinants.items() if here.get(name) != value]:
        raise ArtifactError(
            f"stage '{stage}' cannot be reproduced: what it took for {', '.join(missing)} is not here as it was; the "
            f"manifest says it in `config` or `contents`{more}"
        )
    return profile


def _remake(recorded: Provenance, profile: str, made: dict[str, Path], folder: Path) -> dict[str, Path]:
    """Runs the component of a stage on what was made again, unless it has run already; returns its outputs by name."""
    function = getattr(importlib.import_module(f"inkling.components.{recorded.stage}.component"), recorded.stage)
    arguments: dict[str, Any] = {}
    outputs: dict[str, Path] = {}
    for name, parameter in inspect.signature(function.python_func).parameters.items():
        if name == "config":
            arguments[name] = profile
        elif type_annotations.is_artifact_wrapped_in_Output(parameter.annotation):
            if type_annotations.get_io_artifact_class(parameter.annotation) is not dsl.HTML:  # a page: no artifact
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
    found = next((path for path in outputs.values() if Manifest.read(path).type == manifest.type), None)
    if found is None:
        raise ArtifactError(f"stage '{manifest.provenance.stage}' makes no {manifest.type} by itself")
    return found
