"""From a profile to KFP IR: the one text that runs on a laptop and, with a placement, on a cluster."""

import hashlib
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kfp import compiler
from kfp.compiler.compiler_utils import KubernetesManifestOptions
from kfp.dsl.graph_component import GraphComponent

from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import named_labels
from inkling.components.monitor.config import MonitorConfig
from inkling.components.probe.config import ProbeConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.placement import DIGEST
from inkling.components.suites.config import SuitesConfig
from inkling.models.strict_json import to_json
from inkling.pipelines.cluster.demand import PodsOf, demand
from inkling.pipelines.cluster.place import stage_of
from inkling.pipelines.cluster.pod_patch import pod_patches
from inkling.pipelines.cluster.pods import Amounts, StagePods, task_placement
from inkling.pipelines.fan_out import FanOut
from inkling.pipelines.monitor import monitor_pipeline
from inkling.pipelines.profiles import check_export, check_recipe, places
from inkling.pipelines.study.joint import joint_table
from inkling.pipelines.study.one_run import one_run
from inkling.pipelines.study.pipeline import study as study_pipeline
from inkling.pipelines.study.plan import StudyPlan
from inkling.pipelines.visual_prior import visual_prior

# The loader in C reads an IR in a tenth of the time, where PyYAML was built with it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Compiled:
    """What `compile_for_cluster` has written.

    Attributes:
        files: The files, in the order in which they are used.
        asked: What the pipeline asks for at most at one time, by the names of a ResourceQuota.
        unpinned: Images of the pipeline that are named by tag, not by digest.
    """

    files: tuple[Path, ...]
    asked: Amounts
    unpinned: tuple[str, ...]


def compile_pipeline(path: Path, optional: Collection[str] = (), fan_out: FanOut | None = None) -> None:
    """Compiles the visual_prior pipeline without a placement, as it runs on this machine.

    Args:
        path: Where the IR goes, a YAML file.
        optional: The optional stages that it has, see `optional_stages`.
        fan_out: How many tasks share the work on the text; by default one does each stage.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(visual_prior(optional, fan_out), str(path))


def compile_study(plan: StudyPlan, path: Path, fan_out: FanOut | None = None) -> None:
    """Compiles the pipeline of a study without a placement, as any endpoint takes it.

    Args:
        plan: The planned study.
        path: Where the IR goes, a YAML file.
        fan_out: How many tasks share the work on the text; by default one does each stage.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(study_pipeline(plan, fan_out), str(path))


def compile_run(path: Path, suites: bool, probed: bool) -> None:
    """Compiles the pipeline of one run of a study, as it runs on this machine.

    Args:
        path: Where the IR goes, a YAML file.
        suites: Whether more suites of questions are read than the rendered scenes.
        probed: Whether the model is probed too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(one_run(suites, probed), str(path))


def compile_for_cluster(profile: str, directory: Path) -> Compiled:
    """Compiles the pipeline that a profile needs for a Kubeflow Pipelines endpoint.

    Three files: `pipeline.yaml` (the IR and, as its second document, the platform spec), `resources.yaml` (the same
    as Pipeline and PipelineVersion of Kubernetes-native KFP), and `pod-policies.yaml` (see `pod_patch.py`; none if the
    placement needs none).

    Args:
        profile: The checked profile, as YAML text.
        directory: Where they go.

    Raises:
        ConfigError: If the corpus lacks a source of the recipe, or the adapted model could not be exported.
    """
    check_recipe(profile)
    check_export(profile)
    define = partial(visual_prior, optional_stages(profile), FanOut.of(profile), task_placement(profile))
    return write_compiled(define, profile, {"config": profile}, directory)


def compile_study_for_cluster(plan: StudyPlan, profile: str, directory: Path) -> Compiled:
    """Compiles the pipeline of a study, as `compile_for_cluster` does the other one; most runs are its parameters.

    Args:
        plan: The planned study.
        profile: The checked profile, as YAML text.
        directory: Where the files go.
    """
    define = partial(study_pipeline, plan, FanOut.of(profile), task_placement(profile))
    return write_compiled(define, profile, plan.parameters(), directory)


def compile_table_for_cluster(plan: StudyPlan, parts: Sequence[str], profile: str, directory: Path) -> Compiled:
    """Compiles the pipeline of one table for a study that several have run, as `compile_for_cluster` does another.

    Args:
        plan: The planned study.
        parts: URIs of what each pipeline has left as `run_scores`.
        profile: The checked profile, as YAML text.
        directory: Where the files go.

    Raises:
        ConfigError: If one is no URI.
    """
    for part in parts:
        if "://" not in part:
            raise ConfigError(
                f"--from {part}: pods read an artifact by its URI, such as minio://BUCKET/PATH/run_scores; leave out "
                "--endpoint and --output to compare folders of this machine"
            )
    define = partial(joint_table, parts, task_placement(profile))
    return write_compiled(define, profile, {"config": plan.parameters()["config"]}, directory)


def compile_monitor_for_cluster(profile: str, directory: Path) -> Compiled:
    """Compiles the pipeline that watches a served model, as `compile_for_cluster` does the one that makes it.

    Args:
        profile: The checked profile, as YAML text.
        directory: Where the files go.
    """
    define = partial(monitor_pipeline, MonitorConfig.parse(profile), task_placement(profile))
    return write_compiled(define, profile, {"config": profile}, directory)


def optional_stages(profile: str) -> frozenset[str]:
    """The optional stages that a profile needs.

    `label` where its text recipe names labels, `suites` where it reads more suites of questions than the rendered
    scenes, `probe` where it names probes.
    """
    needed = {
        "label": bool(named_labels(MixtureConfig.parse(profile).recipe)),
        "suites": SuitesConfig.parse(profile).needed,
        "probe": bool(ProbeConfig.parse(profile).probes),
    }
    return frozenset(stage for stage, wanted in needed.items() if wanted)


def refuse_local_data(profile: str | Mapping[str, Any]) -> None:
    """Refuses settings that name files of this machine, which no pod has.

    Args:
        profile: The checked profile, as YAML text or as a mapping.

    Raises:
        ConfigError: Naming the settings and the files.
    """
    named = [
        f"{setting} names what lies on this machine ({', '.join(found)}), where pods cannot read it"
        for setting, found in places(profile).items()
    ]
    if named:
        raise ConfigError(
            "\n".join([*named, "Leave it out, or run it on this machine: `inkling run`, `inkling study`"])
        )


def write_compiled(
    define: Callable[..., GraphComponent], profile: str, parameters: Mapping[str, Any], directory: Path
) -> Compiled:
    """Writes a pipeline as `compile_for_cluster` says.

    Args:
        define: Gives the placed pipeline; takes what it asks for at most at one time, which its preflight compares
            with the quotas, and which is known once it has been defined without.
        profile: The checked profile, as YAML text.
        parameters: What the pipeline is run with.
        directory: Where the files go.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ir, resources, policies = (directory / name for name in ("pipeline.yaml", "resources.yaml", "pod-policies.yaml"))
    placement = task_placement(profile)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(define(), str(ir))
        asked = demand(read_ir(ir), _pods_of(profile), parameters)
        pipeline = define(asked=to_json({name: f"{amount.normalize():f}" for name, amount in sorted(asked.items())}))
        compiler.Compiler().compile(pipeline, str(ir))
        options = KubernetesManifestOptions(
            pipeline_name=str(pipeline.name),
            pipeline_version_name=version_name(ir),
            namespace=placement.namespace,
            include_pipeline_manifest=True,
        )
        compiler.Compiler().compile(
            pipeline, str(resources), kubernetes_manifest_format=True, kubernetes_manifest_options=options
        )
    executors = [one for one in read_ir(ir)["deploymentSpec"]["executors"].values() if "container" in one]
    patches = pod_patches(placement, {stage_of(function_of(executor)) for executor in executors})
    policies.unlink(missing_ok=True)
    if patches:
        policies.write_text(yaml.safe_dump_all(patches, sort_keys=True))
    images = {executor["container"]["image"] for executor in executors}
    files = (policies, ir, resources) if patches else (ir, resources)
    return Compiled(files, asked, tuple(sorted(image for image in images if DIGEST not in image)))


def read_ir(path: Path) -> dict[str, Any]:
    """The pipeline spec of a compiled pipeline (the first document of its IR)."""
    with path.open("rb") as text:
        ir: dict[str, Any] = next(yaml.load_all(text, _LOADER))
    return ir


def version_name(ir: Path) -> str:
    """Name of the version that a compiled pipeline is: its digest, for KFP lets nobody change a version.

    Args:
        ir: The IR with its platform spec.
    """
    return f"{read_ir(ir)['pipelineInfo']['name']}-{hashlib.sha256(ir.read_bytes()).hexdigest()[:12]}"


def _pods_of(profile: str) -> PodsOf:
    pods = StagePods.of(profile)
    return lambda executor, trains: pods.amounts(stage_of(function_of(executor)), trains)


def function_of(executor: Mapping[str, Any]) -> str:
    """The function that an executor runs: the name of its stage, where it is no part of one."""
    arguments = executor["container"]["args"]
    return str(arguments[arguments.index("--function_to_execute") + 1])
