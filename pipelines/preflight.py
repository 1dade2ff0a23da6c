"""What can be known in seconds, from inside a pod, before a run spends anything: all problems, reported at once."""

import importlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.storage.objects import StorageError
from inkling.models.strict_json import to_json
from inkling.pipelines import profiles
from inkling.pipelines.cluster.named_objects import unusable
from inkling.pipelines.cluster.pods import StagePods, done_on_ranks
from inkling.pipelines.cluster.quota import quotas, too_large, waiting
from inkling.pipelines.cluster.registry import resolve

_IN_POD = "KUBERNETES_SERVICE_HOST"
_FREE_BYTES = 1 << 30
"""Scratch space without which no profile ends."""
_PROBE = b"inkling" * 1024


class PreflightError(RuntimeError):
    """A run that could not have ended well; the message names every reason."""


def check_run(config: str, output: str | Path, environment: Mapping[str, str] = os.environ, asked: str = "") -> None:
    """Checks a run's settings, its storage and, in a pod, its secrets, images, quota and what of the cluster it names.

    Args:
        config: The whole profile, as YAML text.
        output: File that the outcome of the checks goes to.
        environment: The environment variables of the task.
        asked: What the whole pipeline asks for at most at one time, JSON by the names of a ResourceQuota; empty where
            that is not known.

    Raises:
        PreflightError: If anything is wrong.
    """
    path = Path(output)
    problems = {"settings": _settings(config), "storage": _storage(path)}
    if _IN_POD in environment and not problems["settings"]:
        placement = PlacementConfig.parse(config)
        problems["storage"] += _exchange(config)
        problems["secrets"] = _secrets(placement, environment)
        problems["images"] = _images(placement, resolve)
        problems["cluster"] = unusable(config, profiles.TASKS)
        problems["quota"] = _quota(config, asked)
    for name, found in problems.items():
        note(f"{name}: {'; '.join(found) if found else 'good'}")
    wrong = [problem for found in problems.values() for problem in found]
    if wrong:
        raise PreflightError("this run would fail, or not run as its profile says:\n" + "\n".join(wrong))
    path.write_text(to_json({"checked": sorted(problems)}, indent=2) + "\n")


def component_images() -> dict[str, str]:
    """The image that each component names."""
    stages = (*profiles.STAGES, *profiles.OPTIONAL)
    modules = {stage: f"inkling.components.{stage}.component" for stage in stages}
    modules |= dict.fromkeys(("preflight", "epilogue"), "inkling.pipelines.run_tasks")
    components = {name: getattr(importlib.import_module(module), name) for name, module in modules.items()}
    return {
        name: str(component.component_spec.implementation.container.image) for name, component in components.items()
    }


def _settings(config: str) -> list[str]:
    try:
        profiles.check(config)
    except ConfigError as error:
        return [str(error)]
    return []


def _storage(output: Path) -> list[str]:
    """Whether an artifact can be written where the task's own one goes, and read back."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        probe = output.with_name(f"{output.name}.probe")
        probe.write_bytes(_PROBE)
        same = probe.read_bytes() == _PROBE
        probe.unlink()
        free = shutil.disk_usage(output.parent).free
    except OSError as error:
        return [f"nothing can be written to {output.parent}: {error.strerror}"]
    if not same:
        return [f"what is read back from {output.parent} is not what was written"]
    if free < _FREE_BYTES:
        return [f"{output.parent} has {free / 2**20:,.0f} MiB left, a run needs at least {_FREE_BYTES / 2**20:,.0f}"]
    return []


def _exchange(config: str) -> list[str]:
    """Whether the object storage between a stage and its ranks takes what a pod writes, and gives it back."""
    problems = []
    for settings in done_on_ranks(config):
        if not settings.launched or settings.launch.storage is None:
            continue
        try:
            settings.launch.storage.open().check()
        except StorageError as error:
            problems.append(f"{settings.stage}.launch.storage: {error}")
    return problems


def _secrets(placement: PlacementConfig, environment: Mapping[str, str]) -> list[str]:
    return [
        f"secret '{entry.secret}' has no key '{entry.key}' in namespace '{placement.namespace}': create it, "
        f"or take it out of the profile's placement ({entry.env} is empty)"
        for entry in placement.secrets()
        if not environment.get(entry.env)
    ]


def _quota(config: str, asked: str) -> list[str]:
    """Pods that no quota lets start; a run that only has to wait for its own pods is noted."""
    pods = StagePods.of(config)
    found = quotas(pods.tasks.namespace)
    for line in waiting(found, {name: Decimal(amount) for name, amount in json.loads(asked or "{}").items()}):
        note(f"quota: {line}")
    return too_large(found, pods, profiles.TASKS)


def _images(placement: PlacementConfig, find: Callable[[str], str | None]) -> list[str]:
    images = {placement.image(own, stage) for stage, own in component_images().items()}
    return [problem for image in sorted(images) if (problem := find(image))]
