"""The pipeline of one table for a study that several pipelines have run: it takes what each of them has left."""

from collections.abc import Sequence

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent

from inkling.components.compare.component import compare, compare_join
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.pipelines.cluster.place import place_tasks


def joint_table(parts: Sequence[str], placement: PlacementConfig | None = None, asked: str = "") -> GraphComponent:
    """Defines the pipeline.

    The artifacts are imported one by one under names that the IR holds: KFP's backend takes no importer within a loop
    (kubeflow/pipelines issue 10860).

    Args:
        parts: URIs of the artifacts `run_scores` of the pipelines, in the order of the table.
        placement: Where pods run; None where there are no pods.
        asked: Unused: it has no preflight, its pods are few and small.
    """

    @dsl.pipeline(name="study-table", description="One table and report of a study that several pipelines have run.")
    def pipeline(config: str) -> None:
        found = [dsl.importer(artifact_uri=uri, artifact_class=dsl.Artifact, reimport=False).output for uri in parts]
        whole = found[0]
        for one in found[1:]:
            whole = compare_join(config=config, first=whole, second=one).outputs["run_scores"]
        compare(config=config, more=whole)
        if placement:
            place_tasks(placement)

    return pipeline
