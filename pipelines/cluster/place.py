"""Placement applied to the tasks of a pipeline: what KFP and kfp-kubernetes can express goes into the IR.

What they cannot (a pod's PriorityClass, its ephemeral storage) goes into an admission policy that Kubernetes applies to
the pods by their labels; see `pod_patch.py`. KFP itself sets the rest of the restricted security context.
"""

import re

from kfp import dsl
from kfp.dsl.pipeline_context import Pipeline

from inkling.components.shared.runtime.machine import IMAGE_VARIABLE
from inkling.pipelines.cluster.placement import Placement, PlacementConfig

LABELS = {"app.kubernetes.io/part-of": "inkling"}
COMPONENT_LABEL = "app.kubernetes.io/component"
USER = 1001
_QUEUE, _PRIORITY = "kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/priority-class"


def place_tasks(config: PlacementConfig) -> None:
    """Places every task of the pipeline that is being defined; called last in a pipeline function."""
    for task in Pipeline.get_default_pipeline().tasks.values():
        if task.container_spec is not None:
            _place(task, stage_of(str(task.component_spec.name)), config)


def stage_of(component: str) -> str:
    """The stage that a component belongs to: what its name begins with (corpus-part and corpus_part: corpus)."""
    return re.split("[-_]", component)[0]


def _place(task: dsl.PipelineTask, stage: str, config: PlacementConfig) -> None:
    from kfp import kubernetes

    asked = config.of(stage)
    image = config.image(str(task.container_spec.image), stage)
    task.set_container_image(image).set_env_variable(IMAGE_VARIABLE, image)
    _resources(task, asked)
    for key, value in {**LABELS, COMPONENT_LABEL: stage}.items():
        kubernetes.add_pod_label(task, key, value)
    if asked.queue:
        kubernetes.add_pod_label(task, _QUEUE, asked.queue)
        if asked.priority_class:
            kubernetes.add_pod_label(task, _PRIORITY, asked.priority_class)
    for key, value in sorted(asked.node_selector.items()):
        kubernetes.add_node_selector(task, key, value)
    for taint in asked.tolerations:
        kubernetes.add_toleration(task, taint.key, taint.operator, taint.value, taint.effect)
    # The preflight gets every secret that any stage names, as optional ones: it starts and says which is missing.
    first = stage == "preflight"
    for entry in config.secrets() if first else asked.secrets:
        kubernetes.use_secret_as_env(task, entry.secret, {entry.key: entry.env}, optional=first)
    if asked.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(asked.image_pull_secrets))
    if asked.shared_memory:
        kubernetes.empty_dir_mount(task, "shared-memory", "/dev/shm", medium="Memory", size_limit=asked.shared_memory)  # noqa: S108
    if asked.timeout_seconds:
        kubernetes.set_timeout(task, asked.timeout_seconds)
    kubernetes.set_security_context(task, run_as_user=USER, run_as_group=USER, run_as_non_root=True)


def _resources(task: dsl.PipelineTask, asked: Placement) -> None:
    if asked.cpu:
        task.set_cpu_request(asked.cpu).set_cpu_limit(asked.cpu)
    if asked.memory:
        task.set_memory_request(asked.memory).set_memory_limit(asked.memory)
    if asked.accelerator:
        task.set_accelerator_type(asked.accelerator.type).set_accelerator_limit(asked.accelerator.count)
    if asked.retries and asked.retries.count:
        task.set_retry(
            asked.retries.count,
            backoff_duration=asked.retries.backoff,
            backoff_factor=asked.retries.factor,
            backoff_max_duration=asked.retries.longest,
        )
