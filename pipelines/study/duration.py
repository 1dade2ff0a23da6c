"""How long the runs of a study that are left take on this machine, by what stages took at the sizes of `laptop`."""

from collections.abc import Iterable

from inkling.components.pretrain.config import PretrainConfig
from inkling.components.scenes.config import TRANSFER_SHARE, ScenesConfig
from inkling.pipelines.study.stored import StoredRun

_TEXT = {"corpus": 9.0, "label": 1.0, "mixture": 4.0}
_BY_PICTURES = {"scenes": 18.0, "encode": 45.0}
_BY_LESSONS = {"adapt": 96.0}
_BY_QUESTIONS = {"suites": 5.0, "evaluate": 20.0, "probe": 10.0}
_LAPTOP = ScenesConfig(train=3400, validation=30, test=90)
_PRETRAIN_TOKENS_PER_SECOND = 9_000.0
_PRETRAIN_REST = 9.0
"""Seconds with the profile `laptop` on two cores that had little else to do, and of pre-training without a token."""
_PICTURES_PER_SCENE = 11 + 2 * TRANSFER_SHARE  # of validation and test: a picture for each family


def seconds_left(runs: Iterable[StoredRun]) -> float:
    """Seconds of the stages that are still to be done, one after the other, each once."""
    left: dict[tuple[str, str], float] = {}
    for one in runs:
        for stage, which in one.waiting.items():
            left[stage, which] = _seconds(stage, one)
    return sum(left.values())


def _seconds(stage: str, one: StoredRun) -> float:
    if stage == "pretrain":
        config = PretrainConfig.parse(one.run.settings)
        tokens = 0 if one.run.no_pretraining else config.steps * config.batch * config.context
        return _PRETRAIN_REST + tokens / _PRETRAIN_TOKENS_PER_SECOND
    if stage in _TEXT:
        return _TEXT[stage]
    scenes = ScenesConfig.parse(one.run.before)
    if stage in _BY_PICTURES:
        return _BY_PICTURES[stage] * _pictures(scenes) / _pictures(_LAPTOP)
    if stage in _BY_LESSONS:
        return _BY_LESSONS[stage] * scenes.taught / _LAPTOP.taught
    return _BY_QUESTIONS[stage] * _asked(scenes) / _asked(_LAPTOP)


def _pictures(scenes: ScenesConfig) -> float:
    return scenes.taught + _PICTURES_PER_SCENE * _asked(scenes)


def _asked(scenes: ScenesConfig) -> int:
    """Scenes of each family with questions."""
    return scenes.validation + scenes.test
