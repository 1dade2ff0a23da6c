"""The command `inkling ranks`: the cluster job of pre-training as a manifest, to read or to apply."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml

from inkling.components.shared.config import ConfigError
from inkling.pipelines.commands.options import Overrides, Profile


def ranks(
    tokens: Annotated[str, typer.Argument(help="The Tokens artifact as the pods find it, a path or an s3:// URI.")],
    work: Annotated[str, typer.Argument(help="Directory for config and checkpoints, likewise.")],
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    kind: Annotated[
        Literal["volcano", "trainjob"], typer.Option(help="Volcano's Job, or Kubeflow Trainer's TrainJob for Kueue.")
    ] = "trainjob",
) -> None:
    """Prints the manifest of the job that trains on several ranks; nothing is submitted.

    The ranks read `config.json` from the work directory: the file of that name that a stage writes there.

    Example: inkling ranks s3://bucket/tokens s3://bucket/work --profile my.yaml --kind trainjob
    """
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.components.pretrain.launch import pretrain_job
    from inkling.components.shared.launch.trainjob import train_job
    from inkling.components.shared.launch.volcano import volcano_job
    from inkling.components.shared.storage.objects import SCHEME
    from inkling.pipelines import profiles

    config = PretrainConfig.parse(profiles.load(profile, overrides))
    launch, pod = config.launch, config.placement.of(config.stage)
    if not config.launches_pods:
        raise ConfigError(
            f"pretrain.launch.scheduler is {launch.scheduler} and pretrain.strategy {config.strategy}: a manifest "
            "needs kubernetes, and ddp or fsdp2"
        )
    if any(place.startswith(SCHEME) != (launch.storage is not None) for place in (tokens, work)):
        raise ConfigError("with pretrain.launch.storage TOKENS and WORK are s3:// URIs, without it they are paths")
    if kind == "trainjob" and pod.queue is None:
        raise ConfigError(
            "nothing would admit the TrainJob: name Kueue's LocalQueue in placement.stages.pretrain.queue (manifests: "
            "inkling-gpu)"
        )
    job = pretrain_job(config, tokens, work, Path(work))
    manifest = train_job(job, launch.runtime) if kind == "trainjob" else volcano_job(job)
    yaml.safe_dump(manifest, sys.stdout, sort_keys=False)
