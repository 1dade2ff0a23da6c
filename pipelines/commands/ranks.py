"""The command `inkling ranks`: the cluster job of a stage's ranks as a manifest, to read or to apply."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml

from inkling.components.shared.config import ConfigError
from inkling.pipelines.commands.options import Overrides, Profile

INPUTS = {
    "pretrain": ("tokens",),
    "adapt": ("language_model", "conversations", "features"),
    "evaluate": ("multimodal_model", "questions", "features"),
}
"""The artifacts that each stage's ranks read."""


def ranks(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT... WORK",
            help="The artifacts as the pods find them, paths or s3:// URIs (of pretrain TOKENS, of adapt "
            "LANGUAGE_MODEL CONVERSATIONS FEATURES, of evaluate MULTIMODAL_MODEL QUESTIONS FEATURES), and the "
            "directory for config and what the ranks leave.",
        ),
    ],
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    stage: Annotated[
        Literal["pretrain", "adapt", "evaluate"], typer.Option(help="The stage whose ranks they are.")
    ] = "pretrain",
    kind: Annotated[
        Literal["volcano", "trainjob"], typer.Option(help="Volcano's Job, or Kubeflow Trainer's TrainJob for Kueue.")
    ] = "trainjob",
) -> None:
    """Prints the manifest of the job that trains or evaluates on several ranks; nothing is submitted.

    The ranks read `config.json` from the work directory: the file of that name that a stage writes there.

    Examples:
        inkling ranks s3://bucket/tokens s3://bucket/work --profile my.yaml --kind trainjob

        inkling ranks /runs/language_model /runs/conversations /runs/features /runs/work --stage adapt --profile my.yaml
    """
    from inkling.components.adapt import build as adapt
    from inkling.components.adapt.config import AdaptConfig
    from inkling.components.evaluate import on_ranks as evaluate
    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.pretrain import launch as pretrain
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.components.shared.launch.config import LaunchedConfig, RanksConfig
    from inkling.components.shared.launch.trainjob import train_job
    from inkling.components.shared.launch.volcano import volcano_job
    from inkling.components.shared.launch.work import stage_job
    from inkling.components.shared.storage.objects import SCHEME
    from inkling.pipelines import profiles

    *inputs, work = places
    names = INPUTS[stage]
    if len(inputs) != len(names):
        raise ConfigError(f"the ranks of {stage} take {' '.join((*names, 'work')).upper()}, got {len(places)} places")
    stated = profiles.load(profile, overrides)
    stages: dict[str, tuple[type[LaunchedConfig], str]] = {
        "pretrain": (PretrainConfig, pretrain.MODULE),
        "adapt": (AdaptConfig, adapt.MODULE),
        "evaluate": (EvaluateConfig, evaluate.MODULE),
    }
    kind_of_config, module = stages[stage]
    config = kind_of_config.parse(stated)
    launch, pod = config.launch, config.placement.of(stage)
    if not config.launches_pods:
        stated_too, needed_too = "", ""
        if isinstance(config, RanksConfig):
            stated_too, needed_too = f" and {stage}.strategy {config.strategy}", ", and ddp or fsdp2"
        raise ConfigError(
            f"{stage}.launch.scheduler is {launch.scheduler}{stated_too}: a manifest needs kubernetes{needed_too}"
        )
    if any(place.startswith(SCHEME) != (launch.storage is not None) for place in places):
        raise ConfigError(
            f"with {stage}.launch.storage {', '.join(names).upper()} and WORK are s3:// URIs, without it they are paths"
        )
    if kind == "trainjob" and pod.queue is None:
        raise ConfigError(
            f"nothing would admit the TrainJob: name Kueue's LocalQueue in placement.stages.{stage}.queue (manifests: "
            "inkling-gpu)"
        )
    job = stage_job(config, module, dict(zip(names, inputs, strict=True)), work, Path(work))
    manifest = train_job(job, launch.runtime) if kind == "trainjob" else volcano_job(job)
    yaml.safe_dump(manifest, sys.stdout, sort_keys=False)
