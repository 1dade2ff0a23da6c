"""What a run will do, known before it starts: which tasks are reused and which are done, read off the compiled IR."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from kfp import dsl

from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import Manifest
from inkling.components.shared.store.part import GATHERED
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import stored_path
from inkling.pipelines.ir import function_of
from inkling.pipelines.profiles import OPTIONAL, STAGES, stage_config

Output = tuple[str, str]
"""A task and the name of one of its outputs."""
PAGE = dsl.HTML.schema_title


@dataclass(frozen=True)
class Task:
    """A task of the pipeline.

    Attributes:
        name: Its name in the IR.
        label: Its name for a person.
        stage: The stage whose component it runs.
        reused: Whether all its outputs lie in the store already.
    """

    name: str
    label: str
    stage: str
    reused: bool


def plan(ir: Mapping[str, Any], profile: str) -> list[Task]:
    """Lists the tasks, in an order that they can run in, with whether the store holds their outputs.

    A task whose inputs will be made anew counts as not reused, though it may turn out that they are the same again.

    Args:
        ir: The pipeline spec.
        profile: The profile, as YAML text.
    """
    specs = _stage_tasks(ir, ir["root"], {})
    order = TopologicalSorter(
        {
            name: [
                task
                for task in (*spec.get("dependentTasks", []), *(task for task, _ in sources.values()))
                if task in specs
            ]
            for name, (spec, sources) in specs.items()
        }
    )
    stored: dict[Output, Artifact] = {}
    tasks = []
    for name in order.static_order():
        spec, sources = specs[name]
        component = ir["components"][spec["componentRef"]["name"]]
        stage = _stage(ir, component)
        found = _stored_outputs(stage, spec, sources, component, profile, stored)
        stored.update({(name, output): artifact for output, artifact in found.items()})
        reused = set(found) == set(_kept_outputs(component))
        tasks.append(Task(name, spec["taskInfo"]["name"], stage, reused))
    return tasks


def _stage_tasks(
    ir: Mapping[str, Any], component: Mapping[str, Any], given: Mapping[str, Output]
) -> dict[str, tuple[Mapping[str, Any], dict[str, Output]]]:
    """The tasks that run a stage with where their inputs come from, by name, which is unique within a run.

    Args:
        ir: The pipeline spec.
        component: A pipeline or a group of its tasks; those of nested groups are found too.
        given: Where the inputs of the component come from.
    """
    found: dict[str, tuple[Mapping[str, Any], dict[str, Output]]] = {}
    for name, spec in component["dag"]["tasks"].items():
        below = ir["components"][spec["componentRef"]["name"]]
        sources = {
            key: _source(stated, given)
            for key, stated in spec.get("inputs", {}).get("artifacts", {}).items()
            if key not in GATHERED
        }
        if "dag" in below:
            found |= _stage_tasks(ir, below, sources)
        elif _stage(ir, below) in (*STAGES, *OPTIONAL):
            found[name] = (spec, sources)
    return found


def _source(stated: Mapping[str, Any], given: Mapping[str, Output]) -> Output:
    """Task and output that an input comes from."""
    if "componentInputArtifact" in stated:
        return given[stated["componentInputArtifact"]]
    producer = stated["taskOutputArtifact"]
    return producer["producerTask"], producer["outputArtifactKey"]


def _kept_outputs(component: Mapping[str, Any]) -> list[str]:
    """The outputs that the store keeps; a page is only a view of them, written anew at each run."""
    outputs = component["outputDefinitions"]["artifacts"]
    return [name for name, output in outputs.items() if output["artifactType"]["schemaTitle"] != PAGE]


def _stage(ir: Mapping[str, Any], component: Mapping[str, Any]) -> str:
    """The stage of a component: the name of the function that its executor runs."""
    return function_of(ir["deploymentSpec"]["executors"][component["executorLabel"]])


def _stored_outputs(
    stage: str,
    spec: Mapping[str, Any],
    sources: Mapping[str, Output],
    component: Mapping[str, Any],
    profile: str,
    stored: Mapping[Output, Artifact],
) -> dict[str, Artifact]:
    """Those outputs of a task that the store holds, by name; their files are not verified."""
    if any(source not in stored for source in sources.values()):
        return {}
    inputs = {name: stored[source] for name, source in sources.items()}
    constants = {
        name: value["runtimeValue"]["constant"]
        for name, value in spec["inputs"].get("parameters", {}).items()
        if "runtimeValue" in value
    }
    origin = provenance(stage_config(stage).parse(profile, **constants), inputs)
    found = {}
    for output in _kept_outputs(component):
        place = stored_path(origin, output)
        if place and (place / "manifest.json").exists():
            found[output] = Artifact(place, Manifest.read(place))
    return found
