"""The plan read off the compiled IR agrees with what the stages themselves find in the store."""

from pathlib import Path

import pytest

from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.store import STORE_VARIABLE, Draft, produce
from inkling.pipelines import profiles
from inkling.pipelines.fan_out import FanOut
from inkling.pipelines.ir import compile_pipeline, read_ir
from inkling.pipelines.local.plan import plan
from inkling.pipelines.local.reproduce import differences


class AnyArtifact(Artifact):
    type = "Any"


def _make(draft: Draft) -> None:
    (draft.path / "file").touch()


@pytest.fixture(params=[FanOut(), FanOut(corpus=3, mixture=2)], ids=["alone", "shared"])
def ir(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    """The pipeline with and without tasks that share the work on the text; these are no part of the plan."""
    compile_pipeline(tmp_path / "pipeline.yaml", fan_out=request.param)
    return read_ir(tmp_path / "pipeline.yaml")


def test_an_empty_store_reuses_nothing_and_every_stage_is_named(
    ir: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    tasks = plan(ir, profiles.load("tiny"))
    assert {task.stage for task in tasks} == set(profiles.STAGES)
    assert not any(task.reused for task in tasks)
    assert {"adapt", "adapt (no pretraining)"} <= {task.label for task in tasks}
    order = [task.name for task in tasks]
    assert order.index("corpus") < order.index("mixture") < order.index("pretrain") < order.index("analyze")


def test_a_recipe_by_labels_labels_the_text_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    compile_pipeline(tmp_path / "pipeline.yaml", ["label"])
    profile = profiles.load("tiny", ["mixture.recipe={labels: {code: 0.5}}"])
    order = [task.name for task in plan(read_ir(tmp_path / "pipeline.yaml"), profile)]
    assert order.index("corpus") < order.index("label") < order.index("mixture")


def test_what_the_store_holds_is_reused_and_what_follows_a_change_is_not(
    ir: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    profile = profiles.load("tiny")
    scenes = profiles.stage_config("scenes").parse(profile)
    questions = produce(AnyArtifact, tmp_path / "questions", scenes, {}, _make)
    reading = profiles.stage_config("corpus").parse(profile)
    corpus = produce(AnyArtifact, tmp_path / "corpus", reading, {"questions": questions}, _make)
    mixture = profiles.stage_config("mixture").parse(profile)
    tokens = produce(AnyArtifact, tmp_path / "tokens", mixture, {"corpus": corpus}, _make)
    control = profiles.stage_config("pretrain").parse(profile, no_pretraining=True)
    produce(AnyArtifact, tmp_path / "language_model", control, {"tokens": tokens}, _make)

    # Of the control its model is kept; its page is written anew.
    assert {task.label for task in plan(ir, profile) if task.reused} == {
        "corpus",
        "mixture",
        "pretrain (no pretraining)",
    }
    busy = profiles.load("tiny", ["corpus.workers=3"])
    assert {task.stage for task in plan(ir, busy) if task.reused} == {"corpus", "mixture", "pretrain"}
    changed = profiles.load("tiny", ["mixture.recipe=mix0"])
    assert {task.name for task in plan(ir, changed) if task.reused} == {"corpus"}


def test_plan_produce_and_reproduce_agree_on_keys_where_a_stage_runs_what_others_made(
    ir: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    profile = profiles.load("tiny")
    made: dict[str, Artifact] = {}

    def make(stage: str, output: str, *inputs: str) -> list[str]:
        """Makes an output as its stage would; returns the plug-ins that it ran, by the ends of their names."""
        config = profiles.stage_config(stage).parse(profile)
        made[output] = produce(AnyArtifact, tmp_path / output, config, {name: made[name] for name in inputs}, _make)
        assert list(differences(made[output].manifest.provenance)) == []
        return [plugin.rpartition(".")[2] for plugin in made[output].manifest.provenance.plugins]

    assert make("scenes", "questions") == make("scenes", "conversations") == []
    readers = {"bible", "dictionary", "factbook", "python", "recipes", "summaries"}
    assert set(make("corpus", "corpus", "questions")) == readers and make("mixture", "tokens", "corpus") == []
    assert make("pretrain", "language_model", "tokens") == ["llama"]
    assert make("encode", "features", "conversations", "questions") == ["efficientnet_lite0"]
    adapted = set(make("adapt", "multimodal_model", "language_model", "conversations", "features"))
    assert {"mlp", "prefix", "llama"} <= adapted and "efficientnet_lite0" not in adapted
    evaluated = set(make("evaluate", "answers", "multimodal_model", "questions", "features"))
    assert evaluated == {"llama", "mlp", "prefix", "likelihood", "accuracy"}
    exported = set(make("export", "bundle", "multimodal_model", "questions", "features", "answers"))
    assert exported == {"llama", "mlp", "prefix", "efficientnet_lite0"}
    reused = {task.label for task in plan(ir, profile) if task.reused}
    assert {"scenes", "corpus", "mixture", "pretrain", "encode", "adapt", "evaluate", "export"} <= reused
