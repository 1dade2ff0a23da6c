"""What of a study lies in the store: the artifacts of each run, found by their keys before any work is done."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkling.components.mixture.recipe_types import named_labels
from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import Manifest, digest_of
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import STORE_VARIABLE, stored_path
from inkling.components.suites.config import SuitesConfig
from inkling.models.strict_json import to_json
from inkling.pipelines import profiles
from inkling.pipelines.study.axes import PROBE
from inkling.pipelines.study.plan import StudyPlan, StudyRun

_OUTPUTS = {
    "scenes": ("conversations", "questions"),
    "suites": ("questions",),
    "encode": ("features",),
    "corpus": ("corpus",),
    "label": ("labels",),
    "mixture": ("tokens",),
    "pretrain": ("language_model",),
    "adapt": ("multimodal_model",),
    "evaluate": ("answers",),
    PROBE: ("measurements",),
}
AFTER = ("pretrain", "adapt", "evaluate", PROBE)
"""The stages that take a run's seed; those before them are shared."""
Made = dict[str, Artifact]
"""Artifacts by the name of the output."""


@dataclass(frozen=True)
class StoredRun:
    """A run and what the store holds of it.

    Attributes:
        run: The run.
        made: Its artifacts, by the name of the output.
        waiting: Its stages that are still to be done, each with what tells it from others of its kind.
    """

    run: StudyRun
    made: Made
    waiting: dict[str, str]

    @property
    def done(self) -> bool:
        """Whether all its questions are answered, and it was probed where the study asks for that."""
        return not self.waiting


class StudyStore:
    """Looks for the runs of a study in the store; what runs share is looked for once."""

    def __init__(self, plan: StudyPlan, any_code: bool = False) -> None:
        """Takes the planned study.

        Args:
            plan: The study.
            any_code: Whether artifacts count too that other code made of the same settings and inputs.
        """
        self._others: Mapping[str, list[list[Path]]] = _by_settings() if any_code else {}
        left_out = {"suites": not plan.suites, PROBE: not plan.probed}
        self._stages = [stage for stage in _OUTPUTS if not left_out.get(stage)]
        self._configs: dict[str, StageConfig] = {}
        self._found: dict[str, list[Made]] = {}

    def look(self, run: StudyRun) -> StoredRun:
        """The artifacts of a run that are in the store; nothing is read of them but their manifests.

        Where several states of the code have made the same of other bytes, those count that a whole run was made of.
        """
        return self._look(run, self._stages, {}, {})

    def _look(self, run: StudyRun, stages: Sequence[str], made: Made, waiting: Mapping[str, str]) -> StoredRun:
        """Goes on with these stages, once for each way in which the next of them was made, until a run is done."""
        if not stages:
            return StoredRun(run, made, dict(waiting))
        stage, *left = stages
        config = self._config(stage, run)
        needed = self._needed(stage, config)
        missing = [name for name in needed.values() if name not in made]
        ways = [] if missing else self._stored(stage, config, {name: made[needed[name]] for name in needed})
        if not ways:
            above = [waiting[other] for other in waiting if set(_OUTPUTS[other]) & set(missing)]
            read = [made[name].digest for name in needed.values() if name in made]
            key = digest_of([stage, config.determinants(), above, read])
            return self._look(run, left, made, {**waiting, stage: key})
        looked = []
        for found in ways:
            rendered = {"rendered": found["questions"]} if stage == "scenes" else {}
            looked.append(self._look(run, left, {**made, **found, **rendered}, waiting))
            if looked[-1].done:
                return looked[-1]
        return looked[0]

    def _needed(self, stage: str, config: Any) -> dict[str, str]:
        """The artifact that each input of a stage is."""
        if stage == "mixture":
            return {"corpus": "corpus", **({"labels": "labels"} if named_labels(config.recipe) else {})}
        if stage == "corpus":
            return {"questions": "rendered"}
        return {
            "suites": {"scenes": "rendered"},
            "encode": {"conversations": "conversations", "questions": "questions"},
            "label": {"corpus": "corpus"},
            "pretrain": {"tokens": "tokens"},
            "adapt": {name: name for name in ("language_model", "conversations", "features")},
            "evaluate": {name: name for name in ("multimodal_model", "questions", "features")},
            PROBE: {name: name for name in ("multimodal_model", "conversations", "questions", "features")},
        }.get(stage, {})

    def _config(self, stage: str, run: StudyRun) -> StageConfig:
        sections = (*profiles.SHARED, stage, SuitesConfig.stage, "placement")
        settings = run.settings if stage in AFTER else run.before
        stated = {key: settings[key] for key in sections if settings.get(key) is not None}
        extra = {"no_pretraining": True} if run.no_pretraining and stage == "pretrain" else {}
        key = f"{stage} {to_json([stated, extra], sort_keys=True)}"
        if key not in self._configs:
            self._configs[key] = profiles.stage_config(stage).parse(stated, **extra)
        return self._configs[key]

    def _stored(self, stage: str, config: StageConfig, inputs: Mapping[str, Artifact]) -> list[Made]:
        """What was made by a stage of these inputs, this code's first, then other code's that differs from it."""
        key = _key(stage, config.determinants(), {name: one.digest for name, one in inputs.items()})
        if key not in self._found:
            origin = provenance(config, inputs)
            own = [place for name in _OUTPUTS[stage] if (place := stored_path(origin, name))]
            ways = [own, *self._others.get(key, [])]
            different: dict[tuple[str, ...], Made] = {}
            for places in ways:
                if len(places) == len(_OUTPUTS[stage]) and (made := _artifacts(places)):
                    different.setdefault(tuple(made[name].digest for name in _OUTPUTS[stage]), made)
            self._found[key] = [*different.values()]
        return self._found[key]


def _artifacts(places: Sequence[Path]) -> Made:
    """The artifacts in these places by their names; none if one of them is not there."""
    if not all((place / "manifest.json").exists() for place in places):
        return {}
    return {place.name: Artifact(place, Manifest.read(place)) for place in places}


def _by_settings() -> dict[str, list[list[Path]]]:
    """Every artifact of the store by the digest of its stage, settings and inputs: what each state of the code made."""
    found: dict[str, dict[Path, list[Path]]] = {}
    store = os.environ.get(STORE_VARIABLE)
    for manifest in sorted(Path(store).glob("*/*/manifest.json")) if store else ():
        origin = Manifest.read(manifest.parent).provenance
        ways = found.setdefault(_key(origin.stage, origin.determinants, origin.inputs), {})
        ways.setdefault(manifest.parent.parent, []).append(manifest.parent)
    return {key: [*ways.values()] for key, ways in found.items()}


def _key(stage: str, determinants: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    return digest_of([stage, determinants, inputs])
