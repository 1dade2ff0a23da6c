"""The command `inkling check`: what a cluster lacks of what an overlay needs, before anything is applied."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    overlay: Annotated[Path, typer.Argument(help="Folder of the overlay, such as manifests/overlays/gpu-pool.")],
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig; else its current one.")] = None,
) -> None:
    """Asks a cluster, as your kubeconfig says, for what the components of an overlay need of it; nothing is changed.

    Ends with status 1 if anything is missing. What your account may not look at is said.

    Examples:
        inkling check manifests/overlays/gpu-pool

        inkling check manifests/overlays/multi-node --context production
    """
    from inkling.pipelines.cluster.cluster_api import ClusterApi
    from inkling.pipelines.cluster.needs import needs

    wanted = needs(overlay)
    api = ClusterApi.of_person(context)
    states = []
    for need in wanted:
        states.append(state := need.state(api))
        print(f"{state:<9} {need.component}: {need}{'' if state == 'good' else f' ({need.why})'}")
    if "missing" in states:
        raise typer.Exit(1)
    print(f"Next, all that the API server itself would refuse: kubectl apply --dry-run=server -k {overlay}")
