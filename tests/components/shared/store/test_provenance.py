"""What a result depends on."""

from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from inkling.components.shared.config import ExecutionOnly, StageConfig
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.components.shared.store.provenance import provenance, stage_code
from inkling.models.spec import ObjectiveSpec, Spec

LANGUAGE, OBJECTIVE, ENCODER = "inkling.models.language.llama", "inkling.objectives.any", "inkling.models.vision.any"


class LanguagePlugin(Spec):
    """A plug-in that a model runs."""

    target: ClassVar[str] = f"{LANGUAGE}:Any"
    type: str = "any"


class ObjectivePlugin(ObjectiveSpec):
    """A plug-in that only training runs."""

    target: ClassVar[str] = f"{OBJECTIVE}:Any"
    type: str = "any"


class StageWithInputs(StageConfig):
    """Settings of a stage that has code."""

    stage: ClassVar[str] = "scenes"
    runs: ClassVar[tuple[str, ...]] = ("model",)

    scenes: int = 3
    named: dict[str, tuple[Spec, ...]] = Field({})
    folder: str | None = None
    shown_with: Annotated[Spec | None, ExecutionOnly()] = None

    def contents(self) -> dict[str, object]:
        """A folder counts by something else."""
        return {"folder": self.folder and "a digest"}


def _artifact(content: str, carried: tuple[str, ...] = ()) -> Artifact:
    made = Provenance(
        stage="any", key="", code="", packages={}, config={}, inputs={}, plugins=("never",), carried=carried
    )
    return Artifact(Path(), Manifest("Any", 1, {"file": content}, made))


def _key(inputs: dict[str, Artifact] | None = None, **settings: object) -> str:
    return provenance(StageWithInputs.model_validate(settings), inputs or {}).key


def test_the_key_depends_on_the_settings_and_on_the_inputs() -> None:
    text, other = _artifact("a"), _artifact("b")
    assert _key({"text": text}) == _key({"text": text}, scenes=3)
    assert (
        len({_key({"text": text}), _key({"text": text}, scenes=4), _key({"text": other}), _key({"words": text})}) == 4
    )


def test_what_a_setting_stands_for_counts_in_its_place() -> None:
    here, there = (provenance(StageWithInputs(folder=folder), {}) for folder in ("here", "there"))
    assert here == there
    assert here.config == {"scenes": 3, "named": {}}
    assert here.contents == {"folder": "a digest"}
    assert here.key != _key()


def test_the_plug_ins_of_the_settings_and_of_the_inputs_that_are_run_count() -> None:
    config = StageWithInputs(named={"a": (LanguagePlugin(), ObjectivePlugin())}, shown_with=ObjectivePlugin())
    made = provenance(config, {"model": _artifact("m", (LANGUAGE, ENCODER)), "text": _artifact("t", ("unseen",))})
    assert made.plugins == tuple(sorted({LANGUAGE, ENCODER, OBJECTIVE}))
    assert made.carried == tuple(sorted({LANGUAGE, ENCODER}))
    assert made.code == stage_code("scenes", made.plugins) != provenance(StageWithInputs(), {}).code


@pytest.mark.parametrize("named", [{}, {"a": (ObjectivePlugin(),)}])
def test_a_plug_in_that_only_training_runs_is_not_carried_along(named: dict[str, tuple[Spec, ...]]) -> None:
    assert provenance(StageWithInputs(named=named), {}).carried == ()


def test_a_manifest_gives_its_plug_ins_back(tmp_path: Path) -> None:
    manifest = _artifact("m", (LANGUAGE,)).manifest
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest
