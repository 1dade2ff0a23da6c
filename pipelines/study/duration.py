"""How long the runs of a study that are left take on this machine, by what stages took at the sizes of `laptop`."""

from collections.abc import Iterable

from inkling.components.pretrain.config import PretrainConfig
from inkling.pipelines.study.stored import StoredRun

_SECONDS = {"scenes": 18.0, "suites": 5.0, "encode": 45.0, "corpus": 9.0, "label": 1.0, "mixture": 4.0}
_SEEING = {"adapt": 110.0, "evaluate": 20.0, "probe": 10.0}
_PRETRAIN_TOKENS_PER_SECOND = 9_000.0
_PRETRAIN_REST = 9.0
"""Seconds with the profile `laptop` on two cores that had little else to do, and of pre-training without a token."""


def seconds_left(runs: Iterable[StoredRun]) -> float:
    """Seconds of the stages that are still to be done, one after the other, each once."""
    left: dict[tuple[str, str], float] = {}
    for one in runs:
        for stage, which in one.waiting.items():
            left[stage, which] = _PRETRAIN_REST if stage == "pretrain" else {**_SECONDS, **_SEEING}[stage]
            if stage == "pretrain" and not one.run.no_pretraining:
                config = PretrainConfig.parse(one.run.settings)
                left[stage, which] += config.steps * config.batch * config.context / _PRETRAIN_TOKENS_PER_SECOND
    return sum(left.values())
