"""The pipeline that watches a served model: run again and again on a schedule, it fails where answers have drifted."""

from kfp import dsl
from kfp.dsl.graph_component import GraphComponent

from inkling.components.monitor.component import monitor, monitor_judge
from inkling.components.monitor.config import MonitorConfig
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.pipelines.cluster.place import place_tasks

LOG, BUNDLE, EXAM = "/watch/requests", "/watch/served", "/watch/exam"
"""Where the volume claims are mounted."""


def monitor_pipeline(watch: MonitorConfig, placement: PlacementConfig | None = None, asked: str = "") -> GraphComponent:
    """Defines the pipeline: what the server logged is compared with the evaluation of its model, and judged.

    What it reads changes while its parameters do not, so KFP must not reuse an earlier run's outputs.

    Args:
        watch: Names the volume claims with the log, the bundle and its evaluation.
        placement: Where pods run; None where there are no pods.
        asked: Unused: it has no preflight, its pods are few and small.
    """

    @dsl.pipeline(name="monitor", description="Served requests against the evaluation of the served model.")
    def pipeline(config: str) -> None:
        from kfp import kubernetes

        found = monitor(
            config=config,
            log=LOG,
            bundle=f"{BUNDLE}/bundle",
            questions=f"{EXAM}/questions",
            answers=f"{EXAM}/answers",
        ).set_caching_options(False)
        for claim, path in ((watch.log_claim, LOG), (watch.bundle_claim, BUNDLE), (watch.exam_claim, EXAM)):
            kubernetes.mount_pvc(found, pvc_name=claim, mount_path=path)
        monitor_judge(config=config, findings=found.outputs["findings"]).set_caching_options(False)
        if placement:
            place_tasks(placement)

    return pipeline
