"""How long the runs of a study that are left take on this machine, by what stages took at the sizes of `laptop`."""

from collections.abc import Iterable

from inkling.components.adapt.config import AdaptConfig
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.scenes.config import TRANSFER_SHARE, ScenesConfig
from inkling.components.shared.store.manifest import digest_of
from inkling.pipelines.estimate.sizes import adapted_tokens
from inkling.pipelines.study.stored import StoredRun

_TEXT = {"corpus": 9.0, "label": 1.0, "mixture": 4.0}
_BY_PICTURES = {"scenes": 18.0, "encode": 45.0}
_ADAPT = 110.0  # by what the language model reads, passes of objectives included
_BY_QUESTIONS = {"suites": 5.0, "evaluate": 20.0, "probe": 10.0}
_READ_BY_ADAPT = {"scenes": "conversations", "encode": "features", "pretrain": "language_model"}
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
            if stage == "adapt" and (kept := _kept(one)):
                shared, begun = kept
                left["phases", shared] = begun
                left[stage, which] -= begun
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
    if stage == "adapt":
        return _adapting(one)
    passes = EvaluateConfig.parse(one.run.settings).method.passes if stage == "evaluate" else 1
    return passes * _BY_QUESTIONS[stage] * _asked(scenes) / _asked(_LAPTOP)


def _adapting(one: StoredRun, until: str | None = None) -> float:
    return _ADAPT * adapted_tokens(one.run.settings, until) / adapted_tokens({})


def _kept(one: StoredRun) -> tuple[str, float] | None:
    """What tells the phases that a run shares with others from those of its kind, and their seconds; None without."""
    config = AdaptConfig.parse(one.run.settings)
    if config.keep_after is None:
        return None
    read = [one.waiting.get(stage) or one.made[name].digest for stage, name in _READ_BY_ADAPT.items()]
    return digest_of([config.until(config.keep_after).determinants(), read]), _adapting(one, config.keep_after)


def _pictures(scenes: ScenesConfig) -> float:
    return scenes.taught + _PICTURES_PER_SCENE * _asked(scenes)


def _asked(scenes: ScenesConfig) -> int:
    """Scenes of each family with questions."""
    return scenes.validation + scenes.test
