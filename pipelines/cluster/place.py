"""Placement applied to the tasks of a pipeline: what KFP and kfp-kubernetes can express goes into the IR.

What they cannot (a pod's PriorityClass, its ephemeral storage) goes into an admission policy that Kubernetes applies to
the pods by their labels; see `pod_patch.py`. KFP itself sets the rest of the restricted security context.
"""

import re
from concurrent.futures import ThreadPoolExecutor

from kfp import dsl
from kfp.dsl.pipeline_context import Pipeline

from inkling.components.shared.launch.placement import Placement, PlacementConfig
from inkling.components.shared.launch.pod import COMPONENT_LABEL, PART_OF, USER, kueue_labels
from inkling.components.shared.runtime.machine import IMAGE_VARIABLE


def place_tasks(config: PlacementConfig) -> None:
    """Places every task of the pipeline that is being defined; called last in a pipeline function."""
    tasks = [task for task in Pipeline.get_default_pipeline().tasks.values() if task.container_spec is not None]
    # KFP looks through the whole call stack whenever something is set of a task; that of a new thread is short.
    with ThreadPoolExecutor(1) as thread:
        for task in tasks:
            thread.submit(_place, task, stage_of(str(task.component_spec.name)), config).result()


def stage_of(component: str) -> str:
    """The stage that a component belongs to: what its name begins with (corpus-part and corpus_part: corpus)."""
    return re.split("[-_]", component)[0]


def _place(task: dsl.PipelineTask, stage: str, config: PlacementConfig) -> None:
    from kfp import kubernetes

    wanted = config.of(stage)
    image = config.image(str(task.container_spec.image), stage)
    task.set_container_image(image).set_env_variable(IMAGE_VARIABLE, image)
    _resources(task, wanted)
    for key, value in {**PART_OF, COMPONENT_LABEL: stage, **kueue_labels(wanted)}.items():
        kubernetes.add_pod_label(task, key, value)
    for key, value in sorted(wanted.node_selector.items()):
        kubernetes.add_node_selector(task, key, value)
    for taint in wanted.tolerations:
        kubernetes.add_toleration(task, taint.key, taint.operator, taint.value, taint.effect)
    # The preflight gets every secret that any stage names, as optional ones: it starts and says which is missing.
    first = stage == "preflight"
    for entry in config.secrets() if first else wanted.secrets:
        kubernetes.use_secret_as_env(task, entry.secret, {entry.key: entry.env}, optional=first)
    if wanted.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(wanted.image_pull_secrets))
    if wanted.shared_memory:
        kubernetes.empty_dir_mount(task, "shared-memory", "/dev/shm", medium="Memory", size_limit=wanted.shared_memory)  # noqa: S108
    if wanted.timeout_seconds:
        kubernetes.set_timeout(task, wanted.timeout_seconds)
    kubernetes.set_security_context(task, run_as_user=USER, run_as_group=USER, run_as_non_root=True)


def _resources(task: dsl.PipelineTask, wanted: Placement) -> None:
    if wanted.cpu:
        task.set_cpu_request(wanted.cpu).set_cpu_limit(wanted.cpu)
    if wanted.memory:
        task.set_memory_request(wanted.memory).set_memory_limit(wanted.memory)
    if wanted.accelerator:
        task.set_accelerator_type(wanted.accelerator.type).set_accelerator_limit(wanted.accelerator.count)
    if wanted.retries and wanted.retries.count:
        task.set_retry(
            wanted.retries.count,
            backoff_duration=wanted.retries.backoff,
            backoff_factor=wanted.retries.factor,
            backoff_max_duration=wanted.retries.longest,
        )
