"""Tasks that share the work on the text: where they stand in the pipelines, and what they make, run by kfp.local."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from kfp import dsl, local
from kfp.dsl.graph_component import GraphComponent

from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.config import CorpusConfig
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.components.shared.store.store import STORE_VARIABLE
from inkling.pipelines import profiles
from inkling.pipelines.fan_out import FanOut, corpus_tasks, evaluate_tasks, label_tasks, mixture_tasks
from inkling.pipelines.study.file import Study
from inkling.pipelines.study.pipeline import study
from inkling.pipelines.study.plan import StudyPlan
from inkling.pipelines.visual_prior import visual_prior
from inkling.tests.components.evaluate import conftest as evaluation

world = evaluation.world  # a fixture

SHARED = FanOut(2, 3, 4)


def ir_of(pipeline: GraphComponent) -> dict[str, Any]:
    found: dict[str, Any] = json_format.MessageToDict(pipeline.pipeline_spec)
    return found


def groups(ir: dict[str, Any]) -> dict[str, set[str]]:
    """Names of the tasks of each group of the pipeline, by the group's task; the whole is the root."""
    found = {"root": set(ir["root"]["dag"]["tasks"])}
    for name, component in ir["components"].items():
        if "dag" in component:
            found[name.removeprefix("comp-")] = set(component["dag"]["tasks"])
    return found


def test_a_profile_says_how_many_tasks_share_the_work() -> None:
    assert FanOut.of(profiles.load("tiny")) == FanOut()
    shared = ["corpus.parts=2", "mixture.parts=3", "evaluate.parts=4"]
    assert FanOut.of(profiles.load("tiny", shared)) == FanOut(2, 1, 3, 4)


def test_the_text_is_made_before_the_exit_handler_which_holds_no_loop() -> None:
    ir = ir_of(visual_prior(["label"], SHARED))
    found = groups(ir)
    (handler,) = (name for name in found if name.startswith("exit-handler"))
    assert not any(name.startswith("for-loop") for name in found[handler])
    assert {"preflight", "scenes", "corpus", "label", "mixture-prepare", "mixture", handler} < found["root"]
    loops = {next(iter(tasks)): name for name, tasks in found.items() if name.startswith("for-loop")}
    items = {part: ir["root"]["dag"]["tasks"][name]["parameterIterator"]["items"] for part, name in loops.items()}
    numbers = {"corpus-part": "[0, 1]", "label-part": "[0, 1, 2]", "mixture-part": "[0, 1, 2, 3]"}
    assert items == {part: {"raw": raw} for part, raw in numbers.items()}


def test_answers_are_made_before_the_exit_handler_where_tasks_share_the_questions() -> None:
    ir = ir_of(visual_prior([], FanOut(evaluate=3)))
    found = groups(ir)
    (handler,) = (name for name in found if name.startswith("exit-handler"))
    assert found[handler] == {"export", "rehearse", "analyze"}
    loops = {name: tasks for name, tasks in found.items() if name.startswith("for-loop")}
    assert sorted(map(len, loops.values())) == [1, 1]
    assert all(name.startswith("evaluate-part") for tasks in loops.values() for name in tasks)
    root = ir["root"]["dag"]["tasks"]
    assert {root[name]["parameterIterator"]["items"]["raw"] for name in loops} == {"[0, 1, 2]"}
    for name in ("evaluate", "evaluate-2"):
        assert root[name]["inputs"]["artifacts"]["parts"]["taskOutputArtifact"]["producerTask"] in loops


def test_labels_that_no_recipe_names_move_nothing_out_of_the_exit_handler() -> None:
    found = groups(ir_of(visual_prior([], FanOut(label=8))))
    assert found["root"] == {"epilogue", "exit-handler-1"}


def test_a_part_is_placed_like_its_stage() -> None:
    stages = {"mixture": {"memory": "3Gi"}, "corpus": {"queue": "reading", "priority_class": "low"}}
    pipeline = visual_prior(["label"], SHARED, PlacementConfig.parse({"placement": {"stages": stages}}))
    executors = ir_of(pipeline)["deploymentSpec"]["executors"]
    for name in ("mixture", "mixture-part", "mixture-prepare"):
        assert executors[f"exec-{name}"]["container"]["resources"]["resourceMemoryLimit"] == "3Gi", name
    pods = json_format.MessageToDict(pipeline.platform_spec)["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    labels = pods["exec-corpus-part"]["podMetadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "reading"
    assert labels["app.kubernetes.io/component"] == "corpus"


def test_a_study_shares_the_reading_and_the_labelling() -> None:
    one = Study(title="One", source="LSBS Table 2", axes={"mixture.recipe": {"mix6": "mix6"}})
    found = groups(ir_of(study(StudyPlan.of(one, profiles.load("tiny")), SHARED)))
    loops = [tasks for name, tasks in found.items() if name.startswith("for-loop")]
    assert {"corpus-part"} in loops and {"label-part"} in loops
    assert not any("corpus-part" in tasks and len(tasks) > 1 for tasks in loops)


@dsl.component(base_image="none", install_kfp_package=False)
def given(place: str, questions: dsl.Output[dsl.Dataset]) -> None:
    """Hands on questions that lie somewhere."""
    import shutil

    shutil.copytree(place, questions.path)


def make_questions(path: Path) -> Questions:
    path.mkdir()
    one = Question("q", "i", "j", "Is there a dog?", ["yes", "no"], "no", "Existence", "dog", "none", "test")
    write_questions(path, [("i", b"a"), ("j", b"b")], [one])
    Manifest.describe(path, Questions.type, Questions.schema, Provenance("scenes", "", "", {}, {}, {})).write(path)
    return Questions.open(path)


def profile(path: Path, **parts: int) -> dict[str, Any]:
    """A profile for two sources of files."""
    entries = {}
    for source in ("code", "law"):
        lines = (
            json.dumps({"text": " ".join(f"{source[:2]}{(number * 31 + k * k) % 97}" for k in range(60))})
            for number in range(120)
        )
        (path / f"{source}.jsonl").write_text("\n".join(lines))
        entries[source] = {
            "quality": "real", "description": "words", "licence": "CC0-1.0", "files": [f"{source}.jsonl"],
            "field": "text",
        }  # fmt: skip
    (path / "mine.yaml").write_text(yaml.safe_dump(entries))
    corpus = {"catalogue": str(path / "mine.yaml"), "words_per_source": 5_000, "similarity": None, "heldout": 0.2}
    mixture = {"recipe": {"code": 0.5, "law": 0.5}, "vocabulary": 300, "token_budget": 10_000}
    return {"corpus": {**corpus, **parts}, "label": parts, "mixture": {**mixture, **parts}}


@pytest.mark.slow
def test_shared_by_two_tasks_run_by_kfp_the_bytes_and_keys_are_those_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    questions = make_questions(tmp_path / "questions")
    alone = profile(tmp_path)
    corpus = build_corpus(CorpusConfig.parse(alone), tmp_path / "corpus", questions.path)
    labels = build_labels(LabelConfig.parse(alone), corpus.path, tmp_path / "labels")
    tokens = build_mixture(MixtureConfig.parse(alone), corpus.path, tmp_path / "tokens")

    @dsl.pipeline(name="text")
    def pipeline(config: str, place: str) -> None:
        shared = FanOut(2, 2, 2, at_once=1)
        text = corpus_tasks(config, given(place=place).outputs["questions"], shared)
        mixture_tasks(config, text, label_tasks(config, text, shared), shared)

    shared = yaml.safe_dump(profile(tmp_path, parts=2))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "tasks"))
    pipeline(config=shared, place=str(questions.path))
    made = {path.parent.name: Manifest.read(path.parent) for path in (tmp_path / "tasks").rglob("manifest.json")}
    for name, artifact in {"corpus": corpus, "labels": labels, "tokens": tokens}.items():
        assert made[name].digest == artifact.digest
        assert made[name].provenance == artifact.manifest.provenance
    parts = [Manifest.read(path.parent) for path in (tmp_path / "tasks").rglob("part/manifest.json")]
    assert len(parts) == 6
    assert all(part.files for part in parts)


@dsl.component(base_image="none", install_kfp_package=False)
def made(
    root: str,
    multimodal_model: dsl.Output[dsl.Model],
    questions: dsl.Output[dsl.Dataset],
    features: dsl.Output[dsl.Dataset],
) -> None:
    """Hands on a model, its questions and their features, which lie somewhere."""
    import shutil

    for name, artifact in (("model", multimodal_model), ("questions", questions), ("features", features)):
        shutil.copytree(f"{root}/{name}", artifact.path)


@pytest.mark.soak
def test_answers_shared_by_two_tasks_run_by_kfp_are_the_bytes_and_the_key_of_one(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    alone = {"seed": 1, "threads": 1, "evaluate": {"batch_size": 5}}
    places = {"model": world.model, "questions": world.questions, "features": world.features}
    for name, place in places.items():
        (tmp_path / name).symlink_to(place)
    whole = build_evaluate(EvaluateConfig.parse(alone), *places.values(), tmp_path / "alone" / "answers")

    @dsl.pipeline(name="evaluation")
    def pipeline(config: str, root: str) -> None:
        given = made(root=root).outputs
        evaluate_tasks(
            config, given["multimodal_model"], given["questions"], given["features"], FanOut(evaluate=2, at_once=1), ""
        )

    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "tasks"))
    shared = {**alone, "evaluate": {"batch_size": 5, "parts": 2}}
    pipeline(config=yaml.safe_dump(shared), root=str(tmp_path))
    (answers,) = (path.parent for path in (tmp_path / "tasks").rglob("answers/manifest.json"))
    assert Manifest.read(answers).digest == whole.digest
    assert Manifest.read(answers).provenance == whole.manifest.provenance
    parts = [Manifest.read(path.parent) for path in (tmp_path / "tasks").rglob("part/manifest.json")]
    assert len(parts) == 2 and all(part.files for part in parts)
